//! What a resource is: its data, its names, its row in the table "Who may do what".
//!
//! May import `access`, `parameters`, `search`, `icalendar`, `value` and what they import.

pub mod lifecycle;
pub mod naming;
pub mod permissions;
pub mod projection;
pub mod reference;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use self::lifecycle::State;
use self::reference::{ReferenceSummary, UnresolvedReference};
use super::access::actor::{Action, Actor, Grant, Role};
use super::icalendar::Event;
use super::parameters::FilterParameters;
use super::parameters::sort::SortKey;
use super::search::{Index, Texts};
use super::value::{Places, Slug, Visibility};
use super::violation::Violations;

use super::clock::instant;

pub use super::etag::ETag;

/// A resource, or a part of one: the struct that implements this is what a caller may write.
///
/// Everything the API does with a resource follows from these items and from how it lies in its table.
pub trait Resource:
    Clone + PartialEq + Serialize + Deserr<Violations> + ToSchema + Send + Sync + 'static
{
    /// Whether it has texts of its own, so that its list takes `q`.
    const SEARCHED: bool = true;
    /// Its name in tables, in the change log and in messages: singular, snake_case.
    const NAME: &'static str;
    /// Its segment in paths: plural, kebab-case.
    const PATH: &'static str;
    /// The collection whose scopes an API key needs for it: for a part, that of its parent.
    const SCOPE: &'static str = Self::PATH;
    /// The member that names it: `name` or `title`; empty for a part without one.
    const NAME_FIELD: &'static str = "name";
    /// Whether it has a `slug`.
    const HAS_SLUG: bool = true;
    /// What a reference to it shows beside id, slug and label: of `kind` and `country`.
    const SUMMARY_FIELDS: &'static [&'static str] = &[];
    /// The derived members, shown and never written.
    const DERIVED: &'static [&'static str] = &[];
    /// The derived members that tables have columns for, so that people can read the rows; an import passes them over.
    const SHOWN_IN_TABLES: &'static [&'static str] = &[];
    /// The members that never change once it is there.
    const IMMUTABLE_FIELDS: &'static [&'static str] = &[];

    /// Whether those without an account may read what is public of it.
    const PUBLIC: bool = true;
    /// Whether it tells of persons: an API key needs the scope `personal_data:read` for it.
    const PERSONAL: bool = false;
    /// Those of its members that tell of persons, where not all of it does: an API key needs the scope for these.
    const PERSONAL_MEMBERS: &'static [&'static str] = &[];
    /// The members that are left out of the change log: personal ones, and what each caller is shown differently.
    const UNLOGGED: &'static [&'static str] = &[];

    /// Whether people take part in sessions through it: before it goes, they are cancelled, or it stays.
    const REGISTERS: bool = false;

    /// Whether what is derived for it depends on the instant, and not only on the day: no answer about it is kept.
    const TIME_DEPENDENT: bool = false;

    /// What it is a part of; `()` for a main resource.
    type Parent: ParentKind;
    /// The filters of its list.
    type Filter: FilterParameters;
    /// The keys its list is sorted by.
    type Sort: SortKey;
    /// Its states; [`NoStatus`](lifecycle::NoStatus) where it has none.
    type Status: State;
    /// What the store derives for it; `()` where nothing is.
    type Derived: Clone + std::fmt::Debug + Default + PartialEq + Serialize + ToSchema + Send + Sync;

    /// Where one is, for maps; `None` for what has no place at all.
    const PLACES: Option<fn(&Stored<Self>) -> Places> = None;

    /// What calendar programs read of one; `None` for what is at no time.
    const EVENT: Option<fn(&Stored<Self>) -> Event> = None;

    /// Whether it is an activity in the sense of IATI, and so is told of there.
    const IS_ACTIVITY: bool = false;

    /// Its row of the table "Who may do what".
    fn grant(role: Role, action: Action) -> Grant;

    /// Whether it is the actor's own, for [`Grant::Own`]; `id` is `None` on create.
    fn is_own(&self, id: Option<Uuid>, parent: Option<&Self::Parent>, actor: &Actor) -> bool;

    /// The members that the role may not write, although it may write the rest.
    fn unwritable_fields(_role: Role) -> &'static [&'static str] {
        &[]
    }

    /// The members that the role does not read, although it reads the rest; `None` is the public.
    fn hidden_fields(_role: Option<Role>) -> &'static [&'static str] {
        &[]
    }

    /// Takes these members out; called with what [`Self::hidden_fields`] names.
    fn redact(&mut self, _members: &'static [&'static str]) {}

    /// Of a state in the change log: takes out what the actor does not read of it, and answers whether the actor could
    /// see it then at all, its visibility aside. `own` is what [`Self::is_own`] says today; staff is not asked.
    fn redact_history(_state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        true
    }

    /// Adds what the role may not change although the members are its to write; `before` is `None` on create.
    fn hidden_changes(_before: Option<&Self>, _after: &Self, _actor: &Actor, _violations: &mut Violations) {}

    /// Fills in what follows from who writes; `before` is `None` on create. Called before relations are resolved.
    fn fill_from_actor(&mut self, _before: Option<&Self>, _actor: &Actor) {}

    /// The rules across members, and with what it refers to. Called when all relations are resolved.
    fn validate(&self, violations: &mut Violations);

    /// The rules with what it is a part of. Called like [`Self::validate`].
    fn validate_with_parent(&self, _parent: &Self::Parent, _violations: &mut Violations) {}

    /// The rules that depend on the day. What was right when it was written does not block later changes of other members:
    /// with `before`, only what changes is checked. Called before relations are resolved.
    fn rules_today(&self, _before: Option<&Self>, _today: NaiveDate, _violations: &mut Violations) {}

    /// What a status needs to be entered, as faults.
    fn transition_requirements(&self, _to: Self::Status, _violations: &mut Violations) {}

    /// What a status needs to be entered on a day: with the rules that depend on it.
    fn needs_today(&self, to: Self::Status, today: NaiveDate, violations: &mut Violations) {
        self.transition_requirements(to, violations);
        let mut after = self.clone();
        after.set_status(to);
        after.rules_today(Some(self), today, violations);
    }

    /// Whether it may enter the status now, as far as it and what it is a part of can tell; given a reason where one is
    /// needed.
    fn is_ready(&self, _parent: Option<&Self::Parent>, to: Self::Status, now: DateTime<Utc>) -> bool {
        let mut violations = Violations::default();
        self.needs_today(to, now.date_naive(), &mut violations);
        violations.is_empty()
    }

    /// Whether the role may lead it there, where it may lead it at all.
    fn may_transition_to(_role: Role, _to: Self::Status) -> bool {
        true
    }

    /// Whether this way needs a reason.
    fn needs_reason(_from: Self::Status, _to: Self::Status) -> bool {
        false
    }

    /// The specification of its filter: the SQL is tested against it.
    fn matches(filter: &Self::Filter, item: &Stored<Self>) -> bool;

    /// What a search looks through, where [`Self::SEARCHED`]; never what some of those who see it do not read, nor what is another's.
    fn search_texts(&self, texts: &mut Texts);

    /// What it is called: name or title.
    fn label(&self) -> &str;

    /// Its slug, where it has one.
    fn slug(&mut self) -> Option<&mut Option<Slug>> {
        None
    }

    /// Who may see it; a part shares its parent's.
    fn visibility(&self) -> Visibility {
        Visibility::Public
    }

    /// Its status; `None` where unknown.
    fn status(&self) -> Option<Self::Status> {
        None
    }

    /// Leads it into a status.
    fn set_status(&mut self, _status: Self::Status) {}

    /// Shows every relation to the store.
    fn references<'a>(&'a mut self, _visit: &mut dyn FnMut(UnresolvedReference<'a>)) {}

    /// Whether several parts may be the same by [`Self::is_same_child`]: then a file may name each of them.
    const MAY_REPEAT: bool = false;

    /// Whether two rows of an import mean the same part; resources with a slug go by that.
    fn is_same_child(&self, _other: &Self) -> bool {
        false
    }
}

