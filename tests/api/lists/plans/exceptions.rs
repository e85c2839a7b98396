//! The requests whose statements read more than their share.

use crate::harness::Backend;

/// A request that may read a whole table.
#[derive(Debug)]
pub(super) struct Exception {
    /// The path of the list in the OpenAPI document, or the beginning of those of several (`/api/v1/session-`). It is one
    /// for filters of the parents, too, where their sub-resources are listed (`partnership.visibility`).
    path: &'static str,
    /// The filter, or `sort`; empty for all requests.
    what: &'static str,
    /// The database, if the other one does better.
    on: Option<Backend>,
    /// Why no index helps.
    pub(super) reason: &'static str,
    /// Whether it is not needed each time: the costs of two plans are almost the same.
    pub(super) is_close: bool,
}

impl Exception {
    const fn new(path: &'static str, what: &'static str, on: Option<Backend>, reason: &'static str) -> Self {
        Self { path, what, on, reason, is_close: false }
    }

    const fn close(self) -> Self {
        Self { is_close: true, ..self }
    }

    /// Whether it is one for a request.
    pub(super) fn is_for(&self, backend: Backend, path: &str, query: &str) -> bool {
        let parent = path.strip_prefix("/api/v1/").and_then(|path| path.split_once('-')).map(|it| it.0);
        let parent = parent.filter(|parent| self.path == format!("/api/v1/{parent}s"));
        let what = parent.map_or_else(|| self.what.to_owned(), |parent| format!("{parent}.{}", self.what));
        let names = |parameter: &str| parameter.split('=').next() == Some(what.as_str());
        let is_of_list = self.path == path || self.path.ends_with('-') && path.starts_with(self.path);
        (is_of_list || parent.is_some())
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

const HALF: &str = "two values: SQLite expects half of the rows, and counts without the index";
const OWN_ORDER: &str = "the same for the rows that have one sort value in common: PostgreSQL would have to sort these by their \
    ids, and sorts all";

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
    Exception::new("/api/v1/partnership-", "partnership.country", Some(Backend::Postgres), OWN).close(),
    Exception::new("/api/v1/session-", "session.status", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/session-", "session.sector", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/session-guests", "updated_since", Some(Backend::Postgres), OWN),
    Exception::new("/api/v1/partnership-funding", "sort", Some(Backend::Postgres), OWN_ORDER),
    Exception::new("/api/v1/session-agenda", "sort", Some(Backend::Postgres), OWN_ORDER),
    Exception::new("/api/v1/session-guests", "sort", Some(Backend::Postgres), OWN_ORDER),
    Exception::new("/api/v1/partnership-", "updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/partnership-", "result.updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/session-", "updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new("/api/v1/member-contacts", "updated_since", Some(Backend::Sqlite), PERIODS),
    Exception::new(
        "/api/v1/member-contacts",
        "name",
        Some(Backend::Sqlite),
        "any part of a name: no index begins with it",
    ),
    Exception::new("/api/v1/member-contacts", "is_primary", Some(Backend::Sqlite), HALF),
    Exception::new("/api/v1/session-guests", "status", Some(Backend::Sqlite), HALF),
    Exception::new("/api/v1/session-minutes", "status", Some(Backend::Sqlite), HALF),
    Exception::new("/api/v1/partnerships", "visibility", None, LEVELS),
    Exception::new("/api/v1/sessions", "visibility", None, LEVELS),
    Exception::new("/api/v1/utilities", "visibility", None, LEVELS),
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
