//! The filters and sort keys of partnerships.

use super::{Participant, ParticipantRole, Partnership, PartnershipStatus};
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Stored;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::list_filter::any;
use crate::kernel::resource::reference::{Key, Ref};
use crate::kernel::value::{Country, PartialDate, SdgTarget, Sector, Visibility, WorkingAreaCode};
use crate::party::Party;

crate::list_filter! {
    /// The filters of the list of partnerships.
    PartnershipFilter of Partnership {
        /// The status; `unknown` finds partnerships without a known status.
        status: Vec<StatusFilter<PartnershipStatus>> => status(status),
        /// A country of the partner side (ISO 3166-1 alpha-2).
        country: Vec<Country>,
        /// A sector of the partnership.
        sector: Vec<Sector> => in_set(sectors),
        /// A working area of the partnership.
        working_area: Vec<WorkingAreaCode> => in_set(working_areas),
        /// A target of the Sustainable Development Goals.
        sdg_target: Vec<SdgTarget> => in_set(sdg_targets),
        /// The id or slug of a utility that takes part or has taken part.
        utility: Vec<Key>,
        /// The id or slug of an organisation that takes part or has taken part.
        organisation: Vec<Key>,
        /// The id or slug of a utility that is or was the lead.
        lead: Vec<Key>,
        /// The id or slug of a programme that funds the partnership.
        programme: Vec<Key>,
        /// Who may see the partnership.
        visibility: Vec<Visibility> => one_of(visibility),
        /// Only partnerships that began in this period or later.
        start_from: Option<PartialDate> => from(start_first = data.first_day()),
        /// Only partnerships that began in this period or earlier.
        start_to: Option<PartialDate> => to(start_first = data.first_day()),
        /// Only partnerships that end in this period or later.
        end_from: Option<PartialDate> => from(end_last = data.last_day()),
        /// Only partnerships that end in this period or earlier.
        end_to: Option<PartialDate> => to(end_last = data.last_day()),
    }
}

crate::word_list! {
    /// The keys by which partnerships can be sorted.
    PartnershipSort {
        /// the title, ignoring case and accents
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the start date; if only a month or year is known, its first day
        Start = "start",
        /// the end date; if only a month or year is known, its last day
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
    pub(super) fn matches_special(&self, item: &Stored<Partnership>) -> bool {
        let data = &item.data;
        let takes_part = |key: &Key, fits: fn(&Participant) -> bool| {
            data.participants
                .iter()
                .filter(|participant| fits(participant))
                .filter_map(|participant| participant.party.summary())
                .any(|summary| summary.is(key))
        };
        let is_utility: fn(&Participant) -> bool =
            |participant| matches!(participant.party, Party::Utility(_));
        let is_organisation: fn(&Participant) -> bool =
            |participant| matches!(participant.party, Party::Organisation(_));
        let is_lead: fn(&Participant) -> bool = |participant| {
            participant.role == ParticipantRole::Lead && matches!(participant.party, Party::Utility(_))
        };
        let funded_by = |key: &Key| {
            item.derived.programmes.iter().filter_map(Ref::summary).any(|summary| summary.is(key))
        };
        any(&self.country, |country| item.derived.countries.contains(country))
            && any(&self.utility, |key| takes_part(key, is_utility))
            && any(&self.organisation, |key| takes_part(key, is_organisation))
            && any(&self.lead, |key| takes_part(key, is_lead))
            && any(&self.programme, funded_by)
    }
}

impl Partnership {
    /// The first day of the start, as a text; empty if it is unknown.
    fn first_day(&self) -> String {
        self.start.as_ref().map(|start| start.first_day().to_string()).unwrap_or_default()
    }

    /// The last day of the end, as a text; empty if it is unknown.
    fn last_day(&self) -> String {
        self.end.as_ref().map(|end| end.last_day().to_string()).unwrap_or_default()
    }
}
