//! The filters and sort keys of interest registrations.

use super::{InterestRegistration, InterestStatus};
use crate::kernel::parameters::InstantParam;
use crate::kernel::parameters::sort::Direction::Descending;
use crate::kernel::resource::Stored;
use crate::kernel::value::Sector;

crate::filter! {
    /// The filters of the list of interest registrations.
    InterestFilter {
        /// The status.
        status: Vec<InterestStatus>,
        /// A sector of the utility.
        sector: Vec<Sector>,
        /// Only resources that changed at or after this instant.
        updated_since: Option<InstantParam>,
    }
}

impl InterestFilter {
    pub(super) fn matches(&self, item: &Stored<InterestRegistration>) -> bool {
        let data = &item.data;
        (self.status.is_empty() || self.status.contains(&data.status))
            && (self.sector.is_empty() || self.sector.iter().any(|sector| data.sectors.contains(sector)))
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

crate::string_enum! {
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
