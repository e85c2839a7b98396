//! `Idempotency-Key`: what is sent again is answered again, and done once.

mod at_once;
mod keys;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::given::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, UTILITIES, changed, deleted, location, log_end, made,
    municipal, partnership,
};
use super::visibility::planted::contact;
use crate::harness::{Answer, Caller, TestApp, on_both};

const KEYS: &str = "/api/v1/api-keys";
const CONTACTS: &str = "/api/v1/members/hamburg-wasser/contacts";

/// A `POST` under a key.
pub(super) async fn post(caller: &Caller, key: &str, path: &str, body: &Value) -> Answer {
    caller.send(caller.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

fn organisation(name: &str) -> Value {
    json!({"name": name, "kind": "ngo"})
}

/// How many organisations are called that.
async fn count(app: &TestApp, name: &str) -> usize {
    let all = app.coordinator().all(ORGANISATIONS).await;
    all.iter().filter(|it| it["name"] == name).count()
}

/// What is the same whenever an answer is given; whether the connection goes on is no part of it.
fn told(answer: &Answer) -> (u16, HeaderMap, &[u8]) {
    let mut headers = answer.headers.clone();
    for own in ["connection", "date", "x-request-id", "idempotency-replayed", "server-timing"] {
        headers.remove(own);
    }
    (answer.status.as_u16(), headers, &answer.body)
}

/// It is the answer that was given before, byte for byte.
#[track_caller]
fn replays(answer: &Answer, first: &Answer) {
    assert_eq!(answer.header("idempotency-replayed"), "true", "{}", answer.text());
    assert_eq!(told(answer), told(first));
}

/// It is none that was given before.
#[track_caller]
fn is_new(answer: Answer, status: u16) -> Answer {
    assert_eq!(answer.header("idempotency-replayed"), "");
    answer.expect(status)
}

/// The id of the account that calls.
async fn id_of(caller: &Caller) -> Uuid {
    caller.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().parse().unwrap()
}

/// The same account with an API key.
async fn script(caller: &Caller, scopes: &[&str]) -> Caller {
    let made = caller.post(KEYS, &json!({"name": "Script", "scopes": scopes})).await.expect(201).json();
    caller.with_token(made["key"].as_str().unwrap())
}

on_both! {
    async fn whatever_is_posted_is_answered_again(app: TestApp) {
        let staff = app.coordinator();
        let gone = location(&made(&staff, UTILITIES, &municipal("Weg")).await);
        deleted(&staff, &gone).await;
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
            // The next one is another request: the key is free for it when the first one's answer is erased.
            app.store.forget_answers(id_of(&staff).await).await.unwrap();
        }
    }

    async fn a_key_names_one_request(app: TestApp) {
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
        // Another key is another request, in capital letters too.
        is_new(post(&staff, "K", ORGANISATIONS, &organisation("Zxq")).await, 201);
        is_new(staff.post(ORGANISATIONS, &organisation("Zxq")).await, 201);
        assert_eq!(count(&app, "Zxq").await, 3);
    }

    async fn what_came_of_it_later_does_not_show(app: TestApp) {
        let staff = app.coordinator();
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        let path = location(&first);
        staff.patch(&path, "*", &json!({"name": "Zxq II"})).await.ok();
        deleted(&staff, &path).await;
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        staff.get(&path).await.problem(404, "not_found");
    }

    async fn a_key_is_its_senders_own(app: TestApp) {
        let (staff, admin) = (app.coordinator(), app.admin());
        let body = organisation("Zxq");
        let first = is_new(post(&staff, "k", ORGANISATIONS, &body).await, 201);
        let other = is_new(post(&admin, "k", ORGANISATIONS, &body).await, 201);
        assert_ne!(first.json()["id"], other.json()["id"]);
        // Who may not do it is told so, whatever was answered to whom.
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

    async fn an_answer_is_for_the_rights_that_it_was_given_to(app: TestApp) {
        let staff = app.coordinator();
        let person = contact("zxq", true);
        is_new(post(&staff, "k", CONTACTS, &person).await, 201);
        // A key of the same account does not get to what its scopes keep from it.
        let blind = script(&staff, &["members:read", "members:write"]).await;
        post(&blind, "k", CONTACTS, &person).await.problem(403, "insufficient_scope");
        let seeing = script(&staff, &["members:read", "members:write", "personal_data:read"]).await;
        post(&seeing, "k", CONTACTS, &person).await.problem(422, "idempotency_key_reused");
        // Two keys that may the same are the same, and the account answers for both.
        let first = is_new(post(&seeing, "s", CONTACTS, &contact("zxq2", true)).await, 201);
        let twin = script(&staff, &["personal_data:read", "members:write", "members:read"]).await;
        replays(&post(&twin, "s", CONTACTS, &contact("zxq2", true)).await, &first);

        // Nor does an account that may less than it did.
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

    async fn what_failed_uses_up_no_key(app: TestApp) {
        let staff = app.coordinator();
        post(&staff, "k", ORGANISATIONS, &json!({"name": "Zxq"})).await.problem(422, "validation_failed");
        post(&staff, "k", ORGANISATIONS, &changed(&organisation("Zxq"), &json!({"slug": "giz"}))).await.problem(409, "slug_taken");
        let request = staff.request(Method::POST, ORGANISATIONS).header("Idempotency-Key", "k");
        staff.send(request.header("Content-Type", "application/json").body("{")).await.problem(400, "malformed_json");
        let stale = staff.request(Method::POST, &format!("{DRESDEN}/transitions")).header("If-Match", "\"9-x\"");
        staff.send(stale.header("Idempotency-Key", "k").json(&json!({"to": "suspended"}))).await.problem(412, "precondition_failed");
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        assert_eq!(count(&app, "Zxq").await, 1);
    }

    async fn a_rehearsal_uses_up_no_key(app: TestApp) {
        let staff = app.coordinator();
        let rehearsal = format!("{ORGANISATIONS}?dry_run=true");
        is_new(post(&staff, "k", &rehearsal, &organisation("Zxq")).await, 201);
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        is_new(post(&staff, "k", &rehearsal, &organisation("Zxq II")).await, 201);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        assert_eq!(count(&app, "Zxq").await, 1);
        post(&staff, "no key", &rehearsal, &organisation("Zxq")).await.problem(400, "bad_request");
    }

    /// What is secret is told once: an answer that holds it is not kept.
    async fn credentials_are_not_answered_again(app: TestApp) {
        let staff = app.coordinator();
        let asked = json!({"name": "Script", "scopes": ["utilities:read"]});
        let first = is_new(post(&staff, "k", KEYS, &asked).await, 201);
        let second = is_new(post(&staff, "k", KEYS, &asked).await, 201);
        assert_ne!(first.json()["key"], second.json()["key"]);
        let signing_in = json!({"email": "reader@demo.example", "password": "demo-partnerships"});
        for _ in 0..2 {
            is_new(post(&app.anonymous(), "k", "/api/v1/auth/token", &signing_in).await, 200);
        }
        assert_eq!(app.store.forget_answers(id_of(&staff).await).await.unwrap(), 0);
    }
}
