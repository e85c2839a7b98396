//! Rare responses of every operation that declares them: an API key without the scope, a repeated request, a change as
//! plain JSON, a restore as a dry run and with a stale version.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::lists::deleted_and_restored;
use super::unauthenticated::SIGNING_IN;
use super::{Operation, Walk};
use crate::api::fixtures::delete;
use crate::harness::on_both;

on_both! {
    async fn api_keys_are_refused_outside_their_scopes(app: TestApp) {
        let walk = Walk::of(&app);
        let mut refused = BTreeSet::new();
        for scope in ["utilities:read", "organisations:read"] {
            let key = json!({"name": "Narrow", "scopes": [scope]});
            let key = walk.admin().post("/api/v1/api-keys", &key).await.expect(201).json();
            let script = app.anonymous().with_token(key["key"].as_str().unwrap());
            for it in walk.operations {
                let path = walk.filled(it).await;
                if walk.ask(it, &script, walk.request(it, &script, &path)).await.status == 403 {
                    refused.insert(it.id.as_str());
                }
            }
        }
        // `end_login` tells by its body whose login ends. `accounts/refresh.rs` tests that an API key has none.
        // The change feed leaves out what a key may not read, unless it is asked for: `feed/bad_input.rs`.
        let is_feed = |it: &Operation| ["list_changes", "stream_events"].contains(&it.id.as_str());
        let by_key =
            |it: &&Operation| it.declares(403) && !SIGNING_IN.contains(&it.id.as_str()) && !is_feed(it);
        let declared = walk.operations.iter().filter(by_key).map(|it| it.id.as_str());
        assert_eq!(refused, declared.collect());
    }

    async fn an_idempotency_key_replays_its_request_and_refuses_others(app: TestApp) {
        let walk = Walk::of(&app);
        let takes_key = |it: &&Operation| it.parameter("Idempotency-Key").is_some();
        let mut replayed = 0;
        for it in walk.operations.iter().filter(takes_key) {
            let (caller, path) = (walk.admin(), walk.filled(it).await);
            let ask = |key: &str| {
                walk.ask(it, &caller, walk.request(it, &caller, &path).header("Idempotency-Key", key.to_owned()))
            };
            let own = format!("of-{}", it.id);
            if ask(&own).await.status.is_success() {
                assert_eq!(ask(&own).await.header("idempotency-replayed"), "true", "{}", it.id);
                replayed += 1;
            }
            let other = json!({"name": "Zxq", "kind": "ngo"});
            let taken = format!("taken-{}", it.id);
            let request = caller.request(Method::POST, "/api/v1/organisations").header("Idempotency-Key", &taken);
            caller.send(request.json(&other)).await.expect(201);
            let another = ask(&taken).await;
            // Callers without an account share their keys, so a key counts only together with its request.
            if !it.takes_credentials() {
                assert_ne!(another.status.as_u16(), 422, "{}: {}", it.id, another.text());
                continue;
            }
            another.problem(422, "idempotency_key_reused");
        }
        assert!(replayed > 5, "{replayed}");
    }

    async fn every_deleted_resource_can_be_restored(app: TestApp) {
        let walk = Walk::of(&app);
        let mut restored = 0;
        for it in walk.operations {
            let Some(one) = it.path.strip_suffix("/restore") else { continue };
            let caller = walk.admin();
            let path = walk.filled(it).await;
            let template = one.strip_suffix("/{id}").unwrap();
            let thing = deleted_and_restored(&walk, template, path.strip_suffix("/restore").unwrap()).await;

            let update = walk.find(&Method::PATCH, one).unwrap();
            let (_, change) = update.body().unwrap();
            let change = caller.request(Method::PATCH, &thing).header("If-Match", "*").json(change);
            walk.ask(update, &caller, change).await.ok();

            let deletion = walk.find(&Method::DELETE, one).unwrap();
            let dry_run = caller.request(Method::DELETE, &format!("{thing}?dry_run=true"));
            walk.ask(deletion, &caller, dry_run.header("If-Match", "*")).await.expect(204);
            delete(&caller, &thing).await;

            let restore = |query: &str| caller.request(Method::POST, &format!("{thing}/restore{query}"));
            let late = restore("").header("If-Match", "\"999-zxq\"");
            walk.ask(it, &caller, late).await.problem(412, "precondition_failed");
            walk.ask(it, &caller, restore("?dry_run=true")).await.ok();
            let once = || restore("").header("Idempotency-Key", format!("restore-{}", it.id));
            walk.ask(it, &caller, once()).await.ok();
            assert_eq!(walk.ask(it, &caller, once()).await.header("idempotency-replayed"), "true", "{}", it.id);
            restored += 1;
        }
        assert!(restored > 8, "{restored}");
    }
}
