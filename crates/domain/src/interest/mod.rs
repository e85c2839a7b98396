//! Interest registrations: utilities register their interest in taking part. This requires no account, so a
//! registration exists only after the person has confirmed it by a link sent to the given address.

pub mod mail;
mod query;

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::contact::{Consent, Consents};
use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WITHOUT_TRANSITION};
use crate::kernel::bilingual::Locale;
use crate::kernel::input::validators::distinct;
use crate::kernel::parameters::{IdParam, InstantParam};
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::{CodeList, Field, Texts, likeness};
use crate::kernel::value::{Email, Phone, Sector, SingleLine, Text, Visibility, WebUrl};
use crate::kernel::violation::Violations;

pub use query::{InterestFilter, InterestSort};

/// The version of the consent text that applies to new registrations.
pub const CONSENT_TEXT: &str = "2026-11";

crate::string_enum! {
    /// The status of an interest registration.
    InterestStatus in "interest-registration-statuses" {
        /// confirmed by the person, but not yet decided by the coordination office
        Confirmed = "confirmed" ("Confirmed", "Bestätigt":
            "von der Person bestätigt, von der Koordinierungsstelle noch nicht entschieden"),
        /// accepted; the utility is a member
        Accepted = "accepted" ("Accepted", "Angenommen": "angenommen; das Unternehmen ist Mitglied"),
        /// declined
        Declined = "declined" ("Declined", "Abgelehnt"),
    }
}

/// The person who registers.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct InterestedPerson {
    /// The given name.
    pub given_name: SingleLine,
    /// The family name.
    pub family_name: SingleLine,
    /// The e-mail address of the person.
    pub email: Email,
    /// The telephone number.
    #[deserr(default)]
    pub phone: Option<Phone>,
    /// The job title or function of the person.
    #[deserr(default)]
    pub function: Option<SingleLine>,
}

/// The consents of the person. Registering implies consent to messages about the registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct InterestConsent {
    /// The version of the text that was shown: `2026-11`.
    pub text_version: SingleLine,
    /// Consent to being listed in the directory for other members.
    #[serde(default)]
    #[deserr(default)]
    pub directory: bool,
    /// Consent to mailings from the coordination office about other subjects.
    #[serde(default)]
    #[deserr(default)]
    pub mailings: bool,
}

/// The interest registration of a utility that would like to take part.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct NewInterest {
    /// The name of the utility.
    pub utility_name: SingleLine,
    /// The city that the utility serves.
    pub city: SingleLine,
    /// The website.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// The sectors of the utility: a set with at least one entry.
    #[schema(min_items = 1)]
    pub sectors: Vec<Sector>,
    /// The person who registers.
    pub person: InterestedPerson,
    /// A message, for example about what the utility expects.
    #[deserr(default)]
    pub message: Option<Text>,
    /// The language for messages to the person.
    pub language: Locale,
    /// The consents of the person.
    pub consent: InterestConsent,
}

impl NewInterest {
    /// Checks the rules across members.
    pub fn rules(&self) -> Violations {
        let mut violations = Violations::default();
        require_sector(&self.sectors, &mut violations);
        if self.consent.text_version.as_str() != CONSENT_TEXT {
            let detail = bilingual!(
                "Consent can only be given to version `{CONSENT_TEXT}` of the text.",
                "Der Text, dem zugestimmt wird, ist der der Fassung `{CONSENT_TEXT}`."
            );
            violations.member("/consent/text_version", "unknown_value", detail);
        }
        violations
    }

    /// Converts the request to the registration that exists after confirmation.
    pub fn confirmed(self, given_at: InstantParam) -> InterestRegistration {
        let Self { utility_name, city, website, sectors, person, message, language, consent } = self;
        let new_consent = || Consent { given_at, text_version: consent.text_version.clone() };
        InterestRegistration {
            utility_name,
            city,
            website,
            sectors,
            person,
            message,
            language,
            registration_consent: new_consent(),
            consents: Consents {
                directory: consent.directory.then(new_consent),
                mailings: consent.mailings.then(new_consent),
            },
            status: InterestStatus::Confirmed,
            decline_reason: None,
            member_id: None,
        }
    }
}

