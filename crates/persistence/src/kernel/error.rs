//! What the database says, as a domain error: away is 503, all else is ours.

use sea_orm::{DbErr, RuntimeErr};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::{Fault, Violations};

/// SQLSTATEs that mean: try again shortly (connection exceptions, too many connections, shutting down, deadlock,
/// serialization failure, lock or statement time-out, disk full; PostgreSQL manual, appendix A).
const PASSING: &[&str] = &[
    "08000", "08003", "08006", "53100", "53300", "55P03", "57014", "57P01", "57P02", "57P03", "40001",
    "40P01",
];

/// SQLite's primary result codes of the same meaning: busy, locked, IO error, full, cannot open.
const PASSING_SQLITE: &[i32] = &[5, 6, 10, 13, 14];

fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether the database is away or overloaded, rather than the statement wrong.
pub(crate) fn is_away(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_)) || cause(error).is_some_and(is_passing)
}

/// Whether a connection was there and broke, as opposed to none to be had.
pub(crate) fn is_broken(error: &DbErr) -> bool {
    // SQLSTATEs of class 08 and of a shutdown; a busy SQLite is there, and has waited long enough already.
    let ended =
        |code: &str| code.len() == 5 && (code.starts_with("08") || ["57P01", "57P02"].contains(&code));
    cause(error).is_some_and(|error| match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
            true
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ended(&code)),
        _ => false,
    })
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            true
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            let primary = code.parse::<i32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
            PASSING.contains(&code.as_ref()) || primary.is_some_and(|code| PASSING_SQLITE.contains(&code))
        }),
        _ => false,
    }
}

/// As a domain error.
pub(crate) fn failed(error: DbErr) -> Error {
    if is_away(&error) { Error::unavailable(error) } else { Error::internal(error) }
}

/// What lies in a row is not what the domain would have written.
#[derive(Debug, thiserror::Error)]
#[error("a stored value cannot be read: {0}")]
pub struct Corrupt(String);

impl From<Fault> for Corrupt {
    fn from(fault: Fault) -> Self {
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
