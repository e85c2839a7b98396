//! What interest registrations are filtered and sorted by.

use super::{InterestRegistration, InterestStatus};
use crate::kernel::parameters::InstantParam;
use crate::kernel::query::Direction::Descending;
use crate::kernel::resource::Stored;
use crate::kernel::value::Sector;

crate::filter! {
    /// Which interest registrations.
    InterestFilter {
        /// What became of it.
        status: Vec<InterestStatus>,
        /// A sector that the utility operates.
        sector: Vec<Sector>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

impl InterestFilter {
    pub(super) fn matches(&self, item: &Stored<InterestRegistration>) -> bool {
        let it = &item.data;
        (self.status.is_empty() || self.status.contains(&it.status))
            && (self.sector.is_empty() || self.sector.iter().any(|sector| it.sectors.contains(sector)))
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

crate::string_enum! {
    /// What interest registrations are sorted by.
    InterestSort {
        /// the utility's name, folded (case and accents do not count)
        UtilityName = "utility_name",
        /// the status, as a word
        Status = "status",
        /// when it was confirmed
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(InterestSort, usual: [(Self::CreatedAt, Descending)]);
