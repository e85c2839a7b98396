//! Maps database errors to domain errors: unavailable or read-only is 503, full is 507, anything else is an
//! internal error.

use sea_orm::{DbErr, RuntimeErr};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::{FieldError, Violations};

/// SQLSTATEs of temporary failures (a transaction ended by its lock, idle or statement timeout, a database
/// that does not exist yet or rejects the login, serialization failure, deadlock; PostgreSQL manual, appendix
/// A).
const TRANSIENT: &[&str] = &["25P03", "25P04", "3D000", "28000", "28P01", "40001", "40P01", "55P03", "57014"];
/// SQLSTATE classes of temporary failures: connection exceptions, insufficient resources, operator
/// intervention.
const TRANSIENT_CLASSES: &[&str] = &["08", "53", "57P"];
/// SQLSTATEs of a database that is reachable but does not take writes (read-only, full, I/O error).
const UNWRITABLE: &[&str] = &["25006", DISK_FULL, "58030"];
const DISK_FULL: &str = "53100";

/// SQLite's primary result codes of temporary failures: busy, locked, out of memory, cannot open, locking
/// protocol.
const TRANSIENT_SQLITE: &[i32] = &[5, 6, 7, 14, 15];
/// SQLite's primary result codes of a database that does not take writes: read-only, I/O error, full.
const UNWRITABLE_SQLITE: &[i32] = &[8, 10, DISK_FULL_SQLITE];
const DISK_FULL_SQLITE: i32 = 13;

/// The error code of the database: a number on SQLite, five characters on PostgreSQL.
enum ErrorCode<'a> {
    Sqlite(i32),
    Postgres(&'a str),
}

/// Calls `look` with the error code, if the error comes from the database.
fn error_code<R>(error: &sqlx::Error, look: impl FnOnce(ErrorCode<'_>) -> R) -> Option<R> {
    let sqlx::Error::Database(error) = error else { return None };
    let code = error.code()?;
    // The lowest byte of an extended result code is the primary one.
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => Some(look(ErrorCode::Sqlite(number & 0xff))),
        _ => Some(look(ErrorCode::Postgres(&code))),
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether the database is unavailable or overloaded, as opposed to an invalid statement.
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_)) || sqlx_error(error).is_some_and(is_transient)
}

/// Whether an existing connection broke, as opposed to no connection being available.
pub(crate) fn is_broken(error: &DbErr) -> bool {
    // SQLSTATEs of class 08 and of a shutdown. A busy SQLite is not broken, and has waited long enough
    // already.
    let ended = |code: &str| code.starts_with("08") || ["57P01", "57P02"].contains(&code);
    sqlx_error(error).is_some_and(|error| match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
            true
        }
        error => error_code(error, |code| matches!(code, ErrorCode::Postgres(code) if ended(code)))
            .unwrap_or(false),
    })
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            true
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => true,
        error => error_code(error, |code| match code {
            ErrorCode::Sqlite(code) => TRANSIENT_SQLITE.contains(&code),
            ErrorCode::Postgres(code) => {
                TRANSIENT.contains(&code) || TRANSIENT_CLASSES.iter().any(|class| code.starts_with(class))
            }
        })
        .unwrap_or(false),
    }
}

/// Whether the database is reachable but does not take writes: it is read-only, or its disk fails or is full.
pub(crate) fn is_unwritable(error: &DbErr) -> bool {
    sqlx_error(error)
        .and_then(|error| {
            error_code(error, |code| match code {
                ErrorCode::Sqlite(code) => UNWRITABLE_SQLITE.contains(&code),
                ErrorCode::Postgres(code) => UNWRITABLE.contains(&code),
            })
        })
        .unwrap_or(false)
}

fn is_full(error: &DbErr) -> bool {
    sqlx_error(error)
        .and_then(|error| {
            error_code(error, |code| match code {
                ErrorCode::Sqlite(code) => code == DISK_FULL_SQLITE,
                ErrorCode::Postgres(code) => code == DISK_FULL,
            })
        })
        .unwrap_or(false)
}

/// Converts a database error to a domain error.
pub(crate) fn failed(error: DbErr) -> Error {
    if is_full(&error) {
        Error::full(error)
    } else if is_unwritable(&error) {
        Error::read_only(error)
    } else if is_unavailable(&error) {
        Error::unavailable(error)
    } else {
        Error::internal(error)
    }
}

/// A stored value that the domain would not have written.
#[derive(Debug, thiserror::Error)]
#[error("a stored value cannot be read: {0}")]
pub struct Corrupt(String);

impl From<FieldError> for Corrupt {
    fn from(fault: FieldError) -> Self {
        Self(fault.to_string())
    }
}

impl From<Violations> for Corrupt {
    fn from(violations: Violations) -> Self {
        Self(format!("{violations:?}"))
    }
}

impl From<serde_json::Error> for Corrupt {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<&str> for Corrupt {
    fn from(what: &str) -> Self {
        Self(what.to_owned())
    }
}

impl From<Corrupt> for Error {
    fn from(corrupt: Corrupt) -> Self {
        Self::internal(corrupt)
    }
}
