//! Updates the search index in the transaction of a write, with a few statements however much was written.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement};
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::{Index, keys};

use super::entries;
use crate::kernel::database::error::failed;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::reindexed::Reindexed;

/// Word, resource, rank and id: the primary key of `search_hit`.
type Hit<'a> = (&'a str, &'static str, i32, Uuid);

fn hits<'a>(resource: &'static str, id: Uuid, index: &'a Index) -> BTreeSet<Hit<'a>> {
    index.iter().map(|(word, field)| (word.as_str(), resource, field.rank(), id)).collect()
}

/// How many rows one statement takes.
const CHUNK: usize = 2_000;

/// The advisory lock on PostgreSQL that separates writers that add words from writers that remove the last
/// hit of a word.
pub(super) const WORDS_LOCK: i64 = 0x0076_6b75_5f77_7264;

/// Writes the differences to the index. Words without a hit are deleted, because they may be personal data.
pub(crate) async fn write(tx: &Connection, indexed: Vec<Reindexed>) -> Result<(), Error> {
    let mut merged: BTreeMap<(&'static str, Uuid), (Index, Index)> = BTreeMap::new();
    for Reindexed { resource, id, before, after } in indexed {
        tx.tables().add_written(TableSet::of(resource));
        merged.entry((resource, id)).or_insert_with(|| (before, Index::new())).1 = after;
    }
    let (mut removed, mut added) = (BTreeSet::new(), BTreeSet::new());
    for ((resource, id), (before, after)) in &merged {
        let (before, after) = (hits(resource, *id, before), hits(resource, *id, after));
        removed.extend(before.difference(&after).copied());
        added.extend(after.difference(&before).copied());
    }
    if removed.is_empty() && added.is_empty() {
        return Ok(());
    }
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let lock = if removed.is_empty() { "pg_advisory_xact_lock_shared" } else { "pg_advisory_xact_lock" };
        tx.execute_unprepared(&format!("SELECT {lock}({WORDS_LOCK})")).await.map_err(failed)?;
    }
    remove(tx, &removed).await?;
    add(tx, &added).await?;
    forget(tx, &removed.iter().map(|(word, ..)| *word).collect()).await
}

async fn remove(tx: &Connection, hits: &BTreeSet<Hit<'_>>) -> Result<(), Error> {
    let sql = format!(
        "DELETE FROM search_hit WHERE (word, resource, rank, resource_id) IN (SELECT {})",
        HitColumns(tx.get_database_backend())
    );
    run(tx, &sql, &mut hits.iter().map(row)).await.map(drop)
}

async fn add(tx: &Connection, hits: &BTreeSet<Hit<'_>>) -> Result<(), Error> {
    let from = entries(tx.get_database_backend());
    let words: BTreeSet<&str> = hits.iter().map(|(word, ..)| *word).collect();
    let sql = format!(
        "INSERT INTO search_word (word) SELECT entry.value ->> 0 FROM {from} AS entry WHERE true \
         ON CONFLICT DO NOTHING RETURNING word"
    );
    let new = run(tx, &sql, &mut words.iter().map(|word| json!([word]))).await?;
    let sql = format!(
        "INSERT INTO search_part (part, word) SELECT entry.value ->> 0, entry.value ->> 1 FROM {from} AS entry \
         WHERE true ON CONFLICT DO NOTHING"
    );
    run(tx, &sql, &mut parts(&new)?.into_iter()).await?;
    let sql = format!(
        "INSERT INTO search_hit (word, resource, rank, resource_id) SELECT {} WHERE true ON CONFLICT DO NOTHING",
        HitColumns(tx.get_database_backend())
    );
    run(tx, &sql, &mut hits.iter().map(row)).await.map(drop)
}

/// Deletes those of these words that have no hits left.
async fn forget(tx: &Connection, words: &BTreeSet<&str>) -> Result<(), Error> {
    let from = entries(tx.get_database_backend());
    let sql = format!(
        "DELETE FROM search_word WHERE word IN (SELECT entry.value ->> 0 FROM {from} AS entry) \
         AND NOT EXISTS (SELECT 1 FROM search_hit WHERE search_hit.word = search_word.word) RETURNING word"
    );
    let deleted = run(tx, &sql, &mut words.iter().map(|word| json!([word]))).await?;
    let sql = format!(
        "DELETE FROM search_part WHERE (part, word) IN \
         (SELECT entry.value ->> 0, entry.value ->> 1 FROM {from} AS entry)"
    );
    run(tx, &sql, &mut parts(&deleted)?.into_iter()).await.map(drop)
}

/// Rows for a statement, generated on demand, because an import has millions.
type Rows<'a> = &'a mut (dyn Iterator<Item = Value> + Send);

/// Runs a statement with rows as a JSON array.
async fn run(tx: &Connection, sql: &str, rows: Rows<'_>) -> Result<Vec<QueryResult>, Error> {
    let (backend, mut result) = (tx.get_database_backend(), Vec::new());
    loop {
        let chunk: Vec<_> = (&mut *rows).take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(result);
        }
        let rows = Value::Array(chunk).to_string();
        let statement = Statement::from_sql_and_values(backend, sql, [rows.into()]);
        result.extend(tx.query_all_raw(statement).await.map_err(failed)?);
    }
}

/// Returns the keys of the words that a statement returned.
fn parts(words: &[QueryResult]) -> Result<Vec<Value>, Error> {
    let words = words.iter().map(|row| row.try_get::<String>("", "word")).collect::<Result<Vec<_>, _>>();
    let mut parts: Vec<_> = words
        .map_err(failed)?
        .iter()
        .flat_map(|word| keys(word).into_iter().map(|key| (key, word.clone())))
        .collect();
    parts.sort_unstable();
    Ok(parts.into_iter().map(|(part, word)| json!([part, word])).collect())
}

fn row((word, resource, rank, id): &Hit<'_>) -> Value {
    json!([word, resource, rank, id.simple().to_string()])
}

/// The columns of a hit, and the `FROM` that they come from.
struct HitColumns(DatabaseBackend);

impl std::fmt::Display for HitColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = match self.0 {
            DatabaseBackend::Postgres => "CAST(entry.value ->> 3 AS uuid)",
            _ => "unhex(entry.value ->> 3)",
        };
        let from = entries(self.0);
        write!(
            f,
            "entry.value ->> 0, entry.value ->> 1, CAST(entry.value ->> 2 AS integer), {id} FROM {from} AS entry"
        )
    }
}
