//! The requests whose statements read more than their share.

use crate::harness::Backend;

/// A request that may read a whole table.
#[derive(Debug)]
pub(super) struct Exception {
    /// The path of the list in the OpenAPI document.
    path: &'static str,
    /// The filter, or `sort`; empty for all requests.
    what: &'static str,
    /// The database, if the other one does better.
    on: Option<Backend>,
    /// Why no index helps.
    pub(super) reason: &'static str,
}

impl Exception {
    const fn new(path: &'static str, what: &'static str, on: Option<Backend>, reason: &'static str) -> Self {
        Self { path, what, on, reason }
    }

    /// Whether it is one for a request.
    pub(super) fn is_for(&self, backend: Backend, path: &str, query: &str) -> bool {
        let names = |parameter: &str| parameter.split('=').next() == Some(self.what);
        self.path == path
            && self.on.is_none_or(|on| on == backend)
            && (self.what.is_empty() || query.split('&').any(names))
    }

    /// Whether it is one for the other database.
    pub(super) fn is_of_another(&self, backend: Backend) -> bool {
        self.on.is_some_and(|on| on != backend)
    }
}

const PERIODS: &str = "SQLite does not know how many rows a period has: it reads the list in its order until the page is \
    full, or the period and sorts it";
const LEVELS: &str = "three levels, of which most rows have one; by an index of them, SQLite would find all public rows, \
    and sort them for each page";
const OWN: &str = "members also see what their own utilities take part in; PostgreSQL would charge that to each row that it \
    looks up, and reads all rows instead";

/// Each with its reason.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception::new("/api/v1/partnerships", "end_from", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/partnerships", "end_to", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/partnerships", "updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/sessions", "start_from", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/sessions", "start_to", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/sessions", "updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/sessions", "organiser", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/utilities", "expertise", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/utilities", "need", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/partnerships", "visibility", None, LEVELS),
    Exception::new("/api/v1/sessions", "visibility", None, LEVELS),
    Exception::new("/api/v1/utilities", "visibility", None, LEVELS),
    Exception::new(
        "/api/v1/utilities",
        "kind",
        Some(Backend::Sqlite),
        "two kinds: SQLite expects half of the rows, and counts without the index",
    ),
    Exception::new(
        "/api/v1/members",
        "has_active_partnership",
        None,
        "depends on the day and on what the actor sees: the partnerships of all members are read",
    ),
    Exception::new(
        "/api/v1/members",
        "",
        Some(Backend::Postgres),
        "PostgreSQL joins the few members to all utilities, rather than to look up each",
    ),
    Exception::new(
        "/api/v1/interest-registrations",
        "",
        None,
        "likely duplicates are found by comparing names with those of all utilities",
    ),
];
