//! Updates the search index in the transaction of a write, with a few statements however much was written.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement, Value};
use serde::Serialize;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::{Field, Index, keys};

use crate::kernel::database::error::failed;
use crate::kernel::database::json_rows::{self, JsonId, entries};
use crate::kernel::database::table_set::TableSet;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::reindexed::Reindexed;

/// Word, resource, rank and id: the primary key of `search_hit`.
type Hit<'a> = (&'a str, &'static str, i32, Uuid);

/// The hits of one index that another does not have.
fn difference<'a>(
    resource: &'static str,
    id: Uuid,
    index: &'a Index,
    other: &'a Index,
) -> impl Iterator<Item = Hit<'a>> {
    let differs = |(word, field): &(&String, &Field)| other.get(*word) != Some(*field);
    index.iter().filter(differs).map(move |(word, field)| (word.as_str(), resource, field.rank(), id))
}

/// The words of hits that are sorted, each once.
fn words<'a>(hits: &[Hit<'a>]) -> Vec<(&'a str,)> {
    let mut words: Vec<_> = hits.iter().map(|(word, ..)| (*word,)).collect();
    words.dedup();
    words
}

/// The advisory lock on PostgreSQL that separates writers that add words from writers that remove the last
/// hit of a word.
pub(super) const WORDS_LOCK: i64 = 0x0076_6b75_5f77_7264;

/// Writes the differences to the index. Words without a hit are deleted, because they may be personal data.
pub(crate) async fn write(tx: &Connection, indexed: Vec<Reindexed>) -> Result<(), Error> {
    let rest = begin(tx, indexed).await?;
    tx.execute_all(rest).await.map_err(failed)
}

/// Writes the differences to the index, but for the statements that are returned: the caller executes them with others.
pub(crate) async fn begin(tx: &Connection, indexed: Vec<Reindexed>) -> Result<Vec<Statement>, Error> {
    let mut merged: BTreeMap<(&'static str, Uuid), (Index, Index)> = BTreeMap::new();
    for Reindexed { resource, id, before, after } in indexed {
        tx.tables().add_written(TableSet::of(resource));
        merged.entry((resource, id)).or_insert_with(|| (before, Index::new())).1 = after;
    }
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for ((resource, id), (before, after)) in &merged {
        removed.extend(difference(resource, *id, before, after));
        added.extend(difference(resource, *id, after, before));
    }
    // In the order of the index, so that each of its pages is changed once.
    removed.sort_unstable();
    added.sort_unstable();
    // A resource that had no words has no hits that could be met again.
    let are_new = merged.values().all(|(before, _)| before.is_empty());
    if removed.is_empty() {
        return add(tx, &added, are_new).await;
    }
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({WORDS_LOCK})");
        tx.execute_unprepared(&lock).await.map_err(failed)?;
    }
    remove(tx, &removed).await?;
    let adding = add(tx, &added, are_new).await?;
    tx.execute_all(adding).await.map_err(failed)?;
    forget(tx, &removed).await?;
    Ok(Vec::new())
}

