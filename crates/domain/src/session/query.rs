//! Which sessions, and in which order.

use super::{Session, SessionFormat, SessionKind, SessionStatus};
use crate::kernel::lifecycle::StatusFilter;
use crate::kernel::parameters::InstantParam;
use crate::kernel::query::Direction::{Ascending, Descending};
use crate::kernel::reference::Key;
use crate::kernel::resource::Stored;
use crate::kernel::value::{PartialDate, Sector, Visibility};
use crate::party::Party;

crate::filter! {
    /// Which sessions.
    SessionFilter {
        /// What kind of meeting it is.
        kind: Vec<SessionKind>,
        /// Where it stands; `unknown` finds those whose status nobody knows.
        status: Vec<StatusFilter<SessionStatus>>,
        /// A sector it is for.
        sector: Vec<Sector>,
        /// Where people meet.
        session_format: Vec<SessionFormat>,
        /// A utility or an organisation that organises it, by id or slug.
        organiser: Vec<Key>,
        /// Who may see it once it is published.
        visibility: Vec<Visibility>,
        /// Starts in this period or later.
        start_from: Option<PartialDate>,
        /// Starts in this period or earlier.
        start_to: Option<PartialDate>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What sessions are sorted by.
    SessionSort {
        /// the title, folded (case and accents do not count)
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the instant of its start, or the day where that is all that is known
        Start = "start",
        /// the kind, as a word
        Kind = "kind",
        /// the status, as a word
        Status = "status",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(SessionSort, usual: [(Self::Start, Descending), (Self::Title, Ascending)]);

impl SessionFilter {
    pub(super) fn matches(&self, item: &Stored<Session>) -> bool {
        let it = &item.data;
        let organises = |key: &Key| it.organisers.iter().filter_map(Party::card).any(|card| card.is(key));
        let day = it.starts_on.as_str();
        any(&self.kind, |kind| *kind == it.kind)
            && any(&self.status, |StatusFilter(status)| *status == it.status)
            && any(&self.sector, |sector| it.sectors.contains(sector))
            && any(&self.session_format, |format| it.format == Some(*format))
            && any(&self.organiser, organises)
            && any(&self.visibility, |visibility| *visibility == it.visibility)
            && self.start_from.as_ref().is_none_or(|from| day >= from.first_day().to_string().as_str())
            && self.start_to.as_ref().is_none_or(|to| day <= to.last_day().to_string().as_str())
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

fn any<T>(wanted: &[T], fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}
