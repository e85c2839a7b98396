//! The same request many times at once, and while it runs.

use std::collections::BTreeSet;

use futures_util::future::{Either, join_all, select};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use super::*;
use crate::harness::Backend;

/// Somebody else who writes to the organisations, and is not done: whoever writes to them waits.
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

/// It is told that the first one still runs.
#[track_caller]
fn has_to_wait(answer: Answer) {
    assert_eq!(answer.header("retry-after"), "1", "{}", answer.text());
    answer.problem(409, "idempotency_key_in_use");
}

/// Of two that are sent while the work is held up: the one that is answered has to wait, the other does the work.
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
    // Nobody else waits: the key is the sender's, and so is the work.
    holding.end().await;
    let done = is_new(runs.await, 201);
    for caller in [one, other] {
        replays(&post(caller, "k", ORGANISATIONS, &body).await, &done);
    }
    assert_eq!(count(app, "Zxq").await, 1);
}

on_both! {
    async fn forty_at_once_make_one(app: TestApp) {
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
        // Whoever had to wait asks again until it has its answer; all have the same.
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

    async fn many_keys_at_once_are_in_nobodys_way(app: TestApp) {
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

    async fn a_running_one_is_told_of_at_once(app: TestApp) {
        one_waits(&app, &app.coordinator(), &app.coordinator()).await;
    }

    /// A caller that goes away gives its key back, as soon as its work has ended.
    async fn who_hangs_up_holds_no_key(app: TestApp) {
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

    async fn instances_tell_each_other(app: TestApp) {
        let second = TestApp::start(app.backend, app.url.clone(), None);
        match app.backend {
            Backend::Postgres => one_waits(&app, &app.coordinator(), &second.coordinator()).await,
            // There the second waits for its turn to write, and finds the answer then.
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
