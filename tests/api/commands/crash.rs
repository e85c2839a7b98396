//! The server is killed during a request with an idempotency key: repeating the request does its work only once.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor, Row};

use super::server::Server;
use super::{Home, TIMEOUT, on_empty};
use crate::harness::Backend;

const ORGANISATIONS: &str = "/api/v1/organisations";
const DEMO: &[&str] = &["--demo"];

/// A direct connection to the database.
pub(super) enum DirectConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl DirectConnection {
    pub(super) async fn open(home: &Home) -> Self {
        match home.backend() {
            Backend::Sqlite => Self::Sqlite(SqliteConnection::connect(&home.database.url).await.unwrap()),
            Backend::Postgres => Self::Postgres(PgConnection::connect(&home.database.url).await.unwrap()),
        }
    }

    async fn does(&mut self, statement: &'static str) {
        match self {
            Self::Sqlite(it) => it.execute(statement).await.map(drop),
            Self::Postgres(it) => it.execute(statement).await.map(drop),
        }
        .unwrap();
    }

    pub(super) async fn counts(&mut self, query: &'static str) -> i64 {
        match self {
            Self::Sqlite(it) => it.fetch_one(query).await.unwrap().get(0),
            Self::Postgres(it) => it.fetch_one(query).await.unwrap().get(0),
        }
    }

    /// Waits until the query counts something.
    pub(super) async fn until(&mut self, query: &'static str) {
        let begun = Instant::now();
        while self.counts(query).await == 0 {
            assert!(begun.elapsed() < TIMEOUT, "never: {query}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The headers of a signed-in client, always with the same idempotency key.
fn headers(server: &Server) -> String {
    let sign_in = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
    let signed_in = server.write("POST /api/v1/auth/token", "", &sign_in);
    let body: Value = serde_json::from_str(signed_in.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", body["access_token"].as_str().unwrap())
}

fn organisation() -> Value {
    json!({"name": "Zxq", "kind": "ngo"})
}

/// Sends the request without reading the response.
fn sent(server: &Server, headers: &str) -> TcpStream {
    server.begin(&format!("POST {ORGANISATIONS}"), headers, &organisation())
}

/// Sends the request twice to a new server. Returns whether the first response was a repeated one.
fn sent_again(home: &Home) -> bool {
    let server = Server::start(home, DEMO);
    let again = || server.write(&format!("POST {ORGANISATIONS}"), &headers(&server), &organisation());
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let (first, second) = (again(), again());
    assert!(first.starts_with("HTTP/1.1 201") && second.starts_with("HTTP/1.1 201"), "{first}");
    assert_eq!(body(&first), body(&second));
    assert!(second.contains("\r\nidempotency-replayed: true\r\n"), "{second}");
    first.contains("\r\nidempotency-replayed: true\r\n")
}

/// The number of organisations created, and of those in the change log.
async fn done(beside: &mut DirectConnection) -> (i64, i64) {
    const LOGGED: &str = "SELECT count(*) FROM change WHERE resource = 'organisation' AND resource_id IN \
                          (SELECT id FROM organisation WHERE name = 'Zxq')";
    (beside.counts(MADE).await, beside.counts(LOGGED).await)
}

const MADE: &str = "SELECT count(*) FROM organisation WHERE name = 'Zxq'";
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted";

/// Delays each commit of an organisation until the lock is free.
const DELAY_COMMIT: &str = "
    CREATE FUNCTION held_up() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(4711, 1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER held_up AFTER INSERT ON organisation
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION held_up();
    SELECT pg_advisory_lock(4711, 1)";

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

on_empty! {
    /// PostgreSQL is in the middle of the commit when the server dies, and completes it: the response cannot have been
    /// sent. On SQLite the server commits itself and is killed as soon as the row is visible; its response is not read.
    fn a_kill_after_the_commit_replays_the_response(home: Home) {
        let server = Server::start(&home, DEMO);
        let headers = headers(&server);
        runtime().block_on(async {
            let mut beside = DirectConnection::open(&home).await;
            let unread = match home.backend() {
                Backend::Postgres => {
                    beside.does(DELAY_COMMIT).await;
                    let unread = sent(&server, &headers);
                    beside.until(WAITING).await;
                    server.kill();
                    assert_eq!(beside.counts(MADE).await, 0);
                    beside.does("SELECT pg_advisory_unlock(4711, 1)").await;
                    unread
                }
                Backend::Sqlite => {
                    let unread = sent(&server, &headers);
                    beside.until(MADE).await;
                    server.kill();
                    unread
                }
            };
            beside.until(MADE).await;
            drop(unread);
            assert!(sent_again(&home), "what was done is answered, and not done again");
            assert_eq!(done(&mut beside).await, (1, 1));
        });
    }

    /// The work has no effect, and the key is free.
    fn a_kill_before_the_commit_frees_the_key(home: Home) {
        let server = Server::start(&home, DEMO);
        let headers = headers(&server);
        runtime().block_on(async {
            let mut beside = DirectConnection::open(&home).await;
            let unread = match home.backend() {
                Backend::Postgres => {
                    beside.does("BEGIN").await;
                    beside.does("LOCK TABLE organisation IN SHARE MODE").await;
                    let unread = sent(&server, &headers);
                    beside.until(WAITING).await;
                    unread
                }
                Backend::Sqlite => {
                    beside.does("BEGIN IMMEDIATE").await;
                    let unread = sent(&server, &headers);
                    // The response to a later request shows that the server has received the first one.
                    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
                    unread
                }
            };
            server.kill();
            beside.does("ROLLBACK").await;
            drop(unread);
            assert!(!sent_again(&home), "nothing was done before");
            assert_eq!(done(&mut beside).await, (1, 1));
        });
    }
}

/// The server is killed at different moments of its work.
#[test]
fn a_kill_at_any_moment_does_the_work_once() {
    Home::run_test(Backend::Sqlite, |home| {
        let (mut server, mut before) = (Server::start(&home, DEMO), 0);
        for round in 0..8_u64 {
            let headers = headers(&server).replace("Key: k", &format!("Key: k{round}"));
            let body = json!({"name": format!("Round {round}"), "kind": "ngo"});
            let target = format!("POST {ORGANISATIONS}");
            let unread = server.begin(&target, &headers, &body);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_micros(round * 700) {
                std::thread::yield_now();
            }
            server.kill();
            drop(unread);
            server = Server::start(&home, DEMO);
            let headers = self::headers(&server).replace("Key: k", &format!("Key: k{round}"));
            let again = server.write(&target, &headers, &body);
            assert!(again.starts_with("HTTP/1.1 201"), "{again}");
            before += u32::from(again.contains("\r\nidempotency-replayed: true\r\n"));
        }
        println!("{before} of 8 were done before the server was killed");
        let rounds = runtime().block_on(async {
            let mut beside = DirectConnection::open(&home).await;
            beside.counts("SELECT count(*) FROM organisation WHERE name LIKE 'Round %'").await
        });
        assert_eq!(rounds, 8);
    });
}
