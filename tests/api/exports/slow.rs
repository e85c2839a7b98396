//! Slow clients block neither other exports nor writes.

use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::utility::Utility;
use vku_http::kernel::config::{HttpConfig, Timeouts};
use vku_persistence::kernel::table::Table;
use vku_transfer::export::spool::SpoolSpace;

use crate::api::fixtures::UTILITIES;
use crate::harness::{Backend, TestApp, on_both, run};

/// More than the buffers of both sockets hold.
const LARGE: usize = 8 * 1024 * 1024;
/// Longer than anything here takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Gives each utility a description in many languages, so that a list has many MiB.
async fn enlarge(app: &TestApp, letter: &str) {
    let languages = ["cs", "de", "el", "en", "es", "fr", "it", "lv", "pl", "ro", "sk", "uk"];
    let text = Value::from(letter.repeat(10_000));
    let texts: Map<_, _> = languages.into_iter().map(|it| (it.to_owned(), text.clone())).collect();
    let sql = AssertSqlSafe(format!(
        "UPDATE utility SET version = version + 1, description = '{}'",
        Value::Object(texts)
    ));
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

/// Requests a list and reads only its first bytes.
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
    async fn slow_clients_do_not_block_other_exports(app: TestApp) {
        enlarge(&app, "a").await;
        // As many as may export at the same time, and as many again.
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
        // The slow clients get everything, as it was when they sent the request.
        enlarge(&app, "b").await;
        for (mut client, format) in clients.into_iter().zip(formats) {
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            assert!(rest.len() > LARGE && rest.ends_with(b"0\r\n\r\n"), "{format}: {}", rest.len());
            let text = String::from_utf8_lossy(&rest);
            assert!(text.contains("aaaaaaaaaa") && !text.contains("bbbbbbbbbb"), "{format}");
        }
    }
}

/// Waits until exports have files, or until they have none any more.
async fn until_spooled(app: &TestApp, is_spooled: bool) {
    let deadline = Instant::now() + TIMEOUT;
    while (app.spooled() > 0) != is_spooled {
        assert!(Instant::now() < deadline, "exports have {} bytes", app.spooled());
        sleep(Duration::from_millis(5)).await;
    }
}

/// Asserts that the response is incomplete, and that the client can tell: the last chunk is missing.
async fn is_cut(mut client: TcpStream) {
    let mut rest = Vec::new();
    let read = client.read_to_end(&mut rest).await;
    assert!(read.is_err() || !rest.ends_with(b"\r\n0\r\n\r\n"), "{} bytes", rest.len());
}

on_both! {
    async fn an_export_whose_client_receives_nothing_is_aborted(app: TestApp) {
        enlarge(&app, "a").await;
        let timeouts = Timeouts { download: Duration::from_secs(1), ..Timeouts::default() };
        let app = app.another_instance(HttpConfig { timeouts, ..HttpConfig::default() });
        let mut clients = Vec::new();
        for format in ["ndjson", "csv"] {
            clients.push(slow(&app, format).await);
        }
        until_spooled(&app, true).await;
        until_spooled(&app, false).await;
        for client in clients {
            is_cut(client).await;
        }
    }

    async fn exports_beyond_the_disk_space_are_aborted_and_the_space_is_freed(app: TestApp) {
        enlarge(&app, "a").await;
        let app = app.another_instance(HttpConfig { spool: SpoolSpace::of(2 * 1024 * 1024), ..HttpConfig::default() });
        let clients = [slow(&app, "ndjson").await, slow(&app, "csv").await];
        // Small exports need no disk space.
        app.anonymous().get("/api/v1/organisations?format=csv").await.ok();
        for client in clients {
            is_cut(client).await;
        }
        until_spooled(&app, false).await;
        app.anonymous().get("/api/v1/organisations?format=xlsx").await.ok();
    }
}

/// Only SQLite has a write-ahead log that a reader prevents from being reset.
#[test]
fn the_write_ahead_log_shrinks_after_a_long_export() {
    run(Backend::Sqlite, async |app| {
        let log = format!("{}-wal", app.url.strip_prefix("sqlite://").unwrap());
        let length = || std::fs::metadata(&log).unwrap().len();
        let actor = Actor::operator(app.store.now());
        let export = app.store.export(&actor).await.unwrap();
        export.rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap();
        for letter in ["a", "b", "c", "d", "e", "f", "g"] {
            enlarge(&app, letter).await;
        }
        let grown = length();
        assert!(grown > 48 * 1024 * 1024, "{grown}");
        // Writes go on meanwhile and do not wait for the export.
        app.coordinator()
            .post("/api/v1/organisations", &serde_json::json!({"name": "X", "kind": "ngo"}))
            .await
            .expect(201);
        drop(export);
        let deadline = Instant::now() + TIMEOUT;
        while length() > 20 * 1024 * 1024 {
            assert!(Instant::now() < deadline, "the log has {} bytes", length());
            sleep(Duration::from_millis(20)).await;
        }
    });
}
