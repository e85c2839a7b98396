//! The filters and sort keys of interest registrations.

use super::{InterestRegistration, InterestStatus};
use crate::kernel::parameters::sort::Direction::Descending;
use crate::kernel::value::Sector;

crate::list_filter! {
    /// The filters of the list of interest registrations.
    InterestFilter of InterestRegistration {
        /// The status.
        status: Vec<InterestStatus> => one_of(status),
        /// A sector of the utility.
        sector: Vec<Sector> => in_set(sectors),
    }
}

crate::word_list! {
    /// The keys by which interest registrations can be sorted.
    InterestSort {
        /// the name of the utility, ignoring case and accents
        UtilityName = "utility_name",
        /// the status, alphabetically
        Status = "status",
        /// the time of confirmation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(InterestSort, default: [(Self::CreatedAt, Descending)]);
