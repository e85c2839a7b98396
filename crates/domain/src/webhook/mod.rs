//! Webhooks: HTTP requests that the service sends to a receiver when resources change, signed as Standard Webhooks.

pub mod address;
mod url;
mod watched;
mod words;

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::url::{Target, WebhookUrl};
pub use self::watched::WatchedResource;
pub use self::words::{DeliveryFailure, DeliveryState, WebhookContent, WebhookDisabledReason, WebhookRole};
use crate::bilingual;
use crate::feed::FeedAction;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{Policy, STAFF_WITHOUT_TRANSITION};
use crate::kernel::input::validators::distinct;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::parameters::{BoolParam, InstantParam};
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::Texts;
use crate::kernel::value::SingleLine;
use crate::kernel::violation::Violations;

/// The maximum number of webhooks that are not deleted.
pub const MAX_WEBHOOKS: u64 = 20;

/// A webhook: where changes are sent to, and which ones. Its secret is not among its fields; it is shown once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Webhook {
    /// What receives the changes, to tell webhooks apart.
    pub name: SingleLine,
    /// Where the changes are sent to, by `POST`. The host must have public addresses only, unless the operator allows
    /// others.
    pub url: WebhookUrl,
    /// The kinds of resources whose changes are sent; empty for all kinds.
    #[serde(default)]
    #[deserr(default)]
    pub resources: Vec<WatchedResource>,
    /// The kinds of changes that are sent; empty for all kinds.
    #[serde(default)]
    #[deserr(default)]
    pub actions: Vec<FeedAction>,
    /// What a delivery contains; `thin` by default.
    #[serde(default = "thin")]
    #[deserr(default = thin())]
    pub content: WebhookContent,
    /// The role in which the webhook sees the data; `public` by default.
    #[serde(default = "public")]
    #[deserr(default = public())]
    pub as_role: WebhookRole,
    /// Whether changes are sent; `true` by default. A webhook that is enabled again continues where it stopped.
    #[serde(default)]
    #[deserr(default = true)]
    pub enabled: bool,
}

const fn thin() -> WebhookContent {
    WebhookContent::Thin
}

const fn public() -> WebhookRole {
    WebhookRole::Public
}

/// The members that the store derives for a webhook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct WebhookDerived {
    /// Why the service has disabled the webhook; absent if it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// Since when all attempts have failed; absent if the last one has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<InstantParam>,
}

crate::list_filter! {
    /// The filters of the list of webhooks.
    WebhookFilter of Webhook {
        /// Only enabled webhooks (`true`), or only disabled ones (`false`).
        enabled: Option<BoolParam> => flag(enabled),
        /// The role in which the webhook sees the data.
        as_role: Vec<WebhookRole> => one_of(as_role),
        /// A kind of resource that the webhook names in `resources`.
        resource: Vec<WatchedResource> => in_set(resources),
    }
}

crate::word_list! {
    /// The keys by which webhooks can be sorted.
    WebhookSort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(WebhookSort, default: [(Self::Name, Ascending)]);

impl Resource for Webhook {
    const NAME: &'static str = "webhook";
    const PATH: &'static str = "webhooks";
    const POLICY: Policy = STAFF_WITHOUT_TRANSITION;
    const PUBLIC: bool = false;

    type Parent = ();
    type Filter = WebhookFilter;
    type Sort = WebhookSort;
    type Status = NoStatus;
    type Derived = WebhookDerived;

    const DERIVED: &'static [&'static str] = &["disabled_reason", "failing_since"];

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    /// The coordination office neither creates nor changes webhooks that see what only administrators see, and API keys,
    /// whose scopes a webhook does not have, only those that see what is public.
    fn validate_changes(before: Option<&Self>, after: &Self, actor: &Actor, violations: &mut Violations) {
        let has_role = |role: &dyn Fn(WebhookRole) -> bool| {
            before.is_some_and(|before| role(before.as_role)) || role(after.as_role)
        };
        if actor.scopes.is_some() && has_role(&|role| role != WebhookRole::Public) {
            let detail = bilingual!(
                "An API key can only have a webhook see what is public: sign in instead.",
                "Ein API-Schlüssel lässt einen Webhook nur sehen, was öffentlich ist: Melden Sie sich an."
            );
            violations.member("/as_role", "not_writable", detail);
            return;
        }
        if actor.role != Some(Role::Admin) && has_role(&|role| role == WebhookRole::Admin) {
            let detail = bilingual!(
                "Only administrators can have a webhook see what administrators see.",
                "Nur die Administration kann einen Webhook sehen lassen, was sie sieht."
            );
            violations.member("/as_role", "not_writable", detail);
        }
    }

    fn validate(&self, violations: &mut Violations) {
        distinct(&self.resources, "/resources", violations);
        distinct(&self.actions, "/actions", violations);
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    fn is_same_child(&self, other: &Self) -> bool {
        self.name == other.name && self.url == other.url
    }
}
