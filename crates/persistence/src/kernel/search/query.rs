//! Searches: selects the rows that contain all words of a search, each with a score.

use std::collections::BTreeSet;

use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, FunctionCall, JoinType, Query, SelectStatement, SimpleExpr,
    UnionType,
};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::{Field, Filler, MatchKey, MatchQuality, Search};

use super::super::table::any::AnyTable;
use super::super::table::{Codes, FoundBy, FoundWords};
use super::entries;
use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::transaction::connection::Connection;

/// The alias of the subquery that is joined to a searched list.
pub(crate) const FOUND: &str = "found";
/// The column of the subquery with the score of a row.
pub(crate) const SCORE: &str = "score";

const ID: &str = "found_id";
/// The alias of the found rows before the filler words are counted.
const RATED: &str = "rated";

/// Restricts the select to rows that match the search, and joins their scores as [`FOUND`].
pub(crate) async fn join(
    tx: &Connection,
    table: &AnyTable,
    select: &mut SelectStatement,
    search: &Search,
) -> Result<(), Error> {
    let matching = matching(tx, search).await?;
    join_matching(tx, table, select, search, &matching);
    Ok(())
}

/// The same with the words that [`matching`] has returned, which are the same for all tables.
pub(crate) fn join_matching(
    tx: &Connection,
    table: &AnyTable,
    select: &mut SelectStatement,
    search: &Search,
    matching: &[Value],
) {
    let by_name = table.found_by.iter().map(|by| by.resource);
    for resource in by_name.chain(table.code_lists.iter().map(|codes| codes.of)).chain([table.name()]) {
        tx.tables().add_read(TableSet::of(resource));
    }
    let found = found(table, tx.get_database_backend(), matching, search);
    let same = Expr::col((FOUND, ID)).equals((table.name(), "id"));
    select.join_subquery(JoinType::InnerJoin, found, FOUND, same);
}

/// Returns the indexed words and codes that match, one row each: the position of the search word, the indexed word,
/// and what a hit of it is worth.
pub(crate) async fn matching(tx: &Connection, search: &Search) -> Result<Vec<Value>, Error> {
    let match_keys: BTreeSet<_> =
        search.words().iter().flat_map(|search_word| search_word.match_keys()).collect();
    let match_keys: Vec<_> = match_keys.into_iter().map(|MatchKey(from, to)| json!([from, to])).collect();
    let backend = tx.get_database_backend();
    let parts = "SELECT word FROM search_part WHERE part >= clue.value ->> 0 AND part < clue.value ->> 1";
    let sql = match backend {
        // `OFFSET 0` makes PostgreSQL plan the subquery on its own, so that each range is looked up in the
        // index.
        DatabaseBackend::Postgres => {
            format!(
                "SELECT word FROM {} AS clue CROSS JOIN LATERAL ({parts} OFFSET 0) AS its",
                entries(backend)
            )
        }
        _ => parts.replace("FROM", &format!("FROM {} AS clue CROSS JOIN", entries(backend))),
    };
    let statement =
        Statement::from_sql_and_values(backend, sql, [Value::Array(match_keys).to_string().into()]);
    let mut words = BTreeSet::new();
    for row in tx.rows_raw(statement).await.map_err(failed)? {
        words.insert(row.get::<String>("word").map_err(failed)?);
    }
    let mut matching = Vec::new();
    for (position, search_word) in search.words().iter().enumerate() {
        let mut add = |word: &str, quality: MatchQuality| {
            let (most, step) = quality.points_and_step();
            matching.push(json!([position, word, most, step]));
        };
        words
            .iter()
            .for_each(|word| search_word.quality(word).into_iter().for_each(|quality| add(word, quality)));
        search_word.code_words().into_iter().for_each(|(word, quality)| add(word, quality));
    }
    Ok(matching)
}

/// Selects the ids of the resources that contain all search words, with their score: the best hits of each
/// word, added up, and a point for each filler word in the name.
fn found(table: &AnyTable, backend: DatabaseBackend, matching: &[Value], search: &Search) -> SelectStatement {
    let mut hits = own_hits(table, backend, matching);
    for by in table.found_by {
        hits.union(UnionType::All, hits_through(backend, matching, by));
    }
    for codes in table.code_lists {
        hits.union(UnionType::All, hits_through_codes(table, backend, matching, codes));
    }
    let found = all_words(hits, search.words().len());
    if search.fillers().is_empty() {
        return found;
    }
    let score = search.fillers().iter().fold(Expr::col((RATED, SCORE)), |score, filler| {
        score.add(Expr::case(is_in_name(table, filler), 1).finally(0))
    });
    Query::select()
        .column((RATED, ID))
        .expr_as(score.cast_as("bigint"), SCORE)
        .from_subquery(found, RATED)
        .take()
}

/// Selects the ids that have hits of all words, with the sum of the best hits.
fn all_words(hits: SelectStatement, word_count: usize) -> SelectStatement {
    let best = Expr::col("points").max();
    if word_count == 1 {
        return Query::select()
            .column(ID)
            .expr_as(best.cast_as("bigint"), SCORE)
            .from_subquery(hits, "hit")
            .group_by_col(ID)
            .take();
    }
    let each = Query::select()
        .columns([ID, "position"])
        .expr_as(best, "points")
        .from_subquery(hits, "hit")
        .group_by_columns([ID, "position"])
        .take();
    Query::select()
        .column(ID)
        .expr_as(Expr::col("points").sum().cast_as("bigint"), SCORE)
        .from_subquery(each, "best")
        .group_by_col(ID)
        .and_having(Expr::col("position").count().eq(i64::try_from(word_count).unwrap_or(i64::MAX)))
        .take()
}

