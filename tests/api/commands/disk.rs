//! The disk is full or fails, or the database refuses writes: acknowledged writes are kept, refused ones are not done,
//! the responses tell the cause, and everything works again afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::time::{Instant, sleep};

use super::serving::Server;
use super::{Home, TIMEOUT};
use crate::harness::database::{self, Private};
use crate::harness::postgres::{Cluster, unprivileged_user};
use crate::harness::tmpfs::Tmpfs;
use crate::harness::{Answer, Backend, Caller};

pub(super) const ORGANISATIONS: &str = "/api/v1/organisations";
/// Without logging requests, because nobody reads the log of the server.
pub(super) const DEMO: &[&str] = &["--demo", "--log", "vku_server=info"];

/// A client that writes, and records which writes were acknowledged and which were refused.
pub(super) struct Office {
    pub(super) caller: Caller,
    next: AtomicUsize,
    acknowledged: Mutex<BTreeSet<String>>,
    refused: Mutex<BTreeSet<String>>,
}

fn signing_in() -> serde_json::Value {
    json!({"email": "coordinator@demo.example", "password": "demo-partnerships"})
}

impl Office {
    pub(super) async fn of(server: &Server) -> Self {
        let token = server.caller(None).post("/api/v1/auth/token", &signing_in()).await.ok().json();
        let token = token["access_token"].as_str().unwrap().to_owned();
        let (acknowledged, refused) = (Mutex::default(), Mutex::default());
        Self { caller: server.caller(Some(token)), next: AtomicUsize::new(0), acknowledged, refused }
    }

    /// Continues the names of another client, so that both can use the same database.
    pub(super) fn after(self, other: &Self) -> Self {
        Self { next: AtomicUsize::new(other.next.load(Ordering::Relaxed)), ..self }
    }

