//! Signing in and authentication: credentials, tokens, and that neither reveals anything.

mod api_keys;
mod attacks;
mod instances;
mod logins;
mod passwords;
mod refresh;
mod resets;
mod rotation;
mod throttle;
mod timing;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Role;
use vku_http::kernel::auth::password;
use vku_persistence::auth::account::NewAccount;

use crate::harness::{Caller, Response, TestApp, on_both};

const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const ME: &str = "/api/v1/me";
const LOGINS: &str = "/api/v1/me/logins";
const PASSWORD: &str = "demo-partnerships";
const REALM: &str = r#"Bearer realm="vku-partnerships""#;
const INVALID: &str = r#"Bearer realm="vku-partnerships", error="invalid_token""#;

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Response {
    app.anonymous().post(TOKEN, &json!({ "email": email, "password": password })).await
}

/// Signs in and returns a client that uses the access token.
async fn signed_in(app: &TestApp, email: &str, password: &str) -> Caller {
    let token = sign_in(app, email, password).await.ok().json();
    app.anonymous().with_token(token["access_token"].as_str().unwrap())
}

/// Adds an account with this password.
async fn account(app: &TestApp, email: &str, password: &str) -> Uuid {
    let account = NewAccount {
        email: email.parse().unwrap(),
        name: "Zxq Personname".parse().unwrap(),
        role: Role::Reader,
        utilities: Vec::new(),
        password_hash: password::hash_now(password).unwrap(),
    };
    app.store.add_account(account).await.unwrap()
}

/// A login that has just begun.
struct Login {
    account: Uuid,
    id: Uuid,
    refresh_token: String,
    caller: Caller,
}

impl Login {
    async fn of(app: &TestApp, email: &str) -> Self {
        Self::with(app, email, PASSWORD).await
    }

    async fn with(app: &TestApp, email: &str, password: &str) -> Self {
        let tokens = sign_in(app, email, password).await.ok().json();
        Self::from(app, &tokens).await
    }

    /// The login of a response of the token endpoint or of the refresh endpoint.
    async fn from(app: &TestApp, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let caller = app.anonymous().with_token(&text("access_token"));
        let account = id_of(&caller).await;
        let logins = caller.get(LOGINS).await.ok().json();
        let logins = logins["items"].as_array().unwrap();
        let current: Vec<_> = logins.iter().filter(|login| login["current"] == true).collect();
        assert_eq!(current.len(), 1, "{logins:?}");
        let id = current[0]["id"].as_str().unwrap().parse().unwrap();
        Self { account, id, refresh_token: text("refresh_token"), caller }
    }
}

async fn id_of(caller: &Caller) -> Uuid {
    caller.get(ME).await.ok().json()["id"].as_str().unwrap().parse().unwrap()
}

/// The body of a problem without its `request_id`, to compare it with others.
fn problem_body(answer: Response, status: u16, code: &str) -> Value {
    let mut body = answer.problem(status, code);
    body.as_object_mut().unwrap().shift_remove("request_id").unwrap();
    body
}

