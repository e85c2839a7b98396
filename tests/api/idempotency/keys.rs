//! The syntax of keys, their expiry, and their documentation.

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::*;
use crate::api::fixtures::assert_nothing_written;

on_both! {
    async fn a_key_has_1_to_255_printable_ascii_characters(app: TestApp) {
        let staff = app.coordinator();
        let body = organisation("Zxq");
        let long = "k".repeat(256);
        assert_nothing_written(&app, async || {
            for key in ["", " ", "a b", "a\tb", "ü", "\u{fffd}", &long] {
                let request = staff.request(Method::POST, ORGANISATIONS).json(&body);
                let key = HeaderValue::from_bytes(key.as_bytes()).unwrap();
                let faults = staff.send(request.header("Idempotency-Key", key)).await.faults(400, "bad_request");
                assert_eq!(faults, ["Idempotency-Key invalid_format"]);
            }
            let twice = staff.request(Method::POST, ORGANISATIONS).json(&body);
            let twice = twice.header("Idempotency-Key", "k").header("Idempotency-Key", "k");
            let faults = staff.send(twice).await.faults(400, "bad_request");
            assert_eq!(faults, ["Idempotency-Key invalid_format"]);
        })
        .await;
        for key in ["k", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "!~/%00'--", &long[..255]] {
            is_new(post(&staff, key, ORGANISATIONS, &body).await, 201);
            assert_eq!(post(&staff, key, ORGANISATIONS, &body).await.header("idempotency-replayed"), "true");
        }
        assert_eq!(count(&app, "Zxq").await, 4);
    }

    async fn a_key_expires_after_24_hours(app: TestApp) {
        app.clock.stop();
        let staff = app.coordinator();
        let account = id_of(&staff).await;
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        for number in 0..9 {
            is_new(post(&staff, &number.to_string(), ORGANISATIONS, &organisation("Zxq")).await, 201);
        }
        app.clock.advance(TimeDelta::days(1) - TimeDelta::microseconds(1));
        let staff = staff.with_token(&app.token(account).await);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        app.clock.advance(TimeDelta::microseconds(1));
        // For another request too: nothing of the first is left.
        let next = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq II")).await, 201);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq II")).await, &next);
        // Expired responses are deleted with about one in eight new ones.
        for key in ["l", "m", "n", "o", "p", "q", "r"] {
            is_new(post(&staff, key, ORGANISATIONS, &organisation("Zxq II")).await, 201);
        }
        assert_eq!(app.store.delete_responses(account).await.unwrap(), 8);
        assert_eq!(app.store.delete_responses(account).await.unwrap(), 0);
    }

    async fn stored_responses_can_be_erased_by_account_and_by_person(app: TestApp) {
        let staff = app.coordinator();
        let person = is_new(post(&staff, "person", CONTACTS, &contact("zxq", true)).await, 201).json();
        let first = is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        let other = is_new(post(&app.admin(), "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        let person = person["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(app.store.delete_responses(person).await.unwrap(), 1);
        replays(&post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, &first);
        is_new(post(&staff, "person", CONTACTS, &contact("zxq2", true)).await, 201);
        assert_eq!(app.store.delete_responses(id_of(&staff).await).await.unwrap(), 2);
        is_new(post(&staff, "k", ORGANISATIONS, &organisation("Zxq")).await, 201);
        replays(&post(&app.admin(), "k", ORGANISATIONS, &organisation("Zxq")).await, &other);
    }
}

#[test]
fn the_document_declares_idempotency_keys() {
    let document = vku_http::openapi_document::document();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("post") else { continue };
        // What must not be stored.
        let of_credentials = path.starts_with("/api/v1/auth/")
            || path.starts_with(KEYS)
            || ["/calendar-link", "/events/tickets", "-secret"].iter().any(|end| path.ends_with(end));
        // A confirmation link can be used only once anyway.
        let of_a_link = path == "/api/v1/interest-confirmations";
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let header = parameters.iter().find(|it| it["name"] == "Idempotency-Key");
        assert_eq!(header.is_none(), of_credentials || of_a_link, "{path}");
        let Some(header) = header else { continue };
        operations += 1;
        assert!(header["in"] == "header" && header["required"] != true, "{path}");
        for status in ["400", "409", "422"] {
            assert!(operation["responses"].get(status).is_some(), "{path} {status}");
        }
        let responses = operation["responses"].as_object().unwrap();
        let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
        assert_eq!(
            success["headers"]["Idempotency-Replayed"]["schema"],
            json!({"type": "boolean"}),
            "{path}"
        );
    }
    assert!(operations >= 20, "{operations}");
    let conflict = &document["components"]["responses"]["Conflict"];
    assert_ne!(conflict["headers"]["Retry-After"], Value::Null);
    assert!(conflict["description"].as_str().unwrap().contains("`idempotency_key_in_use`"));
}
