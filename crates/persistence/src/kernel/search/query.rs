//! Searches: selects the rows that contain all words of a search, each with a score.

use std::collections::BTreeSet;

use sea_orm::sea_query::{
    Expr, ExprTrait, Func, FunctionCall, JoinType, Query, SelectStatement, SimpleExpr, UnionType,
};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::{Field, MatchKey, Search};

use super::super::table::FoundBy;
use super::super::table::any::AnyTable;
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

/// Restricts the select to rows that match the search, and joins their scores as [`FOUND`].
pub(crate) async fn join(
    tx: &Connection,
    table: &AnyTable,
    select: &mut SelectStatement,
    search: &Search,
) -> Result<(), Error> {
    for resource in table.found_by.iter().map(|by| by.resource).chain([table.name()]) {
        tx.tables().add_read(TableSet::of(resource));
    }
    let found = found(table, tx.get_database_backend(), &matching(tx, search).await?, search.words().len());
    let same = Expr::col((FOUND, ID)).equals((table.name(), "id"));
    select.join_subquery(JoinType::InnerJoin, found, FOUND, same);
    Ok(())
}

/// Returns the indexed words that match, one row each: the position of the search word, the indexed word, and
/// what a hit of it is worth.
async fn matching(tx: &Connection, search: &Search) -> Result<Vec<Value>, Error> {
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
    let matching = search.words().iter().enumerate().flat_map(|(position, search_word)| {
        words.iter().filter_map(move |word| {
            let (most, step) = search_word.quality(word)?.points_and_step();
            Some(json!([position, word, most, step]))
        })
    });
    Ok(matching.collect())
}

/// Selects the ids of the resources that contain all search words, with their score: the best hits of each
/// word, added up.
fn found(
    table: &AnyTable,
    backend: DatabaseBackend,
    matching: &[Value],
    word_count: usize,
) -> SelectStatement {
    let hits = table.found_by.iter().fold(own_hits(table, backend, matching), |mut hits, by| {
        hits.union(UnionType::All, hits_through(backend, matching, by)).take()
    });
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
        .expr_as(
            match by.own {
                true => points(Expr::col(("search_hit", "rank"))),
                false => points(Expr::cust(Field::Detail.rank().to_string())),
            },
            "points",
        )
        .expr_as(Expr::col((by.table, by.owner)), ID);
    if !by.own {
        hits.and_where(Expr::col(("search_hit", "rank")).lte(Field::Detail.rank()));
    }
    hits
}

/// The score of a hit in a field with this rank.
fn points(rank: SimpleExpr) -> SimpleExpr {
    Expr::col(("wanted", "most")).sub(Expr::col(("wanted", "step")).mul(rank))
}
