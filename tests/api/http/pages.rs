//! Pages and links for people: additions by mail programs, trackers and calendar programs do no harm.

use reqwest::Method;
use serde_json::json;

use crate::api::interests::{INTERESTS, interest, token};
use crate::harness::{Caller, Response, TestApp, on_both};

/// The `Accept` header of a browser.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

/// Characters that mail programs append to a link, percent-encoded.
const APPENDED: &[&str] =
    &[".", ")", "%3E", ",", ";", "%22", "'", "%253E", ").", "%20", "%E2%80%9C", "%C2%A0", "&lt;"];

/// `Authorization` headers that a program sends without being asked.
const UNASKED: &[&str] = &["", "Bearer", "Bearer zxq", "Basic dXNlcjpwYXNz", "Negotiate zxq"];

const RESET: &str = "/api/v1/auth/password-reset";
const CONFIRMATIONS: &str = "/api/v1/interest-confirmations";

async fn browsed(caller: &Caller, path: &str) -> Response {
    caller.send(caller.request(Method::GET, path).header("Accept", BROWSER)).await
}

async fn calendar(app: &TestApp) -> String {
    let path = "/api/v1/members/stadtentwaesserung-dresden/calendar-link";
    let made = app.member().send(app.member().request(Method::POST, path)).await.expect(201).json();
    made["url"].as_str().unwrap().split_once(".example").unwrap().1.to_owned()
}

async fn reset_token(app: &TestApp) -> String {
    let account = app.store.signing_in(&"reader@demo.example".parse().unwrap()).await.unwrap().unwrap();
    app.store.reset_token(&account)
}

async fn interest_token(app: &TestApp, name: &str) -> String {
    app.anonymous().post(INTERESTS, &interest(name)).await.expect(202);
    token(app, &format!("{}@zxq.example", name.to_lowercase())).await
}

