//! How far the change log is settled: every position up to there is either committed, and seen by whoever reads now, or
//! will never be. Who follows the log goes no further, and so misses nothing.
//!
//! On PostgreSQL a sequence gives its numbers before the commit, so that a later number may become visible first. A writer
//! announces, by an advisory lock that ends with its transaction, behind which number its own will be; they wait for
//! nobody, and many commits reach the disk at once. SQLite has one writer at a time: there the log is always settled.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgListener;
use vku_domain::kernel::error::Error;

use super::Database;
use super::error::failed;

/// The upper 24 bits of the locks; the position is in the other 40.
const TAG: i64 = 0x0076_6b75;

/// The last number that was given, as a statement.
const LAST: &str =
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM change_position_seq";

/// The least of the numbers behind which somebody writes; null where nobody does. (A lock of one number is shown in two
/// halves: PostgreSQL manual, `pg_locks`.)
fn lowest_reserved() -> String {
    format!(
        "SELECT min(((classid::bigint & 255) << 32) | objid::bigint) AS position FROM pg_locks \
         WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 8 = {TAG} \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
}

/// Before numbers are drawn: behind which they will be.
pub(crate) async fn reserve(tx: &DatabaseTransaction) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let lock = format!(
            "SELECT pg_advisory_xact_lock_shared(({TAG}::bigint << 40) | position) FROM ({LAST}) AS last"
        );
        tx.execute_raw(Statement::from_string(DatabaseBackend::Postgres, lock)).await.map_err(failed)?;
    }
    Ok(())
}

/// The end of what is settled. To be asked for before the snapshot is taken in which the log is read: what is decided in
/// between is then seen.
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
    // In this order: whoever has drawn one of the numbers up to the last has announced it before.
    let last = ask(LAST.into()).await?.unwrap_or(0);
    Ok(ask(lowest_reserved()).await?.map_or(last, |position| position.min(last)))
}

/// The same, on a connection that is held for listening.
pub(crate) async fn high_watermark_on(listener: &mut PgListener) -> Result<i64, sqlx::Error> {
    let last: i64 = sqlx::query_scalar(LAST).fetch_one(&mut *listener).await?;
    let undecided: Option<i64> =
        sqlx::query_scalar(AssertSqlSafe(lowest_reserved())).fetch_one(listener).await?;
    Ok(undecided.map_or(last, |position| position.min(last)))
}
