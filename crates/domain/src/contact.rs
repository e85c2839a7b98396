//! Contacts: the persons at a member.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::actor::{Action, Actor, Grant, Role};
use crate::kernel::collation::collation_key;
use crate::kernel::lifecycle::NoStatus;
use crate::kernel::parameters::{BoolParam, InstantParam};
use crate::kernel::query::Direction::Ascending;
use crate::kernel::reference::Ref;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, Language, Phone, SingleLine};
use crate::kernel::violation::Violations;
use crate::member::Member;

/// What a person has agreed to, when, and in which words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Consent {
    /// When it was given.
    #[schema(value_type = InstantParam)]
    pub given_at: InstantParam,
    /// The version of the text that was agreed to.
    pub text_version: SingleLine,
}

/// What a person has agreed to; what is absent was not agreed to.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Consents {
    /// To stand in the directory that the other members read.
    #[deserr(default)]
    pub directory: Option<Consent>,
    /// To be written to by the coordination office. Other members do not see it.
    #[deserr(default)]
    pub mailings: Option<Consent>,
}

impl Consents {
    /// What of it was agreed to after that instant.
    #[must_use]
    pub fn since(&self, instant: DateTime<Utc>) -> Self {
        let later = |one: &Option<Consent>| one.clone().filter(|consent| consent.given_at.0 > instant);
        Self { directory: later(&self.directory), mailings: later(&self.mailings) }
    }

    /// What was agreed to here or there; of each, the later.
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

/// A person at a member.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Contact {
    /// The given name.
    pub given_name: SingleLine,
    /// The family name.
    pub family_name: SingleLine,
    /// The address that the person is written to.
    pub email: Email,
    /// The telephone number.
    #[deserr(default)]
    pub phone: Option<Phone>,
    /// What the person does there.
    #[deserr(default)]
    pub function: Option<SingleLine>,
    /// The language that the person is written to in (ISO 639-1).
    pub language: Language,
    /// Whether this is the first one to turn to: one at most a member.
    #[serde(default)]
    #[deserr(default)]
    pub is_primary: bool,
    /// What the person has agreed to.
    #[serde(default)]
    #[deserr(default)]
    pub consents: Consents,
}

/// A relation to a contact.
pub type ContactRef = Ref<Contact>;

/// Prints nothing of the person.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

impl Contact {
    /// Given and family name in one.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

crate::filter! {
    /// Which contacts.
    ContactFilter {
        /// A part of the name; case and accents do not count.
        name: Option<SingleLine>,
        /// The language that the person is written to in (ISO 639-1).
        language: Vec<Language>,
        /// Whether this is the first one to turn to.
        is_primary: Option<BoolParam>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What contacts are sorted by.
    ContactSort {
        /// the family name, folded (case and accents do not count)
        FamilyName = "family_name",
        /// the given name, folded
        GivenName = "given_name",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(ContactSort, usual: [(Self::FamilyName, Ascending), (Self::GivenName, Ascending)]);

impl Resource for Contact {
    const NAME: &'static str = "contact";
    const PATH: &'static str = "contacts";
    const SCOPE: &'static str = Member::PATH;
    const NAME_FIELD: &'static str = "";
    const HAS_SLUG: bool = false;
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    const REGISTERS: bool = true;
    const UNLOGGED: &'static [&'static str] = &["given_name", "family_name", "email", "phone"];

    type Parent = Member;
    type Filter = ContactFilter;
    type Sort = ContactSort;
    type Status = NoStatus;
    type Derived = ();

    fn grant(role: Role, action: Action) -> Grant {
        match (role, action) {
            (Role::Admin | Role::Coordinator, _) | (Role::Member, Action::Read) => Grant::All,
            (Role::Member, Action::Create | Action::Update | Action::Delete) => Grant::Own,
            _ => Grant::Never,
        }
    }

    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Member>, actor: &Actor) -> bool {
        parent.is_some_and(|member| member.is_own(None, None, actor))
    }

    /// Others see who stands in the directory, and not who is written to by the office.
    fn redact_history(state: &mut Value, own: bool, _actor: &Actor) -> bool {
        let consents = state.get_mut("consents").and_then(Value::as_object_mut);
        own || consents.is_some_and(|consents| {
            consents.shift_remove("mailings");
            consents.contains_key("directory")
        })
    }

    fn validate(&self, _violations: &mut Violations) {}

    fn matches(filter: &ContactFilter, item: &Stored<Self>) -> bool {
        let it = &item.data;
        let is_called =
            |part: &SingleLine| collation_key(&it.full_name()).contains(&collation_key(part.as_str()));
        filter.name.as_ref().is_none_or(is_called)
            && (filter.language.is_empty() || filter.language.contains(&it.language))
            && filter.is_primary.is_none_or(|BoolParam(wanted)| wanted == it.is_primary)
            && filter.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name(self.full_name());
        texts.details([&self.email]);
        texts.details(&self.function);
    }

    fn label(&self) -> &str {
        self.function.as_ref().map_or("", SingleLine::as_str)
    }

    /// The same address.
    fn is_same_child(&self, other: &Self) -> bool {
        self.email.folded() == other.email.folded()
    }
}
