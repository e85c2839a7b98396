//! Contacts: the contact persons of members.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{MEMBERS_READ_AND_WRITE_OWN, Policy};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::parameters::{BoolParam, InstantParam};
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::Ref;
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, Language, Phone, SingleLine};
use crate::kernel::violation::Violations;
use crate::member::Member;

/// A consent, with its time and the text that was agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Consent {
    /// When the consent was given.
    #[schema(value_type = InstantParam)]
    pub given_at: InstantParam,
    /// The version of the text that was agreed to.
    pub text_version: SingleLine,
}

/// The consents of a person; an absent consent was not given.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Consents {
    /// Consent to being listed in the directory for other members.
    #[deserr(default)]
    pub directory: Option<Consent>,
    /// Consent to mailings from the coordination office. Not visible to other members.
    #[deserr(default)]
    pub mailings: Option<Consent>,
}

impl Consents {
    /// Returns only the consents that were given after an instant.
    #[must_use]
    pub fn since(&self, instant: DateTime<Utc>) -> Self {
        let later = |one: &Option<Consent>| one.clone().filter(|consent| consent.given_at.0 > instant);
        Self { directory: later(&self.directory), mailings: later(&self.mailings) }
    }

    /// Returns the consents of both; of each kind, the later one.
    #[must_use]
    pub fn joined(self, other: &Self) -> Self {
        let later = |one: Option<Consent>, other: &Option<Consent>| match (one, other) {
            (Some(one), Some(other)) if one.given_at.0 >= other.given_at.0 => Some(one),
            (one, None) => one,
            (_, other) => other.clone(),
        };
        Self {
            directory: later(self.directory, &other.directory),
            mailings: later(self.mailings, &other.mailings),
        }
    }
}

/// A contact of a member.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Contact {
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
    /// The language for messages to the person (ISO 639-1).
    pub language: Language,
    /// Whether this is the primary contact; at most one for each member.
    #[serde(default)]
    #[deserr(default)]
    pub is_primary: bool,
    /// The consents of the person.
    #[serde(default)]
    #[deserr(default)]
    pub consents: Consents,
}

/// A reference to a contact.
pub type ContactRef = Ref<Contact>;

/// Omits personal data.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

impl Contact {
    /// Returns the given name and the family name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

crate::list_filter! {
    /// The filters of the list of contacts.
    ContactFilter of Contact {
        /// A part of the name; case and accents are ignored.
        name: Option<SingleLine> => contains(name_key = data.full_name()),
        /// The language for messages to the person (ISO 639-1).
        language: Vec<Language> => one_of(language),
        /// Only primary contacts (`true`), or only others (`false`).
        is_primary: Option<BoolParam> => flag(is_primary),
    }
}

crate::word_list! {
    /// The keys by which contacts can be sorted.
    ContactSort {
        /// the family name, ignoring case and accents
        FamilyName = "family_name",
        /// the given name, ignoring case and accents
        GivenName = "given_name",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(ContactSort, default: [(Self::FamilyName, Ascending), (Self::GivenName, Ascending)]);

impl Resource for Contact {
    const NAME: &'static str = "contact";
    const PATH: &'static str = "contacts";
    const POLICY: Policy = MEMBERS_READ_AND_WRITE_OWN;
    const NAME_FIELD: &'static str = "";
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    const REGISTERS: bool = true;
    const UNLOGGED: &'static [&'static str] = &["given_name", "family_name", "email", "phone"];

    type Parent = Member;
    type Filter = ContactFilter;
    type Sort = ContactSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Member>, actor: &Actor) -> bool {
        parent.is_some_and(|member| member.is_own(None, None, actor))
    }

    /// Members see the contacts of other members only with the consent to the directory, and never the consent to
    /// mailings.
    fn redact_history(state: &mut Value, own: bool, _actor: &Actor) -> bool {
        let consents = state.get_mut("consents").and_then(Value::as_object_mut);
        own || consents.is_some_and(|consents| {
            consents.shift_remove("mailings");
            consents.contains_key("directory")
        })
    }

    fn validate(&self, _violations: &mut Violations) {}

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("family_name", self.full_name());
        texts.details("email", [&self.email]);
        texts.details("function", &self.function);
    }

    fn label(&self) -> &str {
        self.function.as_ref().map_or("", SingleLine::as_str)
    }

    /// Compares the e-mail address.
    fn is_same_child(&self, other: &Self) -> bool {
        self.email.folded() == other.email.folded()
    }
}
