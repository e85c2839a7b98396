//! The definition of a resource: its data, its names, its rules and its permissions.
//!
//! May import `access`, `parameters`, `search`, `icalendar`, `value` and what they import.

pub mod any;
mod erased;
pub mod lifecycle;
pub mod list_filter;
pub mod naming;
mod parent;
pub mod permissions;
pub mod projection;
pub mod reference;
pub mod schemas;
mod stored;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use self::any::ResourceInfo;
use self::lifecycle::State;
use self::list_filter::ListFilter;
use self::reference::UnresolvedReference;
use super::access::actor::{Actor, Role};
use super::access::policy::Policy;
use super::icalendar::Event;
use super::parameters::sort::SortKey;
use super::search::{Index, Texts};
use super::value::{Places, Slug, Visibility};
use super::violation::Violations;

pub use self::parent::ParentKind;
pub use self::stored::{READ_ONLY, Stored};
pub use super::etag::ETag;

/// A resource, or a sub-resource, which has a parent. The struct that implements this trait has the fields that callers
/// can write.
///
/// The API of a resource is derived from these items and from its table in the database. They are grouped by
/// question: names and references, permissions, rules, statuses, the list, derived fields, the change log, exports and
/// imports. An item with a default is only written where the resource differs from most others. One trait and not one
/// for each question, because every resource would then have an `impl` block, often an empty one, for each.
pub trait Resource:
    Clone + PartialEq + Serialize + Deserr<Violations> + ToSchema + Send + Sync + 'static
{
    /// What the type says, as a value.
    const INFO: &'static ResourceInfo = &ResourceInfo::of::<Self>();

    // ---- Names and references ----

    /// The name in tables, in the change log and in messages: singular, snake_case.
    const NAME: &'static str;

    /// The segment in paths: plural, kebab-case.
    const PATH: &'static str;

    /// The collection whose scopes an API key needs: that of the parent, if there is one.
    const SCOPE: &'static str = match <Self::Parent as ParentKind>::SEGMENT {
        Some(parent) => parent,
        None => Self::PATH,
    };

    /// The field that names the resource: `name` or `title`; empty for a sub-resource without a name.
    const NAME_FIELD: &'static str = "name";

    /// Returns the name or title.
    fn label(&self) -> &str;

    /// Returns the field `slug`; `None` if the type has none. Read it by [`slug_of`], and write it by [`slug_mut`].
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = None;

    /// The fields that references show in addition to id, slug and name: `kind` or `country`.
    const SUMMARY_FIELDS: &'static [&'static str] = &[];

    /// The fields that cannot be changed after creation.
    const IMMUTABLE_FIELDS: &'static [&'static str] = &[];

    /// The parent; `()` for a top-level resource.
    type Parent: ParentKind;

    /// Passes every reference to the visitor, so that the store can resolve it.
    fn references<'a>(&'a mut self, _visit: &mut dyn FnMut(UnresolvedReference<'a>)) {}

    // ---- Permissions ----

    /// Which role may do what.
    const POLICY: Policy;

    /// Whether callers without an account may read the public resources.
    const PUBLIC: bool = true;

    /// Whether the resource contains personal data, so that an API key needs the scope `personal_data:read`.
    const PERSONAL: bool = false;

    /// The fields with personal data, if not the whole resource has them: an API key needs `personal_data:read` for
    /// them.
    const PERSONAL_FIELDS: &'static [&'static str] = &[];

    /// Returns whether the resource is the actor's own, for [`Grant::Own`](super::access::actor::Grant::Own). `id` is
    /// `None` on create.
    fn is_own(&self, id: Option<Uuid>, parent: Option<&Self::Parent>, actor: &Actor) -> bool;

    /// Returns the visibility; a sub-resource has that of its parent.
    fn visibility(&self) -> Visibility {
        Visibility::Public
    }

    /// Returns the fields that the role is not allowed to read, although it may read others; `None` is the public.
    fn hidden_fields(_role: Option<Role>) -> &'static [&'static str] {
        &[]
    }

    /// Removes fields; called with the result of [`Self::hidden_fields`].
    fn redact(&mut self, _members: &'static [&'static str]) {}

    /// Returns the fields that the role is not allowed to write, although it may write others.
    fn unwritable_fields(_role: Role) -> &'static [&'static str] {
        &[]
    }

    /// Adds violations for changes that the role is not allowed to make to fields that it may write. `before` is
    /// `None` on create.
    fn validate_changes(_before: Option<&Self>, _after: &Self, _actor: &Actor, _violations: &mut Violations) {
    }

    // ---- Rules ----

    /// Checks the rules across fields and with the referenced resources. Called after all references are resolved.
    fn validate(&self, violations: &mut Violations);

    /// Checks the rules with the parent. Called like [`Self::validate`].
    fn validate_with_parent(&self, _parent: &Self::Parent, _violations: &mut Violations) {}

    /// Checks the rules that depend on the current date. With `before`, only changes are checked, so that data that was
    /// valid when it was written does not block later changes of other fields. Called before references are resolved.
    fn validate_today(&self, _before: Option<&Self>, _today: NaiveDate, _violations: &mut Violations) {}

    /// Fills in fields that depend on the actor. `before` is `None` on create. Called before references are resolved.
    fn fill_from_actor(&mut self, _before: Option<&Self>, _actor: &Actor) {}

    /// Whether people register for sessions through this resource. It cannot be deleted or left without cancelling
    /// their registrations.
    const REGISTERS: bool = false;

    // ---- Statuses ----

    /// The statuses; [`NoStatus`](lifecycle::NoStatus) if the resource has none.
    type Status: State;

    /// Returns the status; `None` if it is unknown.
    fn status(&self) -> Option<Self::Status> {
        None
    }

    /// Sets the status.
    fn set_status(&mut self, _status: Self::Status) {}

    /// Adds violations for requirements of a status that are not met.
    fn transition_requirements(&self, _to: Self::Status, _violations: &mut Violations) {}

    /// Checks the requirements of a status on a date, including the rules that depend on the date.
    fn requirements_today(&self, to: Self::Status, today: NaiveDate, violations: &mut Violations) {
        self.transition_requirements(to, violations);
        let mut after = self.clone();
        after.set_status(to);
        after.validate_today(Some(self), today, violations);
    }

    /// Returns whether the resource may enter the status now, as far as it and its parent can tell. A reason, if one is
    /// needed, is assumed to be given.
    fn is_ready(&self, _parent: Option<&Self::Parent>, to: Self::Status, now: DateTime<Utc>) -> bool {
        let mut violations = Violations::default();
        self.requirements_today(to, now.date_naive(), &mut violations);
        violations.is_empty()
    }

    /// Returns whether the role may set this status, if it may change the status at all.
    fn may_transition_to(_role: Role, _to: Self::Status) -> bool {
        true
    }

    /// Returns whether the transition requires a reason.
    fn needs_reason(_from: Self::Status, _to: Self::Status) -> bool {
        false
    }

    // ---- The list and the search ----

    /// The filters of the list.
    type Filter: ListFilter<Self>;

    /// The keys by which the list can be sorted.
    type Sort: SortKey;

    /// Returns whether an item matches the special filters: those that [`list_filter!`](crate::list_filter) declares
    /// without a kind.
    fn matches_special(_filter: &Self::Filter, _item: &Stored<Self>) -> bool {
        true
    }

    /// Whether the resource has texts of its own, so that its list can be searched with `q`. If not,
    /// [`Self::search_texts`] adds none, which only an item could tell.
    const SEARCHED: bool = true;

    /// Adds the texts that a search covers, if [`Self::SEARCHED`]. Never texts that some readers of the resource are
    /// not allowed to read, and no texts of other resources.
    fn search_texts(&self, texts: &mut Texts);

    // ---- Derived fields ----

    /// The fields that the store derives; `()` if there are none.
    type Derived: Clone + std::fmt::Debug + Default + PartialEq + Serialize + ToSchema + Send + Sync;

    /// The fields of [`Self::Derived`], which are read-only. Listed here, because a constant cannot read the schema.
    const DERIVED: &'static [&'static str] = &[];

    /// The derived fields that have columns in tables, so that people can read the rows. Imports ignore them.
    const DERIVED_IN_TABLES: &'static [&'static str] = &[];

    /// Whether derived fields depend on the time and not only on the date: then no response is cached.
    const TIME_DEPENDENT: bool = false;

    // ---- The change log ----

    /// The fields that are not logged: personal data, and values that depend on the caller.
    const UNLOGGED: &'static [&'static str] = &[];

    /// Removes from a logged state what the actor is not allowed to read. Returns whether the actor could see the
    /// resource in that state at all, regardless of its visibility. `own` is the current result of [`Self::is_own`].
    /// Not called for staff.
    fn redact_history(_state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        true
    }

    // ---- Exports and imports ----

    /// Returns the locations of a resource, for maps; `None` if the type has no location.
    const PLACES: Option<fn(&Stored<Self>) -> Places> = None;

    /// Returns the calendar event of a resource; `None` if the type has no time.
    const EVENT: Option<fn(&Stored<Self>) -> Event> = None;

    /// Whether the resource is an activity in the sense of IATI, and is written to IATI files.
    const IS_ACTIVITY: bool = false;

    /// Whether several resources of a parent, or of the list if there is no parent, can be the same by
    /// [`Self::is_same_child`]. Each row of a file then means another one.
    const MAY_REPEAT: bool = false;

    /// Returns whether two rows of an import mean the same resource of a parent, or of the list if there is no parent.
    /// An import with `mode=upsert` finds the existing resource by it. Resources with a slug are found by the slug.
    fn is_same_child(&self, _other: &Self) -> bool {
        false
    }
}

/// Returns the slug that the data has.
pub fn slug_of<T: Resource>(data: &T) -> Option<Slug> {
    T::SLUG.and_then(|slug| slug(&mut data.clone()).take())
}

/// Returns the field `slug`, if the type has one.
pub fn slug_mut<T: Resource>(data: &mut T) -> Option<&mut Option<Slug>> {
    T::SLUG.map(|slug| slug(data))
}

/// Returns the searched texts of a resource, with the names of references to resources of these types, by which it is
/// found, too.
pub fn search_sources<T: Resource>(data: &T, found_by: &[&str]) -> Texts {
    let mut texts = Texts::with_sources();
    data.search_texts(&mut texts);
    data.clone().references(&mut |reference| {
        let name = reference.link.summary.as_ref().map(|summary| &summary.label.1);
        if let Some(name) = name.filter(|_| found_by.contains(&reference.resource)) {
            let member = reference.pointer.split('/').nth(1).unwrap_or_default();
            texts.details(member, [name]);
        }
    });
    texts
}

/// Returns the words of a resource, by which a search finds it.
pub fn search_index<T: Resource>(data: &T) -> Index {
    let mut texts = Texts::default();
    data.search_texts(&mut texts);
    texts.into_index()
}
