//! Marks stored JSON as outdated when something changes that it was made from, besides its own resource: what the
//! resource refers to, and what its derived fields are computed from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement, UpdateStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, StatementBuilder};
use uuid::Uuid;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::read::stored_json::OUTDATED;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::change_log::NewChange;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::json_row::TABLE;
use crate::tables;

/// The advisory lock on PostgreSQL that separates the writer of JSON from writers that mark it as outdated.
const JSON_LOCK: i64 = 0x0076_6b75_5f6a_736e;
/// How many ids one statement has.
const CHUNK: usize = 500;

/// Where the ids of the resources are whose JSON is made from another resource.
struct Link {
    /// The table whose JSON it is.
    of: &'static AnyTable,
    table: String,
    key: String,
    owner: String,
}

impl Link {
    /// Whether the other resource is a part of the one with the JSON, and the link its own row.
    fn is_part(&self) -> bool {
        self.key == "id"
    }

    /// Selects the ids of the resources whose JSON is made from these.
    fn owners(&self, ids: &[Uuid]) -> SelectStatement {
        let named = Expr::col(self.key.clone()).is_in(ids.iter().copied());
        Query::select().column(self.owner.clone()).from(self.table.clone()).and_where(named).take()
    }
}

/// The links by the resource from which the JSON is made.
static LINKS: LazyLock<BTreeMap<&str, Vec<Link>>> = LazyLock::new(|| {
    let mut links: BTreeMap<&str, Vec<Link>> = BTreeMap::new();
    for of in tables().iter().copied().filter(|table| table.stores_json) {
        let mut add = |resource, table: &str, key: &str, owner: &str| {
            let [table, key, owner] = [table, key, owner].map(str::to_owned);
            links.entry(resource).or_default().push(Link { of, table, key, owner });
        };
        for from in of.derived_from {
            add(from.resource, from.table, from.key, from.owner);
        }
        for (key, target) in of.references() {
            add(target.name(), of.name(), &key, "id");
        }
        for (key, target) in of.party_references() {
            add(target.name(), &format!("{}_party", of.name()), key, "owner_id");
        }
    }
    links
});

/// Returns the statements that mark the JSON that is made from what has changed, to be executed as the last before the
/// commit. `published` is the resource whose rows a staged import publishes.
///
/// On PostgreSQL it first locks out the writer of JSON until the commit: that one could not see these changes yet, and
/// would write JSON without them after it was marked.
pub(crate) async fn marking(
    tx: &Connection,
    changes: &[NewChange],
    published: Option<&str>,
) -> Result<Vec<Statement>, Error> {
    let mut updates = Vec::new();
    for (resource, links) in &*LINKS {
        for link in links {
            if link.is_part() && published == Some(*resource) {
                let all = Query::select().column("id").from(link.of.name()).take();
                updates.push(marked(Expr::col("resource_id").in_subquery(all)));
            }
            let changed = changes.iter().filter(|change| change.resource == *resource);
            if link.is_part() {
                let owners: Vec<Uuid> = changed.filter_map(|change| change.parent_id).collect();
                let named = |ids: &[Uuid]| Expr::col("resource_id").is_in(ids.iter().copied());
                updates.extend(owners.chunks(CHUNK).map(|ids| marked(named(ids))));
            } else {
                // Nothing refers to a new resource yet.
                let ids: Vec<Uuid> = changed
                    .filter(|change| change.action != ChangeAction::Created)
                    .map(|change| change.resource_id)
                    .collect();
                let linked = |ids: &[Uuid]| Expr::col("resource_id").in_subquery(link.owners(ids));
                updates.extend(ids.chunks(CHUNK).map(|ids| marked(linked(ids))));
            }
        }
    }
    let backend = tx.get_database_backend();
    if !updates.is_empty() {
        lock(tx, "pg_advisory_xact_lock_shared").await?;
    }
    Ok(updates.iter().map(|update| StatementBuilder::build(update, &backend)).collect())
}

/// Marks the JSON that matches; its rows are locked in their order, so that writers do not lock each other out.
fn marked(condition: Expr) -> UpdateStatement {
    let mut ids = Query::select();
    ids.column("resource_id")
        .from(TABLE)
        .and_where(condition)
        .and_where(Expr::col("version").ne(OUTDATED))
        .order_by("resource_id", sea_orm::Order::Asc)
        .lock(LockType::Update);
    Query::update()
        .table(TABLE)
        .value("version", OUTDATED)
        .and_where(Expr::col("resource_id").in_subquery(ids.take()))
        .take()
}

/// Keeps others from marking JSON until the end of the transaction. SQLite has one writer at a time.
pub(crate) async fn lock_marking(tx: &Connection) -> Result<(), Error> {
    lock(tx, "pg_advisory_xact_lock").await
}

async fn lock(tx: &Connection, function: &str) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let lock = format!("SELECT {function}({JSON_LOCK})");
        tx.execute_unprepared(&lock).await.map_err(failed)?;
    }
    Ok(())
}
