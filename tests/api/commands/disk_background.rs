//! A full disk during background work: an import, the mail worker, and requests whose clients disconnected.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};

use super::disk::{DEMO, SmallTablespace, block_on, folder, limit};
use super::disk_writer::{FULL, ORGANISATIONS, Office};
use super::server::Server;
use super::{Home, TIMEOUT};
use crate::api::imports::{CSV, ended, send};
use crate::api::interests::interest;
use crate::harness::Backend;
use crate::harness::smtp::{Sink, SinkBehavior};
use crate::harness::tmpfs::Tmpfs;

/// The number of organisations to import, enough for several transactions.
const ROWS: usize = 4_000;
/// [`DEMO`], and the errors of requests and imports are logged.
const DEMO_WITH_ERRORS: &[&str] = &["--demo", "--log", "vku_server=info,vku_http=error"];
/// How many KiB the import has at most; it needs more.
const KEPT: u64 = 6 * 1024;

fn file() -> String {
    let path = "what-it-is-about/".repeat(20);
    let row = |number| {
        format!("Imported {number},imported-{number},ngo,https://imported-{number}.example/{path}\n")
    };
    "name,slug,kind,website\n".to_owned() + &(0..ROWS).map(row).collect::<String>()
}

impl Office {
    async fn imported(&self) -> u64 {
        let all = self.caller.get(&format!("{ORGANISATIONS}?q=imported&count=true&limit=1")).await;
        all.ok().json()["total"].as_u64().unwrap()
    }

    /// Sends writes whose clients disconnect before the response.
    async fn hurried(&self) {
        let write = async |patience: u64| {
            let body = json!({"name": "Given up", "kind": "ngo"});
            let request = self.caller.request(reqwest::Method::POST, ORGANISATIONS).json(&body);
            // The result does not matter.
            let _ = request.timeout(Duration::from_millis(patience)).send().await;
        };
        join_all((1..40).map(|patience| write(patience / 2 + 1))).await;
    }
}

/// The first column of the result of a statement.
async fn ask(home: &Home, statement: &'static str) -> Vec<String> {
    let url = &home.database.url;
    match home.backend() {
        Backend::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap()
        }
        Backend::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap()
        }
    }
}

#[test]
fn background_work_recovers_from_a_full_disk() {
    Home::run_test(Backend::Sqlite, |home| {
        let Some(disk) = Tmpfs::over(folder(&home), 14 * 1024) else { return };
        let start = |sink: &Sink| {
            let mail = ["--mail-from", "office@example.org", "--smtp-url", &sink.url()];
            Server::start(&home, &[DEMO_WITH_ERRORS, &mail].concat())
        };
        let silent = Sink::start(SinkBehavior::NoGreeting);
        let mut server = start(&silent);
        let office = block_on(async {
            let office = Office::of(&server).await;
            // One mail is being sent while the disk fills up, another one waits.
            for name in ["Neustadt", "Altstadt"] {
                office.caller.post("/api/v1/interest-registrations", &interest(name)).await.expect(202);
            }
            silent.called(1);

            // Otherwise the import might take everything before the disk is filled, and then nothing could be emptied.
            disk.fill_to(KEPT);
            let begun = send(&office.caller, "resource=organisations", CSV, file()).await.expect(202).json();
            let id = begun["id"].as_str().unwrap().to_owned();
            disk.fill();
            office.hurried().await;
            // If it went on, it would take the room that it gets now, and its failure could not be stored.
            tokio::task::block_in_place(|| server.log_until("an import failed"));
            disk.empty();
            let import = ended(&office.caller, &id).await;
            assert_eq!(import["status"], "failed", "{import:#}");
            // The import has left rows on the disk. Removing them needs room too.
            disk.resize(48 * 1024);
            office.until_ready().await;
            assert_eq!(office.imported().await, 0);
            office.hurried().await;
            office.goes_on(10).await;
            office.caller.get("/api/v1/imports").await.ok();
            assert_eq!(ask(&home, "SELECT CAST(count(*) AS text) FROM import_change").await, ["0"]);

            // With enough room the same file can be imported.
            disk.resize(160 * 1024);
            let begun = send(&office.caller, "resource=organisations", CSV, file()).await.expect(202).json();
            assert_eq!(ended(&office.caller, begun["id"].as_str().unwrap()).await["status"], "committed");
            assert_eq!(office.imported().await, u64::try_from(ROWS).unwrap());
            office.goes_on(10).await;
            office
        });
        server.kill();
        block_on(office.audit(&home.database.url));

        // Both e-mails are sent once, although nothing can be written when the mail server accepts the first one.
        let late = Sink::start(SinkBehavior::AcceptAfterChange);
        let mail = ["--mail-from", "office@example.org", "--smtp-url", &late.url()];
        let server = Server::ignoring(&home, &[DEMO_WITH_ERRORS, &mail].concat(), "XFSZ");
        late.mails(1);
        block_on(async {
            let office = Office::of(&server).await.after(&office);
            limit(&server, "4096");
            late.set_behavior(SinkBehavior::Accept);
            office.hurried().await;
            office.is_stuck(503, "unavailable").await;
            limit(&server, "unlimited");
            office.goes_on(10).await;
        });
        assert_eq!(late.mails(2).len(), 2);
        server.signal("-TERM");
        assert_eq!(server.ended(TIMEOUT).0, Some(0));
        assert_eq!(block_on(ask(&home, "SELECT state FROM mail ORDER BY state")), ["sent", "sent"]);
        assert_eq!(late.mails(2).len(), 2);
    });
}

