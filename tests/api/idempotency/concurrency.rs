//! The same request many times at once.

use std::collections::BTreeSet;

use futures_util::future::{Either, join_all, select};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use super::*;
use crate::harness::Backend;

/// Another transaction that blocks writes to the organisations.
enum Holding {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Holding {
    async fn begin(app: &TestApp) -> Self {
        match app.backend {
            Backend::Sqlite => {
                let mut other = SqliteConnection::connect(&app.url).await.unwrap();
                other.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(other)
            }
            Backend::Postgres => {
                let mut other = PgConnection::connect(&app.url).await.unwrap();
                other.execute("BEGIN").await.unwrap();
                other.execute("LOCK TABLE organisation IN SHARE MODE").await.unwrap();
                Self::Postgres(other)
            }
        }
    }

    async fn end(self) {
        match self {
            Self::Sqlite(mut other) => other.execute("ROLLBACK").await.map(drop),
            Self::Postgres(mut other) => other.execute("ROLLBACK").await.map(drop),
        }
        .unwrap();
    }
}

/// Asserts that the response says that the first request is still running.
#[track_caller]
fn has_to_wait(answer: Response) {
    assert_eq!(answer.header("retry-after"), "1", "{}", answer.text());
    answer.problem(409, "idempotency_key_in_use");
}

/// Sends two requests while writes are blocked: one is refused with `Retry-After`, the other does the work.
async fn one_waits(app: &TestApp, one: &Caller, other: &Caller) {
    let holding = Holding::begin(app).await;
    let body = organisation("Zxq");
    let (one_sent, other_sent) =
        (post(one, "k", ORGANISATIONS, &body), post(other, "k", ORGANISATIONS, &body));
    let (answered, runs) = match select(Box::pin(one_sent), Box::pin(other_sent)).await {
        Either::Left(both) => both,
        Either::Right(both) => both,
    };
    has_to_wait(answered);
    // Once writes are possible again, both callers get the response of the other request.
    holding.end().await;
    let done = is_new(runs.await, 201);
    for caller in [one, other] {
        replays(&post(caller, "k", ORGANISATIONS, &body).await, &done);
    }
    assert_eq!(count(app, "Zxq").await, 1);
}

on_both! {
    async fn forty_concurrent_requests_with_one_key_create_one_resource(app: TestApp) {
        let body = organisation("Zxq");
        let end = log_end(&app).await;
        let callers: Vec<_> = (0..40).map(|_| app.coordinator()).collect();
        let answers = join_all(callers.iter().map(|caller| post(caller, "k", ORGANISATIONS, &body))).await;
        let (mut made, mut waiting, mut replayed) = (Vec::new(), 0, Vec::new());
        for answer in answers {
            match (answer.status.as_u16(), answer.header("idempotency-replayed").as_str()) {
                (201, "") => made.push(answer),
                (201, "true") => replayed.push(answer),
                _ => {
                    has_to_wait(answer);
                    waiting += 1;
                }
            }
        }
        println!("{:?}: {} made, {waiting} told to wait, {} replayed", app.backend, made.len(), replayed.len());
        assert_eq!(made.len(), 1);
        replayed.iter().for_each(|answer| replays(answer, &made[0]));
        // Callers that had to wait repeat their request until they get the response. All get the same one.
        let again = join_all(callers.iter().map(async |caller| {
            loop {
                let answer = post(caller, "k", ORGANISATIONS, &body).await;
                if answer.status != 409 {
                    return answer;
                }
                has_to_wait(answer);
            }
        }))
        .await;
        again.iter().for_each(|answer| replays(answer, &made[0]));
        assert_eq!(count(&app, "Zxq").await, 1);
        assert_eq!(log_end(&app).await, end + 1);
    }

    async fn concurrent_requests_with_different_keys_all_succeed(app: TestApp) {
        let callers: Vec<_> = (0..40).map(|_| app.coordinator()).collect();
        let posts = callers.iter().enumerate().map(async |(number, caller)| {
            let key = format!("k{number}");
            let first = is_new(post(caller, &key, ORGANISATIONS, &organisation("Zxq")).await, 201);
            replays(&post(caller, &key, ORGANISATIONS, &organisation("Zxq")).await, &first);
            first.json()["id"].to_string()
        });
        let ids: BTreeSet<_> = join_all(posts).await.into_iter().collect();
        assert_eq!((ids.len(), count(&app, "Zxq").await), (40, 40));
    }

    async fn a_key_whose_request_is_running_gets_409_at_once(app: TestApp) {
        one_waits(&app, &app.coordinator(), &app.coordinator()).await;
    }

    /// If the client disconnects, its key is free again as soon as the work has ended.
    async fn a_disconnected_client_does_not_block_its_key(app: TestApp) {
        let (staff, body) = (app.coordinator(), organisation("Zxq"));
        let holding = Holding::begin(&app).await;
        let (one, other) =
            (post(&staff, "k", ORGANISATIONS, &body), post(&staff, "k", ORGANISATIONS, &body));
        let (answered, runs) = match select(Box::pin(one), Box::pin(other)).await {
            Either::Left(both) => both,
            Either::Right(both) => both,
        };
        has_to_wait(answered);
        drop(runs);
        holding.end().await;
        let answer = loop {
            let answer = post(&staff, "k", ORGANISATIONS, &body).await;
            if answer.status != 409 {
                break answer.expect(201);
            }
            has_to_wait(answer);
        };
        replays(&post(&staff, "k", ORGANISATIONS, &body).await, &answer);
        assert_eq!(count(&app, "Zxq").await, 1);
    }

    async fn instances_share_running_keys(app: TestApp) {
        let second = TestApp::start(app.backend, app.url.clone(), None);
        match app.backend {
            Backend::Postgres => one_waits(&app, &app.coordinator(), &second.coordinator()).await,
            // On SQLite the second instance waits for its turn to write, and then finds the response.
            Backend::Sqlite => {
                let body = organisation("Zxq");
                let callers = [app.coordinator(), second.coordinator()];
                let both = join_all(callers.iter().map(|caller| post(caller, "k", ORGANISATIONS, &body))).await;
                let (again, first): (Vec<_>, Vec<_>) =
                    both.iter().partition(|answer| answer.header("idempotency-replayed") == "true");
                assert_eq!((again.len(), first.len()), (1, 1));
                replays(again[0], first[0]);
                assert_eq!(count(&app, "Zxq").await, 1);
            }
        }
    }
}