on_both! {
    async fn signing_in_returns_a_working_access_token(app: TestApp) {
        app.clock.stop();
        for (role, utilities) in [
            ("admin", vec![]),
            ("coordinator", vec![]),
            ("reader", vec![]),
            ("member", vec!["stadtentwaesserung-dresden"]),
            ("partner", vec!["lvivvodokanal"]),
        ] {
            let email = format!("{role}@demo.example");
            let answer = sign_in(&app, &email, PASSWORD).await.ok();
            assert_eq!(answer.header("cache-control"), "no-store");
            let token = answer.json();
            assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(600)));
            assert_eq!(token.as_object().unwrap().len(), 5, "{token}");
            assert_eq!(token["refresh_expires_in"], 30 * 24 * 3600);
            let me = app.anonymous().with_token(token["access_token"].as_str().unwrap()).get(ME).await.ok();
            assert_eq!(me.header("cache-control"), "private, no-cache");
            let me = me.json();
            assert_eq!((&me["email"], &me["role"]), (&json!(email), &json!(role)));
            let slugs = me["utilities"].as_array().unwrap().iter().map(|it| it["slug"].as_str().unwrap());
            assert_eq!(slugs.collect::<Vec<_>>(), utilities, "{role}");
        }
        app.anonymous().get(ME).await.problem(401, "unauthenticated");
    }

    async fn addresses_ignore_case_and_passwords_do_not(app: TestApp) {
        for email in ["READER@demo.example", "Reader@Demo.EXAMPLE"] {
            let me = signed_in(&app, email, PASSWORD).await.get(ME).await.ok().json();
            assert_eq!(me["email"], "reader@demo.example");
        }
        for password in ["DEMO-PARTNERSHIPS", "demo-partnerships ", "", " demo-partnerships"] {
            sign_in(&app, "reader@demo.example", password).await.problem(401, "invalid_credentials");
        }
    }

    /// A wrong password, an unknown account and a disabled account get the same response. `timing` measures that it
    /// also takes the same time.
    async fn a_failed_sign_in_does_not_reveal_its_reason(app: TestApp) {
        account(&app, "gone@zxq.example", "gone-partnerships").await;
        app.store.disable_account(&"gone@zxq.example".parse().unwrap()).await.unwrap();
        let attempts = [
            ("reader@demo.example", "wrong-partnerships"),
            ("nobody@zxq.example", PASSWORD),
            ("gone@zxq.example", "gone-partnerships"),
            ("gone@zxq.example", "wrong-partnerships"),
        ];
        let mut answers = Vec::new();
        for (email, password) in attempts {
            let answer = sign_in(&app, email, password).await;
            assert_eq!(answer.header("www-authenticate"), REALM);
            answers.push(problem_body(answer, 401, "invalid_credentials"));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }

    async fn invalid_credentials_report_all_faults_and_no_values(app: TestApp) {
        let caller = app.anonymous();
        for (body, faults) in [
            (json!({ "email": "zxq.person", "password": "zxq-secret" }), vec!["/email invalid_format"]),
            (json!({ "email": ["zxq.person"], "password": 4711 }), vec!["/email wrong_type", "/password wrong_type"]),
            (json!({}), vec!["/email required", "/password required"]),
            (json!({ "email": "zxq.person@demo.example" }), vec!["/password required"]),
            (json!([]), vec![" wrong_type"]),
            (
                json!({ "email": "zxq.person@demo.example", "password": "zxq-secret", "remember": true }),
                vec!["/remember unknown_member"],
            ),
        ] {
            let answer = caller.post(TOKEN, &body).await;
            for value in ["zxq", "4711"] {
                assert!(!answer.text().contains(value), "{}", answer.text());
            }
            assert_eq!(answer.faults(422, "validation_failed"), faults, "{body}");
        }
        let form = caller.request(Method::POST, TOKEN);
        let form = form.header("Content-Type", "application/x-www-form-urlencoded");
        let body = "email=reader%40demo.example&password=demo-partnerships";
        caller.send(form.body(body)).await.problem(415, "unsupported_media_type");
        let broken = caller.request(Method::POST, TOKEN).header("Content-Type", "application/json");
        let broken = caller.send(broken.body(r#"{"email": "zxq.person@demo.example", "#)).await;
        assert!(!broken.text().contains("zxq"), "{}", broken.text());
        broken.problem(400, "malformed_json");
        let answer = caller.get(&format!("{TOKEN}?email=zxq.person@demo.example")).await;
        assert!(!answer.text().contains("zxq"), "{}", answer.text());
        answer.problem(405, "method_not_allowed");
    }

    async fn unknown_parameters_are_refused(app: TestApp) {
        let me = app.reader().get(&format!("{ME}?nonsense=1")).await;
        assert_eq!(me.faults(400, "invalid_parameters"), ["nonsense unknown_parameter"]);
        let body = json!({ "email": "reader@demo.example", "password": PASSWORD });
        let token = app.anonymous().post(&format!("{TOKEN}?nonsense=1"), &body).await;
        assert_eq!(token.faults(400, "invalid_parameters"), ["nonsense unknown_parameter"]);
    }

    /// The role of the account counts, not the one in the token.
    async fn the_role_in_a_token_is_ignored(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        let token = app.tokens().await.issue(login.account, login.id, "admin", app.store.now()).unwrap().token;
        let caller = app.anonymous().with_token(&token);
        assert_eq!(caller.get(ME).await.ok().json()["role"], "reader");
        caller.get("/api/v1/partnerships?deleted=true").await.problem(403, "forbidden");
    }

    async fn other_authentication_schemes_are_refused(app: TestApp) {
        let caller = app.anonymous();
        for header in ["Basic cmVhZGVyOmRlbW8=", "Bearer", "Bearer ", "Token zxq", "zxq"] {
            let answer = caller.send(caller.request(Method::GET, ME).header("Authorization", header)).await;
            assert!(answer.header("www-authenticate").starts_with("Bearer "), "{header}");
            answer.problem(401, "invalid_token");
        }
        let token = app.token(id_of(&app.reader()).await).await;
        let request = caller.request(Method::GET, ME).header("Authorization", format!("bearer {token}"));
        caller.send(request).await.ok();
        // A client that signs in again may still send an expired token.
        let body = json!({ "email": "reader@demo.example", "password": PASSWORD });
        app.anonymous().with_token("zxq").post(TOKEN, &body).await.ok();
    }

    /// A proxy in between may have trusted the other header.
    async fn repeated_authorization_and_origin_headers_are_refused(app: TestApp) {
        let (reader, token) = (app.reader(), app.token(id_of(&app.admin()).await).await);
        for second in [format!("Bearer {token}"), "Bearer zxq".into(), String::new()] {
            for path in [ME, "/api/v1/partnerships", "/api/v1/users"] {
                let request = reader.request(Method::GET, path).header("Authorization", &second);
                let faults = reader.send(request).await.faults(400, "bad_request");
                assert_eq!(faults, ["Authorization repeated"], "{path} {second}");
            }
        }
        let request = app.anonymous().request(Method::GET, "/api/v1/utilities").header("Origin", "https://a.example");
        let request = request.header("Origin", "https://b.example");
        assert_eq!(app.anonymous().send(request).await.faults(400, "bad_request"), ["Origin repeated"]);
    }

    async fn an_empty_authorization_header_is_ignored(app: TestApp) {
        let sent = async |path: &str, value: &str| {
            let request = app.anonymous().request(Method::GET, path).header("Authorization", value);
            app.anonymous().send(request).await
        };
        for value in ["", " "] {
            let path = "/api/v1/sessions?format=ics";
            assert_eq!(sent(path, value).await.ok().body, app.anonymous().get(path).await.ok().body);
            sent(ME, value).await.problem(401, "unauthenticated");
        }
        for value in ["Bearer", "Bearer ", "Basic", "zxq"] {
            sent("/api/v1/sessions?format=ics", value).await.problem(401, "invalid_token");
        }
    }

    async fn a_disabled_account_is_refused_at_once(app: TestApp) {
        account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let caller = signed_in(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        caller.get(ME).await.ok();
        app.store.disable_account(&"ZXQ.person@demo.example".parse().unwrap()).await.unwrap();
        for path in [ME, "/api/v1/partnerships"] {
            let answer = caller.get(path).await;
            assert_eq!(answer.header("www-authenticate"), INVALID);
            assert_eq!(answer.header("cache-control"), "no-store");
            let text = answer.text().to_lowercase();
            assert!(!text.contains("zxq") && !text.contains("disabled"), "{text}");
            answer.problem(401, "invalid_token");
        }
        sign_in(&app, "zxq.person@demo.example", "zxq-partnerships").await.problem(401, "invalid_credentials");
    }

    /// Problems name the role and the path, never the name or the address of a person.
    async fn problems_do_not_name_persons(app: TestApp) {
        let id = account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let caller = signed_in(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let path = "/api/v1/utilities/hamburg-wasser";
        for answer in [
            caller.patch(path, "*", &json!({ "name": "x" })).await,
            caller.delete(path, "*").await,
            caller.post("/api/v1/partnerships", &json!({})).await,
            caller.get("/api/v1/utilities/nobody").await,
            caller.get("/api/v1/utilities?zx=1").await,
            caller.get("/api/v1/utilities?deleted=true").await,
            sign_in(&app, "zxq.person@demo.example", "wrong-partnerships").await,
        ] {
            let text = answer.text().to_lowercase();
            assert!(answer.status.is_client_error() && !text.contains("zxq"), "{text}");
            assert!(!text.contains(&id.to_string()), "{text}");
        }
    }
}
