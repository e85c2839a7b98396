//! Interest registrations: anybody can send them. They are confirmed by a link and decided by the office, and cannot be
//! misused to send e-mails to others in our name.

mod decisions;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixtures::{log_end, merged};
use crate::harness::{Caller, TestApp, on_both};

pub(super) const INTERESTS: &str = "/api/v1/interest-registrations";
const CONFIRMATIONS: &str = "/api/v1/interest-confirmations";
const MAILS: &str = "/api/v1/mails";

/// A coordinator with a new token, because the clock was advanced.
pub(super) async fn office_later(app: &TestApp) -> Caller {
    let account = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
    let tokens = app.anonymous().post("/api/v1/auth/token", &account).await.ok().json();
    app.anonymous().with_token(tokens["access_token"].as_str().unwrap())
}

/// A valid registration.
pub(super) fn interest(name: &str) -> Value {
    json!({
        "utility_name": format!("Stadtwerke {name}"),
        "city": name,
        "sectors": ["water"],
        "person": {
            "given_name": "Zxqgiven", "family_name": "Zxqfamily", "email": format!("{}@zxq.example", name.to_lowercase()),
            "function": "Zxqfunction"
        },
        "message": "Zxqmessage",
        "language": "de",
        "consent": { "text_version": "2026-11", "directory": true }
    })
}

/// The latest mail to this address.
pub(super) async fn mail_to(app: &TestApp, email: &str) -> Value {
    app.coordinator().get(&format!("{MAILS}?to={email}")).await.ok().json()["items"][0].clone()
}