async fn remove(tx: &Connection, hits: &[Hit<'_>]) -> Result<(), Error> {
    for statement in of_hits(tx.get_database_backend(), hits, |columns| {
        format!("DELETE FROM search_hit WHERE (word, resource, rank, resource_id) IN (SELECT {columns})")
    }) {
        tx.execute_raw(statement?).await.map_err(failed)?;
    }
    Ok(())
}

/// Adds the words, and returns the statements that add their keys and hits. If no hit can be there yet, PostgreSQL need
/// not look for each, which takes longer than the insertion.
async fn add(tx: &Connection, hits: &[Hit<'_>], are_new: bool) -> Result<Vec<Statement>, Error> {
    let backend = tx.get_database_backend();
    let from = entries(backend);
    // The subquery is read before the first word is inserted, and the insertion sees what others have committed by
    // then, whatever the snapshot of the statement is.
    let lock = match backend {
        DatabaseBackend::Postgres => {
            format!("(SELECT pg_advisory_xact_lock_shared({WORDS_LOCK}) OFFSET 0) AS lock CROSS JOIN ")
        }
        _ => String::new(),
    };
    let sql = format!(
        "INSERT INTO search_word (word) SELECT entry.value ->> 0 FROM {lock}{from} AS entry WHERE true \
         ON CONFLICT DO NOTHING RETURNING word"
    );
    let new = parts(&run(tx, &sql, words(hits).iter()).await?)?;
    let sql = format!(
        "INSERT INTO search_part (part, word) SELECT entry.value ->> 0, entry.value ->> 1 FROM {from} AS entry \
         WHERE true ON CONFLICT DO NOTHING"
    );
    let keys = json_rows::statements(backend, &sql, new.iter());
    let on_conflict = if are_new { "" } else { " ON CONFLICT DO NOTHING" };
    let hits = of_hits(backend, hits, |columns| {
        format!(
            "INSERT INTO search_hit (word, resource, rank, resource_id) SELECT {columns} WHERE true{on_conflict}"
        )
    });
    keys.chain(hits).collect()
}

/// Deletes those of the words of these hits that have no hits left.
async fn forget(tx: &Connection, hits: &[Hit<'_>]) -> Result<(), Error> {
    let from = entries(tx.get_database_backend());
    let sql = format!(
        "DELETE FROM search_word WHERE word IN (SELECT entry.value ->> 0 FROM {from} AS entry) \
         AND NOT EXISTS (SELECT 1 FROM search_hit WHERE search_hit.word = search_word.word) RETURNING word"
    );
    let deleted = run(tx, &sql, words(hits).iter()).await?;
    let sql = format!(
        "DELETE FROM search_part WHERE (part, word) IN \
         (SELECT entry.value ->> 0, entry.value ->> 1 FROM {from} AS entry)"
    );
    run(tx, &sql, parts(&deleted)?.into_iter()).await.map(drop)
}

/// Runs a statement with rows as a JSON array.
async fn run<R: Serialize>(
    tx: &Connection,
    sql: &str,
    rows: impl Iterator<Item = R>,
) -> Result<Vec<QueryResult>, Error> {
    let mut result = Vec::new();
    for statement in json_rows::statements(tx.get_database_backend(), sql, rows) {
        result.extend(tx.query_all_raw(statement?).await.map_err(failed)?);
    }
    Ok(result)
}

/// Returns the keys of the words that a statement returned.
fn parts(words: &[QueryResult]) -> Result<BTreeSet<(String, String)>, Error> {
    let words = words.iter().map(|row| row.try_get::<String>("", "word")).collect::<Result<Vec<_>, _>>();
    let words = words.map_err(failed)?;
    Ok(words.iter().flat_map(|word| keys(word).into_iter().map(|key| (key, word.clone()))).collect())
}

/// How many hits one statement takes.
const CHUNK: usize = 2_000;

/// The ids of hits by their words and ranks, as SQLite gets them: each word once.
type HitsByWord<'a> = BTreeMap<&'a str, BTreeMap<i32, Vec<JsonId>>>;

/// The words, ranks and ids of hits as lists with spaces, which PostgreSQL reads faster than JSON. Words have no spaces.
fn lists(hits: &[&Hit<'_>]) -> [Value; 3] {
    let list = |of: &dyn Fn(&Hit<'_>) -> String| -> Value {
        hits.iter().map(|hit| of(hit)).collect::<Vec<_>>().join(" ").into()
    };
    [list(&|hit| hit.0.to_owned()), list(&|hit| hit.2.to_string()), list(&|hit| hit.3.simple().to_string())]
}

fn by_word(hits: &[&Hit<'_>]) -> Result<Value, Error> {
    let mut by_word = HitsByWord::new();
    for (word, _, rank, id) in hits {
        by_word.entry(word).or_default().entry(*rank).or_default().push(JsonId(*id));
    }
    serde_json::to_string(&by_word).map(Into::into).map_err(Error::internal)
}

/// The statements about hits; `sql` makes their text of the columns of a hit and the `FROM` that they come from.
fn of_hits(
    backend: DatabaseBackend,
    hits: &[Hit<'_>],
    sql: impl Fn(&str) -> String,
) -> impl Iterator<Item = Result<Statement, Error>> {
    let sql = sql(match backend {
        DatabaseBackend::Postgres => {
            "hit.word, $1, hit.rank, hit.id FROM unnest(string_to_array($2, ' '), \
             CAST(string_to_array($3, ' ') AS integer[]), CAST(string_to_array($4, ' ') AS uuid[])) \
             AS hit (word, rank, id)"
        }
        _ => {
            "word.key, $1, CAST(ranked.key AS integer), unhex(hit.value) \
             FROM json_each($2) AS word, json_each(word.value) AS ranked, json_each(ranked.value) AS hit"
        }
    });
    let mut by_resource: BTreeMap<&'static str, Vec<&Hit<'_>>> = BTreeMap::new();
    for hit in hits {
        by_resource.entry(hit.1).or_default().push(hit);
    }
    by_resource.into_iter().flat_map(move |(resource, hits)| {
        let statements = hits.chunks(CHUNK).map(|hits| {
            let mut values: Vec<Value> = vec![resource.into()];
            match backend {
                DatabaseBackend::Postgres => values.extend(lists(hits)),
                _ => values.push(by_word(hits)?),
            }
            Ok(Statement::from_sql_and_values(backend, &sql, values))
        });
        statements.collect::<Vec<_>>()
    })
}
