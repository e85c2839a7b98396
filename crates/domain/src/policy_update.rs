//! Policy updates: current policy developments that matter to the exchange.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::input::validators::{distinct, single_lines};
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{CalendarDate, Localized, PartialDate, Sector, WebUrl, WorkingAreaCode};
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// The political level of a decision.
    PolicyLevel in "policy-levels" {
        /// intergovernmental: the United Nations and its agencies, and treaties
        International = "international" ("International", "International":
            "zwischenstaatlich: die Vereinten Nationen mit ihren Organisationen, und Verträge"),
        /// the European Union
        Eu = "eu" ("European Union", "Europäische Union"),
        /// the Federal Republic of Germany
        Federal = "federal" ("Federal", "Bund": "die Bundesrepublik Deutschland"),
        /// a German state
        State = "state" ("State", "Land": "ein deutsches Bundesland"),
    }
}

/// A current policy development that matters to the exchange. Always public.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct PolicyUpdate {
    /// The title: one line in each language.
    pub title: Localized,
    /// A summary of the development, and of why it matters.
    pub summary: Localized,
    /// The political level of the decision.
    pub level: PolicyLevel,
    /// The day of publication.
    pub published_on: CalendarDate,
    /// The URL of the source.
    pub source_url: WebUrl,
    /// The sectors that the policy update concerns; empty if it concerns all sectors.
    #[serde(default)]
    #[deserr(default)]
    pub sectors: Vec<Sector>,
    /// The codes of the working areas that the policy update concerns.
    #[serde(default)]
    #[deserr(default)]
    pub working_areas: Vec<WorkingAreaCode>,
}

crate::list_filter! {
    /// The filters of the list of policy updates.
    PolicyUpdateFilter of PolicyUpdate {
        /// The political level of the decision.
        level: Vec<PolicyLevel> => one_of(level),
        /// A sector that the policy update concerns.
        sector: Vec<Sector> => in_set(sectors),
        /// A working area that the policy update concerns.
        working_area: Vec<WorkingAreaCode> => in_set(working_areas),
        /// Only policy updates published in this period or later.
        published_from: Option<PartialDate> => from(published_on = data.published_on.as_str()),
        /// Only policy updates published in this period or earlier.
        published_to: Option<PartialDate> => to(published_on = data.published_on.as_str()),
    }
}

crate::word_list! {
    /// The keys by which policy updates can be sorted.
    PolicyUpdateSort {
        /// the title in English, otherwise in German, otherwise in its first language; ignoring case and accents
        Title = "title",
        /// the level, alphabetically
        Level = "level",
        /// the day of publication
        PublishedOn = "published_on",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(PolicyUpdateSort, default: [(Self::PublishedOn, Descending), (Self::Title, Ascending)]);

impl Resource for PolicyUpdate {
    const NAME: &'static str = "policy_update";
    const PATH: &'static str = "policy-updates";
    const POLICY: Policy = STAFF_WRITES;
    const NAME_FIELD: &'static str = "title";
    const MAY_REPEAT: bool = true;

    type Parent = ();
    type Filter = PolicyUpdateFilter;
    type Sort = PolicyUpdateSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        single_lines(&self.title, "/title", violations);
        distinct(&self.sectors, "/sectors", violations);
        distinct(&self.working_areas, "/working_areas", violations);
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.localized(Field::Name, "title", [&self.title]);
        texts.text("summary", [&self.summary]);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
    }

    fn label(&self) -> &str {
        self.title.best()
    }

    /// Compares the source and the date.
    fn is_same_child(&self, other: &Self) -> bool {
        self.source_url == other.source_url && self.published_on == other.published_on
    }
}
