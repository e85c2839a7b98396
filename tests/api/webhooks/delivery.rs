//! What receivers get: all changes that the role of the webhook sees, in order, signed, and again if asked for.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::path;
use super::site::{Site, resources};
use crate::api::fixtures::{UTILITIES, abroad, create, merged};
use crate::harness::on_both;
use crate::harness::receiver::Receiver;

on_both! {
    async fn changes_arrive_in_order_and_signed(app: TestApp) {
        let site = Site::start(&app);
        site.utilities(&["before"]).await;
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let secret = site.secret(&webhook).await;
        let names: Vec<_> = (0..12).map(|number| format!("number {number}")).collect();
        let ids = site.utilities(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let received = site.receiver.requests(ids.len()).await;
        assert_eq!(resources(&received), ids);
        for (index, request) in received.iter().enumerate() {
            assert_eq!(request.line, "POST /hook?from=zxq HTTP/1.1");
            assert_eq!(request.header("content-type"), "application/json");
            assert!(request.header("user-agent").starts_with("vku-partnerships/"));
            assert!(request.is_signed_with(&secret), "{request:?}");
            let sent_at: i64 = request.header("webhook-timestamp").parse().unwrap();
            assert!((Utc::now().timestamp() - sent_at).abs() < 120);
            let others = received[..index].iter().filter(|it| it.header("webhook-id") == request.header("webhook-id"));
            assert_eq!(others.count(), 0);
            let body = request.json();
            assert_eq!((&body["type"], &body["timestamp"]), (&"utility.created".into(), &body["data"]["at"]));
            let data = &body["data"];
            assert_eq!((&data["resource"], &data["action"], &data["version"]), (&"utility".into(), &"created".into(), &1.into()));
            assert!(data["slug"].is_string() && data.get("state").is_none(), "{data}");
        }
        let log = site.deliveries(&webhook, ids.len()).await;
        for (delivery, request) in log.iter().zip(&received) {
            assert_eq!((&delivery["state"], &delivery["status"], &delivery["attempt"]), (&"succeeded".into(), &204.into(), &1.into()));
            assert_eq!(delivery["event_id"], request.header("webhook-id"));
            assert_eq!(delivery["event_type"], "utility.created");
        }
        let failed = site.office().get(&format!("{}/deliveries?state=failed", path(&webhook))).await.ok();
        assert_eq!(failed.json()["items"], json!([]));
        let limited = format!("{}/deliveries?limit=5", path(&webhook));
        assert_eq!(site.office().all(&limited).await.len(), ids.len());
    }

    /// The state is what the role of the webhook gets by `GET`.
    async fn a_full_delivery_has_the_state_that_the_role_sees(app: TestApp) {
        let site = Site::start(&app);
        let office = Receiver::start();
        let full = |role: &str, url: String| json!({"content": "full", "as_role": role, "resources": ["utility"], "url": url});
        site.webhook(full("public", site.receiver.url())).await;
        site.webhook(merged(&full("coordinator", office.url()), &json!({"name": "Zxq office"}))).await;
        let internal = merged(&abroad("Zxq internal"), &json!({"visibility": "internal"}));
        let internal = create(&site.office(), UTILITIES, &internal).await.json();
        let public = site.utilities(&["public"]).await.remove(0);
        let to_public = site.receiver.requests(1).await;
        assert_eq!(resources(&to_public), std::slice::from_ref(&public));
        let at = |id: &Value| format!("{UTILITIES}/{}", id.as_str().unwrap());
        let seen = site.app.anonymous().get(&at(&public)).await.ok().json();
        assert_eq!(to_public[0].json()["data"]["state"], seen);
        let to_office = office.requests(2).await;
        assert_eq!(resources(&to_office), [internal["id"].clone(), public]);
        let seen = site.office().get(&at(&internal["id"])).await.ok().json();
        assert_eq!(to_office[0].json()["data"]["state"], seen);
    }

    /// Hidden resources are neither sent nor counted, and a resource that becomes hidden is sent as gone.
    async fn a_webhook_gets_nothing_that_its_role_does_not_see(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({"content": "full", "resources": ["utility", "partnership"]})).await;
        let office = site.office();
        let hidden = |name: &str, visibility: &str| merged(&abroad(&format!("Zxqhidden {name}")), &json!({"visibility": visibility}));
        create(&office, UTILITIES, &hidden("a", "internal")).await;
        let first = site.utilities(&["first"]).await.remove(0);
        let members = create(&office, UTILITIES, &hidden("b", "members")).await.json();
        let at = |id: &Value| format!("{UTILITIES}/{}", id.as_str().unwrap());
        office.patch(&at(&members["id"]), "*", &json!({"visibility": "internal"})).await.ok();
        office.delete(&at(&members["id"]), "*").await.expect(204);
        site.receiver.requests(1).await;
        let narrowed = json!({"visibility": "internal", "name": "Zxqhidden c"});
        office.patch(&at(&first), "*", &narrowed).await.ok();
        site.receiver.requests(2).await;
        let last = site.utilities(&["last"]).await.remove(0);
        let received = site.receiver.requests(3).await;
        assert_eq!(resources(&received), [&first, &first, &last].map(Clone::clone));
        assert_eq!(received[1].json()["type"], "utility.hidden");
        assert!(received[1].json()["data"].get("state").is_none());
        assert!(received.iter().all(|request| !request.body.contains("Zxqhidden")), "{received:#?}");
        assert_eq!(site.deliveries(&webhook, 3).await.len(), 3);
    }

    async fn a_webhook_gets_only_the_kinds_of_changes_that_it_asks_for(app: TestApp) {
        let site = Site::start(&app);
        site.webhook(json!({"resources": ["utility"], "actions": ["deleted"]})).await;
        let ids = site.utilities(&["kept", "deleted"]).await;
        let office = site.office();
        let path = |id: &Value| format!("{UTILITIES}/{}", id.as_str().unwrap());
        office.patch(&path(&ids[0]), "*", &json!({"sectors": ["waste"]})).await.ok();
        office.delete(&path(&ids[1]), "*").await.expect(204);
        let received = site.receiver.requests(1).await.remove(0);
        assert_eq!((received.json()["type"].clone(), received.json()["data"]["resource_id"].clone()), ("utility.deleted".into(), ids[1].clone()));
    }

    async fn a_ping_with_an_idempotency_key_is_sent_once(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({})).await;
        let office = site.office();
        let ping = async |key: &str| {
            let request = office.request(reqwest::Method::POST, &format!("{}/ping", path(&webhook)));
            office.send(request.header("Idempotency-Key", key)).await.expect(202)
        };
        let (one, again, other) = (ping("one").await, ping("one").await, ping("other").await);
        assert_eq!((one.body.clone(), again.header("idempotency-replayed")), (again.body, "true".to_owned()));
        assert_ne!(one.body, other.body);
        let received = site.receiver.requests(2).await;
        let ids: Vec<_> = received.iter().map(|request| request.header("webhook-id")).collect();
        assert_eq!(ids, [one.json(), other.json()].map(|it| it["event_id"].as_str().unwrap().to_owned()));
        assert_eq!(site.deliveries(&webhook, 2).await.len(), 2);
    }

    async fn a_ping_arrives_even_if_the_webhook_is_disabled(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({"enabled": false})).await;
        let secret = site.secret(&webhook).await;
        site.utilities(&["first"]).await;
        let asked = site.office().post(&format!("{}/ping", path(&webhook)), &Value::Null).await.expect(202).json();
        let received = site.receiver.requests(1).await.remove(0);
        assert!(received.is_signed_with(&secret));
        assert_eq!(received.header("webhook-id"), asked["event_id"].as_str().unwrap());
        let body = received.json();
        assert_eq!((&body["type"], &body["data"]), (&"webhook.ping".into(), &json!({"webhook_id": webhook["id"]})));
        let log = site.deliveries(&webhook, 1).await;
        assert_eq!((log.len(), &log[0]["event_type"]), (1, &"webhook.ping".into()));
    }

    /// A webhook that is enabled again misses nothing.
    async fn a_webhook_continues_where_it_stopped(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let mut ids = site.utilities(&["first"]).await;
        site.receiver.requests(1).await;
        site.deliveries(&webhook, 1).await;
        site.office().patch(&path(&webhook), "*", &json!({"enabled": false})).await.ok();
        ids.extend(site.utilities(&["second", "third"]).await);
        site.office().patch(&path(&webhook), "*", &json!({"enabled": true})).await.ok();
        assert_eq!(resources(&site.receiver.requests(3).await), ids);
    }

    async fn deliveries_can_be_replayed(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let begun = site.app.store.now();
        let ids = site.utilities(&["first", "second", "third"]).await;
        let once = site.receiver.requests(3).await;
        let log = site.deliveries(&webhook, 3).await;
        let replay = format!("{}/replay", path(&webhook));
        let one = json!({"delivery_id": log[1]["id"]});
        let asked = site.office().post(&replay, &one).await.expect(202).json();
        assert_eq!(asked["event_id"], log[1]["event_id"]);
        let again = site.receiver.requests(4).await.remove(3);
        assert_eq!((again.header("webhook-id"), again.json()), (once[1].header("webhook-id"), once[1].json()));
        site.deliveries(&webhook, 4).await;
        let since = json!({"since": begun.to_rfc3339()});
        let asked = site.office().post(&replay, &since).await.expect(202).json();
        assert_eq!(asked, json!({"status": "requested"}));
        let all = site.receiver.requests(7).await;
        assert_eq!(resources(&all[4..]), ids);
        site.deliveries(&webhook, 7).await;
        // After all there is: nothing is sent again, and nothing is skipped.
        site.advance(TimeDelta::minutes(1)).await;
        let now = json!({"since": site.app.store.now().to_rfc3339()});
        site.office().post(&replay, &now).await.expect(202);
        let last = site.utilities(&["fourth"]).await;
        assert_eq!(resources(&site.receiver.requests(8).await[7..]), last);
    }

    async fn both_secrets_sign_for_a_day_after_a_rotation(app: TestApp) {
        let site = Site::start(&app);
        let webhook = site.webhook(json!({})).await;
        let old = site.secret(&webhook).await;
        let rotate = format!("{}/rotate-secret", path(&webhook));
        let rotated = site.office().post(&rotate, &Value::Null).await.ok().json();
        let new = rotated["secret"].as_str().unwrap();
        let ping = format!("{}/ping", path(&webhook));
        site.office().post(&ping, &Value::Null).await.expect(202);
        let both = site.receiver.requests(1).await.remove(0);
        assert!(both.is_signed_with(&old) && both.is_signed_with(new));
        assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
        site.advance(TimeDelta::hours(25)).await;
        site.office().post(&ping, &Value::Null).await.expect(202);
        let one = site.receiver.requests(2).await.remove(1);
        assert!(one.is_signed_with(new) && !one.is_signed_with(&old));
    }
}