/// The token in the latest mail to this address.
pub(super) async fn token(app: &TestApp, email: &str) -> String {
    let text = mail_to(app, email).await["text"].as_str().unwrap().to_owned();
    let (_, rest) = text.split_once("token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Sends and confirms a registration. Returns it as the office reads it.
pub(super) async fn confirmed(app: &TestApp, body: &Value) -> Value {
    app.anonymous().post(INTERESTS, body).await.expect(202);
    let token = token(app, body["person"]["email"].as_str().unwrap()).await;
    app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.ok();
    app.coordinator().get(&format!("{INTERESTS}?limit=1")).await.ok().json()["items"][0].clone()
}

pub(super) fn path(registration: &Value) -> String {
    format!("{INTERESTS}/{}", registration["id"].as_str().unwrap())
}

on_both! {
    async fn a_registration_is_visible_after_its_confirmation(app: TestApp) {
        let (office, before) = (app.coordinator(), log_end(&app).await);
        let taken = app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202).json();
        assert_eq!(taken, json!({"status": "confirmation_sent"}));
        assert!(office.all(INTERESTS).await.is_empty());
        assert_eq!(log_end(&app).await, before, "nobody has confirmed it: it is in no log");
        let mail = mail_to(&app, "neustadt@zxq.example").await;
        assert_eq!(mail["subject"], "Bitte bestätigen Sie Ihre Interessenbekundung");
        let text = mail["text"].as_str().unwrap();
        // The address may belong to somebody else, so the e-mail contains nothing of the registration.
        assert!(!text.contains("Zxq") && !text.contains("Neustadt"), "{text}");
        assert!(text.contains("https://partnerships.example/interest/confirmation?token="), "{text}");

        let token = token(&app, "neustadt@zxq.example").await;
        let confirmed = app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.ok().json();
        assert_eq!(confirmed, json!({"status": "confirmed"}));
        app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.problem(409, "link_used");
        let all = office.all(&format!("{INTERESTS}?status=confirmed")).await;
        assert_eq!(all.len(), 1);
        let it = &all[0];
        assert_eq!((&it["utility_name"], &it["city"]), (&"Stadtwerke Neustadt".into(), &"Neustadt".into()));
        assert_eq!(it["person"]["family_name"], "Zxqfamily");
        assert_eq!(it["consents"]["directory"]["text_version"], "2026-11");
        assert!(it["consents"].get("mailings").is_none() && it["registration_consent"]["given_at"].is_string());
        assert_eq!(office.all(&format!("{INTERESTS}?status=accepted&status=declined")).await.len(), 0);
        // The e-mail is in the language of the registration.
        let english = merged(&interest("Newtown"), &json!({"language": "en"}));
        app.anonymous().post(INTERESTS, &english).await.expect(202);
        assert_eq!(mail_to(&app, "newtown@zxq.example").await["subject"], "Please confirm your interest registration");
        let changes = crate::api::changes::changes_after(&app.store, 0).await;
        assert!(changes.iter().all(|change| !change.state.to_string().contains("Zxq")), "persons are in no log");
    }

    async fn an_expired_confirmation_link_is_refused(app: TestApp) {
        app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        let token = token(&app, "neustadt@zxq.example").await;
        let confirm = async |token: &str| app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await;
        app.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
        assert_eq!(app.store.sweep_interests().await.unwrap(), 0);
        app.clock.advance(TimeDelta::minutes(2));
        confirm(&token).await.problem(409, "link_expired");
        assert_eq!(app.store.sweep_interests().await.unwrap(), 1);
        confirm(&token).await.problem(409, "link_expired");
        app.clock.advance(TimeDelta::days(40));
        app.store.sweep_interests().await.unwrap();
        confirm(&token).await.problem(409, "link_expired");
        // Altered tokens are malformed.
        for wrong in ["", "zxq", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(confirm(wrong).await.faults(422, "validation_failed"), ["/token invalid_format"]);
        }
        let items = office_later(&app).await.all(INTERESTS).await;
        assert!(items.is_empty(), "{items:?}");
    }

    /// Mail scanners follow links, so only the button confirms.
    async fn opening_the_confirmation_page_confirms_nothing(app: TestApp) {
        app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        let token = token(&app, "neustadt@zxq.example").await;
        let page = format!("/interest/confirmation?token={token}");
        for _ in 0..3 {
            let shown = app.anonymous().get(&page).await.ok();
            assert!(shown.header("content-type").starts_with("text/html"));
            assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer".into(), "no-store".into()));
            assert!(shown.text().contains("<form method=\"post\"") && shown.text().contains("Confirm</button>"));
            app.anonymous().head(&page).await.ok();
        }
        assert!(app.coordinator().all(INTERESTS).await.is_empty());
        let german = app.anonymous().request(Method::GET, &page).header("Accept-Language", "de");
        assert!(app.anonymous().send(german).await.ok().text().contains("Bestätigen</button>"));
        let press = async || {
            let request = app.anonymous().request(Method::POST, "/interest/confirmation");
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            app.anonymous().send(request.body(format!("token={token}"))).await.ok().text()
        };
        assert!(press().await.contains("your registration is confirmed"));
        assert!(press().await.contains("already been used"));
        assert_eq!(app.coordinator().all(INTERESTS).await.len(), 1);
        let used = app.anonymous().get(&page).await.ok().text();
        assert!(used.contains("already been used") && !used.contains("<form"), "{used}");
        for wrong in ["/interest/confirmation", "/interest/confirmation?token=%22%3E%3Cscript%3E"] {
            let shown = app.anonymous().get(wrong).await.ok().text();
            assert!(shown.contains("is incomplete") && !shown.contains("<script"), "{shown}");
        }
    }

    async fn invalid_registrations_are_refused(app: TestApp) {
        let post = async |patch: Value| app.anonymous().post(INTERESTS, &merged(&interest("Neustadt"), &patch)).await;
        for (patch, fault) in [
            (json!({"consent": null}), "/consent required"),
            (json!({"consent": {"text_version": "2020-01"}}), "/consent/text_version unknown_value"),
            (json!({"sectors": []}), "/sectors too_few"),
            (json!({"language": "fr"}), "/language unknown_value"),
            (json!({"person": {"email": "zxq@zxq.example\r\nBcc: other@zxq.example"}}), "/person/email invalid_format"),
            (json!({"person": {"given_name": "Zxq\r\nBcc: other@zxq.example"}}), "/person/given_name invalid_format"),
            (json!({"utility_name": "Zxq\nSubject: other"}), "/utility_name invalid_format"),
            (json!({"status": "accepted"}), "/status unknown_member"),
        ] {
            assert_eq!(post(patch).await.faults(422, "validation_failed"), [fault]);
        }
        assert!(app.coordinator().all(MAILS).await.is_empty());
    }

    /// A client without an account that got no response repeats the request.
    async fn a_repeated_registration_sends_one_mail(app: TestApp) {
        let once = async |body: &Value| {
            let request = app.anonymous().request(Method::POST, INTERESTS).header("Idempotency-Key", "zxq-anybody");
            app.anonymous().send(request.json(body)).await
        };
        assert_eq!(once(&interest("Neustadt")).await.expect(202).header("idempotency-replayed"), "");
        let again = once(&interest("Neustadt")).await.expect(202);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(app.coordinator().all(&format!("{MAILS}?to=neustadt@zxq.example")).await.len(), 1);
        // The same key with another request is another request.
        assert_eq!(once(&interest("Altstadt")).await.expect(202).header("idempotency-replayed"), "");
        assert_eq!(app.coordinator().all(&format!("{MAILS}?to=altstadt@zxq.example")).await.len(), 1);
        assert_eq!(once(&interest("Neustadt")).await.expect(202).header("idempotency-replayed"), "true");
    }

    /// A request that sends no e-mail must not claim that it does.
    async fn registrations_are_limited_for_each_address_and_each_client(app: TestApp) {
        app.clock.stop();
        for _ in 0..3 {
            app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        }
        for _ in 0..2 {
            let refused = app.anonymous().post(INTERESTS, &interest("Neustadt")).await;
            assert_eq!(refused.header("retry-after"), "28800");
            refused.problem(429, "too_many_requests");
        }
        let to = format!("{MAILS}?to=neustadt@zxq.example");
        assert_eq!(app.coordinator().all(&to).await.len(), 3);
        for round in 0..5 {
            app.anonymous().post(INTERESTS, &interest(&format!("Neustadt{round}"))).await.expect(202);
        }
        let refused = app.anonymous().post(INTERESTS, &interest("Altstadt")).await;
        assert_eq!(refused.header("retry-after"), "360");
        refused.problem(429, "too_many_requests");
        assert!(app.coordinator().all(&format!("{MAILS}?to=altstadt@zxq.example")).await.is_empty());
        app.clock.advance(TimeDelta::minutes(6));
        app.anonymous().post(INTERESTS, &interest("Altstadt")).await.expect(202);
    }
}
