//! The server is asked to shut down while requests wait for the database: it ends as if there were none.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use super::Home;
use super::disk::block_on;
use super::server::Server;
use crate::harness::Backend;

/// Waits until this many sessions wait for a lock.
async fn waiting(connection: &mut PgConnection, sessions: i64) {
    let begun = Instant::now();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *connection).await.unwrap() < sessions {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing waits for the lock");
    }
}

#[test]
fn an_export_and_a_mail_that_wait_for_a_lock_are_dropped_cleanly() {
    Home::run_test(Backend::Postgres, |home| {
        let server = Server::start(&home, &["--demo"]);
        let url = &home.database.url;
        block_on(async {
            let mut holder = PgConnection::connect(url).await.unwrap();
            let mut watcher = PgConnection::connect(url).await.unwrap();
            holder.execute("BEGIN; LOCK TABLE organisation, mail IN ACCESS EXCLUSIVE MODE").await.unwrap();
            let export = server.send("GET /api/v1/organisations?format=csv", "");
            let reset = json!({"email": "reader@demo.example"});
            let reset = server.begin("POST /api/v1/auth/password-reset", "", &reset);
            waiting(&mut watcher, 2).await;
            server.signal("-INT");
            let (code, took, log) = server.ended(Duration::from_secs(30));
            assert_eq!(code, Some(0), "{log}");
            assert!(took < Duration::from_secs(15), "it took {took:?}");
            assert!(!log.contains("panicked") && !log.contains(r#""level":"ERROR""#), "{log}");
            drop((export, reset));
        });
    });
}
