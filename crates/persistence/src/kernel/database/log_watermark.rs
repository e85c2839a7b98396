//! The high watermark of the change log: each position up to it is either committed and visible to new
//! snapshots, or will never be used. A reader that follows the log stops there, and so misses nothing.
//!
//! On PostgreSQL a sequence assigns positions before the commit, so a higher position may become visible
//! first. Each writer therefore reserves, by an advisory lock that ends with its transaction, the position
//! after which its own will be. Writers do not wait for each other, and many commits reach the disk at once.
//! SQLite has one writer at a time, so its log is always complete.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgListener;
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::Database;
use super::error::failed;

/// The upper 24 bits of the lock keys; the position is in the lower 40.
const TAG: i64 = 0x0076_6b75;

/// Selects the last position that the sequence has assigned.
const LAST_POSITION: &str =
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM change_position_seq";

/// Selects the lowest reserved position; null if there is none. (PostgreSQL shows an advisory lock with one
/// number as two halves: manual, `pg_locks`.)
fn lowest_reserved() -> String {
    format!(
        "SELECT min(((classid::bigint & 255) << 32) | objid::bigint) AS position FROM pg_locks \
         WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 8 = {TAG} \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
}

/// The lock that reserves positions.
fn lock() -> String {
    format!(
        "SELECT pg_advisory_xact_lock_shared(({TAG}::bigint << 40) | position) AS lock FROM ({LAST_POSITION}) AS last"
    )
}

/// Reserves positions before they are assigned.
pub(crate) async fn reserve(tx: &impl ConnectionTrait) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        tx.execute_raw(Statement::from_string(DatabaseBackend::Postgres, lock())).await.map_err(failed)?;
    }
    Ok(())
}

/// The mark of a change in the log: the resource and the instant.
pub(crate) fn mark(resource: Uuid, at: DateTime<Utc>) -> String {
    format!("{}:{}", resource.simple(), at.timestamp_micros())
}

/// Returns the marks of the first changes of all transactions that have the positions after one and up to another.
pub(crate) async fn marks_between(
    listener: &mut PgListener,
    after: i64,
    to: i64,
) -> Result<HashSet<String>, sqlx::Error> {
    let select = "SELECT DISTINCT ON (xmin::text) resource_id, at FROM change \
                  WHERE position > $1 AND position <= $2 ORDER BY xmin::text, position";
    let marks: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as(select).bind(after).bind(to).fetch_all(listener).await?;
    Ok(marks.into_iter().map(|(resource, at)| mark(resource, at)).collect())
}

/// Changes a statement that inserts one row into the log, so that it reserves the position first.
pub(crate) fn reserving(mut insert: Statement) -> Result<Statement, Error> {
    if insert.db_backend == DatabaseBackend::Postgres {
        let row =
            insert.sql.split_once(" VALUES (").and_then(|(into, row)| Some((into, row.strip_suffix(')')?)));
        let (into, row) = row.ok_or_else(|| Error::internal("an insert without a row"))?;
        // A subquery with an offset is computed before the row that is made of it, and that before its position.
        insert.sql = format!("{into} SELECT {row} FROM ({} OFFSET 0) AS reserved", lock());
    }
    Ok(insert)
}

/// Returns the high watermark. Call it before taking the snapshot in which the log is read, so that the
/// snapshot includes everything that is committed in between.
pub(crate) async fn high_watermark(database: &Database) -> Result<i64, Error> {
    if database.backend() != DatabaseBackend::Postgres {
        return Ok(i64::MAX);
    }
    let ask = async |sql: String| {
        let statement = Statement::from_string(DatabaseBackend::Postgres, sql);
        let row = database.writing().query_one_raw(statement).await.map_err(failed)?;
        let position = row.map(|row| row.try_get::<Option<i64>>("", "position")).transpose();
        position.map(Option::flatten).map_err(failed)
    };
    // In this order: a writer that has a position up to the last one has reserved it before.
    let last = ask(LAST_POSITION.into()).await?.unwrap_or(0);
    Ok(ask(lowest_reserved()).await?.map_or(last, |position| position.min(last)))
}

/// The same as [`high_watermark`], on a connection that listens for notifications.
pub(crate) async fn high_watermark_on(listener: &mut PgListener) -> Result<i64, sqlx::Error> {
    let last: i64 = sqlx::query_scalar(LAST_POSITION).fetch_one(&mut *listener).await?;
    let undecided: Option<i64> =
        sqlx::query_scalar(AssertSqlSafe(lowest_reserved())).fetch_one(listener).await?;
    Ok(undecided.map_or(last, |position| position.min(last)))
}
