//! API keys: what they permit, and when they stop working.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{INVALID, LOGINS, ME, account, id_of, signed_in};
use crate::harness::{Caller, Response, on_both};

const KEYS: &str = "/api/v1/api-keys";

async fn create(caller: &Caller, scopes: &[&str]) -> Value {
    caller.post(KEYS, &json!({ "name": "Nightly report", "scopes": scopes })).await.expect(201).json()
}

/// A client that uses a new API key of the caller.
async fn key(caller: &Caller, scopes: &[&str]) -> Caller {
    caller.with_token(create(caller, scopes).await["key"].as_str().unwrap())
}

async fn delete(caller: &Caller, id: &str) -> Response {
    caller.send(caller.request(Method::DELETE, &format!("{KEYS}/{id}"))).await
}

#[track_caller]
fn lacks(answer: Response, scope: &str) {
    let challenge =
        format!(r#"Bearer realm="vku-partnerships", error="insufficient_scope", scope="{scope}""#);
    assert_eq!(answer.header("www-authenticate"), challenge, "{}", answer.text());
    assert_eq!(answer.problem(403, "insufficient_scope")["allowed"], json!([scope]));
}

/// Sends a request with this header.
async fn with_header(caller: &Caller, name: &str, value: String) -> Response {
    caller.send(caller.request(Method::GET, ME).header(name, value)).await
}

on_both! {
    async fn an_api_key_may_be_the_password_of_basic_authentication(app: TestApp) {
        let owner = app.coordinator();
        let key = create(&owner, &["utilities:read"]).await["key"].as_str().unwrap().to_owned();
        let anyone = app.anonymous();
        let basic = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
        for user in ["", "me", "jos\u{e9}", "coordinator@demo.example"] {
            let answer = with_header(&anyone, "Authorization", basic(&format!("{user}:{key}"))).await;
            assert_eq!(answer.ok().json()["id"], owner.get(ME).await.ok().json()["id"], "{user:?}");
        }
        let scoped = anyone.request(Method::GET, "/api/v1/partnerships");
        let scoped = scoped.header("Authorization", basic(&format!("me:{key}")));
        lacks(anyone.send(scoped).await, "partnerships:read");

        // Neither passwords of accounts, nor keys in another place.
        let (name, password) = ("coordinator@demo.example", "demo-partnerships");
        for wrong in [
            format!("{name}:{password}"), format!("{key}:"), key.clone(), format!("me:{key}x"), "me:vkp_".to_owned(),
        ] {
            let answer = with_header(&anyone, "Authorization", basic(&wrong)).await;
            assert_eq!(answer.header("cache-control"), "no-store");
            answer.problem(401, "invalid_token");
        }
        for wrong in ["Basic", "Basic ", "Basic ****", "Basic /w==", "ApiKey x"] {
            with_header(&anyone, "Authorization", wrong.to_owned()).await.problem(401, "invalid_token");
        }
        for name in ["X-API-Key", "x-api-key"] {
            let problem = with_header(&anyone, name, key.clone()).await.problem(401, "invalid_token");
            assert!(problem["detail"].as_str().unwrap().contains("Authorization: Bearer"), "{problem}");
            let list = anyone.request(Method::GET, "/api/v1/utilities").header(name, &key);
            anyone.send(list).await.problem(401, "invalid_token");
        }

        let id = owner.get(KEYS).await.ok().json()["items"][0]["id"].as_str().unwrap().to_owned();
        delete(&owner, &id).await.expect(204);
        with_header(&anyone, "Authorization", basic(&format!("me:{key}"))).await.problem(401, "invalid_token");
    }

    async fn an_api_key_is_shown_once_and_authenticates(app: TestApp) {
        let owner = app.coordinator();
        let answer = owner.post(KEYS, &json!({
            "name": "Nightly report", "scopes": ["utilities:read", "partnerships:read", "utilities:read"],
            "expires_at": "2999-01-01T00:00:00+01:00",
        })).await.expect(201);
        assert_eq!(answer.header("cache-control"), "no-store");
        let made = answer.json();
        let id = made["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("{KEYS}/{id}"));
        let text = made["key"].as_str().unwrap().to_owned();
        let parts: Vec<_> = text.splitn(3, '_').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("vkp", 8, 43));
        assert_eq!(made["prefix"], text[..12]);
        assert_eq!(made["scopes"], json!(["partnerships:read", "utilities:read"]));
        assert_eq!(made["expires_at"], "2998-12-31T23:00:00.000000Z");
        assert_eq!(made.get("last_used_at"), None);

        let script = app.anonymous().with_token(&text);
        let listed = script.get("/api/v1/utilities").await.ok();
        assert_eq!(listed.header("cache-control"), "private, no-cache");
        assert_eq!(id_of(&script).await, id_of(&owner).await);
        // The time of use is recorded in the background.
        let path = format!("{KEYS}/{id}");
        let mut known = owner.get(&path).await.ok().json();
        for _ in 0..1_000 {
            if known.get("last_used_at").is_some() {
                break;
            }
            known = owner.get(&path).await.ok().json();
        }
        assert!(known["last_used_at"].as_str().is_some_and(|used| used >= made["created_at"].as_str().unwrap()));
        let mut shown = made.clone();
        shown.as_object_mut().unwrap().shift_remove("key");
        known.as_object_mut().unwrap().shift_remove("last_used_at");
        assert_eq!(known, shown);
        let listed = owner.get(KEYS).await.ok();
        assert!(!listed.text().contains(&text));
        assert_eq!(listed.json()["items"][0]["id"], id);
    }

    async fn scopes_limit_what_an_api_key_may_do(app: TestApp) {
        let owner = app.coordinator();
        let organisation = json!({ "name": "Zxq", "kind": "ngo" });
        let reader = key(&owner, &["utilities:read"]).await;
        reader.get("/api/v1/utilities").await.ok();
        reader.get("/api/v1/utilities/hamburg-wasser").await.ok();
        reader.get("/api/v1/utilities?format=csv").await.ok();
        for path in [
            "/api/v1/partnerships",
            "/api/v1/partnerships?format=ndjson",
            "/api/v1/partnerships/hamburg-kyiv",
            "/api/v1/partnerships/hamburg-kyiv/transitions",
            "/api/v1/partnerships/hamburg-kyiv/funding",
        ] {
            lacks(reader.get(path).await, "partnerships:read");
        }
        lacks(reader.post("/api/v1/organisations", &organisation).await, "organisations:write");
        let utility = "/api/v1/utilities/hamburg-wasser";
        lacks(reader.patch(utility, "*", &json!({ "legal_form": "x" })).await, "utilities:write");
        lacks(reader.delete(utility, "*").await, "utilities:write");

        let parts = key(&owner, &["partnerships:read", "partnerships:write"]).await;
        parts.get("/api/v1/partnerships/hamburg-kyiv/funding").await.ok();
        let phase = json!({ "kind": "in_kind" });
        parts.post("/api/v1/partnerships/hamburg-kyiv/funding?dry_run=true", &phase).await.expect(201);
        lacks(parts.get("/api/v1/utilities").await, "utilities:read");

        let writer = key(&owner, &["organisations:write"]).await;
        writer.post("/api/v1/organisations?dry_run=true", &organisation).await.expect(201);
        lacks(writer.get("/api/v1/organisations").await, "organisations:read");
    }

    /// Personal data and the audit log need scopes of their own.
    async fn personal_data_and_the_audit_log_need_extra_scopes(app: TestApp) {
        let owner = app.coordinator();
        let member = &owner.get("/api/v1/members?limit=1").await.ok().json()["items"][0];
        let contacts = format!("/api/v1/members/{}/contacts", member["id"].as_str().unwrap());
        let narrow = key(&owner, &["members:read"]).await;
        narrow.get("/api/v1/members").await.ok();
        lacks(narrow.get(&contacts).await, "personal_data:read");
        lacks(key(&owner, &["personal_data:read"]).await.get(&contacts).await, "members:read");
        key(&owner, &["members:read", "personal_data:read"]).await.get(&contacts).await.ok();
        lacks(narrow.get("/api/v1/audit").await, "audit:read");
        key(&owner, &["audit:read"]).await.get("/api/v1/audit").await.ok();
        key(&app.reader(), &["audit:read"]).await.get("/api/v1/audit").await.problem(403, "forbidden");
    }

    async fn an_api_key_may_not_do_more_than_its_owner(app: TestApp) {
        let script = key(&app.reader(), &["organisations:write", "utilities:read", "utilities:write"]).await;
        script.post("/api/v1/organisations", &json!({ "name": "Zxq", "kind": "ngo" })).await.problem(403, "forbidden");
        script.get("/api/v1/utilities?deleted=true").await.problem(403, "forbidden");
        let member = key(&app.member(), &["utilities:write"]).await;
        let change = json!({ "legal_form": "Zxq" });
        let own = "/api/v1/utilities/stadtentwaesserung-dresden?dry_run=true";
        member.patch(own, "*", &change).await.ok();
        let others = "/api/v1/utilities/hamburg-wasser?dry_run=true";
        member.patch(others, "*", &change).await.problem(403, "forbidden");
    }

    async fn api_keys_cannot_manage_keys_logins_or_the_password(app: TestApp) {
        let every: Vec<String> = vku_persistence::scopes();
        let script = key(&app.admin(), &every.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let id = Uuid::now_v7();
        for (method, path, body) in [
            (Method::GET, KEYS.to_owned(), None),
            (Method::POST, KEYS.to_owned(), Some(json!({ "name": "x", "scopes": ["utilities:read"] }))),
            (Method::GET, format!("{KEYS}/{id}"), None),
            (Method::DELETE, format!("{KEYS}/{id}"), None),
            (Method::GET, LOGINS.to_owned(), None),
            (Method::DELETE, format!("{LOGINS}/{id}"), None),
            (Method::PUT, "/api/v1/me/password".into(), Some(json!({ "current_password": "demo-partnerships", "new_password": "correct horse battery" }))),
            (Method::POST, crate::api::accounts::LOGOUT.into(), None),
        ] {
            let request = script.request(method.clone(), &path);
            let request = match &body { Some(body) => request.json(body), None => request };
            script.send(request).await.problem(403, "forbidden");
        }
        script.get(ME).await.ok();
    }

    async fn invalid_api_key_requests_report_all_faults(app: TestApp) {
        let caller = app.reader();
        for (body, faults) in [
            (json!({}), vec!["/name required", "/scopes required"]),
            (json!({ "name": "x", "scopes": [] }), vec!["/scopes too_few"]),
            (
                json!({ "name": "x", "scopes": ["utilities:read", "utilitys:read", "funding:read"], "expires_at": "2020-01-01T00:00:00Z" }),
                vec!["/expires_at out_of_range", "/scopes/1 unknown_value", "/scopes/2 unknown_value"],
            ),
            (json!({ "name": "x", "scopes": ["utilities:read"], "expires_at": "tomorrow" }), vec!["/expires_at invalid_format"]),
            (json!({ "name": "x", "scopes": vec!["utilities:read"; 101] }), vec!["/scopes too_many"]),
            (json!({ "name": "x", "scopes": "utilities:read" }), vec!["/scopes wrong_type"]),
            (json!({ "name": "x", "scopes": ["utilities:read"], "key": "x" }), vec!["/key unknown_member"]),
        ] {
            assert_eq!(caller.post(KEYS, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
        let answer = caller.post(KEYS, &json!({ "name": "x", "scopes": ["utilitys:read"] })).await;
        assert!(answer.text().contains("Did you mean `utilities:read`?"), "{}", answer.text());
        app.anonymous().post(KEYS, &json!({ "name": "x", "scopes": ["utilities:read"] })).await.problem(401, "unauthenticated");
        assert_eq!(caller.get(KEYS).await.ok().json()["items"], json!([]));
    }

    async fn an_account_has_at_most_a_hundred_api_keys(app: TestApp) {
        let caller = app.reader();
        let mut last = Value::Null;
        for _ in 0..100 {
            last = create(&caller, &["utilities:read"]).await;
        }
        let body = json!({ "name": "x", "scopes": ["utilities:read"] });
        caller.post(KEYS, &body).await.problem(409, "too_many_api_keys");
        create(&app.member(), &["utilities:read"]).await;
        delete(&caller, last["id"].as_str().unwrap()).await.expect(204);
        create(&caller, &["utilities:read"]).await;
    }

    async fn malformed_api_keys_are_refused(app: TestApp) {
        let owner = app.coordinator();
        let made = create(&owner, &["utilities:read"]).await;
        let (good, other) = (made["key"].as_str().unwrap(), create(&owner, &["utilities:read"]).await);
        let other = other["key"].as_str().unwrap();
        let swapped = format!("{}{}", &good[..12], &other[12..]);
        for bad in ["vkp_", "vkp_abcdefgh", "vkp_abcdefgh_", &good[..good.len() - 1], &format!("{good}A"), &swapped] {
            let answer = app.anonymous().with_token(bad).get("/api/v1/utilities").await;
            assert_eq!(answer.header("www-authenticate"), INVALID, "{bad}");
            answer.problem(401, "invalid_token");
        }
        app.anonymous().with_token(good).get("/api/v1/utilities").await.ok();
    }

    async fn a_revoked_api_key_is_refused_at_once(app: TestApp) {
        let owner = app.coordinator();
        let made = create(&owner, &["utilities:read"]).await;
        let (id, script) = (made["id"].as_str().unwrap(), app.anonymous().with_token(made["key"].as_str().unwrap()));
        script.get("/api/v1/utilities").await.ok();
        // Other accounts do not see the key, not even administrators.
        for other in [app.admin(), app.member()] {
            delete(&other, id).await.problem(404, "not_found");
            other.get(&format!("{KEYS}/{id}")).await.problem(404, "not_found");
            assert_eq!(other.get(KEYS).await.ok().json()["items"], json!([]));
        }
        script.get("/api/v1/utilities").await.ok();
        delete(&owner, id).await.expect(204);
        script.get("/api/v1/utilities").await.problem(401, "invalid_token");
        delete(&owner, id).await.problem(404, "not_found");
        owner.get(&format!("{KEYS}/{id}")).await.problem(404, "not_found");
        assert_eq!(owner.get(KEYS).await.ok().json()["items"], json!([]));
        for id in [Uuid::now_v7().to_string(), "zxq".into()] {
            delete(&owner, &id).await.problem(404, "not_found");
            owner.get(&format!("{KEYS}/{id}")).await.problem(404, "not_found");
        }
    }

    async fn an_expired_api_key_is_refused(app: TestApp) {
        let owner = app.coordinator();
        let end = app.store.now() + TimeDelta::minutes(5);
        let body = json!({ "name": "x", "scopes": ["utilities:read"], "expires_at": end.to_rfc3339() });
        let made = owner.post(KEYS, &body).await.expect(201).json();
        let script = app.anonymous().with_token(made["key"].as_str().unwrap());
        script.get("/api/v1/utilities").await.ok();
        app.clock.advance(TimeDelta::minutes(4));
        script.get("/api/v1/utilities").await.ok();
        app.clock.advance(TimeDelta::minutes(1));
        script.get("/api/v1/utilities").await.problem(401, "invalid_token");
        assert_eq!(owner.get(KEYS).await.ok().json()["items"][0]["id"], made["id"], "it is still listed");
    }

    async fn api_keys_of_a_disabled_account_are_refused(app: TestApp) {
        account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let owner = signed_in(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let script = key(&owner, &["utilities:read"]).await;
        script.get("/api/v1/utilities").await.ok();
        app.store.disable_account(&"zxq.person@demo.example".parse().unwrap()).await.unwrap();
        script.get("/api/v1/utilities").await.problem(401, "invalid_token");
    }
}
