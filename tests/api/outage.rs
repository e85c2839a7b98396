//! The database goes away and comes back: told as it is, and over as soon as it is.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use super::given::{DRESDEN, PARTNERSHIPS, UTILITIES, municipal};
use crate::harness::contract::seen::CoverageRecorder;
use crate::harness::postgres::Cluster;
use crate::harness::{Answer, Backend, TestApp, database, on_both};

/// Longer than the app waits for a connection, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that needs the database.
async fn everything(app: &TestApp) -> Vec<Answer> {
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

async fn all_is_well(app: &TestApp) {
    for answer in everything(app).await {
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text());
    }
}

async fn all_is_away(app: &TestApp) {
    let started = Instant::now();
    for answer in everything(app).await {
        assert_eq!(answer.header("retry-after"), "2");
        answer.problem(503, "unavailable");
    }
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

/// Asks until the app says that it is ready again.
async fn until_ready(app: &TestApp) {
    let deadline = Instant::now() + PATIENCE;
    while app.anonymous().get("/health/ready").await.status != 200 {
        assert!(Instant::now() < deadline, "it is not ready again");
    }
}

#[test]
fn the_database_goes_away_and_comes_back() {
    let _recorder = CoverageRecorder::begin();
    let Some(mut cluster) = Cluster::start() else {
        println!("skipped: there is no PostgreSQL here");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = runtime.block_on(async {
        cluster.server().create_database("outage", None).await;
        let url = cluster.server().url("outage");
        database::fill(&url).await;
        url
    });
    let app = TestApp::start(Backend::Postgres, url, None);

    runtime.block_on(all_is_well(&app));
    cluster.stop();
    runtime.block_on(all_is_away(&app));
    runtime.block_on(app.anonymous().get("/health/live")).ok();
    // Who looks at the front page still learns where things are.
    let page = app.anonymous().request(Method::GET, "/").header("Accept", "text/html");
    let page = runtime.block_on(app.anonymous().send(page)).ok().text();
    assert!(page.contains("cannot be shown at the moment") && page.contains("/docs/"), "{page}");
    cluster.restart();
    runtime.block_on(until_ready(&app));
    for _ in 0..5 {
        runtime.block_on(all_is_well(&app));
    }

    // Gone and back before anybody asked: every pooled connection is dead, and nobody is to notice.
    for _ in 0..2 {
        cluster.stop();
        cluster.restart();
        runtime.block_on(all_is_well(&app));
    }
}

on_both! {
    /// What nobody foresaw: told as a problem, and nothing of why.
    async fn what_fails_inside_stays_there(app: TestApp) {
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
