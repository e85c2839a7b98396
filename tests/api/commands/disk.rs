//! The disk is full or fails, or the database refuses writes: acknowledged writes are kept, refused ones are not done,
//! the responses tell the cause, and everything works again afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep};
use vku_server::demo::Extent;

use super::disk_writer::{FULL, ORGANISATIONS, Office};
use super::server::Server;
use super::{Home, TIMEOUT};
use crate::harness::database::{self, Private};
use crate::harness::postgres::{Cluster, unprivileged_user};
use crate::harness::tmpfs::Tmpfs;
use crate::harness::{Backend, postgres, skip};

/// Without logging requests, because nobody reads the log of the server.
pub(super) const DEMO: &[&str] = &["--demo", "--log", "vku_server=info"];

pub(super) fn block_on<R>(work: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// The folder of the SQLite database.
pub(super) fn folder(home: &Home) -> &Path {
    Path::new(home.database.url.strip_prefix("sqlite://").unwrap()).parent().unwrap()
}

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

/// Sixteen clients write five hundred times altogether; the disk becomes full and gets room again in between.
#[test]
fn of_five_hundred_writes_around_a_full_disk_the_acknowledged_ones_are_kept() {
    Home::run_test(Backend::Sqlite, |home| {
        let Some(disk) = Tmpfs::over(folder(&home), 24 * 1024) else { return };
        let server = Server::start(&home, DEMO);
        let office = block_on(async {
            let office = Office::of(&server).await;
            let crowd = async { office.crowd(16, 32).await };
            let moment = async {
                office.until_counted(150, 0).await;
                disk.fill();
                office.until_counted(150, 150).await;
                disk.empty();
            };
            let (statuses, ()) = tokio::join!(crowd, moment);
            println!("five hundred: {statuses:?}");
            assert_eq!(statuses.values().sum::<usize>(), 512);
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

/// A PostgreSQL of its own with the database `stuck`, whose tablespace is a small disk where one can be mounted.
pub(super) struct SmallTablespace {
    pub(super) home: Home,
    pub(super) disk: Option<Tmpfs>,
    cluster: Cluster,
    _folder: tempfile::TempDir,
}

impl SmallTablespace {
    /// Returns `None` if there is no PostgreSQL.
    pub(super) fn create(kib: u64) -> Option<Self> {
        let Some(cluster) = Cluster::start() else {
            skip(postgres::MISSING);
            return None;
        };
        let folder = tempfile::TempDir::new().unwrap();
        let disk = Tmpfs::over(folder.path(), kib);
        if let Some((uid, gid)) = unprivileged_user() {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let url = cluster.server().url("stuck");
        block_on(async {
            let mut connection = PgConnection::connect(&cluster.server().url("postgres")).await.unwrap();
            let space = format!("CREATE TABLESPACE small LOCATION '{}'", folder.path().display());
            connection.execute(sqlx::AssertSqlSafe(space)).await.unwrap();
            connection.execute("CREATE DATABASE stuck TABLESPACE small").await.unwrap();
            database::fill(&url, Extent::Facts).await;
        });
        Some(Self { home: Home::on(Private::at(url)), disk, cluster, _folder: folder })
    }
}

#[test]
fn a_read_only_postgresql_loses_no_acknowledged_write() {
    let _recorder = crate::harness::contract::coverage::CoverageRecorder::begin();
    let Some(small) = SmallTablespace::create(64 * 1024) else { return };
    let SmallTablespace { home, disk, cluster, .. } = &small;
    let server = Server::start(home, DEMO);
    block_on(async {
        let office = Office::of(&server).await;
        office.writes(10).await;

        if let Some(disk) = disk {
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
            cluster,
            "postgres",
            &["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
        )
        .await;
        until(async || office.write().await.status == 503).await;
        office.is_stuck(503, "unavailable").await;
        office.crowd(16, 4).await;
        run_statements(
            cluster,
            "postgres",
            &["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"],
        )
        .await;
        office.goes_on(20).await;

        // Read-only for new sessions, as after a failover. Such sessions stay read-only.
        run_statements(
            cluster,
            "stuck",
            &["ALTER DATABASE stuck SET default_transaction_read_only = on", END],
        )
        .await;
        office.is_stuck(503, "unavailable").await;
        office.crowd(16, 4).await;
        run_statements(cluster, "stuck", &["ALTER DATABASE stuck RESET default_transaction_read_only"]).await;
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
        office.audit(&home.database.url).await;
    });
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !is_so().await {
        assert!(Instant::now() < deadline);
    }
}
