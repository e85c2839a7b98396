//! The rows of an exchange of 50,000 partnerships, written by the database itself.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::harness::{Backend, TestApp};

/// Tables with so many rows that no request may read all of them.
pub(super) const LARGE: &[&str] = &[
    "utility",
    "utility_set",
    "partnership",
    "partnership_set",
    "partnership_party",
    "partnership_country",
    "funding",
    "activity",
    "result",
    "result_party",
    "document",
    "contact",
    "session",
    "session_set",
    "session_party",
    "registration",
    "agenda_item",
    "guest",
    "minutes",
];

/// A parent with 500 of each of its sub-resources; all others have one.
pub(super) fn parent_below(path: &str) -> Option<String> {
    let kind = match path.split_once("/{")?.0.rsplit_once('/')?.1 {
        "partnerships" => 2,
        "members" => 7,
        "sessions" => 9,
        other => panic!("{other}: plant a parent with many sub-resources"),
    };
    Some(format!("0197a5c0-8a3e-7c51-b0{kind:02x}-{:012x}", 1))
}

/// Adds the rows of `rows.sql`, and updates the statistics of the planner as the server does after an import.
pub(super) async fn add(app: &TestApp) {
    let sql = include_str!("rows.sql");
    let sql: String = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let sql = AssertSqlSafe(rendered(app.backend, &sql));
    match app.backend {
        Backend::Sqlite => {
            let mut connection = SqliteConnection::connect(&app.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            let statistics = "ANALYZE";
            sqlx::raw_sql(statistics).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Backend::Postgres => {
            let mut connection = PgConnection::connect(&app.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            // All rows are sampled, not 30,000, so that no plan depends on chance.
            let sample = "SET default_statistics_target = 1000";
            sqlx::raw_sql(sample).execute(&mut connection).await.unwrap();
            sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// Replaces `{numbers …}`, `{id …}` and `{at …}`.
fn rendered(backend: Backend, template: &str) -> String {
    let mut parts = template.split('{');
    let mut sql = parts.next().unwrap().to_owned();
    for part in parts {
        let call = part.split_once('}').and_then(|(call, rest)| Some((call.split_once(' ')?, rest)));
        match call {
            Some((("numbers", count), rest)) => sql = sql + &numbers(backend, count) + rest,
            Some((("id", argument), rest)) => {
                let (kind, number) = argument.split_once(' ').unwrap();
                sql = sql + &id(backend, kind.parse().unwrap(), number) + rest;
            }
            Some((("at", seconds), rest)) => sql = sql + &at(backend, seconds) + rest,
            // A JSON literal.
            _ => sql = sql + "{" + part,
        }
    }
    sql
}

/// The table `n` with the numbers from 1 on.
fn numbers(backend: Backend, count: &str) -> String {
    match backend {
        Backend::Sqlite => {
            format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})")
        }
        Backend::Postgres => format!("WITH n (i) AS (SELECT generate_series(1, {count}))"),
    }
}

/// The id of a row of a kind, which is a number, too.
fn id(backend: Backend, kind: u8, number: &str) -> String {
    match backend {
        Backend::Sqlite => format!("unhex(printf('0197a5c08a3e7c51b0{kind:02x}%012x', {number}))"),
        Backend::Postgres => {
            format!("CAST('0197a5c08a3e7c51b0{kind:02x}' || lpad(to_hex({number}), 12, '0') AS uuid)")
        }
    }
}

/// An instant that many seconds after one in November 2023.
fn at(backend: Backend, seconds: &str) -> String {
    match backend {
        Backend::Sqlite => {
            format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', 1700000000 + {seconds}, 'unixepoch')")
        }
        Backend::Postgres => format!("to_timestamp(1700000000 + {seconds})"),
    }
}
