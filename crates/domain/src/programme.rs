//! Funding programmes, which fund partnerships.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::input::validators::{days_ordered, distinct, ordered};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::list_filter::any;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{
    CalendarDate, Country, Localized, Money, Months, PartialDate, Percent, Sector, SingleLine, Slug,
    Visibility, WebUrl,
};
use crate::kernel::violation::Violations;
use crate::party::{Party, not_narrower};

crate::string_enum! {
    /// The kind of support that a programme provides.
    ProgrammeKind in "programme-kinds" {
        /// advice and travel through an implementing agency
        TechnicalCooperation = "technical_cooperation" ("Technical cooperation", "Technische Zusammenarbeit":
            "Beratung und Reisen über eine Durchführungsorganisation"),
        /// money for a project
        Grant = "grant" ("Grant", "Zuschuss": "Geld für ein Vorhaben"),
        /// goods
        InKind = "in_kind" ("In-kind support", "Sachleistung": "Güter"),
        /// advice and matchmaking
        Advisory = "advisory" ("Advisory services", "Beratung": "Beratung und Vermittlung von Partnern"),
        /// funding of infrastructure
        Investment = "investment" ("Investment", "Investition": "Finanzierung von Infrastruktur"),
        /// a funded position or organisational structure
        Institutional = "institutional" ("Institutional support", "Institutionelle Förderung":
            "eine geförderte Stelle oder Struktur"),
    }
}

/// The funding rules of a programme.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ProgrammeRules {
    /// Who may apply, as free text.
    #[deserr(default)]
    pub who_may_apply: Option<Localized>,
    /// The maximum amount of a grant.
    #[deserr(default)]
    pub max_grant: Option<Money>,
    /// The share that the applicant contributes, in per cent.
    #[deserr(default)]
    pub own_share_percent: Option<Percent>,
    /// The maximum funding period for a partnership, in months.
    #[deserr(default)]
    pub max_months: Option<Months>,
    /// Whether travel can be funded.
    #[deserr(default)]
    pub travel_allowed: Option<bool>,
    /// The maximum amount for goods.
    #[deserr(default)]
    pub goods_max: Option<Money>,
}

/// A call for applications.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ProgrammeCall {
    /// The title of the call.
    pub title: SingleLine,
    /// The first day for applications.
    #[deserr(default)]
    pub opens_on: Option<CalendarDate>,
    /// The last day for applications.
    #[deserr(default)]
    pub closes_on: Option<CalendarDate>,
    /// Where the call is published.
    #[deserr(default)]
    pub url: Option<WebUrl>,
}

/// A programme that funds partnerships. Always public.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct FundingProgramme {
    /// Unique and stable; generated from the name by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The full name.
    pub name: SingleLine,
    /// The parties that provide the money.
    #[serde(default)]
    #[deserr(default)]
    pub funders: Vec<Party>,
    /// The parties that implement the programme.
    #[serde(default)]
    #[deserr(default)]
    pub implementers: Vec<Party>,
    /// The kind of support.
    pub kind: ProgrammeKind,
    /// The eligible sectors; empty if the programme is open to all.
    #[serde(default)]
    #[deserr(default)]
    pub sectors: Vec<Sector>,
    /// The eligible countries; empty if the programme is open to all.
    #[serde(default)]
    #[deserr(default)]
    pub countries: Vec<Country>,
    /// The start of the programme.
    #[deserr(default)]
    pub start: Option<PartialDate>,
    /// The end of the programme.
    #[deserr(default)]
    pub end: Option<PartialDate>,
    /// The total budget.
    #[deserr(default)]
    pub volume: Option<Money>,
    /// Who is eligible for funding, how much, and for what.
    #[deserr(default)]
    pub rules: Option<ProgrammeRules>,
    /// A description of the programme.
    #[deserr(default)]
    pub description: Option<Localized>,
    /// The web page of the programme.
    #[deserr(default)]
    pub url: Option<WebUrl>,
    /// The URL where this information is published.
    #[deserr(default)]
    pub source_url: Option<WebUrl>,
    /// The calls for applications.
    #[serde(default)]
    #[deserr(default)]
    pub calls: Vec<ProgrammeCall>,
}

/// A reference to a programme.
pub type ProgrammeRef = Ref<FundingProgramme>;

crate::list_filter! {
    /// The filters of the list of programmes.
    ProgrammeFilter of FundingProgramme {
        /// The kind of support.
        kind: Vec<ProgrammeKind> => one_of(kind),
        /// An eligible sector.
        sector: Vec<Sector> => in_set(sectors),
        /// An eligible country (ISO 3166-1 alpha-2).
        country: Vec<Country> => in_set(countries),
        /// The id or slug of a funder.
        funder: Vec<Key>,
    }
}

crate::word_list! {
    /// The keys by which programmes can be sorted.
    ProgrammeSort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the slug
        Slug = "slug",
        /// the kind
        Kind = "kind",
        /// the start date; if only a month or year is known, its first day
        Start = "start",
        /// the end date; if only a month or year is known, its last day
        End = "end",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(ProgrammeSort, default: [(Self::Name, Ascending)]);

impl Resource for FundingProgramme {
    const NAME: &'static str = "funding_programme";
    const PATH: &'static str = "funding-programmes";
    const POLICY: Policy = STAFF_WRITES;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const SUMMARY_FIELDS: &'static [&'static str] = &["kind"];

    type Parent = ();
    type Filter = ProgrammeFilter;
    type Sort = ProgrammeSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        distinct(&self.funders, "/funders", violations);
        distinct(&self.implementers, "/implementers", violations);
        distinct(&self.sectors, "/sectors", violations);
        distinct(&self.countries, "/countries", violations);
        ordered(self.start.as_ref(), self.end.as_ref(), "/end", violations);
        for (index, call) in self.calls.iter().enumerate() {
            let at = format!("/calls/{index}/closes_on");
            days_ordered(call.opens_on.as_ref(), call.closes_on.as_ref(), &at, violations);
        }
        // A programme is public, so every party that it names must be public, too.
        for (member, parties) in [("funders", &self.funders), ("implementers", &self.implementers)] {
            for (index, party) in parties.iter().enumerate() {
                not_narrower(party, Visibility::Public, &format!("/{member}/{index}"), violations);
            }
        }
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        for (member, parties) in [("funders", &mut self.funders), ("implementers", &mut self.implementers)] {
            for (index, party) in parties.iter_mut().enumerate() {
                party.visit(&format!("/{member}/{index}"), visit);
            }
        }
    }

    fn matches_special(filter: &ProgrammeFilter, item: &Stored<Self>) -> bool {
        let funders = &item.data.funders;
        any(&filter.funder, |key| funders.iter().filter_map(Party::summary).any(|summary| summary.is(key)))
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
        texts.details("calls", self.calls.iter().map(|call| &call.title));
        texts.codes(Field::Detail, "countries", CodeList::Country, &self.countries);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
        texts.text("description", &self.description);
        texts.text("rules", self.rules.iter().filter_map(|rules| rules.who_may_apply.as_ref()));
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }
}
