//! Random input causes no panic and no internal error.
//!
//! Every run tries a few thousand inputs. The long run tries a million on SQLite, and those that reach the database
//! again on PostgreSQL:
//!
//! `cargo test -p vku-tests -- --ignored --nocapture api::fuzz`
//!
//! `VKU_TEST_SEED` sets another seed. A failing input is printed.

mod lists;
mod patches;
pub(in crate::api) mod random;
mod requests;

use std::collections::BTreeSet;

use serde_json::Value;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;
use vku_persistence::collections;

use crate::api::fixtures::create_samples;
use crate::harness::{Backend, TestApp, on_both, run};
use random::Random;

/// The number of inputs of each kind.
struct Budget {
    /// Query strings to parse.
    queries: usize,
    /// Valid queries to run.
    asked: usize,
    /// Cursors.
    cursors: usize,
    /// Merge patches and bodies of new resources.
    patches: usize,
    /// Requests with random method, path, query, headers and body.
    requests: usize,
}

const SHORT: Budget = Budget { queries: 4_000, asked: 400, cursors: 2_000, patches: 2_000, requests: 800 };
const LONG: Budget =
    Budget { queries: 400_000, asked: 40_000, cursors: 200_000, patches: 330_000, requests: 30_000 };

on_both! {
    async fn thousands_of_random_inputs_cause_no_server_error(app: TestApp) {
        try_all(&app, &SHORT).await;
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_million_random_inputs_cause_no_server_error() {
    run(Backend::Sqlite, async |app| assert_eq!(try_all(&app, &LONG).await, 1_000_000));
}

#[test]
#[ignore = "takes minutes"]
fn random_queries_and_requests_cause_no_error_in_postgresql() {
    let budget = Budget { queries: 0, patches: 0, ..LONG };
    run(Backend::Postgres, async |app| assert_eq!(try_all(&app, &budget).await, 270_000));
}

/// Tries all kinds of inputs. Returns their number.
async fn try_all(app: &TestApp, budget: &Budget) -> usize {
    let seed = std::env::var("VKU_TEST_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    let (random, collections) = (&mut Random::new(seed), collections());
    let share =
        |all: usize, index: usize| all / collections.len() + usize::from(index < all % collections.len());
    // The clock stands still, because tokens would expire during the long run.
    app.clock.stop();
    create_samples(app, &["Zxq", "Київ", "a_b"]).await;
    let (mut tried, told) = requests::send(app, random, budget.requests).await;
    println!("{:?}, requests: {told}", app.backend);
    for (index, collection) in collections.iter().enumerate() {
        let Budget { queries, asked, cursors, patches, .. } = *budget;
        let lists = lists::Lists {
            app,
            random,
            read: share(queries, index),
            asked: share(asked, index),
            cursors: share(cursors, index),
        };
        let (many, told) = vku_persistence::visit(collection, lists).await.unwrap();
        let patches = patches::Patches { app, random, many: share(patches, index) };
        let (more, changes) = vku_persistence::visit(collection, patches).await.unwrap();
        println!("{:?}, {collection}: {told}; {changes}", app.backend);
        tried += many + more;
    }
    println!("{:?}: {tried} inputs, no panic and no fault of ours", app.backend);
    tried
}

/// Prints the current input if the test panics.
struct Case<'a>(&'a dyn Fn() -> String);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("tried: {}", self.0());
        }
    }
}

/// Asserts that the error is the caller's fault and not the server's.
#[track_caller]
fn assert_client_error(error: &Error) {
    assert!((400..500).contains(&error.code.status()), "{error} {:?}", error.source);
}

/// All kinds of actors: the public, the operator, and each role, bound to two of these utilities.
fn everybody(app: &TestApp, utilities: &[uuid::Uuid]) -> Vec<Actor> {
    let at = app.store.now();
    let account = |role: Role| Actor {
        account: Some(uuid::Uuid::now_v7()),
        role: Some(role),
        utilities: utilities.iter().copied().take(2).collect(),
        scopes: None,
        at,
    };
    let roles = [Role::Reader, Role::Member, Role::Partner, Role::Coordinator, Role::Admin];
    [Actor::public(at), Actor::operator(at)].into_iter().chain(roles.map(account)).collect()
}

/// Collects the texts in a value and the names of its members.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(entries) => entries.iter().for_each(|entry| texts(entry, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            found.insert(name.clone());
            texts(member, found);
        }),
        _ => {}
    }
}
