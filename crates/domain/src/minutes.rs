//! Minutes of sessions that have been held.

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::parameters::sort::Direction::Descending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::search::Texts;
use crate::kernel::value::Localized;
use crate::kernel::violation::Violations;
use crate::session::Session;

crate::string_enum! {
    /// The status of minutes.
    MinutesStatus in "minutes-statuses" {
        /// being written; visible to the coordination office only
        Draft = "draft" ("Draft", "Entwurf": "in Arbeit; nur für die Koordinierungsstelle sichtbar"),
        /// published; can no longer be changed
        Published = "published" ("Published", "Veröffentlicht":
            "veröffentlicht; kann nicht mehr geändert werden"),
    }
}

crate::states!(MinutesStatus {
    Draft => [Published],
    Published => [],
});

/// A revision of the minutes of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Minutes {
    /// The text of the minutes.
    pub text: Localized,
    /// The decisions, one by one.
    #[serde(default)]
    #[deserr(default)]
    pub decisions: Vec<Localized>,
    /// The status of the minutes. Changed only by a transition.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    pub status: Option<MinutesStatus>,
}

/// The members that the store derives for minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct MinutesDerived {
    /// The number of the revision, starting at 1.
    pub revision: u64,
}

crate::list_filter! {
    /// The filters of the list of minutes.
    MinutesFilter of Minutes {
        /// The status of the minutes.
        status: Vec<StatusFilter<MinutesStatus>> => status(status),
    }
}

crate::word_list! {
    /// The keys by which minutes can be sorted.
    MinutesSort {
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(MinutesSort, default: [(Self::CreatedAt, Descending)]);

impl Resource for Minutes {
    const NAME: &'static str = "minutes";
    const PATH: &'static str = "minutes";
    const POLICY: Policy = STAFF_WRITES;
    const NAME_FIELD: &'static str = "";
    const DERIVED: &'static [&'static str] = &["revision"];

    type Parent = Session;
    type Filter = MinutesFilter;
    type Sort = MinutesSort;
    type Status = MinutesStatus;
    type Derived = MinutesDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&Session>, _actor: &Actor) -> bool {
        false
    }

    /// Others than the coordination office only see published minutes.
    fn redact_history(state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        state.get("status").is_some_and(|status| status == MinutesStatus::Published.as_str())
    }

    fn validate(&self, _violations: &mut Violations) {}

    fn search_texts(&self, texts: &mut Texts) {
        texts.text("text", [&self.text]);
        texts.text("decisions", &self.decisions);
    }

    fn label(&self) -> &str {
        ""
    }

    fn status(&self) -> Option<MinutesStatus> {
        self.status
    }

    fn set_status(&mut self, status: MinutesStatus) {
        self.status = Some(status);
    }

    /// Compares the text.
    fn is_same_child(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
