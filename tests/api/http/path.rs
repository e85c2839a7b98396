//! Every path with every method, and the paths outside the API: index, documentation, problems, health.

use std::collections::BTreeSet;

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use vku_domain::kernel::error::Code;

use super::vary;
use crate::api::fixtures::{DRESDEN, assert_nothing_written};
use crate::harness::{TestApp, on_both};

/// The standard methods, and one that does not exist.
pub(super) const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

/// The paths of the document and their methods, with example values for the parameters.
pub(super) async fn paths(app: &TestApp) -> Vec<(String, BTreeSet<String>)> {
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let mut paths = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys().map(|method| method.to_uppercase());
        let mut methods: BTreeSet<_> = methods.filter(|method| METHODS.contains(&method.as_str())).collect();
        if methods.contains("GET") {
            methods.insert("HEAD".into());
        }
        let path = path
            .replace("{partnership_id}", "dresden-lviv-ternopil-nadvirna")
            .replace("{id}", "00000000-0000-7000-8000-000000000000")
            .replace("{code}", "not_found")
            .replace("{vocabulary}", "sdgs");
        paths.push((path, methods));
    }
    assert!(paths.len() > 15, "{paths:?}");
    let read = || BTreeSet::from(["GET".to_owned(), "HEAD".to_owned()]);
    let beside = ["/openapi.json", "/openapi-3.0.json", "/openapi.yaml", "/docs", "/docs/"];
    paths.extend(beside.map(|path| (path.to_owned(), read())));
    paths
}

