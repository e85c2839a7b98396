//! Looks up names by the beginning of a word.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait, Order, Statement};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::{Field, MatchKey, SearchTerm};

use super::entries;
use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;

/// How many words are looked up at a time.
const WORDS: u64 = 50;
/// From so many names on, a word counts as frequent.
const FREQUENT: u64 = 500;

/// An indexed word, and a kind of resource with names that have it.
pub(crate) struct NameWord {
    pub(crate) word: String,
    pub(crate) resource: String,
}

/// Returns the next words that begin with a term, after this key, and the key of the last one; `None` if there are no
/// more.
pub(crate) async fn next_words(
    tx: &Connection,
    term: &SearchTerm,
    after: &str,
) -> Result<(Vec<String>, Option<String>), Error> {
    // Each range on its own: for several, SQLite would read the index from its beginning.
    let in_range = |MatchKey(from, to): MatchKey| {
        let part = || Expr::col("part");
        let is_next = if after < from.as_str() { part().gte(from) } else { part().gt(after) };
        let mut select = Query::select().columns(["part", "word"]).from("search_part").take();
        next(select.and_where(is_next).and_where(part().lt(to)))
    };
    let mut ranges = term.beginning_keys().map(in_range).map(all_of);
    let Some(first) = ranges.next() else { return Ok((Vec::new(), None)) };
    let union = |mut all: SelectStatement, range| all.union(UnionType::Distinct, range).take();
    let select = next(&mut all_of(ranges.fold(first, union)));
    let rows = tx.rows(&select).await.map_err(failed)?;
    let read = |name: &str| rows.iter().map(|row| row.get::<String>(name)).collect::<Result<Vec<_>, _>>();
    let (mut parts, mut words) = (read("part").map_err(failed)?, read("word").map_err(failed)?);
    let last = if u64::try_from(parts.len()) == Ok(WORDS) { parts.pop() } else { None };
    words.dedup();
    Ok((words, last))
}

/// Selects all rows of a statement with a limit, for a statement that combines several.
fn all_of(select: SelectStatement) -> SelectStatement {
    Query::select().columns(["part", "word"]).from_subquery(select, "its").take()
}

/// Sorts words by their keys, and limits them.
fn next(select: &mut SelectStatement) -> SelectStatement {
    select.order_by("part", Order::Asc).order_by("word", Order::Asc).limit(WORDS).take()
}

/// Returns which of the words are in names of which of the resources, in the order of the words and then of the resources.
pub(crate) async fn name_words(
    tx: &Connection,
    words: &[String],
    resources: &[&'static str],
) -> Result<Vec<NameWord>, Error> {
    resources.iter().copied().for_each(|resource| tx.tables().add_read(TableSet::of(resource)));
    let backend = tx.get_database_backend();
    let (from, rank) = (entries(backend), Field::Name.rank());
    let second = from.replace("$1", "$2");
    // `OFFSET 0` makes PostgreSQL look each pair up in the index, rather than read all hits for a join.
    let sql = format!(
        "SELECT words.value ->> 0 AS word, kinds.value ->> 0 AS resource, CAST(words.value ->> 1 AS integer) AS place, \
         CAST(kinds.value ->> 1 AS integer) AS kind FROM {from} AS words CROSS JOIN {second} AS kinds \
         WHERE EXISTS (SELECT 1 FROM search_hit WHERE search_hit.word = words.value ->> 0 \
         AND search_hit.resource = kinds.value ->> 0 AND search_hit.rank = {rank} LIMIT 1 OFFSET 0) ORDER BY 3, 4"
    );
    let numbered = |texts: Vec<&str>| {
        let numbered: Vec<_> = texts.iter().enumerate().map(|(place, text)| (text, place)).collect();
        serde_json::to_string(&numbered).map_err(Error::internal)
    };
    let values = [numbered(words.iter().map(String::as_str).collect())?, numbered(resources.to_vec())?];
    let statement = Statement::from_sql_and_values(backend, sql, values.map(Into::into));
    let rows = tx.rows_raw(statement).await.map_err(failed)?;
    let read = rows.iter().map(|row| Ok(NameWord { word: row.get("word")?, resource: row.get("resource")? }));
    read.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)
}

/// Returns in how many names the words are, up to the number from which on they count as frequent.
pub(crate) async fn frequency(tx: &Connection, words: &[String]) -> Result<i64, Error> {
    let hits = Query::select()
        .expr(Expr::val(1))
        .from("search_hit")
        .and_where(Expr::col("word").is_in(words))
        .and_where(Expr::col("rank").eq(Field::Name.rank()))
        .limit(FREQUENT)
        .take();
    let count = Query::select().expr_as(Expr::cust("count(*)"), "hits").from_subquery(hits, "few").take();
    let rows = tx.rows(&count).await.map_err(failed)?;
    rows.first().map_or(Ok(0), |row| row.get("hits")).map_err(failed)
}

/// Restricts a select to rows whose name has a word, in the order of their ids.
pub(crate) fn having_name_word(table: &AnyTable, select: &mut SelectStatement, word: &str, limit: u64) {
    let hit = |column: &'static str| Expr::col(("search_hit", column));
    select
        .from("search_hit")
        .and_where(hit("word").eq(word))
        .and_where(hit("resource").eq(table.name()))
        .and_where(hit("rank").eq(Field::Name.rank()))
        .and_where(hit("resource_id").eq(table.column("id")))
        .order_by_expr(hit("resource_id"), Order::Asc)
        .limit(limit);
}
