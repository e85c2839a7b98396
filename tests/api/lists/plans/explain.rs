//! What a statement reads.
//!
//! A statement uses an index if
//! - no step of its plan reads a large table without an index: no `SCAN` without `USING INDEX` on SQLite, no `Seq Scan` on
//!   PostgreSQL;
//! - and its execution, with all that it sorts, takes less than reading a large table once: at most [`MAX_STEPS`]
//!   instructions of SQLite, or [`MAX_ROWS`] rows of PostgreSQL.
//!
//! The plan alone does not tell. To read an index in the order of the list until the page is full is best if most rows
//! match, and worst if few do; and `USE TEMP B-TREE FOR ORDER BY` may sort ten rows, or all.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::DateTime;
use serde_json::Value;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use super::rows::LARGE;
use crate::harness::database::RecordedStatement;
use crate::harness::{Backend, TestApp};

/// At most so many instructions of SQLite's virtual machine. To read 50,000 rows takes more than twice as many.
const MAX_STEPS: u64 = 120_000;
/// At most so many rows of large tables that the nodes of a plan of PostgreSQL read.
const MAX_ROWS: u64 = 10_000;

/// What a statement reads.
pub(super) struct Report {
    /// The steps of the plan, in words of the database.
    plan: Vec<String>,
    /// The large tables that are read without an index.
    scanned: Vec<String>,
    /// Instructions or rows.
    pub(super) work: u64,
    is_bounded: bool,
}

impl Report {
    pub(super) fn uses_indexes(&self) -> bool {
        self.scanned.is_empty() && self.is_bounded
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "work {}, scans {:?}\n    {}", self.work, self.scanned, self.plan.join("\n    "))
    }
}

/// A connection that explains and executes statements as the server does.
pub(super) enum Explainer {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Explainer {
    pub(super) async fn connect(app: &TestApp) -> Self {
        match app.backend {
            Backend::Sqlite => Self::Sqlite(SqliteConnection::connect(&app.url).await.unwrap()),
            Backend::Postgres => {
                let mut connection = PgConnection::connect(&app.url).await.unwrap();
                // Those of the server; see `kernel::database::postgres`.
                let settings = "SET jit = off; SET max_parallel_workers_per_gather = 0; SET timezone = 'UTC'";
                sqlx::raw_sql(settings).execute(&mut connection).await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    pub(super) async fn report(&mut self, statement: &RecordedStatement) -> Report {
        match self {
            Self::Sqlite(connection) => sqlite(connection, statement).await,
            Self::Postgres(connection) => postgres(connection, &statement.with_values).await,
        }
    }
}

async fn sqlite(connection: &mut SqliteConnection, statement: &RecordedStatement) -> Report {
    let sql = || AssertSqlSafe(statement.sql.clone());
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
    let rows = sqlx::query(explain).fetch_all(&mut *connection).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    let is_scan = |step: &&String| step.starts_with("SCAN ") && !step.contains(" USING ");
    let table = |step: &String| step.split(' ').nth(1).unwrap().to_owned();
    let scanned = plan.iter().filter(is_scan).map(table).filter(|table| LARGE.contains(&table.as_str()));
    let scanned = scanned.collect();

    let steps = Arc::new(AtomicU64::new(0));
    let count = steps.clone();
    let mut handle = connection.lock_handle().await.unwrap();
    handle.set_progress_handler(100, move || count.fetch_add(100, Ordering::Relaxed) < 10 * MAX_STEPS);
    drop(handle);
    let executed = sqlx::query_with(sql(), values(statement)).fetch_all(&mut *connection).await;
    connection.lock_handle().await.unwrap().remove_progress_handler();
    let work = steps.load(Ordering::Relaxed);
    assert!(executed.is_ok() || work > MAX_STEPS, "{executed:?}");
    Report { plan, scanned, work, is_bounded: work <= MAX_STEPS }
}

/// The values of a statement as the server binds them to SQLite, which plans differently for some that it knows. Ids are
/// blobs, and instants have a `T`.
fn values(statement: &RecordedStatement) -> SqliteArguments {
    let mut values = SqliteArguments::default();
    let mut rest = statement.with_values.as_str();
    let mut between = statement.sql.split('?');
    rest = rest.strip_prefix(between.next().unwrap()).unwrap();
    for next in between {
        let (literal, after) = match rest.strip_prefix('\'') {
            Some(text) => {
                let mut quotes = text.match_indices('\'').map(|(at, _)| at);
                let end = loop {
                    let quote = quotes.next().unwrap();
                    if !text[quote + 1..].starts_with('\'') {
                        break quote;
                    }
                    quotes.next();
                };
                (&rest[..end + 2], &text[end + 1..])
            }
            None => rest.split_at(rest.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(rest.len())),
        };
        add(&mut values, literal);
        rest = after.strip_prefix(next).unwrap_or_else(|| panic!("{next} is not at {after}"));
    }
    values
}

fn add(values: &mut SqliteArguments, literal: &str) {
    let text = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let instant = |text| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %:z").ok();
    let added = match (text, literal) {
        (Some(text), _) => match (text.parse::<Uuid>().ok(), instant(text)) {
            (Some(id), _) => values.add(id),
            (_, Some(at)) => values.add(at),
            _ => values.add(text.replace("''", "'")),
        },
        (None, "NULL") => values.add(None::<String>),
        (None, "TRUE") => values.add(true),
        (None, "FALSE") => values.add(false),
        (None, number) => {
            values.add(number.parse::<i64>().unwrap_or_else(|_| panic!("{number}: what is this?")))
        }
    };
    added.unwrap();
}

async fn postgres(connection: &mut PgConnection, sql: &str) -> Report {
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) {sql}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await.unwrap();
    let plan: Value = rows[0].get(0);
    let mut report = Report { plan: Vec::new(), scanned: Vec::new(), work: 0, is_bounded: true };
    add_node(&plan[0]["Plan"], 0, &mut report);
    report.is_bounded = report.work <= MAX_ROWS;
    report
}

fn add_node(node: &Value, depth: usize, report: &mut Report) {
    let text = |name: &str| node[name].as_str().unwrap_or_default();
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let (kind, table) = (text("Node Type"), text("Relation Name"));
    let rows = number("Actual Rows")
        + ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"]
            .map(number)
            .iter()
            .sum::<f64>();
    let rows = (rows * number("Actual Loops")) as u64;
    if LARGE.contains(&table) {
        report.work += rows;
        if kind == "Seq Scan" && rows > 0 {
            report.scanned.push(table.to_owned());
        }
    }
    let indent = "  ".repeat(depth);
    let (index, filter) = (text("Index Name"), text("Filter"));
    report.plan.push(format!("{indent}{kind} {table} {index} {rows} {filter}"));
    for child in node["Plans"].as_array().into_iter().flatten() {
        add_node(child, depth + 1, report);
    }
}