/// What a resource can be a part of.
pub trait ParentKind: Send + Sync {
    /// Its name, which is also the part's member for it; `None` for `()`.
    const OWNER: Option<&'static str>;
}

impl ParentKind for () {
    const OWNER: Option<&'static str> = None;
}

impl<T: Resource> ParentKind for T {
    const OWNER: Option<&'static str> = Some(T::NAME);
}

/// A resource as it is kept: its data with id, version, times and what is derived.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T: Resource> {
    /// UUIDv7.
    pub id: Uuid,
    /// What it is a part of.
    pub parent: Option<(&'static str, ReferenceSummary)>,
    /// What was written.
    pub data: T,
    /// What was derived.
    pub derived: T::Derived,
    /// When it was made; cut to microseconds.
    pub created_at: DateTime<Utc>,
    /// When its own data last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes from 1.
    pub version: i64,
    /// When it was deleted, if it is.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// The members that every resource has and nobody writes.
pub const READ_ONLY: &[&str] = &["id", "created_at", "updated_at", "version", "deleted_at"];

impl<T: Resource> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Body<'a, T: Resource> {
            #[serde(flatten)]
            data: &'a T,
            #[serde(flatten)]
            derived: &'a T::Derived,
        }
        struct Parent<'a>(&'a Option<(&'static str, ReferenceSummary)>);
        impl Serialize for Parent<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                if let Some((name, card)) = self.0 {
                    map.serialize_entry(name, card)?;
                }
                map.end()
            }
        }
        #[derive(Serialize)]
        struct Whole<'a, T: Resource> {
            id: Uuid,
            #[serde(flatten)]
            parent: Parent<'a>,
            #[serde(flatten)]
            body: Body<'a, T>,
            created_at: String,
            updated_at: String,
            version: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            deleted_at: Option<String>,
        }
        Whole {
            id: self.id,
            parent: Parent(&self.parent),
            body: Body { data: &self.data, derived: &self.derived },
            created_at: instant(self.created_at),
            updated_at: instant(self.updated_at),
            version: self.version,
            deleted_at: self.deleted_at.map(instant),
        }
        .serialize(serializer)
    }
}

/// The words by which a search finds a resource.
pub fn search_index<T: Resource>(data: &T) -> Index {
    let mut texts = Texts::default();
    data.search_texts(&mut texts);
    texts.into_index()
}

impl<T: Resource> Stored<T> {
    /// The representation: JSON text in UTF-8.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Its entity tag.
    pub fn tag(&self) -> Result<ETag, serde_json::Error> {
        Ok(ETag::of(self.version, &self.to_json()?))
    }
}
