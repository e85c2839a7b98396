//! Webhooks: who may have them, where they may be sent to, and that receivers get all changes, in order and signed.

mod delivery;
mod failures;
mod site;
mod targets;
mod workers;

use serde_json::{Value, json};

use super::fixtures::webhook::webhook;
use super::fixtures::{WEBHOOKS, create, merged};
use crate::harness::{ask, on_both};

/// The path of a webhook.
fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

on_both! {
    async fn a_webhook_has_defaults_and_can_be_changed(app: TestApp) {
        let office = app.coordinator();
        let made = office.post(WEBHOOKS, &webhook("Zxq")).await.expect(201).json();
        assert_eq!((&made["content"], &made["as_role"], &made["enabled"]), (&"thin".into(), &"public".into(), &true.into()));
        assert_eq!((&made["resources"], &made["actions"]), (&json!([]), &json!([])));
        assert!(made.get("secret").is_none() && made.get("disabled_reason").is_none());
        let change = json!({"enabled": false, "content": "full", "resources": ["utility"], "actions": ["deleted"]});
        let changed = office.patch(&path(&made), "*", &change).await.ok().json();
        assert_eq!(changed["version"], 2);
        assert_eq!(merged(&made, &change)["resources"], changed["resources"]);
        let listed = office.get(&format!("{WEBHOOKS}?enabled=false&resource=utility")).await.ok().json();
        assert_eq!(listed["items"], json!([changed]));
    }

    /// A URL is stored as the URL Standard writes it.
    async fn a_url_is_normalised(app: TestApp) {
        let body = merged(&webhook("Zxq"), &json!({"url": "HTTPS://Empfänger.Zxq.example:443/a?b#c"}));
        let made = app.coordinator().post(WEBHOOKS, &body).await.expect(201).json();
        assert_eq!(made["url"], "https://xn--empfnger-3za.zxq.example/a?b");
    }

    async fn a_secret_is_shown_once(app: TestApp) {
        let office = app.coordinator();
        let made = office.post(WEBHOOKS, &webhook("Zxq")).await.expect(201).json();
        let reveal = format!("{}/reveal-secret", path(&made));
        // A dry run shows another secret, which is not stored.
        let sample = office.post(&format!("{reveal}?dry_run=true"), &json!({})).await.ok().json();
        let shown = office.post(&reveal, &json!({})).await.ok();
        assert_ne!(sample["secret"], shown.json()["secret"]);
        assert_eq!(shown.header("cache-control"), "no-store");
        let first = shown.json()["secret"].as_str().unwrap().to_owned();
        assert!(first.starts_with("whsec_") && first.len() == 6 + 44, "{first}");
        assert!(shown.json().get("previous_valid_until").is_none());
        for caller in [&office, &app.admin()] {
            caller.post(&reveal, &json!({})).await.problem(409, "secret_already_shown");
        }
        let rotated = office.post(&format!("{}/rotate-secret", path(&made)), &json!({})).await.ok();
        assert_eq!(rotated.header("cache-control"), "no-store");
        assert_ne!(rotated.json()["secret"], first.as_str());
        assert!(rotated.json()["previous_valid_until"].is_string());
        office.post(&reveal, &json!({})).await.problem(409, "secret_already_shown");
        // Neither is stored in plain text, nor in the change log.
        for sql in ["SELECT secret FROM webhook_progress", "SELECT old_secret FROM webhook_progress", "SELECT CAST(state AS text) FROM change WHERE resource = 'webhook'"] {
            for stored in ask(&app, sql).await {
                for secret in [&first, rotated.json()["secret"].as_str().unwrap()] {
                    assert!(!stored.to_string().contains(&secret[6..]), "{sql}");
                }
            }
        }
    }

    /// Of several requests at once, one is shown the secret.
    async fn a_secret_is_shown_to_one_of_many(app: TestApp) {
        let office = app.coordinator();
        let made = office.post(WEBHOOKS, &webhook("Zxq")).await.expect(201).json();
        let reveal = format!("{}/reveal-secret", path(&made));
        let all = futures_util::future::join_all((0..8).map(|_| office.post(&reveal, &Value::Null))).await;
        let shown = all.into_iter().filter(|answer| answer.text().contains("whsec_"));
        let shown: Vec<_> = shown.map(|answer| answer.ok()).collect();
        assert_eq!(shown.len(), 1);
    }

    async fn there_can_be_twenty_webhooks(app: TestApp) {
        let office = app.coordinator();
        for number in 0..20 {
            create(&office, WEBHOOKS, &webhook(&format!("Zxq {number}"))).await;
        }
        office.post(WEBHOOKS, &webhook("Zxq one more")).await.problem(409, "too_many_webhooks");
        let one = office.all(WEBHOOKS).await.remove(0);
        office.delete(&path(&one), "*").await.expect(204);
        office.post(WEBHOOKS, &webhook("Zxq another")).await.expect(201);
        let restore = format!("{}/restore", path(&one));
        office.post(&restore, &Value::Null).await.problem(409, "too_many_webhooks");
    }

    /// Nobody can have a webhook see more than the own account does.
    async fn a_webhook_sees_no_more_than_its_owner(app: TestApp) {
        let (office, admin) = (app.coordinator(), app.admin());
        let sees = |role: &str| merged(&webhook("Zxq"), &json!({"as_role": role}));
        office.post(WEBHOOKS, &sees("admin")).await.problem(403, "forbidden");
        let own = office.post(WEBHOOKS, &sees("coordinator")).await.expect(201).json();
        let of_admin = admin.post(WEBHOOKS, &sees("admin")).await.expect(201).json();
        // The office could have it sent elsewhere.
        let elsewhere = json!({"url": "https://elsewhere.zxq.example/"});
        office.patch(&path(&of_admin), "*", &elsewhere).await.problem(403, "forbidden");
        office.patch(&path(&of_admin), "*", &json!({"as_role": "public"})).await.problem(403, "forbidden");
        // Not even an administrator can have the webhook of the office see that.
        let faults = admin.patch(&path(&own), "*", &json!({"as_role": "admin"})).await;
        assert_eq!(faults.faults(422, "validation_failed"), ["/as_role inconsistent"]);
        let key = json!({"name": "Zxq", "scopes": ["webhooks:read", "webhooks:write"]});
        let key = office.post("/api/v1/api-keys", &key).await.expect(201).json()["key"].as_str().unwrap().to_owned();
        let script = office.with_token(&key);
        script.post(WEBHOOKS, &sees("reader")).await.problem(403, "forbidden");
        script.patch(&path(&own), "*", &elsewhere).await.problem(403, "forbidden");
        script.post(WEBHOOKS, &sees("public")).await.expect(201);
    }

    async fn a_role_gets_only_resources_that_it_reads(app: TestApp) {
        let body = merged(&webhook("Zxq"), &json!({"resources": ["utility", "user"], "as_role": "coordinator"}));
        let refused = app.admin().post(WEBHOOKS, &body).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/resources/1 inconsistent"]);
        let body = merged(&body, &json!({"as_role": "admin"}));
        app.admin().post(WEBHOOKS, &body).await.expect(201);
    }

    async fn only_the_office_knows_of_webhooks(app: TestApp) {
        let made = app.coordinator().post(WEBHOOKS, &webhook("Zxq")).await.expect(201).json();
        let deliveries = format!("{}/deliveries", path(&made));
        for caller in [app.partner(), app.member(), app.reader()] {
            caller.get(WEBHOOKS).await.problem(403, "forbidden");
            caller.get(&deliveries).await.problem(403, "forbidden");
        }
        app.anonymous().get(&deliveries).await.problem(401, "unauthenticated");
        assert_eq!(app.admin().get(&path(&made)).await.ok().json(), made);
    }

    async fn replays_are_checked(app: TestApp) {
        let office = app.coordinator();
        let made = office.post(WEBHOOKS, &webhook("Zxq")).await.expect(201).json();
        let replay = format!("{}/replay", path(&made));
        let id = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c20";
        for (body, fault) in [
            (json!({}), "/since required"),
            (json!({"delivery_id": id, "since": "2026-01-01T00:00:00Z"}), "/since inconsistent"),
            (json!({"since": "yesterday"}), "/since invalid_format"),
            (json!({"since": "2999-01-01T00:00:00Z"}), "/since out_of_range"),
            (json!({"delivery_id": "Zxq"}), "/delivery_id invalid_format"),
            (json!({"delivery_id": id}), "/delivery_id unknown_reference"),
            (json!({"from": id}), "/from unknown_member"),
        ] {
            assert_eq!(office.post(&replay, &body).await.faults(422, "validation_failed"), [fault], "{body}");
        }
        let missing = format!("{WEBHOOKS}/{id}");
        for operation in ["ping", "reveal-secret", "rotate-secret"] {
            office.post(&format!("{missing}/{operation}"), &Value::Null).await.problem(404, "not_found");
        }
        office.post(&format!("{missing}/replay"), &json!({"delivery_id": id})).await.problem(404, "not_found");
    }
}
