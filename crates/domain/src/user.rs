//! Users: who may sign in, and as what.

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::actor::{Action, Actor, Grant, Role};
use crate::kernel::lifecycle::NoStatus;
use crate::kernel::parameters::{BoolParam, InstantParam};
use crate::kernel::query::Direction::Ascending;
use crate::kernel::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::Texts;
use crate::kernel::validators::distinct;
use crate::kernel::value::{Email, SingleLine, Visibility};
use crate::kernel::violation::Violations;
use crate::utility::{UtilityKind, UtilityRef};

/// Somebody who may sign in. Personal data: it goes to nobody but the person and administrators, and never into a log.
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct User {
    /// Signs in with this; unique whatever the case of its letters.
    pub email: Email,
    /// What the person is called.
    pub name: SingleLine,
    /// What the account may do.
    pub role: Role,
    /// The utilities that it is bound to: municipal ones for a `member`, partner utilities for a `partner`, none for the
    /// others.
    #[serde(default)]
    #[deserr(default)]
    pub utilities: Vec<UtilityRef>,
    /// Whether it is shut out: it cannot sign in, and its tokens and API keys do not work.
    #[serde(default)]
    #[deserr(default)]
    pub disabled: bool,
}

/// Prints nothing of the person.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("role", &self.role).finish_non_exhaustive()
    }
}

crate::filter! {
    /// Which users.
    UserFilter {
        /// What they may do.
        role: Vec<Role>,
        /// A utility that they are bound to, by id or slug.
        utility: Vec<Key>,
        /// Whether they are shut out.
        disabled: Option<BoolParam>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What users are sorted by.
    UserSort {
        /// the name, folded (case and accents do not count)
        Name = "name",
        /// the role, as a word
        Role = "role",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(UserSort, usual: [(Self::Name, Ascending)]);

impl Resource for User {
    const NAME: &'static str = "user";
    const PATH: &'static str = "users";
    const HAS_SLUG: bool = false;
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    const UNLOGGED: &'static [&'static str] = &["email", "name"];

    type Parent = ();
    type Filter = UserFilter;
    type Sort = UserSort;
    type Status = NoStatus;
    type Derived = ();

    fn grant(role: Role, _action: Action) -> Grant {
        if role == Role::Admin { Grant::All } else { Grant::Never }
    }

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
                "The role `{role}` is bound to at least one utility.",
                "Die Rolle `{role}` ist an mindestens ein Unternehmen gebunden."
            );
            violations.member("/utilities", "too_few", detail);
        }
        for (index, card) in self.utilities.iter().map(Ref::card).enumerate() {
            let Some(card) = card else { continue };
            if side.is_none_or(|side| card.kind.as_deref() != Some(side.as_str())) {
                let name = &card.label.1;
                let detail = bilingual!(
                    "The role `{role}` is not bound to {name}.",
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

    fn matches(filter: &UserFilter, item: &Stored<Self>) -> bool {
        let it = &item.data;
        let is_bound_to = |key: &Key| it.utilities.iter().filter_map(Ref::card).any(|card| card.is(key));
        (filter.role.is_empty() || filter.role.contains(&it.role))
            && (filter.utility.is_empty() || filter.utility.iter().any(is_bound_to))
            && filter.disabled.is_none_or(|BoolParam(wanted)| wanted == it.disabled)
            && filter.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name(&self.name);
        texts.details([&self.email]);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    /// Nobody but administrators sees it.
    fn visibility(&self) -> Visibility {
        Visibility::Internal
    }

    /// The same address.
    fn is_same_child(&self, other: &Self) -> bool {
        self.email.folded() == other.email.folded()
    }
}
