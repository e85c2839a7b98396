//! Which registrations, and in which order.

use super::{Attendance, Registration, RegistrationStatus};
use crate::kernel::lifecycle::StatusFilter;
use crate::kernel::parameters::InstantParam;
use crate::kernel::query::Direction::Ascending;
use crate::kernel::reference::Key;
use crate::kernel::resource::Stored;

crate::filter! {
    /// Which registrations.
    RegistrationFilter {
        /// Whether there is a seat, and whether the person came.
        status: Vec<StatusFilter<RegistrationStatus>>,
        /// In the room or online.
        attendance: Vec<Attendance>,
        /// The member whose staff it is, by id or slug.
        member: Vec<Key>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What registrations are sorted by.
    RegistrationSort {
        /// the order in which they arrived
        Arrival = "arrival",
        /// the status, as a word
        Status = "status",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(RegistrationSort, usual: [(Self::Arrival, Ascending)]);

impl RegistrationFilter {
    pub(super) fn matches(&self, item: &Stored<Registration>) -> bool {
        let it = &item.data;
        let is_member = |key: &Key| it.member.card().is_some_and(|card| card.is(key));
        any(&self.status, |StatusFilter(status)| *status == it.status)
            && any(&self.attendance, |attendance| *attendance == it.attendance)
            && any(&self.member, is_member)
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

fn any<T>(wanted: &[T], fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}
