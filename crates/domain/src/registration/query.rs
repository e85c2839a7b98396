//! The filters and sort keys of registrations.

use super::{Attendance, Registration, RegistrationStatus};
use crate::kernel::parameters::InstantParam;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Stored;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::Key;

crate::filter! {
    /// The filters of the list of registrations.
    RegistrationFilter {
        /// Whether the person has a seat, and whether the person attended.
        status: Vec<StatusFilter<RegistrationStatus>>,
        /// On site or online.
        attendance: Vec<Attendance>,
        /// The id or slug of the member that the person belongs to.
        member: Vec<Key>,
        /// Only resources that changed at or after this instant.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// The keys by which registrations can be sorted.
    RegistrationSort {
        /// the order of arrival
        Arrival = "arrival",
        /// the status, alphabetically
        Status = "status",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(RegistrationSort, default: [(Self::Arrival, Ascending)]);

impl RegistrationFilter {
    pub(super) fn matches(&self, item: &Stored<Registration>) -> bool {
        let data = &item.data;
        let is_member = |key: &Key| data.member.card().is_some_and(|card| card.is(key));
        any(&self.status, |StatusFilter(status)| *status == data.status)
            && any(&self.attendance, |attendance| *attendance == data.attendance)
            && any(&self.member, is_member)
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

fn any<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}