    /// Creates an organisation.
    async fn write(&self) -> Answer {
        let slug = format!("made-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let body = json!({"name": "Made around the moment", "slug": slug, "kind": "ngo"});
        let answer = self.caller.post(ORGANISATIONS, &body).await;
        match answer.status.as_u16() {
            201 => self.acknowledged.lock().unwrap().insert(slug),
            503 | 507 => {
                assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
                // A write that timed out may have been done.
                answer.json()["code"] == "timed_out" || self.refused.lock().unwrap().insert(slug)
            }
            status => panic!("{status}: {}", answer.text()),
        };
        answer
    }

    /// Writes this many times. Returns the number of responses by status.
    async fn writes(&self, number: usize) -> BTreeMap<u16, usize> {
        let mut statuses = BTreeMap::new();
        for _ in 0..number {
            *statuses.entry(self.write().await.status.as_u16()).or_default() += 1;
        }
        statuses
    }

    /// Lets several writers write concurrently, each this many times.
    async fn crowd(&self, writers: usize, each: usize) -> BTreeMap<u16, usize> {
        let all = join_all((0..writers).map(|_| self.writes(each))).await;
        all.into_iter().flatten().fold(BTreeMap::new(), |mut statuses, (status, number)| {
            *statuses.entry(status).or_default() += number;
            statuses
        })
    }

    /// Writes until a write is refused because the disk is full.
    async fn until_full(&self) {
        for _ in 0..400 {
            if self.write().await.status != 201 {
                return;
            }
        }
        panic!("the disk is never full");
    }

    async fn ready(&self) -> u16 {
        self.caller.get("/health/ready").await.status.as_u16()
    }

    pub(super) async fn until_ready(&self) {
        let deadline = Instant::now() + TIMEOUT;
        while self.ready().await != 200 {
            assert!(Instant::now() < deadline, "it is not ready again");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asserts that writes fail with this problem, reads succeed, and readiness reports the outage.
    pub(super) async fn is_stuck(&self, status: u16, code: &str) {
        let answer = self.write().await;
        assert_eq!(answer.status, status, "{}", answer.text());
        answer.problem(status, code);
        let signing_in = self.caller.post("/api/v1/auth/token", &signing_in()).await;
        // A small write may still fit where a larger one did not.
        if status != FULL.0 || signing_in.status != 200 {
            signing_in.problem(status, code);
        }
        self.caller.get("/health/ready").await.problem(503, "unavailable");
        self.caller.get("/health/live").await.ok();
        self.caller.get("/api/v1/partnerships").await.ok();
        self.caller.get("/api/v1/organisations?format=csv").await.ok();
    }

    /// Asserts that writes succeed again.
    pub(super) async fn goes_on(&self, number: usize) {
        self.until_ready().await;
        assert_eq!(self.writes(number).await, BTreeMap::from([(201, number)]));
        self.caller.post("/api/v1/auth/token", &signing_in()).await.ok();
    }

    /// Asserts that the database has all acknowledged and no refused writes. The server must have ended.
    pub(super) async fn audit(&self, url: &str) {
        let slugs = "SELECT slug FROM organisation WHERE slug LIKE 'made-%'";
        let there: Vec<String> = match url.starts_with("sqlite:") {
            true => sqlx::query_scalar(slugs)
                .fetch_all(&mut SqliteConnection::connect(url).await.unwrap())
                .await
                .unwrap(),
            false => sqlx::query_scalar(slugs)
                .fetch_all(&mut PgConnection::connect(url).await.unwrap())
                .await
                .unwrap(),
        };
        let there: BTreeSet<_> = there.into_iter().collect();
        let (acknowledged, refused) = (self.acknowledged.lock().unwrap(), self.refused.lock().unwrap());
        println!("{} acknowledged, {} refused", acknowledged.len(), refused.len());
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let done: Vec<_> = refused.intersection(&there).collect();
        assert!(done.is_empty(), "refused and done: {done:?}");
    }
}

pub(super) fn block_on<R>(work: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// The folder of the SQLite database.
pub(super) fn folder(home: &Home) -> &Path {
    Path::new(home.database.url.strip_prefix("sqlite://").unwrap()).parent().unwrap()
}

const FULL: (u16, &str) = (507, "insufficient_storage");

#[test]
fn a_full_disk_loses_no_acknowledged_write() {
    Home::run_test(Backend::Sqlite, |home| {
        let Some(disk) = Tmpfs::over(folder(&home), 12 * 1024) else { return };
        let server = Server::start(&home, DEMO);
        let office = block_on(async {
            let office = Office::of(&server).await;
            // First a single failing write.
            office.until_full().await;
            disk.resize(14 * 1024);
            office.goes_on(20).await;

            // Then many, among them a dry run, an import, and a repeated request.
            office.until_full().await;
            let statuses = office.writes(60).await;
            assert!(statuses.keys().all(|status| [201, 507].contains(status)), "{statuses:?}");
            disk.fill();
            office.is_stuck(FULL.0, FULL.1).await;
            let body = json!({"name": "Sent again", "slug": "made-again", "kind": "ngo"});
            let again = || {
                let request = office.caller.request(reqwest::Method::POST, ORGANISATIONS);
                office.caller.send(request.header("Idempotency-Key", "room").json(&body))
            };
            again().await.problem(FULL.0, FULL.1);
            office.caller.post(&format!("{ORGANISATIONS}?dry_run=true"), &body).await;
            let import =
                office.caller.request(reqwest::Method::POST, "/api/v1/imports?resource=organisations");
            let import = import.header("Content-Type", "text/csv").body("name,kind\nImported,ngo\n");
            let status = office.caller.send(import).await.status.as_u16();
            assert!([202, FULL.0].contains(&status), "{status}");
            // Not enough for the write-ahead log to restart, which would make room for everything that follows.
            disk.resize(15 * 1024 + 512);
            disk.empty();
            office.goes_on(10).await;
            let made = again().await.expect(201);
            assert!(!made.headers.contains_key("idempotency-replayed"));

            // Then sixteen concurrent writers, who run out of room and get it back.
            let refused = || office.refused.lock().unwrap().len();
            let (before, written) = (refused(), AtomicBool::new(false));
            let crowd = async {
                let statuses = office.crowd(16, 16).await;
                written.store(true, Ordering::Relaxed);
                statuses
            };
            let room = async {
                while refused() < before + 50 && !written.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(2)).await;
                }
                disk.resize(40 * 1024);
            };
            let (statuses, ()) = tokio::join!(crowd, room);
            assert!(refused() >= before + 50, "they do not run out of room: {statuses:?}");
            println!("sixteen at once: {statuses:?}");
            assert!(statuses.keys().all(|status| [201, 503, 507].contains(status)), "{statuses:?}");
            office.goes_on(20).await;
            office
        });
        server.kill();
        block_on(office.audit(&home.database.url));
    });
}

/// Limits the file size of a server that ignores `XFSZ`: every write to the database beyond it fails.
pub(super) fn limit(server: &Server, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.arg(format!("--pid={}", server.id())).arg(format!("--fsize={bytes}:"));
    assert!(command.status().unwrap().success());
}

/// Writes fail with an error other than "disk full", because the file may not grow.
#[test]
fn a_failing_disk_loses_no_acknowledged_write() {
    Home::run_test(Backend::Sqlite, |home| {
        let server = Server::ignoring(&home, DEMO, "XFSZ");
        let office = block_on(async {
            let office = Office::of(&server).await;
            office.writes(5).await;
            for _ in 0..2 {
                limit(&server, "65536");
                assert_eq!(office.writes(30).await, BTreeMap::from([(503, 30)]));
                office.is_stuck(503, "unavailable").await;
                limit(&server, "unlimited");
                office.goes_on(30).await;
            }
            office
        });
        server.kill();
        block_on(office.audit(&home.database.url));
    });
}

/// Runs statements on PostgreSQL, outside of any transaction.
async fn run_statements(cluster: &Cluster, database: &str, statements: &[&'static str]) {
    let mut connection = PgConnection::connect(&cluster.server().url(database)).await.unwrap();
    connection.execute("SET default_transaction_read_only = off").await.unwrap();
    for statement in statements {
        connection.execute(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Terminates all other sessions on the database.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'stuck' AND \
                   pid <> pg_backend_pid()";

#[test]
fn a_read_only_postgresql_loses_no_acknowledged_write() {
    let _recorder = crate::harness::contract::seen::CoverageRecorder::begin();
    let Some(cluster) = Cluster::start() else {
        println!("skipped: there is no PostgreSQL here");
        return;
    };
    let small = tempfile::TempDir::new().unwrap();
    let disk = Tmpfs::over(small.path(), 64 * 1024);
    if let Some((uid, gid)) = unprivileged_user() {
        std::os::unix::fs::chown(small.path(), Some(uid), Some(gid)).unwrap();
    }
    let url = cluster.server().url("stuck");
    block_on(async {
        let mut connection = PgConnection::connect(&cluster.server().url("postgres")).await.unwrap();
        let space = format!("CREATE TABLESPACE small LOCATION '{}'", small.path().display());
        connection.execute(sqlx::AssertSqlSafe(space)).await.unwrap();
        connection.execute("CREATE DATABASE stuck TABLESPACE small").await.unwrap();
        database::fill(&url).await;
    });
    let home = Home::on(Private::at(url.clone()));
    let server = Server::start(&home, DEMO);
    block_on(async {
        let office = Office::of(&server).await;
        office.writes(10).await;

        if let Some(disk) = &disk {
            disk.fill();
            office.until_full().await;
            let statuses = office.writes(30).await;
            assert!(statuses.keys().all(|status| [201, 507].contains(status)), "{statuses:?}");
            office.caller.get("/health/ready").await.problem(503, "unavailable");
            office.caller.get("/api/v1/partnerships").await.ok();
            office.crowd(16, 4).await;
            disk.empty();
            office.goes_on(20).await;
        }

        // Read-only for all sessions at once, as for maintenance.
        run_statements(
            &cluster,
            "postgres",
            &["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
        )
        .await;
        until(async || office.write().await.status == 503).await;
        office.is_stuck(503, "unavailable").await;
        office.crowd(16, 4).await;
        run_statements(
            &cluster,
            "postgres",
            &["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"],
        )
        .await;
        office.goes_on(20).await;

        // Read-only for new sessions, as after a failover. Such sessions stay read-only.
        run_statements(
            &cluster,
            "stuck",
            &["ALTER DATABASE stuck SET default_transaction_read_only = on", END],
        )
        .await;
        office.is_stuck(503, "unavailable").await;
        office.crowd(16, 4).await;
        run_statements(&cluster, "stuck", &["ALTER DATABASE stuck RESET default_transaction_read_only"])
            .await;
        office.goes_on(20).await;

        // PostgreSQL is paused during writes: they wait, or get 503.
        let pause = async {
            sleep(Duration::from_millis(200)).await;
            cluster.signal("STOP");
            office.caller.get("/health/ready").await.problem(503, "unavailable");
            cluster.signal("CONT");
        };
        let (statuses, ()) = tokio::join!(office.crowd(16, 8), pause);
        println!("paused: {statuses:?}");
        office.goes_on(20).await;
        server.kill();
        office.audit(&url).await;
    });
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !is_so().await {
        assert!(Instant::now() < deadline);
    }
}
