//! The filters and sort keys of registrations.

use super::{Attendance, Registration, RegistrationStatus};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::Key;

crate::list_filter! {
    /// The filters of the list of registrations.
    RegistrationFilter of Registration {
        /// Whether the person has a seat, and whether the person attended.
        status: Vec<StatusFilter<RegistrationStatus>> => status(status),
        /// On site or online.
        attendance: Vec<Attendance> => one_of(attendance),
        /// The id or slug of the member that the person belongs to.
        member: Vec<Key> => reference(member_id = data.member.summary()),
    }
}

crate::word_list! {
    /// The keys by which registrations can be sorted.
    RegistrationSort {
        /// the order of registration
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
