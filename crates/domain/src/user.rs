//! Users: the accounts, with their roles.

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{ADMINS_ONLY, Policy};
use crate::kernel::input::validators::distinct;
use crate::kernel::parameters::BoolParam;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::list_filter::any;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, SingleLine, Visibility};
use crate::kernel::violation::Violations;
use crate::utility::{UtilityKind, UtilityRef};

/// An account. Personal data: only returned to the person and to administrators, and never logged.
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct User {
    /// The e-mail address for signing in; unique, ignoring case.
    pub email: Email,
    /// The name of the person.
    pub name: SingleLine,
    /// The role, which determines what the account may do.
    pub role: Role,
    /// The utilities that the account is bound to: municipal utilities for a `member`, partner utilities for a
    /// `partner`, none for other roles.
    #[serde(default)]
    #[deserr(default)]
    pub utilities: Vec<UtilityRef>,
    /// Whether the account is disabled: it cannot sign in, and its tokens and API keys are invalid.
    #[serde(default)]
    #[deserr(default)]
    pub disabled: bool,
}

/// Omits personal data.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("role", &self.role).finish_non_exhaustive()
    }
}

crate::list_filter! {
    /// The filters of the list of users.
    UserFilter of User {
        /// The role.
        role: Vec<Role> => one_of(role),
        /// The id or slug of a utility that the account is bound to.
        utility: Vec<Key>,
        /// Only disabled accounts (`true`), or only enabled ones (`false`).
        disabled: Option<BoolParam> => flag(disabled),
    }
}

crate::word_list! {
    /// The keys by which users can be sorted.
    UserSort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the role, alphabetically
        Role = "role",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(UserSort, default: [(Self::Name, Ascending)]);

impl Resource for User {
    const NAME: &'static str = "user";
    const PATH: &'static str = "users";
    const POLICY: Policy = ADMINS_ONLY;
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    const UNLOGGED: &'static [&'static str] = &["email", "name"];

    type Parent = ();
    type Filter = UserFilter;
    type Sort = UserSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, id: Option<Uuid>, _parent: Option<&()>, actor: &Actor) -> bool {
        id.is_some() && id == actor.account
    }

    fn validate(&self, violations: &mut Violations) {
        distinct(&self.utilities, "/utilities", violations);
        let role = self.role;
        let side = match role {
            Role::Member => Some(UtilityKind::Municipal),
            Role::Partner => Some(UtilityKind::Partner),
            Role::Admin | Role::Coordinator | Role::Reader => None,
        };
        if side.is_some() && self.utilities.is_empty() {
            let detail = bilingual!(
                "The role `{role}` must be bound to at least one utility.",
                "Die Rolle `{role}` ist an mindestens ein Unternehmen gebunden."
            );
            violations.member("/utilities", "too_few", detail);
        }
        for (index, summary) in self.utilities.iter().map(Ref::summary).enumerate() {
            let Some(summary) = summary else { continue };
            if side.is_none_or(|side| summary.kind.as_deref() != Some(side.as_str())) {
                let name = &summary.label.1;
                let detail = bilingual!(
                    "The role `{role}` cannot be bound to {name}.",
                    "Die Rolle `{role}` wird nicht an {name} gebunden."
                );
                violations.member(format!("/utilities/{index}"), "inconsistent", detail);
            }
        }
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        for (index, utility) in self.utilities.iter_mut().enumerate() {
            utility.visit(format!("/utilities/{index}"), visit);
        }
    }

    fn matches_special(filter: &UserFilter, item: &Stored<Self>) -> bool {
        let utilities = &item.data.utilities;
        any(&filter.utility, |key| utilities.iter().filter_map(Ref::summary).any(|summary| summary.is(key)))
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
        texts.details("email", [&self.email]);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    /// Only administrators can see users.
    fn visibility(&self) -> Visibility {
        Visibility::Internal
    }

    /// Compares the e-mail address.
    fn is_same_child(&self, other: &Self) -> bool {
        self.email.folded() == other.email.folded()
    }
}
