//! The participants of all partnerships.

use vku_domain::kernel::parameters::entry_filter::EntryFilter;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::schemas::schema_of;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::{Participant, ParticipantRole};
use vku_domain::utility::Utility;

use crate::kernel::table::unnested::{Entries, Unnested};

/// A row for each participant of a partnership.
pub static PARTICIPANTS: Unnested = Unnested {
    path: "partnership-participants",
    entries: Entries::Member {
        member: "participants",
        party_columns: &[("role", "field"), ("utility", "utility_id"), ("organisation", "organisation_id")],
        json_column: None,
    },
    also: &[],
    schema: schema_of::<Participant>,
    filters: &[
        EntryFilter::of::<ParticipantRole>("role", "The role of the participant.", "/role"),
        EntryFilter::of::<Key>(
            "utility",
            "The id or slug of the utility that participates.",
            "/party/utility/id",
        )
        .of_resource(Utility::NAME),
        EntryFilter::of::<Key>(
            "organisation",
            "The id or slug of the organisation that participates.",
            "/party/organisation/id",
        )
        .of_resource(Organisation::NAME),
    ],
};