/// The registration of a utility that wants to take part, as the coordination office sees it.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct InterestRegistration {
    /// The name of the utility.
    pub utility_name: SingleLine,
    /// The city that the utility serves.
    pub city: SingleLine,
    /// The website.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// The sectors of the utility: a set with at least one entry.
    #[schema(min_items = 1)]
    pub sectors: Vec<Sector>,
    /// The person who registered.
    pub person: InterestedPerson,
    /// A message, for example about what the utility expects.
    #[deserr(default)]
    pub message: Option<Text>,
    /// The language for messages to the person.
    pub language: Locale,
    /// The consent of the person to messages about the registration.
    pub registration_consent: Consent,
    /// The person's other consents, which are kept when the person becomes a contact.
    #[serde(default)]
    #[deserr(default)]
    pub consents: Consents,
    /// The status. Changed only by `accept` and `decline`.
    pub status: InterestStatus,
    /// The reason for declining.
    #[deserr(default)]
    pub decline_reason: Option<Text>,
    /// The id of the member that the utility became.
    #[deserr(default)]
    pub member_id: Option<IdParam>,
}

/// Omits personal data.
impl std::fmt::Debug for InterestRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterestRegistration").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An existing resource that may concern the same utility or person.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LikelyDuplicate {
    /// The kind of resource: `utility`, `member` (found through one of its contacts) or `interest_registration`.
    pub resource: String,
    /// The id.
    pub id: Uuid,
    /// The slug; absent if the resource has none.
    pub slug: Option<String>,
    /// The name.
    pub name: String,
    /// What the two have in common: `name`, `alias`, `city`, `website`, `email`.
    pub alike: Vec<String>,
}

/// The members that the store derives for an interest registration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct InterestDerived {
    /// Existing resources that may concern the same utility or person.
    pub likely_duplicates: Vec<LikelyDuplicate>,
}

fn require_sector(sectors: &[Sector], violations: &mut Violations) {
    if sectors.is_empty() {
        let detail = bilingual!("At least one sector is required.", "Mindestens eine Sparte ist nötig.");
        violations.member("/sectors", "too_few", detail);
    }
    distinct(sectors, "/sectors", violations);
}

impl Resource for InterestRegistration {
    const NAME: &'static str = "interest_registration";
    const PATH: &'static str = "interest-registrations";
    const POLICY: Policy = STAFF_WITHOUT_TRANSITION;
    const NAME_FIELD: &'static str = "utility_name";
    const DERIVED: &'static [&'static str] = &["likely_duplicates"];
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    const UNLOGGED: &'static [&'static str] = &["person", "message", "decline_reason", "likely_duplicates"];

    type Parent = ();
    type Filter = InterestFilter;
    type Sort = InterestSort;
    type Status = NoStatus;
    type Derived = InterestDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    /// The statements of a person and decisions cannot be changed afterwards.
    fn validate_changes(before: Option<&Self>, after: &Self, _: &Actor, violations: &mut Violations) {
        let Some(before) = before else { return };
        let mut fixed = |member: &str, same: bool| {
            if !same {
                let detail = bilingual!(
                    "`{member}` records a statement by the person or a decision, and cannot be changed.",
                    "`{member}` ist, was die Person oder eine Entscheidung gesagt hat; es wird nicht geändert."
                );
                violations.member(format!("/{member}"), "not_writable", detail);
            }
        };
        fixed("registration_consent", before.registration_consent == after.registration_consent);
        fixed("consents", before.consents == after.consents);
        fixed("status", before.status == after.status);
        fixed("decline_reason", before.decline_reason == after.decline_reason);
        fixed("member_id", before.member_id == after.member_id);
    }

    /// Only the coordination office can see interest registrations.
    fn redact_history(_state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        require_sector(&self.sectors, violations);
        if self.decline_reason.is_some() != (self.status == InterestStatus::Declined) {
            let detail = bilingual!(
                "A reason is required for a declined registration, and not allowed for any other.",
                "Ein Grund gehört zu dem, was abgelehnt ist, und zu nichts anderem."
            );
            violations.member("/decline_reason", "inconsistent", detail);
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("utility_name", &self.utility_name);
        texts.details("city", [&self.city]);
        texts.details("person", [&self.person.family_name]);
        texts.details("person", [&self.person.email]);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
    }

    fn label(&self) -> &str {
        self.utility_name.as_str()
    }

    fn visibility(&self) -> Visibility {
        Visibility::Internal
    }

    /// Compares the e-mail address and the name of the utility.
    fn is_same_child(&self, other: &Self) -> bool {
        self.person.email.folded() == other.person.email.folded()
            && likeness(self.utility_name.as_str()) == likeness(other.utility_name.as_str())
    }
}
