//! What is wrong with a request is said, and where.

use serde_json::json;
use vku_domain::kernel::access::actor::Role;

use super::{CHANGES, entries, items, now};
use crate::api::fixtures::{ORGANISATIONS, create, delete};
use crate::harness::{ask, on_both};

on_both! {
    async fn parameters_are_checked(app: TestApp) {
        let caller = app.reader();
        let token = now(&caller).await;
        let mut tampered = token.clone().into_bytes();
        tampered[40] = if tampered[40] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        let cursor = caller.get("/api/v1/partnerships?limit=1").await.ok().json()["next"].clone();
        let cursor = cursor.as_str().unwrap().rsplit('=').next().unwrap().to_owned();
        for (query, fault) in [
            (format!("since={tampered}"), "since invalid_token"),
            (format!("since={cursor}"), "since invalid_token"),
            ("since=".into(), "since invalid_token"),
            ("since=now".into(), "since invalid_token"),
            (format!("since={token}&since={token}"), "since repeated"),
            ("limit=0".into(), "limit out_of_range"),
            ("limit=1001".into(), "limit out_of_range"),
            ("limit=many".into(), "limit out_of_range"),
            ("resource=partnerships".into(), "resource unknown_value"),
            ("state=no".into(), "state unknown_value"),
            ("cursor=x".into(), "cursor unknown_parameter"),
        ] {
            let refused = caller.get(&format!("{CHANGES}?{query}")).await;
            assert_eq!(refused.faults(400, "invalid_parameters"), [fault], "{query}");
        }
    }

    async fn only_resources_that_the_caller_may_read_can_be_asked_for(app: TestApp) {
        app.reader().get(&format!("{CHANGES}?resource=user")).await.problem(403, "forbidden");
        app.anonymous().get(&format!("{CHANGES}?resource=member")).await.problem(401, "unauthenticated");
        app.admin().get(&format!("{CHANGES}?resource=user")).await.ok();
        let token = now(&app.admin()).await;
        create(&app.coordinator(), ORGANISATIONS, &json!({"slug": "zxq", "name": "Zxq", "kind": "ngo"})).await;
        let user = json!({"email": "zxq@zxq.example", "name": "Zxq", "role": "reader"});
        create(&app.admin(), "/api/v1/users", &user).await;
        let only = items(&app.admin(), &format!("since={token}&resource=organisation&state=false")).await.0;
        assert_eq!(only.len(), 1);
        assert_eq!((&only[0]["slug"], only[0].get("state")), (&json!("zxq"), None));
        let both = items(&app.admin(), &format!("since={token}&resource=organisation&resource=user")).await.0;
        assert_eq!(both.len(), 2);
        // Without the filter, what the caller may not read is left out.
        assert_eq!(entries(&app.coordinator(), &token).await.0, ["created organisation zxq"]);
    }

    async fn tokens_of_changes_that_are_not_stored_are_gone(app: TestApp) {
        let caller = app.anonymous();
        let start = items(&caller, "since=beginning&limit=1000&state=false").await.1;
        let first = caller.get(&format!("{CHANGES}?since=beginning&limit=1")).await.ok().json();
        let first = first["since"].as_str().unwrap();
        create(&app.coordinator(), ORGANISATIONS, &json!({"slug": "zxq", "name": "Zxq", "kind": "ngo"})).await;
        let end = now(&caller).await;
        // As if an operator had deleted the older half of the log.
        ask(&app, "DELETE FROM change WHERE position < (SELECT max(position) FROM change)").await;
        let gone = caller.get(&format!("{CHANGES}?since={first}")).await.problem(410, "changes_gone");
        assert!(gone["detail"].as_str().unwrap().contains("Change-Token"), "{gone:#}");
        assert_eq!(entries(&caller, &start).await.0, ["created organisation zxq"]);
        assert_eq!(entries(&caller, &end).await.0, [""; 0]);
        // As if a backup from before the last change had been restored.
        if app.backend == crate::harness::Backend::Sqlite {
            ask(&app, "UPDATE change SET position = position - 1").await;
            caller.get(&format!("{CHANGES}?since={end}")).await.problem(410, "changes_gone");
        }
    }

    async fn a_token_from_before_a_change_of_permissions_is_gone(app: TestApp) {
        let caller = app.account(Role::Member, "hamburg-wasser").await;
        let me = caller.get("/api/v1/me").await.ok().json();
        let user = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
        let change = async |body: serde_json::Value| app.admin().patch(&user, "*", &body).await.ok();
        let token = now(&caller).await;
        change(json!({"name": "Zxq"})).await;
        caller.get(&format!("{CHANGES}?since={token}")).await.ok();
        for body in [
            json!({"utilities": ["hamburg-wasser", "stadtentwaesserung-dresden"]}),
            json!({"role": "reader", "utilities": []}),
        ] {
            let token = now(&caller).await;
            let public = now(&app.anonymous()).await;
            app.reader().get("/api/v1/partnerships").await.ok();
            change(body).await;
            for token in [token, public] {
                caller.get(&format!("{CHANGES}?since={token}")).await.problem(410, "changes_gone");
                app.reader().get(&format!("{CHANGES}?since={token}")).await.ok();
            }
            // The way back, also if the list was cached before the change, for somebody with the same permissions.
            for _ in 0..2 {
                let token = caller.get("/api/v1/partnerships").await.ok().header("change-token");
                caller.get(&format!("{CHANGES}?since={token}")).await.ok();
            }
        }
        let utility = create(&app.coordinator(), "/api/v1/utilities",
            &crate::api::fixtures::municipal("Zxq")).await.header("location");
        let bound = app.account(Role::Member, utility.rsplit('/').next().unwrap()).await;
        let token = now(&bound).await;
        bound.get(&format!("{CHANGES}?since={token}")).await.ok();
        delete(&app.coordinator(), &utility).await;
        bound.get(&format!("{CHANGES}?since={token}")).await.problem(410, "changes_gone");
        let unbound = now(&bound).await;
        app.coordinator().post(&format!("{utility}/restore"), &json!({})).await.ok();
        bound.get(&format!("{CHANGES}?since={unbound}")).await.problem(410, "changes_gone");
        // The permissions are those of the first token again.
        bound.get(&format!("{CHANGES}?since={token}")).await.ok();
    }
}