on_both! {
    async fn wrong_methods_are_refused_with_the_allowed_ones(app: TestApp) {
        let paths = paths(&app).await;
        assert_nothing_written(&app, async || {
            for (role, caller) in [("public", app.anonymous()), ("coordinator", app.coordinator())] {
                for (path, methods) in &paths {
                    for method in METHODS.iter().filter(|method| !methods.contains(**method)) {
                        let method = Method::from_bytes(method.as_bytes()).unwrap();
                        let answer = caller.send(caller.request(method.clone(), path)).await;
                        let allow = answer.header("allow");
                        let allowed: BTreeSet<_> = allow.split(", ").map(str::to_owned).collect();
                        assert_eq!(
                            allowed,
                            *methods,
                            "{role} {method} {path}: {} {}",
                            answer.status,
                            answer.text()
                        );
                        if method == Method::HEAD {
                            answer.expect(405);
                            continue;
                        }
                        let problem = answer.problem(405, "method_not_allowed");
                        let listed = problem["allowed"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|it| it.as_str().unwrap().to_owned());
                        assert_eq!(listed.collect::<BTreeSet<_>>(), *methods);
                    }
                }
            }
        })
        .await;
    }

    async fn unknown_paths_are_not_found(app: TestApp) {
        let staff = app.coordinator();
        for path in [
            "/nowhere",
            "/api",
            "/api/v1",
            "/api/v1/",
            "/api/v2/partnerships",
            "/api/v1/partnership",
            "/api/v1/partnerships/",
            "/api/v1/utilities//",
            "//api/v1/utilities",
            "/API/V1/utilities",
            "/api/v1/Utilities",
            "/api/v1/utilities/hamburg-wasser/",
            "/api/v1/utilities/hamburg-wasser/transitions",
            "/api/v1/utilities/hamburg-wasser/funding",
            "/api/v1/me/",
            "/health",
            "/health/live/",
            "/openapi.json/",
            "/openapi",
            "/problems",
            "/problems/",
            "/docs/nothing.js",
            "/docs/..%2fsecret",
            "/.env",
            "/robots.txt",
        ] {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                let answer = staff.send(staff.request(method.clone(), path)).await;
                match method {
                    Method::HEAD => drop(answer.expect(404)),
                    // Below `/docs/` there are only files to read.
                    Method::POST | Method::OPTIONS if path.starts_with("/docs/") => {
                        drop(answer.problem(405, "method_not_allowed"))
                    }
                    _ => {
                        let problem = answer.problem(404, "not_found");
                        assert_eq!(problem["instance"], path, "{method}");
                    }
                }
            }
        }
    }

    async fn the_index_is_json_for_programs_and_html_for_browsers(app: TestApp) {
        let anyone = app.anonymous();
        let index = anyone.get("/").await.ok();
        assert_eq!(index.header("content-type"), "application/json");
        for path in index.json()["resources"].as_array().unwrap() {
            app.admin().get(path.as_str().unwrap()).await.ok();
        }
        for member in ["docs", "openapi"] {
            anyone.get(index.json()[member].as_str().unwrap()).await.ok();
        }
        for (accept, media) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
            ("text/html;q=0.5, application/json", "application/json"),
            ("application/json, text/html;q=0", "application/json"),
            ("*/*", "application/json"),
        ] {
            let answer = anyone.send(anyone.request(Method::GET, "/").header("Accept", accept)).await.ok();
            assert_eq!(answer.header("content-type"), media, "{accept}");
            assert!(vary(&answer).contains(&"accept".into()));
        }
        let page = anyone.send(anyone.request(Method::GET, "/").header("Accept", "text/html")).await.ok();
        assert!(page.header("content-security-policy").contains("style-src 'unsafe-inline'"));
        for elsewhere in ["src=\"http", "<script", "@import"] {
            assert!(!page.text().contains(elsewhere), "nothing is loaded from elsewhere");
        }
    }

    async fn the_documentation_loads_nothing_from_other_servers(app: TestApp) {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let moved = client.get(format!("http://{}/docs", app.address)).send().await.unwrap();
        assert_eq!((moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()), (301, "/docs/"));

        let anyone = app.anonymous();
        let page = anyone.get("/docs/").await.ok();
        assert!(page.header("content-type").starts_with("text/html"));
        for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js", "index.html"] {
            anyone.get(&format!("/docs/{file}")).await.ok();
        }
        assert!(anyone.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("http"), "{policy}");

        let json = anyone.get("/openapi.json").await.ok();
        assert_eq!(
            (json.header("content-type").as_str(), &json.json()["openapi"]),
            ("application/json", &json!("3.1.0"))
        );
        let older = anyone.get("/openapi-3.0.json").await.ok();
        assert_eq!(
            (older.header("content-type").as_str(), &older.json()["openapi"]),
            ("application/json", &json!("3.0.3"))
        );
        assert_eq!(older.header("access-control-allow-origin"), "*");
        let yaml = anyone.get("/openapi.yaml").await.ok();
        assert_eq!(yaml.header("content-type"), "application/yaml");
        assert!(yaml.text().starts_with("openapi: 3.1.0"), "{}", yaml.text().lines().next().unwrap());
        assert_eq!(json.header("access-control-allow-origin"), "*");
    }

    async fn every_problem_is_documented(app: TestApp) {
        let anyone = app.anonymous();
        for code in Code::ALL {
            let answer = anyone.get(&format!("/problems/{}", code.as_str())).await.ok();
            assert!(answer.header("cache-control").starts_with("public"));
            let body = answer.json();
            assert_eq!((&body["code"], &body["status"]), (&json!(code.as_str()), &json!(code.status())));
            for member in ["title", "description"] {
                assert!(body[member].as_str().is_some_and(|text| text.len() > 8), "{body:#}");
            }
        }
        anyone.get("/problems/nothing").await.problem(404, "not_found");
        let described = anyone.get("/problems/not_acceptable").await.json()["description"].clone();
        assert!(described.as_str().unwrap().contains("`allowed`"), "{described}");
    }

    async fn health_endpoints_report_ok(app: TestApp) {
        for path in ["/health/live", "/health/ready"] {
            let answer = app.anonymous().get(path).await.ok();
            assert_eq!(answer.json(), json!({"status": "ok"}));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }

    async fn invalid_and_missing_credentials_are_refused(app: TestApp) {
        let anyone = app.anonymous();
        for credentials in ["Bearer x.y.z", "Bearer", "Basic YTpi", "bearer  ", "Bearer \u{e4}"] {
            for path in [DRESDEN, "/api/v1/me", "/api/v1/partnerships"] {
                let answer =
                    anyone.send(anyone.request(Method::GET, path).header("Authorization", credentials)).await;
                assert!(
                    answer.header("www-authenticate").contains("error=\"invalid_token\""),
                    "{credentials:?}"
                );
                answer.problem(401, "invalid_token");
            }
        }
        let answer = anyone.get("/api/v1/me").await;
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"vku-partnerships\"");
        answer.problem(401, "unauthenticated");
        let wrong = json!({"email": "reader@demo.example", "password": "wrong"});
        anyone.post("/api/v1/auth/token", &wrong).await.problem(401, "invalid_credentials");
        let unknown = json!({"email": "nobody@demo.example", "password": "wrong"});
        let (wrong, unknown) = (
            anyone.post("/api/v1/auth/token", &wrong).await,
            anyone.post("/api/v1/auth/token", &unknown).await,
        );
        let same = |mut problem: Value| {
            problem["request_id"] = Value::Null;
            problem
        };
        assert_eq!(same(wrong.json()), same(unknown.json()));
    }
}