on_both! {
    async fn unknown_parameters_and_credentials_of_links_are_ignored(app: TestApp) {
        let (interest, reset) = (interest_token(&app, "Neustadt").await, reset_token(&app).await);
        let calendar = calendar(&app).await;
        let links = [
            ("/?lang=de".to_owned(), "JSON"),
            (format!("/interest/confirmation?token={interest}"), "<form"),
            (format!("/password/new?token={reset}"), "<form"),
            (calendar, "BEGIN:VCALENDAR"),
            ("/problems/not_found?".to_owned(), "404"),
            ("/docs/?".to_owned(), "swagger"),
        ];
        for (link, shown) in links {
            for added in ["utm_source=mail&utm_medium=x", "fbclid=zxq", "_=1", "token2", "%FF=1", "gclid=1&gclid=2"] {
                let answer = browsed(&app.anonymous(), &format!("{link}&{added}")).await.ok();
                assert!(answer.text().contains(shown), "{link}&{added}: {}", answer.text());
            }
            for unasked in UNASKED {
                let request = app.anonymous().request(Method::GET, &link).header("Accept", BROWSER);
                let answer = app.anonymous().send(request.header("Authorization", *unasked)).await.ok();
                assert!(answer.text().contains(shown), "{link} {unasked:?}");
            }
        }
    }

    async fn characters_appended_to_a_token_are_ignored(app: TestApp) {
        let (interest, reset) = (interest_token(&app, "Neustadt").await, reset_token(&app).await);
        let calendar = calendar(&app).await;
        for glued in APPENDED {
            for (link, shown) in [
                (format!("/interest/confirmation?token={interest}"), "<form"),
                (format!("/password/new?token={reset}"), "<form"),
                (calendar.clone(), "BEGIN:VCALENDAR"),
            ] {
                let answer = app.anonymous().get(&format!("{link}{glued}")).await.ok();
                assert!(answer.text().contains(shown), "{link}{glued}: {}", answer.text());
            }
        }
        for glued in [".", ")", ">", "%3E"] {
            app.anonymous().get(&format!("/problems/not_found{glued}")).await.ok();
        }
        // The same in forms and in JSON, from people and programs that copy the token from the e-mail.
        let form = async |path: &str, body: String| {
            let request = app.anonymous().request(Method::POST, path);
            let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
            app.anonymous().send(request).await.ok().text()
        };
        let text = form("/interest/confirmation", format!("token={interest}.")).await;
        assert!(text.contains("your registration is confirmed"), "{text}");
        let other = interest_token(&app, "Altstadt").await;
        app.anonymous().post(CONFIRMATIONS, &json!({"token": format!("<{other}>.")})).await.ok();
        let text = form("/password/new", format!("token={reset}%3E&new_password=correct+horse+battery")).await;
        assert!(text.contains("is set"), "{text}");
        let again = json!({"token": format!("{})", reset_token(&app).await), "new_password": "another horse battery"});
        app.anonymous().put(RESET, &again).await.expect(204);
    }

    async fn public_forms_ignore_credentials(app: TestApp) {
        for (number, unasked) in UNASKED.iter().enumerate() {
            let name = format!("Neustadt{number}");
            let send = async |path: &str, method: Method, body: serde_json::Value| {
                let request = app.anonymous().request(method, path).header("Authorization", *unasked);
                app.anonymous().send(request.json(&body)).await
            };
            send(INTERESTS, Method::POST, interest(&name)).await.expect(202);
            let token = token(&app, &format!("{}@zxq.example", name.to_lowercase())).await;
            send(CONFIRMATIONS, Method::POST, json!({"token": token})).await.ok();
            send(RESET, Method::POST, json!({"email": format!("nobody{number}@zxq.example")})).await.expect(202);
            let new = json!({"token": reset_token(&app).await, "new_password": format!("correct horse {number}")});
            send(RESET, Method::PUT, new).await.expect(204);
        }
    }

    async fn errors_of_pages_are_html_for_browsers(app: TestApp) {
        let anybody = app.anonymous();
        for (path, status) in [
            ("/nowhere", 404),
            ("/interest/nowhere", 404),
            ("/calendars/member.ics?token=vkc_zxq", 404),
            ("/problems/zxq", 404),
            ("/?lang=xx", 400),
            ("/docs/nothing", 404),
        ] {
            for (language, word) in [("en", "Request id"), ("de", "Nummer dieser Anfrage")] {
                let request = anybody.request(Method::GET, path).header("Accept", BROWSER);
                let answer = anybody.send(request.header("Accept-Language", language)).await.expect(status);
                assert!(answer.header("content-type").starts_with("text/html"), "{path}");
                assert_eq!(answer.header("content-language"), language);
                assert!(answer.header("content-security-policy").contains("style-src 'unsafe-inline'"));
                let (text, id) = (answer.text(), answer.header("x-request-id"));
                assert!(text.contains(word) && text.contains(&id) && text.contains(&format!("lang=\"{language}\"")), "{text}");
            }
            // Programs get a problem in JSON.
            for accept in ["*/*", "application/json", "text/calendar, */*;q=0.1"] {
                let request = anybody.request(Method::GET, path).header("Accept", accept);
                let answer = anybody.send(request).await.expect(status);
                assert_eq!(answer.header("content-type"), "application/problem+json", "{path} {accept}");
            }
        }
        let wrong_method = anybody.request(Method::DELETE, "/password/new").header("Accept", BROWSER);
        let answer = anybody.send(wrong_method).await.expect(405);
        assert!(answer.header("allow").contains("POST") && answer.text().starts_with("<!doctype html>"));
        // Input is escaped.
        let answer = browsed(&anybody, "/problems/%3Cscript%3E").await.expect(404);
        assert!(!answer.text().contains("<script"));
        let shown = browsed(&anybody, "/problems/precondition_failed").await.ok();
        assert!(shown.header("content-type").starts_with("text/html") && shown.text().contains("412"));
        // The API answers with problems in JSON even to browsers.
        for path in ["/api/v1/utilities/nothing", "/api/v1/partnerships?zxq=1", "/api/v1/nowhere"] {
            let answer = browsed(&anybody, path).await;
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        }
    }
}