#[test]
fn background_work_recovers_from_a_full_tablespace() {
    let _recorder = crate::harness::contract::coverage::CoverageRecorder::begin();
    let Some(small) = SmallTablespace::create(64 * 1024) else { return };
    let (home, Some(disk)) = (&small.home, &small.disk) else { return };
    let late = Sink::start(SinkBehavior::AcceptAfterChange);
    let mail = ["--mail-from", "office@example.org", "--smtp-url", &late.url()];
    let server = Server::start(home, &[DEMO, &mail].concat());
    block_on(async {
        let office = Office::of(&server).await;
        // One mail is being sent while the disk fills up, another one waits.
        for name in ["Neustadt", "Altstadt"] {
            office.caller.post("/api/v1/interest-registrations", &interest(name)).await.expect(202);
        }
        late.mails(1);

        let begun = send(&office.caller, "resource=organisations", CSV, file()).await.expect(202).json();
        let id = begun["id"].as_str().unwrap().to_owned();
        disk.fill();
        office.hurried().await;
        office.until_full().await;
        // The mail server accepts the e-mail, while there may be no room to record it.
        late.set_behavior(SinkBehavior::Accept);
        office.hurried().await;
        // A small write may still fit, where an import has left room.
        let statuses = office.writes(20).await;
        assert!(statuses.keys().all(|status| [201, FULL.0].contains(status)), "{statuses:?}");
        disk.empty();
        let import = ended(&office.caller, &id).await;
        assert_eq!(import["status"], "failed", "{import:#}");
        office.until_ready().await;
        assert_eq!(office.imported().await, 0);
        office.hurried().await;
        office.goes_on(10).await;
        office.caller.get("/api/v1/imports").await.ok();
        assert_eq!(ask(home, "SELECT CAST(count(*) AS text) FROM import_change").await, ["0"]);

        // With enough room the same file can be imported, and both e-mails are sent once.
        disk.resize(256 * 1024);
        let begun = send(&office.caller, "resource=organisations", CSV, file()).await.expect(202).json();
        assert_eq!(ended(&office.caller, begun["id"].as_str().unwrap()).await["status"], "committed");
        assert_eq!(office.imported().await, u64::try_from(ROWS).unwrap());
        office.goes_on(10).await;
        late.mails(2);
        server.signal("-TERM");
        assert_eq!(server.ended(TIMEOUT).0, Some(0));
        assert_eq!(late.mails(2).len(), 2);
        let states = ask(home, "SELECT DISTINCT CAST(state AS text) FROM mail").await;
        assert_eq!(states, ["sent"]);
        office.audit(&home.database.url).await;
    });
}
