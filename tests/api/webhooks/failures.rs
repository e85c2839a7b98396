//! Receivers that fail: the event is sent again later, and the next ones wait.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::path;
use super::site::{Site, resources};
use crate::api::fixtures::{UTILITIES, abroad};
use crate::harness::on_both;
use crate::harness::receiver::{Reaction, Receiver};

/// The e-mails to a coordinator in the outbox.
async fn mails(site: &Site) -> Vec<Value> {
    site.office().all("/api/v1/mails?to=coordinator@demo.example").await
}

on_both! {
    async fn a_failed_delivery_is_repeated_before_the_next_one(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let secret = site.secret(&webhook).await;
        let answer = Reaction::Answer(500, "", format!("Zxq\u{0}{}", "ü".repeat(2_000)));
        site.receiver.react(&[answer, Reaction::Close, Reaction::Nonsense, Reaction::status(404)]);
        let mut ids = site.utilities(&["first", "second"]).await;
        for attempts in 1..=4 {
            site.receiver.requests(attempts).await;
            let log = site.deliveries(&webhook, attempts).await;
            assert_eq!(log.len(), attempts, "it waits for its time");
            let failing = site.office().get(&path(&webhook)).await.ok().json();
            assert!(failing["failing_since"].is_string() && failing["enabled"] == true, "{failing}");
            site.advance(TimeDelta::hours(6)).await;
        }
        ids.extend(site.utilities(&["third"]).await);
        let received = site.receiver.requests(7).await;
        let first = ids[0].clone();
        assert_eq!(resources(&received), [&[first.clone(), first.clone(), first.clone(), first][..], &ids].concat());
        for again in &received[1..5] {
            assert_eq!(again.header("webhook-id"), received[0].header("webhook-id"));
            assert_ne!(again.header("webhook-timestamp"), received[0].header("webhook-timestamp"));
            assert!(again.is_signed_with(&secret));
        }
        let log = site.deliveries(&webhook, 7).await;
        let seen: Vec<_> = log.iter().map(|it| (it["attempt"].as_i64().unwrap(), it["status"].as_i64(), it["failure"].as_str())).collect();
        assert_eq!(seen, [
            (1, Some(500), Some("status")),
            (2, None, Some("invalid_response")),
            (3, None, Some("invalid_response")),
            (4, Some(404), Some("status")),
            (5, Some(204), None),
            (1, Some(204), None),
            (1, Some(204), None),
        ]);
        let excerpt = log[0]["response"].as_str().unwrap();
        assert!(excerpt.starts_with("Zxqüü") && excerpt.len() <= 1_024, "{excerpt}");
        let well = site.until(&webhook, |it| it.get("failing_since").is_none()).await;
        assert_eq!(well["version"], 1);
    }

    async fn redirects_are_not_followed(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        let other = Receiver::start();
        let location: &'static str = Box::leak(format!("Location: {}\r\n", other.url()).into_boxed_str());
        site.receiver.react(&[301, 302, 303, 307, 308].map(|status| Reaction::Answer(status, location, String::new())));
        let webhook = site.webhook(json!({})).await;
        site.utilities(&["first"]).await;
        for attempts in 1..=5 {
            let log = site.deliveries(&webhook, attempts).await;
            assert_eq!(log[attempts - 1]["failure"], "redirect");
            site.advance(TimeDelta::hours(6)).await;
        }
        site.receiver.requests(6).await;
        assert!(other.all().is_empty());
    }

    /// A receiver that hangs delays neither other webhooks, nor the service.
    async fn a_receiver_that_hangs_is_given_up(app: TestApp) {
        let site = Site::with_timeout(&app, Duration::from_secs(2));
        site.app.clock.stop();
        site.receiver.always(Reaction::Hang);
        let hanging = site.webhook(json!({"resources": ["utility"]})).await;
        let quick = Receiver::start();
        site.webhook(json!({"name": "Zxq quick", "url": quick.url(), "resources": ["utility"]})).await;
        let ids = site.utilities(&["first", "second", "third"]).await;
        assert_eq!(resources(&quick.requests(3).await), ids);
        let log = site.deliveries(&hanging, 1).await;
        assert_eq!(log[0]["failure"], "timed_out");
        assert!(log[0]["duration_ms"].as_i64().unwrap() >= 2_000, "{log:?}");
        site.receiver.always(Reaction::status(200));
        site.advance(TimeDelta::minutes(10)).await;
        assert_eq!(resources(&site.receiver.requests(4).await)[1..], ids);
    }

    async fn an_endless_answer_is_read_in_part(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        site.receiver.always(Reaction::Endless);
        let webhook = site.webhook(json!({})).await;
        site.utilities(&["first"]).await;
        let delivery = site.deliveries(&webhook, 1).await.remove(0);
        assert_eq!((&delivery["state"], &delivery["response"]), (&"succeeded".into(), &"x".repeat(1_024).into()));
    }

    async fn a_receiver_that_is_unreachable_is_tried_again(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let webhook = site.webhook(json!({"url": format!("http://{closed}/")})).await;
        let lost = site.webhook(json!({"name": "Zxq lost", "url": "http://lost.zxq.example/"})).await;
        site.hosts.set("lost.zxq.example", &[&[]]);
        let tls = site.webhook(json!({"name": "Zxq TLS", "url": site.receiver.url().replace("http:", "https:")})).await;
        site.utilities(&["first"]).await;
        for (webhook, failure) in [(&webhook, "connection_failed"), (&lost, "unresolvable"), (&tls, "tls_failed")] {
            assert_eq!(site.deliveries(webhook, 1).await[0]["failure"], failure);
        }
        site.office().patch(&path(&webhook), "*", &json!({"url": site.receiver.url()})).await.ok();
        site.advance(TimeDelta::seconds(6)).await;
        site.receiver.requests(1).await;
    }

    async fn an_answer_of_410_disables_the_webhook(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        site.receiver.react(&[Reaction::status(410)]);
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let ids = site.utilities(&["first", "second"]).await;
        let disabled = site.until(&webhook, |it| it["enabled"] == false).await;
        assert_eq!((&disabled["disabled_reason"], &disabled["version"]), (&"gone".into(), &2.into()));
        assert_eq!(mails(&site).await.len(), 1);
        let history = site.office().get(&format!("{}/history", path(&webhook))).await.ok().json();
        assert_eq!(history["items"][0]["changes"][0]["pointer"], "/enabled");
        site.advance(TimeDelta::days(2)).await;
        let enabled = site.office().patch(&path(&webhook), "*", &json!({"enabled": true})).await.ok().json();
        assert!(enabled.get("disabled_reason").is_none() && enabled.get("failing_since").is_none(), "{enabled}");
        let received = site.receiver.requests(3).await;
        assert_eq!(resources(&received), [&ids[..1], &ids[..]].concat());
    }

    async fn three_days_of_failures_disable_the_webhook(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        site.receiver.always(Reaction::status(503));
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let ids = site.utilities(&["first", "second"]).await;
        let mut attempts = 1;
        for hours in [1, 23, 24, 23] {
            site.deliveries(&webhook, attempts).await;
            assert_eq!(site.office().get(&path(&webhook)).await.ok().json()["enabled"], true);
            site.advance(TimeDelta::hours(hours)).await;
            attempts += 1;
        }
        site.deliveries(&webhook, attempts).await;
        assert_eq!(site.office().get(&path(&webhook)).await.ok().json()["enabled"], true, "71 hours");
        site.advance(TimeDelta::hours(25)).await;
        let disabled = site.until(&webhook, |it| it["enabled"] == false).await;
        assert_eq!(disabled["disabled_reason"], "failing");
        let mails = mails(&site).await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0]["subject"].as_str().unwrap().contains("Zxq") && mails[0]["text"].as_str().unwrap().contains("drei Tagen"));
        let sent = site.receiver.all().len();
        assert_eq!(sent, attempts + 1);
        site.receiver.always(Reaction::status(200));
        site.advance(TimeDelta::days(2)).await;
        site.office().patch(&path(&webhook), "*", &json!({"enabled": true})).await.ok();
        assert_eq!(resources(&site.receiver.requests(sent + 2).await)[sent..], ids);
    }

    /// What an account may no longer see is not sent to its webhooks.
    async fn a_webhook_of_an_account_without_the_role_is_disabled(app: TestApp) {
        let site = Site::start(&app);
        site.app.clock.stop();
        let (seeing, public) = (json!({"as_role": "coordinator", "resources": ["utility"]}), json!({"name": "Zxq public", "resources": ["utility"]}));
        let (seeing, public) = (site.webhook(seeing).await, site.webhook(public).await);
        let users = site.app.admin().all("/api/v1/users?role=coordinator").await;
        let user = format!("/api/v1/users/{}", users[0]["id"].as_str().unwrap());
        site.app.admin().patch(&user, "*", &json!({"role": "reader"})).await.ok();
        let admin = site.app.admin();
        let made = admin.post(UTILITIES, &abroad("Zxq last")).await.expect(201).json();
        let disabled = site.until_for(&admin, &seeing, |it| it["enabled"] == false).await;
        assert_eq!(disabled["disabled_reason"], "role_lost");
        let received = site.receiver.requests(1).await;
        site.until_for(&admin, &public, |it| it["enabled"] == true).await;
        assert_eq!((resources(&received), site.receiver.all().len()), (vec![made["id"].clone()], 1));
    }
}
