//! Whatever is sent: no panic, and nothing that would be a fault of ours.
//!
//! A few thousand inputs are tried in every run. The long run, a million of them on SQLite, and what reaches the database
//! once more on PostgreSQL:
//!
//! `cargo test -p vku-tests -- --ignored --nocapture api::fuzz`
//!
//! `VKU_TEST_SEED` tries others. What fails is printed with what was tried.

mod dice;
mod lists;
mod patches;
mod requests;

use std::collections::BTreeSet;

use serde_json::Value;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;
use vku_persistence::collections;

use crate::api::given::the_rest;
use crate::harness::{Backend, TestApp, on_both, run};
use dice::Dice;

/// How many inputs of each kind are tried.
struct Budget {
    /// Query strings that are read.
    queries: usize,
    /// Query strings that are asked, where they can be read.
    asked: usize,
    /// Cursors.
    cursors: usize,
    /// Merge patches, and bodies of new things.
    patches: usize,
    /// Requests of all kinds.
    requests: usize,
}

const SHORT: Budget = Budget { queries: 4_000, asked: 400, cursors: 2_000, patches: 2_000, requests: 800 };
const LONG: Budget =
    Budget { queries: 400_000, asked: 40_000, cursors: 200_000, patches: 330_000, requests: 30_000 };

on_both! {
    async fn thousands_of_inputs(app: TestApp) {
        try_all(&app, &SHORT).await;
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_million_inputs() {
    run(Backend::Sqlite, async |app| assert_eq!(try_all(&app, &LONG).await, 1_000_000));
}

#[test]
#[ignore = "takes minutes"]
fn what_reaches_postgresql() {
    let budget = Budget { queries: 0, patches: 0, ..LONG };
    run(Backend::Postgres, async |app| assert_eq!(try_all(&app, &budget).await, 270_000));
}

/// Tries them; answers how many there were.
async fn try_all(app: &TestApp, budget: &Budget) -> usize {
    let seed = std::env::var("VKU_TEST_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    let (dice, collections) = (&mut Dice::new(seed), collections());
    let share =
        |all: usize, index: usize| all / collections.len() + usize::from(index < all % collections.len());
    // Tokens would end before the long run does.
    app.clock.stop();
    the_rest(app, &["Zxq", "Київ", "a_b"]).await;
    let (mut tried, told) = requests::send(app, dice, budget.requests).await;
    println!("{:?}, requests: {told}", app.backend);
    for (index, collection) in collections.iter().enumerate() {
        let Budget { queries, asked, cursors, patches, .. } = *budget;
        let lists = lists::Lists {
            app,
            dice,
            read: share(queries, index),
            asked: share(asked, index),
            cursors: share(cursors, index),
        };
        let (many, told) = vku_persistence::visit(collection, lists).await.unwrap();
        let patches = patches::Patches { app, dice, many: share(patches, index) };
        let (more, changes) = vku_persistence::visit(collection, patches).await.unwrap();
        println!("{:?}, {collection}: {told}; {changes}", app.backend);
        tried += many + more;
    }
    println!("{:?}: {tried} inputs, no panic and no fault of ours", app.backend);
    tried
}

/// What is tried, shown when it goes wrong.
struct Case<'a>(&'a dyn Fn() -> String);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("tried: {}", self.0());
        }
    }
}

/// Whatever is wrong, it is the caller's.
#[track_caller]
fn is_theirs(error: &Error) {
    assert!((400..500).contains(&error.code.status()), "{error} {:?}", error.source);
}

/// Everybody who may ask: the public, the operator, and each role, bound to the utilities that there are.
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

/// The texts in a value and the names of its members.
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
