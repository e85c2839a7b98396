//! Activities of partnerships.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{MEMBERS_WRITE_OWN, Policy};
use crate::kernel::input::validators::days_ordered;
use crate::kernel::parameters::sort::Direction::{Ascending, Descending};
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::Texts;
use crate::kernel::value::{CalendarDate, Country, Decimal, Headcount, Localized, PartialDate, SingleLine};
use crate::kernel::violation::Violations;
use crate::partnership::Partnership;

crate::string_enum! {
    /// The kind of activity.
    ActivityKind in "activity-kinds" {
        /// experts travel to the partner
        Mission = "mission" ("Mission", "Entsendung": "Fachleute reisen zum Partner"),
        /// staff of the partner work alongside the staff of the lead
        HostedVisit = "hosted_visit" ("Hosted visit", "Hospitation":
            "Beschäftigte des Partners arbeiten beim Lead-Partner mit"),
        /// a training course
        Training = "training" ("Training", "Schulung"),
        /// a workshop
        Workshop = "workshop" ("Workshop", "Workshop"),
        /// a tour to several places
        StudyTour = "study_tour" ("Study tour", "Studienreise": "eine Reise zu mehreren Orten"),
        /// an online meeting
        OnlineMeeting = "online_meeting" ("Online meeting", "Online-Treffen"),
        /// goods are bought
        Procurement = "procurement" ("Procurement", "Beschaffung": "Güter werden gekauft"),
        /// goods are handed over
        Delivery = "delivery" ("Delivery", "Lieferung": "Güter werden übergeben"),
        /// a study
        Study = "study" ("Study", "Studie"),
    }
}

/// An activity of a partnership.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Activity {
    /// The kind of activity.
    pub kind: ActivityKind,
    /// The title.
    pub title: SingleLine,
    /// The first day.
    pub starts_on: CalendarDate,
    /// The last day, if different from the first day.
    #[deserr(default)]
    pub ends_on: Option<CalendarDate>,
    /// The country where the activity took place (ISO 3166-1 alpha-2).
    #[deserr(default)]
    pub country: Option<Country>,
    /// The number of people who took part.
    #[deserr(default)]
    pub participants: Option<Headcount>,
    /// The total number of working days of all experts.
    #[deserr(default)]
    pub expert_days: Option<Decimal>,
    /// A description of what happened.
    #[deserr(default)]
    pub description: Option<Localized>,
}

impl Activity {
    /// Returns the last day, which is the first day if none is given.
    pub fn last_day(&self) -> &CalendarDate {
        self.ends_on.as_ref().unwrap_or(&self.starts_on)
    }
}

crate::list_filter! {
    /// The filters of the list of activities.
    ActivityFilter of Activity {
        /// The kind of activity.
        kind: Vec<ActivityKind> => one_of(kind),
        /// The country where the activity took place (ISO 3166-1 alpha-2).
        country: Vec<Country> => one_of(country),
        /// Only activities that began in this period or later.
        starts_from: Option<PartialDate> => from(starts_on = data.starts_on.as_str()),
        /// Only activities that began in this period or earlier.
        starts_to: Option<PartialDate> => to(starts_on = data.starts_on.as_str()),
    }
}

crate::word_list! {
    /// The keys by which activities can be sorted.
    ActivitySort {
        /// the first day
        StartsOn = "starts_on",
        /// the title, ignoring case and accents
        Title = "title",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(ActivitySort, default: [(Self::StartsOn, Descending), (Self::Title, Ascending)]);

impl Resource for Activity {
    const NAME: &'static str = "activity";
    const PATH: &'static str = "activities";
    const POLICY: Policy = MEMBERS_WRITE_OWN;
    /// There may be several meetings on one day.
    const MAY_REPEAT: bool = true;
    const NAME_FIELD: &'static str = "title";

    type Parent = Partnership;
    type Filter = ActivityFilter;
    type Sort = ActivitySort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Partnership>, actor: &Actor) -> bool {
        parent.is_some_and(|partnership| partnership.is_led_by(actor))
    }

    fn validate(&self, violations: &mut Violations) {
        days_ordered(Some(&self.starts_on), self.ends_on.as_ref(), "/ends_on", violations);
        if self.expert_days.as_ref().is_some_and(Decimal::is_negative) {
            let detail = bilingual!(
                "The number of days must not be negative.",
                "Eine Anzahl von Tagen darf nicht negativ sein."
            );
            violations.member("/expert_days", "out_of_range", detail);
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("title", &self.title);
        texts.text("description", &self.description);
    }

    fn label(&self) -> &str {
        self.title.as_str()
    }

    /// Compares the kind, the title and the first day.
    fn is_same_child(&self, other: &Self) -> bool {
        self.kind == other.kind && self.title == other.title && self.starts_on == other.starts_on
    }
}
