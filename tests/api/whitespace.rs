//! Whitespace around values is ignored, wherever people type or paste it.

use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::fixtures::ORGANISATIONS;
use super::fixtures::bodies::contact;
use super::imports::{CSV, counts, import};
use crate::api::fixtures::merged;
use crate::harness::on_both;

/// No-break spaces come with text that is copied from web pages and spreadsheets, zero-width ones with text from
/// e-mails.
const BLANKS: [&str; 7] = [" ", "\t", "\r\n", "\u{a0}", "\u{202f}", "\u{200b}", "\u{feff}"];

on_both! {
    async fn whitespace_around_json_values_is_ignored(app: TestApp) {
        let caller = app.coordinator();
        for (number, blank) in BLANKS.into_iter().enumerate() {
            let around = |text: &str| format!("{blank}{text}{blank}");
            // The slug of a deleted resource stays taken.
            let slug = format!("zxq-{number}");
            let body = json!({
                "slug": around(&slug), "name": around("Zxq"), "kind": around("ngo"), "country": around("UA"),
                "website": around("https://zxq.example"),
            });
            let made = caller.post(ORGANISATIONS, &body).await.expect(201).json();
            for (member, value) in [("slug", slug.as_str()), ("name", "Zxq"), ("kind", "ngo"), ("country", "UA")] {
                assert_eq!(made[member], value, "{blank:?}");
            }
            let patch = json!({ "email": around("zxq@zxq.example"), "language": around("de") });
            let contacts = "/api/v1/members/bav/contacts";
            let person = caller.post(contacts, &merged(&contact("Zxq", false), &patch)).await.expect(201).json();
            assert_eq!((&person["email"], &person["language"]), (&json!("zxq@zxq.example"), &json!("de")));
            // Keys in references are trimmed too.
            let session = json!({ "title": "Zxq", "kind": "exchange", "organisers": [{ "organisation": around(&slug) }],
                "starts_on": around("2026-05-14"), "start_time": around("10:00:00"), "time_zone": around("Europe/Berlin") });
            let session = caller.post("/api/v1/sessions", &session).await.expect(201).json();
            assert_eq!((&session["starts_on"], &session["start_time"]), (&json!("2026-05-14"), &json!("10:00")));
            caller.delete(&format!("/api/v1/sessions/{}", session["id"].as_str().unwrap()), "*").await.expect(204);
            caller.delete(&format!("{contacts}/{}", person["id"].as_str().unwrap()), "*").await.expect(204);
            caller.delete(&format!("{ORGANISATIONS}/{}", made["id"].as_str().unwrap()), "*").await.expect(204);
        }
    }

    async fn whitespace_around_parameters_is_ignored(app: TestApp) {
        let caller = app.coordinator();
        let found = async |query: &str| {
            let list = caller.get(&format!("/api/v1/utilities?{query}")).await.ok().json();
            list["items"].as_array().unwrap().len()
        };
        let plain = found("country=UA&sector=water&limit=3&count=true").await;
        for blank in BLANKS {
            let around = |text: &str| byte_serialize(format!("{blank}{text}{blank}").as_bytes()).collect::<String>();
            let query = [("country", "UA"), ("sector", "water"), ("limit", "3"), ("count", "true")];
            let query = query.map(|(name, value)| format!("{name}={}", around(value))).join("&");
            assert_eq!(found(&query).await, plain, "{blank:?}");
        }
    }

    async fn whitespace_around_the_address_is_ignored_at_sign_in(app: TestApp) {
        for blank in BLANKS {
            let body = json!({ "email": format!("{blank}reader@demo.example{blank}"), "password": "demo-partnerships" });
            app.anonymous().post("/api/v1/auth/token", &body).await.ok();
        }
        // Passwords are not trimmed.
        let body = json!({ "email": "reader@demo.example", "password": "demo-partnerships " });
        app.anonymous().post("/api/v1/auth/token", &body).await.problem(401, "invalid_credentials");
    }

    async fn whitespace_around_cells_is_ignored(app: TestApp) {
        let caller = app.coordinator();
        for (number, blank) in ["  ", "\u{a0}", "\u{202f}", "\u{200b}"].into_iter().enumerate() {
            let slug = format!("zxq-{number}");
            let row = [&slug, "Zxq", "ngo", "UA"].map(|cell| format!("{blank}{cell}{blank}")).join(",");
            let done = import(&caller, "resource=organisations", CSV, format!("slug,name,kind,country\n{row}\n")).await;
            assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done:#}");
            let stored = caller.get(&format!("{ORGANISATIONS}/{slug}")).await.ok().json();
            assert_eq!((&stored["name"], &stored["kind"], &stored["country"]), (&json!("Zxq"), &json!("ngo"), &json!("UA")));
        }
    }
}
