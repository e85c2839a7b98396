//! The filters and sort keys of partnerships.

use super::{Participant, ParticipantRole, Partnership, PartnershipStatus};
use crate::kernel::parameters::InstantParam;
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Stored;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::{Key, Ref};
use crate::kernel::value::{Country, PartialDate, SdgTarget, Sector, Visibility, WorkingAreaCode};
use crate::party::Party;

crate::filter! {
    /// The filters of the list of partnerships.
    PartnershipFilter {
        /// The status; `unknown` finds partnerships without a known status.
        status: Vec<StatusFilter<PartnershipStatus>>,
        /// A country of the partner side (ISO 3166-1 alpha-2).
        country: Vec<Country>,
        /// A sector of the partnership.
        sector: Vec<Sector>,
        /// A working area of the partnership.
        working_area: Vec<WorkingAreaCode>,
        /// A target of the Sustainable Development Goals.
        sdg_target: Vec<SdgTarget>,
        /// The id or slug of a utility that takes part or has taken part.
        utility: Vec<Key>,
        /// The id or slug of an organisation that takes part or has taken part.
        organisation: Vec<Key>,
        /// The id or slug of a utility that is or was the lead.
        lead: Vec<Key>,
        /// The id or slug of a programme that funds the partnership.
        programme: Vec<Key>,
        /// Who may see the partnership.
        visibility: Vec<Visibility>,
        /// Only partnerships that began in this period or later.
        start_from: Option<PartialDate>,
        /// Only partnerships that began in this period or earlier.
        start_to: Option<PartialDate>,
        /// Only partnerships that end in this period or later.
        end_from: Option<PartialDate>,
        /// Only partnerships that end in this period or earlier.
        end_to: Option<PartialDate>,
        /// Only resources that changed at or after this instant.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// The keys by which partnerships can be sorted.
    PartnershipSort {
        /// the title, ignoring case and accents
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the first day of the start
        Start = "start",
        /// the last day of the end
        End = "end",
        /// the status, alphabetically
        Status = "status",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(PartnershipSort, default: [(Self::Start, Descending), (Self::Title, Ascending)]);

impl PartnershipFilter {
    pub(super) fn matches(&self, item: &Stored<Partnership>) -> bool {
        let data = &item.data;
        let takes_part = |key: &Key, fits: fn(&Participant) -> bool| {
            data.participants
                .iter()
                .filter(|participant| fits(participant))
                .filter_map(|participant| participant.party.card())
                .any(|card| card.is(key))
        };
        let is_utility: fn(&Participant) -> bool =
            |participant| matches!(participant.party, Party::Utility(_));
        let is_organisation: fn(&Participant) -> bool =
            |participant| matches!(participant.party, Party::Organisation(_));
        let is_lead: fn(&Participant) -> bool = |participant| {
            participant.role == ParticipantRole::Lead && matches!(participant.party, Party::Utility(_))
        };
        let from = |bound: &Option<PartialDate>, day: Option<chrono::NaiveDate>| {
            bound.as_ref().is_none_or(|bound| day.is_some_and(|day| day >= bound.first_day()))
        };
        let to = |bound: &Option<PartialDate>, day: Option<chrono::NaiveDate>| {
            bound.as_ref().is_none_or(|bound| day.is_some_and(|day| day <= bound.last_day()))
        };
        let start = data.start.as_ref().map(PartialDate::first_day);
        let end = data.end.as_ref().map(PartialDate::last_day);
        let funded_by =
            |key: &Key| item.derived.programmes.iter().filter_map(Ref::card).any(|card| card.is(key));
        any(&self.status, |StatusFilter(status)| *status == data.status)
            && any(&self.country, |country| item.derived.countries.contains(country))
            && any(&self.sector, |sector| data.sectors.contains(sector))
            && any(&self.working_area, |area| data.working_areas.contains(area))
            && any(&self.sdg_target, |target| data.sdg_targets.contains(target))
            && any(&self.utility, |key| takes_part(key, is_utility))
            && any(&self.organisation, |key| takes_part(key, is_organisation))
            && any(&self.lead, |key| takes_part(key, is_lead))
            && any(&self.programme, funded_by)
            && any(&self.visibility, |visibility| *visibility == data.visibility)
            && from(&self.start_from, start)
            && to(&self.start_to, start)
            && from(&self.end_from, end)
            && to(&self.end_to, end)
            && self.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }
}

fn any<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}
