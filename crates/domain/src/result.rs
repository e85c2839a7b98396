//! Results of partnerships: indicators and their measured values.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_WRITE_PARTNERS_UPDATE_OWN, Policy};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{CalendarDate, Decimal, SdgTarget, SingleLine};
use crate::kernel::violation::Violations;
use crate::partnership::Partnership;
use crate::utility::UtilityRef;

/// The maximum number of values of a result. More are likely sensor data.
const MAX_VALUES: usize = 500;

/// A measured value.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ResultValue {
    /// The day of the measurement, or the day to which the value applies.
    pub on: CalendarDate,
    /// The value in the unit of the indicator.
    pub value: Decimal,
    /// The participant that reports the value; absent if the coordination office reports it. Members and partners
    /// report for their own utility, which is the default for them.
    #[deserr(default)]
    pub reported_by: Option<UtilityRef>,
}

/// An indicator of the results of a partnership, with its values over time.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct PartnershipResult {
    /// The indicator: what is measured.
    pub name: SingleLine,
    /// The unit, such as `%`, `m³/d` or `people`.
    pub unit: SingleLine,
    /// The value at the start of the partnership.
    #[deserr(default)]
    pub baseline: Option<Decimal>,
    /// The target value at the end of the partnership.
    #[deserr(default)]
    pub target: Option<Decimal>,
    /// The target of the Sustainable Development Goals to which the indicator relates.
    #[deserr(default)]
    pub sdg_target: Option<SdgTarget>,
    /// The measured values: at most one for each day, and 500 in total.
    #[serde(default)]
    #[deserr(default)]
    #[schema(max_items = 500)]
    pub values: Vec<ResultValue>,
}

crate::list_filter! {
    /// The filters of the list of results.
    ResultFilter of PartnershipResult {
        /// The target of the Sustainable Development Goals to which the indicator relates.
        sdg_target: Vec<SdgTarget> => one_of(sdg_target),
    }
}

crate::word_list! {
    /// The keys by which results can be sorted.
    ResultSort {
        /// the name of the indicator, ignoring case and accents
        Name = "name",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(ResultSort, default: [(Self::Name, Ascending)]);

impl Resource for PartnershipResult {
    const NAME: &'static str = "result";
    const PATH: &'static str = "results";
    const POLICY: Policy = MEMBERS_WRITE_PARTNERS_UPDATE_OWN;
    const MAY_REPEAT: bool = true;

    type Parent = Partnership;
    type Filter = ResultFilter;
    type Sort = ResultSort;
    type Status = NoStatus;
    type Derived = ();

    /// A partner can report on partnerships in which it takes part, and a member maintains the results of those that it
    /// leads.
    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Partnership>, actor: &Actor) -> bool {
        parent.is_some_and(|partnership| partnership.is_worked_on_by(actor))
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Partner => &["name", "unit", "baseline", "target", "sdg_target"],
            _ => &[],
        }
    }

    /// Members and partners can only report for their own utilities, and cannot change values that others have
    /// reported.
    fn validate_changes(before: Option<&Self>, after: &Self, actor: &Actor, violations: &mut Violations) {
        if actor.is_staff() {
            return;
        }
        let known = before.map(|before| before.values.as_slice()).unwrap_or_default();
        let is_own = |value: &ResultValue| {
            value.reported_by.as_ref().and_then(Ref::id).is_some_and(|utility| actor.owns(utility))
        };
        for (index, value) in after.values.iter().enumerate() {
            if !known.contains(value) && !is_own(value) {
                let detail = bilingual!(
                    "You can only report for your own utility: set `reported_by` to it.",
                    "Sie berichten nur für Ihr eigenes Unternehmen: Nennen Sie es."
                );
                violations.member(format!("/values/{index}/reported_by"), "not_writable", detail);
            }
        }
        if let Some(removed) = known.iter().find(|value| !after.values.contains(value) && !is_own(value)) {
            let day = &removed.on;
            let detail = bilingual!(
                "The value for `{day}` was reported by someone else and cannot be changed: send it back as it was.",
                "Den Wert vom `{day}` haben andere berichtet: Senden Sie ihn unverändert zurück."
            );
            violations.member("/values", "not_writable", detail);
        }
    }

    /// A value without a reporter is reported by the caller's utility, if the account is bound to exactly one.
    fn fill_from_actor(&mut self, before: Option<&Self>, actor: &Actor) {
        let [utility] = actor.utilities.as_slice() else { return };
        if actor.is_staff() {
            return;
        }
        for value in &mut self.values {
            if value.reported_by.is_none() && !before.is_some_and(|before| before.values.contains(value)) {
                value.reported_by = Some(Ref::to(Key::Id(*utility)));
            }
        }
    }

    fn validate(&self, violations: &mut Violations) {
        let count = self.values.len();
        if count > MAX_VALUES {
            let detail = bilingual!(
                "There are {count} values, but at most {MAX_VALUES} are allowed.",
                "Es sind {count} Werte; höchstens {MAX_VALUES}."
            );
            violations.member("/values", "too_many", detail);
            return;
        }
        for (index, value) in self.values.iter().enumerate() {
            if self.values.iter().take(index).any(|earlier| earlier.on == value.on) {
                let day = &value.on;
                let detail =
                    bilingual!("There are two values for `{day}`.", "Für `{day}` gibt es zwei Werte.");
                violations.member(format!("/values/{index}/on"), "duplicate", detail);
            }
        }
    }

    /// A reporter must take part or have taken part, so that everybody who may see the partnership may know its name.
    fn validate_with_parent(&self, parent: &Partnership, violations: &mut Violations) {
        for (index, value) in self.values.iter().enumerate() {
            let reporter = value.reported_by.as_ref().and_then(Ref::summary);
            if let Some(summary) = reporter.filter(|summary| !parent.names_utility(summary.id)) {
                let label = &summary.label.1;
                let detail = bilingual!(
                    "{label} does not take part in this partnership.",
                    "{label} ist an dieser Partnerschaft nicht beteiligt."
                );
                violations.member(format!("/values/{index}/reported_by"), "not_a_participant", detail);
            }
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
        texts.codes(Field::Text, "sdg_target", CodeList::SdgTarget, &self.sdg_target);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        for (index, value) in self.values.iter_mut().enumerate() {
            if let Some(utility) = &mut value.reported_by {
                utility.visit(format!("/values/{index}/reported_by"), visit);
            }
        }
    }

    /// Compares the indicator and the unit.
    fn is_same_child(&self, other: &Self) -> bool {
        self.name == other.name && self.unit == other.unit
    }
}
