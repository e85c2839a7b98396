//! The filters and sort keys of sessions.

use super::{Session, SessionFormat, SessionKind, SessionStatus};
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Stored;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::list_filter::any;
use crate::kernel::resource::reference::Key;
use crate::kernel::value::{PartialDate, Sector, Visibility};
use crate::party::Party;

crate::list_filter! {
    /// The filters of the list of sessions.
    SessionFilter of Session {
        /// The kind of session.
        kind: Vec<SessionKind> => one_of(kind),
        /// The status; `unknown` finds sessions without a known status.
        status: Vec<StatusFilter<SessionStatus>> => status(status),
        /// A sector that the session covers.
        sector: Vec<Sector> => in_set(sectors),
        /// How the session is held.
        session_format: Vec<SessionFormat> => one_of(format),
        /// The id or slug of an organiser.
        organiser: Vec<Key>,
        /// Who may see the session once it is published.
        visibility: Vec<Visibility> => one_of(visibility),
        /// Only sessions that start in this period or later.
        start_from: Option<PartialDate> => from(starts_on = data.starts_on.as_str()),
        /// Only sessions that start in this period or earlier.
        start_to: Option<PartialDate> => to(starts_on = data.starts_on.as_str()),
    }
}

crate::word_list! {
    /// The keys by which sessions can be sorted.
    SessionSort {
        /// the title, ignoring case and accents
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the start time, or the first day if the time is unknown
        Start = "start",
        /// the kind, alphabetically
        Kind = "kind",
        /// the status, alphabetically
        Status = "status",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(SessionSort, default: [(Self::Start, Descending), (Self::Title, Ascending)]);

impl SessionFilter {
    pub(super) fn matches_special(&self, item: &Stored<Session>) -> bool {
        let organisers = &item.data.organisers;
        any(&self.organiser, |key| {
            organisers.iter().filter_map(Party::summary).any(|summary| summary.is(key))
        })
    }
}
