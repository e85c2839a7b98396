//! The filters and sort keys of sessions.

use super::{Session, SessionFormat, SessionKind, SessionStatus};
use crate::kernel::parameters::InstantParam;
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Stored;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::Key;
use crate::kernel::value::{PartialDate, Sector, Visibility};
use crate::party::Party;

crate::filter! {
    /// The filters of the list of sessions.
    SessionFilter {
        /// The kind of session.
        kind: Vec<SessionKind>,
        /// The status; `unknown` finds sessions without a known status.
        status: Vec<StatusFilter<SessionStatus>>,
        /// A sector that the session is for.
        sector: Vec<Sector>,
        /// How the session is held.
        session_format: Vec<SessionFormat>,
        /// The id or slug of an organiser.
        organiser: Vec<Key>,
        /// Who may see the session once it is published.
        visibility: Vec<Visibility>,
        /// Only sessions that start in this period or later.
        start_from: Option<PartialDate>,
        /// Only sessions that start in this period or earlier.
        start_to: Option<PartialDate>,
        /// Only resources that changed at or after this instant.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// The keys by which sessions can be sorted.
    SessionSort {
        /// the title, ignoring case and accents
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the time of the start, or the day if only that is known
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
    pub(super) fn matches(&self, item: &Stored<Session>) -> bool {
        let data = &item.data;
        let organises = |key: &Key| data.organisers.iter().filter_map(Party::card).any(|card| card.is(key));
        let day = data.starts_on.as_str();
        any(&self.kind, |kind| *kind == data.kind)
            && any(&self.status, |StatusFilter(status)| *status == data.status)
            && any(&self.sector, |sector| data.sectors.contains(sector))
            && any(&self.session_format, |format| data.format == Some(*format))
            && any(&self.organiser, organises)
            && any(&self.visibility, |visibility| *visibility == data.visibility)
            && self.start_from.as_ref().is_none_or(|from| day >= from.first_day().to_string().as_str())
            && self.start_to.as_ref().is_none_or(|to| day <= to.last_day().to_string().as_str())
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

fn any<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}
