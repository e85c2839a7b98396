//! Rows that the demo data lacks, with instants of all precisions. The fixture of each resource has the values.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::reference::Key;
use vku_persistence::kernel::crypto::encryption::Secret;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::Writer;
use vku_persistence::{Visitor, visit};

use crate::api::changes::write;
use crate::api::fixtures::FIXTURES;
use crate::api::fixtures::rows::Row;
use crate::harness::database::SECRET;

/// A clock with whole seconds, milliseconds and microseconds in turn.
struct Turns(AtomicI64);

impl Clock for Turns {
    fn now(&self) -> DateTime<Utc> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let micros = [0, 500_000, 500_001, 1, 999_999][usize::try_from(turn % 5).unwrap()];
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + turn / 5) + TimeDelta::microseconds(micros)
    }
}

const ROUNDS: usize = 24;

/// Creates a row of a resource.
struct Create<'a, 'w> {
    tx: &'a mut Writer<'w>,
    parent: Option<Key>,
    body: Value,
}

impl Visitor for Create<'_, '_> {
    type Output = Result<(), Error>;

    async fn visit<T: Table>(self) -> Self::Output {
        self.tx.create::<T>(self.parent.as_ref(), self.body).await.map(|_| ())
    }
}

pub(super) async fn add(url: &str) {
    let (database, secret) = (Database::connect(url).await.unwrap(), Secret::from_bytes(SECRET));
    let (store, _) = Store::open(database, secret, Arc::new(Turns(AtomicI64::new(0)))).await.unwrap();
    for number in 0..ROUNDS {
        let row = Row(number);
        let add = async |tx: &mut Writer<'_>| {
            for fixture in FIXTURES {
                let Some(body) = (fixture.row)(&row) else { continue };
                // The rows of a round belong together: `partnership-3`, `session-3`, `utility-3`.
                let parent = fixture.parent_path().map(|path| match path {
                    "/api/v1/partnerships" => format!("partnership-{number}").parse().unwrap(),
                    "/api/v1/sessions" => format!("session-{number}").parse().unwrap(),
                    "/api/v1/members" => format!("utility-{number}").parse().unwrap(),
                    _ => panic!("{path}: which slug has its row?"),
                });
                visit(fixture.collection, Create { tx: &mut *tx, parent, body }).await.unwrap()?;
            }
            Ok(())
        };
        Box::pin(write(&store, InputSource::Import, add)).await.unwrap();
    }
    store.database().clone().close().await.unwrap();
}
