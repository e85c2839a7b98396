//! `Idempotency-Key`: a repeated request gets the same response, and the work is done once.

mod concurrency;
mod keys;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixtures::bodies::contact;
use super::fixtures::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, UTILITIES, create, delete, location, log_end, merged,
    municipal, partnership,
};
use crate::harness::{Caller, Response, TestApp, on_both};

const KEYS: &str = "/api/v1/api-keys";
const CONTACTS: &str = "/api/v1/members/hamburg-wasser/contacts";

/// A `POST` with an idempotency key.
pub(super) async fn post(caller: &Caller, key: &str, path: &str, body: &Value) -> Response {
    caller.send(caller.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

fn organisation(name: &str) -> Value {
    json!({"name": name, "kind": "ngo"})
}

/// The number of organisations with this name.
async fn count(app: &TestApp, name: &str) -> usize {
    let all = app.coordinator().all(ORGANISATIONS).await;
    all.iter().filter(|it| it["name"] == name).count()
}

/// Status, headers and body, without the headers that may differ when a response is repeated.
fn comparable(answer: &Response) -> (u16, HeaderMap, &[u8]) {
    let mut headers = answer.headers.clone();
    for own in ["connection", "date", "x-request-id", "idempotency-replayed", "server-timing"] {
        headers.remove(own);
    }
    (answer.status.as_u16(), headers, &answer.body)
}

/// Asserts that the response repeats the first one, byte for byte.
#[track_caller]
fn replays(answer: &Response, first: &Response) {
    assert_eq!(answer.header("idempotency-replayed"), "true", "{}", answer.text());
    assert_eq!(comparable(answer), comparable(first));
}

/// Asserts that the response is not a repeated one.
#[track_caller]
fn is_new(answer: Response, status: u16) -> Response {
    assert_eq!(answer.header("idempotency-replayed"), "");
    answer.expect(status)
}

async fn id_of(caller: &Caller) -> Uuid {
    caller.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().parse().unwrap()
}

/// A client with a new API key of the same account.
async fn script(caller: &Caller, scopes: &[&str]) -> Caller {
    let made = caller.post(KEYS, &json!({"name": "Script", "scopes": scopes})).await.expect(201).json();
    caller.with_token(made["key"].as_str().unwrap())
}

on_both! {
    async fn a_repeated_post_gets_the_same_response(app: TestApp) {
        let staff = app.coordinator();
        let gone = location(&create(&staff, UTILITIES, &municipal("Weg")).await);
        delete(&staff, &gone).await;
        let (transitions, restore) = (format!("{DRESDEN}/transitions"), format!("{gone}/restore"));
        for (path, body, status) in [
            (UTILITIES, municipal("Probe"), 201),
            ("/api/v1/members", json!({"utility": "probe"}), 201),
            (ORGANISATIONS, organisation("Probe"), 201),
            (PARTNERSHIPS, partnership("Probe"), 201),
            (FUNDING, json!({"kind": "in_kind"}), 201),
            (CONTACTS, contact("zxq", true), 201),
            (&transitions, json!({"to": "suspended", "reason": "Wartet."}), 200),
            (&restore, json!({}), 200),
        ] {
            let first = is_new(post(&staff, "the-one", path, &body).await, status);
            assert!(!first.tag().is_empty() && location(&first).is_empty() == (status == 200), "{path}");
            let end = log_end(&app).await;
            for _ in 0..2 {
                replays(&post(&staff, "the-one", path, &body).await, &first);
            }
            assert_eq!(log_end(&app).await, end, "{path}");
            // Frees the key for the next request.
            app.store.delete_responses(id_of(&staff).await).await.unwrap();
        }
    }

    async fn a_key_cannot_be_reused_for_another_request(app: TestApp) {
        let staff = app.coordinator();
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        let end = log_end(&app).await;
        for (path, body) in [
            (ORGANISATIONS, organisation("Zxq II")),
            (ORGANISATIONS, json!({"kind": "ngo", "name": "Zxq"})),
            ("/api/v1/organisations?dry_run=false", organisation("Zxq")),
            (UTILITIES, municipal("Zxq")),
            ("/api/v1/organisations/giz/restore", json!({})),
        ] {
            let faults = post(&staff, "k", path, &body).await.faults(422, "idempotency_key_reused");
            assert_eq!(faults, ["Idempotency-Key reused"], "{path} {body}");
        }
        assert_eq!(log_end(&app).await, end);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        // Keys are case-sensitive.
        is_new(post(&staff, "K", ORGANISATIONS, &organisation("Zxq")).await, 201);
        is_new(staff.post(ORGANISATIONS, &organisation("Zxq")).await, 201);
        assert_eq!(count(&app, "Zxq").await, 3);
    }

    async fn a_repeated_response_ignores_later_changes(app: TestApp) {
        let staff = app.coordinator();
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        let path = location(&first);
        staff.patch(&path, "*", &json!({"name": "Zxq II"})).await.ok();
        delete(&staff, &path).await;
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        staff.get(&path).await.problem(404, "not_found");
    }

    async fn keys_of_different_accounts_are_independent(app: TestApp) {
        let (staff, admin) = (app.coordinator(), app.admin());
        let body = organisation("Zxq");
        let first = is_new(post(&staff, "k", ORGANISATIONS, &body).await, 201);
        let other = is_new(post(&admin, "k", ORGANISATIONS, &body).await, 201);
        assert_ne!(first.json()["id"], other.json()["id"]);
        // Permissions are checked first, whatever response is stored.
        for (caller, status, code) in [
            (app.reader(), 403, "forbidden"),
            (app.member(), 403, "forbidden"),
            (app.anonymous(), 401, "unauthenticated"),
            (app.anonymous().with_token("vkp_x"), 401, "invalid_token"),
        ] {
            post(&caller, "k", ORGANISATIONS, &body).await.problem(status, code);
        }
        assert_eq!(count(&app, "Zxq").await, 2);
    }

    async fn a_stored_response_needs_the_same_permissions(app: TestApp) {
        let staff = app.coordinator();
        let person = contact("zxq", true);
        is_new(post(&staff, "k", CONTACTS, &person).await, 201);
        // An API key of the account does not get a response that its scopes do not permit.
        let blind = script(&staff, &["members:read", "members:write"]).await;
        post(&blind, "k", CONTACTS, &person).await.problem(403, "insufficient_scope");
        let seeing = script(&staff, &["members:read", "members:write", "personal_data:read"]).await;
        post(&seeing, "k", CONTACTS, &person).await.problem(422, "idempotency_key_reused");
        // API keys with the same scopes share responses.
        let first = is_new(post(&seeing, "s", CONTACTS, &contact("zxq2", true)).await, 201);
        let twin = script(&staff, &["personal_data:read", "members:write", "members:read"]).await;
        replays(&post(&twin, "s", CONTACTS, &contact("zxq2", true)).await, &first);

        // An account that has lost permissions does not get it either.
        let email = "zxq@test.example";
        let user = json!({"email": email, "name": "Zxq", "role": "coordinator"});
        let user = app.admin().post("/api/v1/users", &user).await.expect(201);
        let path = location(&user);
        let password = json!({"password": "correct horse battery"});
        app.admin().put(&format!("{path}/password"), &password).await.expect(204);
        let signing_in = json!({"email": email, "password": "correct horse battery"});
        let token = app.anonymous().post("/api/v1/auth/token", &signing_in).await.ok().json();
        let caller = app.anonymous().with_token(token["access_token"].as_str().unwrap());
        is_new(post(&caller, "k", CONTACTS, &contact("zxq3", true)).await, 201);
        app.admin().patch(&path, "*", &json!({"role": "reader"})).await.ok();
        post(&caller, "k", CONTACTS, &contact("zxq3", true)).await.problem(403, "forbidden");
        app.admin().patch(&path, "*", &json!({"role": "admin"})).await.ok();
        post(&caller, "k", CONTACTS, &contact("zxq3", true)).await.problem(422, "idempotency_key_reused");
    }

    async fn failed_requests_do_not_use_up_the_key(app: TestApp) {
        let staff = app.coordinator();
        post(&staff, "k", ORGANISATIONS, &json!({"name": "Zxq"})).await.problem(422, "validation_failed");
        post(&staff, "k", ORGANISATIONS, &merged(&organisation("Zxq"), &json!({"slug": "giz"}))).await.problem(409, "slug_taken");
        let request = staff.request(Method::POST, ORGANISATIONS).header("Idempotency-Key", "k");
        staff.send(request.header("Content-Type", "application/json").body("{")).await.problem(400, "malformed_json");
        let stale = staff.request(Method::POST, &format!("{DRESDEN}/transitions")).header("If-Match", "\"9-x\"");
        staff.send(stale.header("Idempotency-Key", "k").json(&json!({"to": "suspended"}))).await.problem(412, "precondition_failed");
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        assert_eq!(count(&app, "Zxq").await, 1);
    }

    async fn dry_runs_do_not_use_up_the_key(app: TestApp) {
        let staff = app.coordinator();
        let dry_run = format!("{ORGANISATIONS}?dry_run=true");
        is_new(post(&staff, "k", &dry_run, &organisation("Zxq")).await, 201);
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        is_new(post(&staff, "k", &dry_run, &organisation("Zxq II")).await, 201);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        assert_eq!(count(&app, "Zxq").await, 1);
        post(&staff, "no key", &dry_run, &organisation("Zxq")).await.problem(400, "bad_request");
    }

    /// Responses with secrets are not stored.
    async fn responses_with_secrets_are_not_repeated(app: TestApp) {
        let staff = app.coordinator();
        let asked = json!({"name": "Script", "scopes": ["utilities:read"]});
        let first = is_new(post(&staff, "k", KEYS, &asked).await, 201);
        let second = is_new(post(&staff, "k", KEYS, &asked).await, 201);
        assert_ne!(first.json()["key"], second.json()["key"]);
        let signing_in = json!({"email": "reader@demo.example", "password": "demo-partnerships"});
        for _ in 0..2 {
            is_new(post(&app.anonymous(), "k", "/api/v1/auth/token", &signing_in).await, 200);
        }
        assert_eq!(app.store.delete_responses(id_of(&staff).await).await.unwrap(), 0);
    }
}
