//! A database outage: it is reported while it lasts, and everything works again as soon as it is over.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};
use vku_server::demo::Extent;

use super::fixtures::{DRESDEN, PARTNERSHIPS, UTILITIES, municipal};
use crate::harness::contract::coverage::CoverageRecorder;
use crate::harness::postgres::Cluster;
use crate::harness::{Backend, Response, TestApp, database, on_both, postgres, skip};

/// Longer than the app waits for a connection on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The responses of requests of all kinds that need the database.
async fn all_requests(app: &TestApp) -> Vec<Response> {
    let (anyone, member, staff) = (app.anonymous(), app.member(), app.coordinator());
    let signing_in = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
    let (utility, end, to) =
        (municipal("Nach der Störung"), json!({"end": "2030"}), json!({"to": "suspended"}));
    let export = format!("{PARTNERSHIPS}?format=csv");
    let (made, led) = (format!("{UTILITIES}?dry_run=true"), format!("{DRESDEN}/transitions?dry_run=true"));
    let answers = tokio::join!(
        anyone.post("/api/v1/auth/token", &signing_in),
        anyone.get("/health/ready"),
        anyone.get(PARTNERSHIPS),
        anyone.get(DRESDEN),
        anyone.get(&export),
        member.get("/api/v1/me"),
        staff.get("/api/v1/me"),
        staff.post(&made, &utility),
        staff.patch(DRESDEN, "*", &end),
        staff.post(&led, &to),
    );
    let (token, ready, list, one, rows, me, us, made, patched, led) = answers;
    vec![token, ready, list, one, rows, me, us, made, patched, led]
}

async fn assert_available(app: &TestApp) {
    for answer in all_requests(app).await {
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text());
    }
}

async fn assert_unavailable(app: &TestApp) {
    let started = Instant::now();
    for answer in all_requests(app).await {
        assert_eq!(answer.header("retry-after"), "2");
        answer.problem(503, "unavailable");
    }
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
}

/// Waits until the app reports that it is ready.
async fn until_ready(app: &TestApp) {
    let deadline = Instant::now() + TIMEOUT;
    while app.anonymous().get("/health/ready").await.status != 200 {
        assert!(Instant::now() < deadline, "it is not ready again");
    }
}

#[test]
fn the_server_recovers_from_a_database_outage() {
    let _recorder = CoverageRecorder::begin();
    let Some(mut cluster) = Cluster::start() else {
        return skip(postgres::MISSING);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = runtime.block_on(async {
        cluster.server().create_database("outage", None).await;
        let url = cluster.server().url("outage");
        database::fill(&url, Extent::Facts).await;
        url
    });
    let app = TestApp::start(Backend::Postgres, url, None);

    runtime.block_on(assert_available(&app));
    cluster.stop();
    runtime.block_on(assert_unavailable(&app));
    runtime.block_on(app.anonymous().get("/health/live")).ok();
    // The front page still has its links.
    let page = app.anonymous().request(Method::GET, "/").header("Accept", "text/html");
    let page = runtime.block_on(app.anonymous().send(page)).ok().text();
    assert!(page.contains("cannot be shown at the moment") && page.contains("/docs/"), "{page}");
    cluster.restart();
    runtime.block_on(until_ready(&app));
    for _ in 0..5 {
        runtime.block_on(assert_available(&app));
    }

    // After a short outage all pooled connections are dead, but no request fails.
    for _ in 0..2 {
        cluster.stop();
        cluster.restart();
        runtime.block_on(assert_available(&app));
    }
}

on_both! {
    /// An unexpected error becomes a problem that reveals no internals.
    async fn internal_errors_reveal_no_details(app: TestApp) {
        let away = "ALTER TABLE organisation RENAME TO zxq";
        match app.backend {
            Backend::Sqlite => drop(SqliteConnection::connect(&app.url).await.unwrap().execute(away).await.unwrap()),
            Backend::Postgres => drop(PgConnection::connect(&app.url).await.unwrap().execute(away).await.unwrap()),
        }
        let anyone = app.anonymous();
        for path in ["/api/v1/organisations", "/api/v1/organisations/giz", "/api/v1/organisations?format=csv"] {
            let answer = anyone.get(path).await;
            let text = answer.text().to_lowercase();
            for inside in ["sql", "table", "select", "zxq", "relation", "column"] {
                assert!(!text.contains(inside), "{text}");
            }
            answer.problem(500, "internal");
        }
        anyone.get(UTILITIES).await.ok();
    }
}
