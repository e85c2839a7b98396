//! `serve --demo`: killed while it fills an empty database, and started several times at once.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use super::server::Server;
use super::{Home, TIMEOUT, on_empty};
use crate::harness::Backend;

const DEMO: &[&str] = &["--demo"];

/// The states of the database at which the server is killed.
const STATES: &[&str] = &[
    "SELECT count(*) FROM seaql_migrations",
    "SELECT count(*) - 12 FROM seaql_migrations",
    "SELECT count(*) FROM search_state",
    "SELECT count(*) FROM sealed_key",
    // The data has been written, the accounts follow one by one.
    "SELECT count(*) FROM utility",
    "SELECT count(*) FROM \"user\"",
    "SELECT count(*) - 2 FROM \"user\"",
];

/// The result of the query, or 0 if the table or the database does not exist yet.
async fn count_or_zero(home: &Home, query: &'static str) -> i64 {
    match home.backend() {
        Backend::Sqlite => {
            // Before there is a write-ahead log, a reader could block the server.
            let file = home.database.url.trim_start_matches("sqlite://");
            if !std::path::Path::new(&format!("{file}-wal")).exists() {
                return 0;
            }
            let Ok(mut beside) = SqliteConnection::connect(&home.database.url).await else { return 0 };
            sqlx::query(query).fetch_one(&mut beside).await.map_or(0, |row| row.get(0))
        }
        Backend::Postgres => {
            let Ok(mut beside) = PgConnection::connect(&home.database.url).await else { return 0 };
            let count = sqlx::query(query).fetch_one(&mut beside).await.map_or(0, |row| row.get(0));
            let _ = beside.close().await;
            count
        }
    }
}

/// Starts the server and kills it once the database has this state.
fn start_and_kill_at(home: &Home, state: &'static str) {
    let server = Server::spawn(home, DEMO);
    let begun = Instant::now();
    super::crash::runtime().block_on(async {
        while count_or_zero(home, state).await <= 0 {
            assert!(begun.elapsed() < TIMEOUT, "never: {state}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    server.kill();
}

/// Asserts that the demo accounts can sign in and that the data is complete.
fn all_sign_in(server: &Server) {
    for role in ["admin", "coordinator", "reader", "member", "partner"] {
        let body = json!({"email": format!("{role}@demo.example"), "password": "demo-partnerships"});
        let answer = server.write("POST /api/v1/auth/token", "", &body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{role}: {answer}");
    }
    let partnerships = server.get("/api/v1/partnerships?count=true&limit=1");
    assert!(partnerships.contains(r#""total":41"#), "{partnerships}");
}

on_empty! {
    fn a_demo_killed_while_filling_is_completed_by_the_next_start(home: Home) {
        for state in STATES {
            let (backend, database) = (home.backend(), crate::harness::database::empty(home.backend()));
            let Some(database) = database else { return };
            let home = Home::on(database);
            start_and_kill_at(&home, state);
            let server = Server::start(&home, DEMO);
            all_sign_in(&server);
            println!("{backend:?}: {state}");
        }
    }

    fn several_concurrent_demo_starts_succeed(home: Home) {
        let servers: Vec<_> = (0..3).map(|_| Server::spawn(&home, DEMO)).collect();
        let servers: Vec<_> = servers.into_iter().map(Server::announced).collect();
        servers.iter().for_each(all_sign_in);
        assert_eq!(home.run(&["user", "list"]).ok().lines().count(), 5);
    }

    /// Only accounts that can sign in are printed.
    fn a_disabled_demo_account_is_not_printed(home: Home) {
        Server::start(&home, DEMO).kill();
        home.run(&["user", "disable", "reader@demo.example"]).ok();
        let mut server = home.command(&["serve", "--demo", "--bind", "127.0.0.1:0"]).spawn().unwrap();
        let mut output = String::new();
        let mut out = std::io::BufReader::new(server.stdout.take().unwrap());
        while !output.contains("password ") {
            assert!(std::io::BufRead::read_line(&mut out, &mut output).unwrap() > 0, "{output}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(output.contains("member@demo.example") && !output.contains("reader@demo.example"), "{output}");
    }
}
