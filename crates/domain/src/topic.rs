//! Topics: subjects that members want to discuss.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_PROPOSE, Policy};
use crate::kernel::input::validators::{distinct, single_lines};
use crate::kernel::parameters::sort::Direction::Descending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{Localized, Sector, Slug, Visibility};
use crate::kernel::violation::Violations;
use crate::member::MemberRef;

crate::string_enum! {
    /// The status of a topic.
    TopicStatus in "topic-statuses" {
        /// proposed by a member
        Proposed = "proposed" ("Proposed", "Vorgeschlagen": "von einem Mitglied vorgeschlagen"),
        /// planned for a session
        Scheduled = "scheduled" ("Scheduled", "Eingeplant": "für eine Sitzung eingeplant"),
        /// has been discussed
        Discussed = "discussed" ("Discussed", "Besprochen"),
        /// will not be discussed
        Declined = "declined" ("Declined", "Abgelehnt": "wird nicht besprochen"),
    }
}

crate::states!(TopicStatus {
    Proposed => [Scheduled, Declined],
    Scheduled => [Discussed, Declined],
    Discussed => [],
    Declined => [],
});

/// A subject that members want to discuss.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Topic {
    /// Unique and stable; generated from the title by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The title: one line in each language.
    pub title: Localized,
    /// A description of what to discuss.
    #[deserr(default)]
    pub description: Option<Localized>,
    /// The member that proposed the topic.
    pub proposed_by: MemberRef,
    /// The status of the topic; absent if unknown. Changed by a transition, or when the topic is put on an agenda.
    #[deserr(default)]
    pub status: Option<TopicStatus>,
    /// The sectors that the topic concerns; empty if it concerns all sectors.
    #[serde(default)]
    #[deserr(default)]
    pub sectors: Vec<Sector>,
}

/// The members that the store derives for a topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TopicDerived {
    /// The number of supporting members that you may see.
    #[schema(minimum = 0)]
    pub support_count: u64,
}

/// The support of a member for a topic.
#[derive(ToSchema)]
pub struct TopicSupport {
    /// The supporting member.
    pub member: MemberRef,
    /// The time since which the member supports the topic.
    pub since: DateTime<Utc>,
}

/// The name of a member's support for a topic in the change log.
pub const SUPPORT: &str = "support";

/// A reference to a topic.
pub type TopicRef = Ref<Topic>;

crate::list_filter! {
    /// The filters of the list of topics.
    TopicFilter of Topic {
        /// The status; `unknown` finds topics without a known status.
        status: Vec<StatusFilter<TopicStatus>> => status(status),
        /// A sector that the topic concerns.
        sector: Vec<Sector> => in_set(sectors),
        /// The id or slug of the member that proposed the topic.
        proposed_by: Vec<Key> => reference(proposed_by_id = data.proposed_by.summary()),
    }
}

crate::word_list! {
    /// The keys by which topics can be sorted.
    TopicSort {
        /// the title in English, otherwise in German, otherwise in its first language; ignoring case and accents
        Title = "title",
        /// the slug
        Slug = "slug",
        /// the status, alphabetically
        Status = "status",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(TopicSort, default: [(Self::CreatedAt, Descending)]);

impl Resource for Topic {
    const NAME: &'static str = "topic";
    const PATH: &'static str = "topics";
    const POLICY: Policy = MEMBERS_PROPOSE;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const NAME_FIELD: &'static str = "title";
    const DERIVED: &'static [&'static str] = &["support_count"];
    const PUBLIC: bool = false;
    const UNLOGGED: &'static [&'static str] = &["support_count"];

    type Parent = ();
    type Filter = TopicFilter;
    type Sort = TopicSort;
    type Status = TopicStatus;
    type Derived = TopicDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, actor: &Actor) -> bool {
        let utility = self.proposed_by.summary().and_then(|member| member.named_after);
        utility.is_some_and(|utility| actor.owns(utility))
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Admin | Role::Coordinator => &[],
            Role::Reader | Role::Member | Role::Partner => &["slug", "status"],
        }
    }

    fn validate(&self, violations: &mut Violations) {
        single_lines(&self.title, "/title", violations);
        distinct(&self.sectors, "/sectors", violations);
    }

    fn needs_reason(_from: TopicStatus, to: TopicStatus) -> bool {
        to == TopicStatus::Declined
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        self.proposed_by.visit("/proposed_by", visit);
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.localized(Field::Name, "title", [&self.title]);
        texts.text("description", &self.description);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
    }

    fn label(&self) -> &str {
        self.title.best()
    }

    /// Topics are never public.
    fn visibility(&self) -> Visibility {
        Visibility::Members
    }

    fn status(&self) -> Option<TopicStatus> {
        self.status
    }

    fn set_status(&mut self, status: TopicStatus) {
        self.status = Some(status);
    }
}
