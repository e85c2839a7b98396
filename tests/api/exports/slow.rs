//! Clients that take their time keep neither others from exporting nor the database from being written.

use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::utility::Utility;

use crate::api::given::UTILITIES;
use crate::harness::{Backend, TestApp, on_both, run};

/// More than the buffers of two sockets hold.
const LARGE: usize = 8 * 1024 * 1024;
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives each utility a text in many languages: a list of many MiB.
async fn swell(app: &TestApp, letter: &str) {
    let languages = ["cs", "de", "el", "en", "es", "fr", "it", "lv", "pl", "ro", "sk", "uk"];
    let text = Value::from(letter.repeat(10_000));
    let texts: Map<_, _> = languages.into_iter().map(|it| (it.to_owned(), text.clone())).collect();
    let sql = AssertSqlSafe(format!("UPDATE utility SET description = '{}'", Value::Object(texts)));
    match app.backend {
        Backend::Sqlite => {
            let mut beside = SqliteConnection::connect(&app.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut beside).await.unwrap();
            beside.close().await.unwrap();
        }
        Backend::Postgres => {
            let mut beside = PgConnection::connect(&app.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut beside).await.unwrap();
            beside.close().await.unwrap();
        }
    }
}

/// Asks for a list, and takes the first bytes of it only.
async fn slow(app: &TestApp, format: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let path = format!("{UTILITIES}?format={format}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

on_both! {
    async fn slow_clients_keep_nobody_from_exporting(app: TestApp) {
        swell(&app, "a").await;
        // As many as read at one time, and as many again.
        let formats = ["ndjson", "csv", "geojson", "csv"];
        let mut clients = Vec::new();
        for format in formats {
            clients.push(slow(&app, format).await);
        }
        let anyone = app.anonymous();
        for format in ["csv", "xlsx", "ndjson"] {
            let begun = Instant::now();
            anyone.get(&format!("/api/v1/organisations?format={format}")).await.ok();
            println!("{format}: {:?}", begun.elapsed());
        }
        // They get all of it, of the instant at which they asked.
        swell(&app, "b").await;
        for (mut client, format) in clients.into_iter().zip(formats) {
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            assert!(rest.len() > LARGE && rest.ends_with(b"0\r\n\r\n"), "{format}: {}", rest.len());
            let text = String::from_utf8_lossy(&rest);
            assert!(text.contains("aaaaaaaaaa") && !text.contains("bbbbbbbbbb"), "{format}");
        }
    }
}

/// Only SQLite has a log that a reader keeps from beginning anew.
#[test]
fn the_log_is_short_again_when_a_long_export_is_done() {
    run(Backend::Sqlite, async |app| {
        let log = format!("{}-wal", app.url.strip_prefix("sqlite://").unwrap());
        let length = || std::fs::metadata(&log).unwrap().len();
        let actor = Actor::operator(app.store.now());
        let export = app.store.export(&actor).await.unwrap();
        export.rows(&Query::<Utility>::all(), None).await.unwrap();
        for letter in ["a", "b", "c", "d", "e", "f", "g"] {
            swell(&app, letter).await;
        }
        let grown = length();
        assert!(grown > 48 * 1024 * 1024, "{grown}");
        // Writes go on meanwhile, and none waits for it.
        app.coordinator()
            .post("/api/v1/organisations", &serde_json::json!({"name": "X", "kind": "ngo"}))
            .await
            .expect(201);
        drop(export);
        let deadline = Instant::now() + PATIENCE;
        while length() > 20 * 1024 * 1024 {
            assert!(Instant::now() < deadline, "the log has {} bytes", length());
            sleep(Duration::from_millis(20)).await;
        }
    });
}