/// Whether the name of a found resource, its own or the one that counts as its own, has a filler word.
fn is_in_name(table: &AnyTable, filler: &Filler) -> Condition {
    let hits = |resource: &'static str| {
        Query::select()
            .expr(Expr::val(1))
            .from("search_hit")
            .and_where(Expr::col(("search_hit", "word")).is_in(filler.forms()))
            .and_where(Expr::col(("search_hit", "resource")).eq(resource))
            .and_where(Expr::col(("search_hit", "rank")).eq(Field::Name.rank()))
            .take()
    };
    let id = || Expr::col((RATED, ID));
    let own = hits(table.name()).and_where(Expr::col(("search_hit", "resource_id")).eq(id())).take();
    let others = table.found_by.iter().filter(|by| by.words == FoundWords::Own).map(|by| {
        let mut hits = hits(by.resource);
        hits.from(by.table)
            .and_where(Expr::col((by.table, by.key)).equals(("search_hit", "resource_id")))
            .and_where(Expr::col((by.table, by.owner)).eq(id()));
        hits
    });
    [own].into_iter().chain(others).map(Expr::exists).fold(Condition::any(), Condition::add)
}

/// Selects the hits of the words in the texts of a resource.
fn hits(backend: DatabaseBackend, matching: &[Value], resource: &'static str) -> SelectStatement {
    let matching = Value::Array(matching.to_vec()).to_string();
    let entries: FunctionCall = match backend {
        DatabaseBackend::Postgres => {
            Func::cust("jsonb_array_elements").arg(Expr::val(matching).cast_as("jsonb"))
        }
        _ => Func::cust("json_each").arg(matching),
    };
    let number = |place: u8| Expr::cust(format!(r#"CAST("entry"."value" ->> {place} AS integer)"#));
    // DISTINCT, so that the JSON is read once and not again for each hit.
    let words = Query::select()
        .distinct()
        .expr_as(number(0), "position")
        .expr_as(Expr::cust(r#""entry"."value" ->> 1"#), "word")
        .expr_as(number(2), "most")
        .expr_as(number(3), "step")
        .from_function(entries, "entry")
        .take();
    Query::select()
        .expr_as(Expr::col(("wanted", "position")), "position")
        .from_subquery(words, "wanted")
        .from("search_hit")
        .and_where(Expr::col(("search_hit", "word")).equals(("wanted", "word")))
        .and_where(Expr::col(("search_hit", "resource")).eq(resource))
        .take()
}

fn own_hits(table: &AnyTable, backend: DatabaseBackend, matching: &[Value]) -> SelectStatement {
    hits(backend, matching, table.name())
        .expr_as(points(Expr::col(("search_hit", "rank"))), "points")
        .expr_as(Expr::col(("search_hit", "resource_id")), ID)
        .take()
}

fn hits_through(backend: DatabaseBackend, matching: &[Value], by: &FoundBy) -> SelectStatement {
    let mut hits = hits(backend, matching, by.resource);
    hits.from(by.table)
        .and_where(Expr::col((by.table, by.key)).equals(("search_hit", "resource_id")))
        .and_where_option(by.only.map(|only| only()))
        .expr_as(
            match by.words {
                FoundWords::Own => points(Expr::col(("search_hit", "rank"))),
                _ => points(Expr::cust(Field::Detail.rank().to_string())),
            },
            "points",
        )
        .expr_as(Expr::col((by.table, by.owner)), ID);
    if let Some(last) = Field::ALL.into_iter().filter(|field| by.words.field(*field).is_some()).max()
        && last < Field::Text
    {
        hits.and_where(Expr::col(("search_hit", "rank")).lte(last.rank()));
    }
    hits
}

/// Selects the resources with a code whose name has hits.
fn hits_through_codes(
    table: &AnyTable,
    backend: DatabaseBackend,
    matching: &[Value],
    codes: &Codes,
) -> SelectStatement {
    let set = Alias::new(format!("{}_set", table.name()));
    let of_set = |column: &'static str| Expr::col((set.clone(), Alias::new(column)));
    hits(backend, matching, codes.of)
        .from(codes.of)
        .from(set.clone())
        .and_where(Expr::col((codes.of, "id")).equals(("search_hit", "resource_id")))
        .and_where(Expr::col(("search_hit", "rank")).eq(Field::Name.rank()))
        .and_where(of_set("value").equals((codes.of, "slug")))
        .and_where(of_set("field").eq(codes.set))
        .expr_as(points(Expr::cust(Field::Detail.rank().to_string())), "points")
        .expr_as(of_set("owner_id"), ID)
        .take()
}

/// The score of a hit in a field with this rank.
fn points(rank: SimpleExpr) -> SimpleExpr {
    Expr::col(("wanted", "most")).sub(Expr::col(("wanted", "step")).mul(rank))
}
