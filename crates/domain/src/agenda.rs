//! Agenda items of a session.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::guest::GuestRef;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::parameters::InstantParam;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::UnresolvedReference;
use crate::kernel::search::Texts;
use crate::kernel::value::{DurationMinutes, Localized, Position, SingleLine};
use crate::kernel::violation::Violations;
use crate::session::Session;
use crate::topic::TopicRef;

crate::string_enum! {
    /// The kind of an agenda item.
    AgendaKind in "agenda-kinds" {
        /// a talk
        Talk = "talk" ("Talk", "Vortrag"),
        /// a discussion
        Discussion = "discussion" ("Discussion", "Diskussion"),
        /// policy news
        PolicyUpdate = "policy_update" ("Policy update", "Politische Entwicklungen"),
        /// a break
        Break = "break" ("Break", "Pause"),
        /// anything else
        Other = "other" ("Other", "Sonstiges"),
    }
}

/// An agenda item.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct AgendaItem {
    /// The position on the agenda, starting at 1; the end by default. Changing the position moves the item, and the
    /// other items move up or down.
    #[deserr(default)]
    pub position: Option<Position>,
    /// The kind of item.
    pub kind: AgendaKind,
    /// The title.
    pub title: SingleLine,
    /// The duration in minutes.
    pub duration_minutes: DurationMinutes,
    /// The guest who speaks; must be a guest of the same session.
    #[deserr(default)]
    pub guest: Option<GuestRef>,
    /// The topic that is discussed, which becomes `scheduled` if it was `proposed`. Only returned to those who may read
    /// topics.
    #[deserr(default)]
    pub topic: Option<TopicRef>,
    /// The abstract.
    #[serde(rename = "abstract")]
    #[deserr(rename = "abstract", default)]
    pub about: Option<Localized>,
}

/// The fields that the store derives for an agenda item.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct AgendaDerived {
    /// When the item starts, if the start of the session is known.
    pub starts_at: Option<InstantParam>,
    /// When the item ends, if the start of the session is known.
    pub ends_at: Option<InstantParam>,
    /// The name of the guest.
    pub speaker: Option<String>,
}

crate::list_filter! {
    /// The filters of the list of agenda items.
    AgendaFilter of AgendaItem {
        /// The kind of item.
        kind: Vec<AgendaKind> => one_of(kind),
    }
}

crate::word_list! {
    /// The keys by which agenda items can be sorted.
    AgendaSort {
        /// the position
        Position = "position",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(AgendaSort, default: [(Self::Position, Ascending)]);

impl Resource for AgendaItem {
    const NAME: &'static str = "agenda_item";
    const PATH: &'static str = "agenda";
    const POLICY: Policy = STAFF_WRITES;
    /// There may be several breaks.
    const MAY_REPEAT: bool = true;
    const NAME_FIELD: &'static str = "title";
    const DERIVED: &'static [&'static str] = &["starts_at", "ends_at", "speaker"];
    const UNLOGGED: &'static [&'static str] = &["starts_at", "ends_at", "speaker"];

    type Parent = Session;
    type Filter = AgendaFilter;
    type Sort = AgendaSort;
    type Status = NoStatus;
    type Derived = AgendaDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&Session>, _actor: &Actor) -> bool {
        false
    }

    fn hidden_fields(role: Option<Role>) -> &'static [&'static str] {
        match role {
            Some(Role::Admin | Role::Coordinator | Role::Reader | Role::Member) => &[],
            // They may not read topics.
            None | Some(Role::Partner) => &["topic"],
        }
    }

    fn redact(&mut self, members: &'static [&'static str]) {
        if members.contains(&"topic") {
            self.topic = None;
        }
    }

    fn validate(&self, _violations: &mut Violations) {}

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        if let Some(topic) = &mut self.topic {
            topic.visit("/topic", visit);
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("title", &self.title);
        texts.text("about", &self.about);
    }

    fn label(&self) -> &str {
        self.title.as_str()
    }

    /// Compares the title.
    fn is_same_child(&self, other: &Self) -> bool {
        self.title == other.title
    }
}
