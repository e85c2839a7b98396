//! Statements that go to the database together. Each message to it has a price: on PostgreSQL a round trip, on SQLite
//! two switches between the threads of the request and of the connection.

use std::fmt::Write;

use sea_orm::{DatabaseBackend, Statement, Values};

/// How many statements go together at most: more of them come from many rows, where a message does not matter.
const MAX_STATEMENTS: usize = 12;

/// Joins statements that write and do not read what the others write; returns them as they are if they are too many.
///
/// PostgreSQL gets them as one statement, whose parts see the same snapshot and run in any order; constraints are
/// checked at its end, so that a row and those that refer to it can be inserted together. SQLite runs them one after the
/// other.
pub(crate) fn together(backend: DatabaseBackend, statements: Vec<Statement>) -> Vec<Statement> {
    match statements.len() {
        2..=MAX_STATEMENTS => vec![joined(backend, statements)],
        _ => statements,
    }
}

/// Joins statements to one.
fn joined(backend: DatabaseBackend, statements: Vec<Statement>) -> Statement {
    let (mut sql, mut values) = (String::new(), Vec::new());
    let count = statements.len();
    for (index, statement) in statements.into_iter().enumerate() {
        let before = match (backend, index) {
            (DatabaseBackend::Postgres, 0) => "WITH ",
            (DatabaseBackend::Postgres, index) if index + 1 < count => ", ",
            (DatabaseBackend::Postgres, _) => " ",
            (_, 0) => "",
            _ => "; ",
        };
        sql.push_str(before);
        let is_part = backend == DatabaseBackend::Postgres && index + 1 < count;
        if is_part {
            // A string takes every write.
            let _ = write!(sql, "part_{index} AS (");
        }
        renumber(&statement.sql, values.len(), &mut sql);
        if is_part {
            sql.push(')');
        }
        values.extend(statement.values.into_iter().flat_map(|Values(values)| values));
    }
    Statement::from_sql_and_values(backend, sql, values)
}

/// Appends a statement with its parameters numbered from `offset + 1` on: `$1`, or `?` as SQLite also has them.
fn renumber(sql: &str, offset: usize, out: &mut String) {
    let (mut quote, mut unnumbered) = (None, offset);
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            '?' if quote.is_none() => {
                unnumbered += 1;
                let _ = write!(out, "${unnumbered}");
                continue;
            }
            '$' if quote.is_none() => {
                let mut number = 0;
                while let Some(digit) = letters.peek().and_then(|next| next.to_digit(10)) {
                    number = number * 10 + digit as usize;
                    letters.next();
                }
                let _ = write!(out, "${}", offset + number);
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(backend: DatabaseBackend, parameters: [&str; 2]) -> Vec<Statement> {
        let [first, second] = parameters;
        vec![
            Statement::from_sql_and_values(
                backend,
                format!("INSERT INTO a VALUES ({first})"),
                [1.into(), 2.into()],
            ),
            Statement::from_sql_and_values(
                backend,
                format!("INSERT INTO \"b?\" SELECT {second}, '$1?'"),
                [3.into()],
            ),
        ]
    }

    #[test]
    fn parameters_are_numbered_through_all_statements() {
        let joined = joined(DatabaseBackend::Sqlite, statements(DatabaseBackend::Sqlite, ["?, ?", "$1"]));
        assert_eq!(joined.sql, "INSERT INTO a VALUES ($1, $2); INSERT INTO \"b?\" SELECT $3, '$1?'");
        assert_eq!(joined.values, Some(Values(vec![1.into(), 2.into(), 3.into()])));
    }

    #[test]
    fn postgresql_gets_one_statement() {
        let joined =
            joined(DatabaseBackend::Postgres, statements(DatabaseBackend::Postgres, ["$1, $2", "$1"]));
        let sql = "WITH part_0 AS (INSERT INTO a VALUES ($1, $2)) INSERT INTO \"b?\" SELECT $3, '$1?'";
        assert_eq!(joined.sql, sql);
    }
}
