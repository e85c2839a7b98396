//! Funding: the phases in which a partnership is funded.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{MEMBERS_WRITE_OWN, Policy};
use crate::kernel::input::validators::ordered;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::search::Texts;
use crate::kernel::value::{Money, PartialDate};
use crate::kernel::violation::Violations;
use crate::partnership::Partnership;
use crate::programme::ProgrammeRef;

crate::string_enum! {
    /// The kind of funding.
    FundingKind in "funding-kinds" {
        /// a grant from the programme
        Grant = "grant" ("Grant", "Zuschuss": "ein Zuschuss aus dem Programm"),
        /// a contribution by the participants themselves
        OwnContribution = "own_contribution" ("Own contribution", "Eigenbeitrag":
            "ein Beitrag der Beteiligten selbst"),
        /// goods and services
        InKind = "in_kind" ("In-kind contribution", "Sachleistung": "Güter und Dienstleistungen"),
        /// money from third parties
        ThirdParty = "third_party" ("Third-party funding", "Mittel Dritter"),
    }
}

impl FundingKind {
    /// Returns whether funders of the partnership pay for this kind, and not the participants themselves.
    pub fn is_of_funders(self) -> bool {
        self != Self::OwnContribution
    }
}

/// A funding phase of a partnership.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Funding {
    /// The programme that funds the partnership.
    #[deserr(default)]
    pub programme: Option<ProgrammeRef>,
    /// The kind of funding.
    pub kind: FundingKind,
    /// The amount, if published.
    #[deserr(default)]
    pub amount: Option<Money>,
    /// The start of the phase.
    #[deserr(default)]
    pub from: Option<PartialDate>,
    /// The end of the phase.
    #[deserr(default)]
    pub to: Option<PartialDate>,
}

crate::list_filter! {
    /// The filters of the list of funding phases.
    FundingFilter of Funding {
        /// The kind of funding.
        kind: Vec<FundingKind> => one_of(kind),
        /// The id or slug of the programme that funds the partnership.
        programme: Vec<Key> => reference(programme_id = data.programme.as_ref().and_then(Ref::summary)),
    }
}

crate::word_list! {
    /// The keys by which funding phases can be sorted.
    FundingSort {
        /// the first day of the phase
        From = "from",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(FundingSort, default: [(Self::From, Ascending), (Self::CreatedAt, Ascending)]);

impl Resource for Funding {
    const SEARCHED: bool = false;
    const NAME: &'static str = "funding";
    const PATH: &'static str = "funding";
    const POLICY: Policy = MEMBERS_WRITE_OWN;
    /// Two phases may differ only in their amount.
    const MAY_REPEAT: bool = true;
    const NAME_FIELD: &'static str = "";

    type Parent = Partnership;
    type Filter = FundingFilter;
    type Sort = FundingSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Partnership>, actor: &Actor) -> bool {
        parent.is_some_and(|partnership| partnership.is_led_by(actor))
    }

    fn validate(&self, violations: &mut Violations) {
        ordered(self.from.as_ref(), self.to.as_ref(), "/to", violations);
    }

    /// Funding has no texts; it can be found by its programme.
    fn search_texts(&self, _texts: &mut Texts) {}

    fn label(&self) -> &str {
        self.kind.as_str()
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        if let Some(programme) = &mut self.programme {
            programme.visit("/programme", visit);
        }
    }

    /// Compares the programme, the kind and the start.
    fn is_same_child(&self, other: &Self) -> bool {
        self.programme == other.programme && self.kind == other.kind && self.from == other.from
    }
}
