//! How a resource is stored in its table: everything that a feature defines; the rest is shared.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use deserr::Deserr;
use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, LikeExpr, LockType, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{ActiveModelTrait, EntityTrait, FromQueryResult, IntoActiveModel};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::actor::Actor;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::lifecycle::{State, StatusFilter};
use vku_domain::kernel::reference::{Key, ReferenceSummary};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::{Money, PartialDate};
use vku_domain::kernel::violation::{FieldError, Violations};

use super::child_rows::ChildRows;
use super::error::Corrupt;
use super::load;
use super::row::Row;
use super::store::{Reader, Writer};

/// The column by which a list is sorted.
#[derive(Clone, Copy, Debug)]
pub enum SortColumn {
    /// A text.
    Text(&'static str),
    /// A text that may be absent: absent ones come before all others.
    OptionalText(&'static str),
    /// An instant.
    Instant(&'static str),
    /// A text of a referenced resource: the foreign key, and the table and column of the target.
    Of(&'static str, &'static str, &'static str),
    /// How well a row matches the search.
    Score,
}

/// A unique constraint. An index of the table enforces it; this definition lets a violation be reported in
/// words before.
pub struct Unique {
    /// The columns.
    pub columns: &'static [&'static str],
    /// Restricts the constraint to rows in which this column is true.
    pub only: Option<&'static str>,
    /// If deleted rows count too: the detail of the error when the deleted row with this id has the values.
    pub deleted: Option<fn(Uuid) -> Bilingual>,
    /// The code of the error.
    pub code: Code,
    /// The detail of the error.
    pub detail: fn() -> Bilingual,
}

/// A set that refers to the rows of a reference list by their slugs.
pub struct Codes {
    /// The set.
    pub set: &'static str,
    /// The JSON pointer of the set in the body (RFC 6901).
    pub pointer: &'static str,
    /// The resource to which the slugs belong.
    pub of: &'static str,
}

/// Another resource whose words find this one in a search.
pub struct FoundBy {
    /// The resource.
    pub resource: &'static str,
    /// The table that links both.
    pub table: &'static str,
    /// The column with the id of the other resource.
    pub key: &'static str,
    /// The column with the id of the resource that is found.
    pub owner: &'static str,
    /// Whether the texts of the other resource count as its own, the name above all. If not, only names and
    /// places of the other resource count, as details.
    pub own: bool,
}

/// A resource and its table. The table has the name of the resource, and the columns have the names of the
/// JSON members.
pub trait Table: Resource<Parent: Parent> {
    /// The sea-orm entity.
    type Entity: EntityTrait<Model = Self::Row>;
    /// The model of the entity.
    type Row: Row + Clone + FromQueryResult + IntoActiveModel<Self::ActiveRow> + Send + Sync;
    /// The active model of the entity.
    type ActiveRow: ActiveModelTrait<Entity = Self::Entity> + Send;

    /// Whether the resource has sets, in the table `<name>_set`.
    const SETS: bool = false;
    /// Whether the resource has parties, in the table `<name>_party`.
    const PARTIES: bool = false;
    /// Whether the rows of the parties also have the `country` of a utility, to count and filter by country
    /// without looking up each utility.
    const PARTY_COUNTRIES: bool = false;
    /// Whether the resource has a `visibility`; without one it is public, or has the visibility of its
    /// parent.
    const HAS_VISIBILITY: bool = false;
    /// Whether the resource has `latitude` and `longitude`.
    const HAS_LOCATION: bool = false;
    /// The resource that this one is named after, if it has no name of its own: the foreign key, and the
    /// other resource, whose name and slug it shares.
    const NAMED_AFTER: Option<(&'static str, &'static str)> = None;
    /// The unique constraints.
    const UNIQUE: &'static [Unique] = &[];
    /// The foreign keys to other resources, besides those of sets and parties: column and resource.
    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] = &[];
    /// The sets of codes.
    const CODE_LISTS: &'static [Codes] = &[];
    /// How the parent is locked during a write: against deletion, or so that writers wait for each other.
    const PARENT_LOCK: LockType = LockType::Share;
    /// Whether a write reads or changes other resources in [`Self::before_write`] or [`Self::after_write`].
    const HAS_WRITE_HOOKS: bool = false;
    /// The resources whose texts find this one in a search, besides its own; an actor who sees this one also
    /// sees those.
    const FOUND_BY: &'static [FoundBy] = &[];

    /// Converts data to columns and child rows; destructures the data, so that no member is forgotten.
    fn to_row(data: &Self) -> Result<(Columns<Self>, ChildRows), Error>;

    /// Converts columns and child rows to data.
    fn from_row(columns: Columns<Self>, links: ChildRows) -> Result<Self, Corrupt>;

    /// Converts the filter to SQL; a value that the actor does not see matches nothing.
    fn condition(filter: &Self::Filter, actor: &Actor) -> Condition;

    /// Returns the column of a sort key.
    fn sort_column(key: Self::Sort) -> SortColumn;

    /// Returns the JSON column of a localized member, or of a member that contains a localized text.
    fn json_column(member: &str) -> &str {
        member
    }

    /// Selects the rows that the actor may see, apart from parents and deleted rows.
    fn row_filter(_actor: &Actor) -> Condition {
        Condition::all()
    }

    /// Selects the rows that, at an instant, prevent the deletion of what they refer to; by default all rows
    /// that are not deleted.
    fn is_binding(_at: DateTime<Utc>) -> Condition {
        Condition::all()
    }

    /// The visibility of a row, if [`Self::HAS_VISIBILITY`]; must agree with [`Resource::visibility`].
    fn visibility_filter() -> SimpleExpr {
        column::<Self>("visibility")
    }

    /// Fills in derived members, as far as the actor may see them; a fixed number of queries for the whole
    /// page.
    fn derive(_reader: &Reader<'_>, _items: &mut [Stored<Self>]) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Refuses a change that would violate a rule of resources that refer to this one.
    fn check_references(
        _writer: &Writer<'_>,
        _before: &Stored<Self>,
        _after: &Self,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Runs before a write, if [`Self::HAS_WRITE_HOOKS`]; may refuse or complete it. `parent` is the id of
    /// the locked parent; `before` is `None` for a new resource.
    fn before_write(
        _writer: &Writer<'_>,
        _parent: Option<Uuid>,
        _before: Option<&Stored<Self>>,
        _after: &mut Self,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Runs after a write in the same transaction, if [`Self::HAS_WRITE_HOOKS`]. For a deleted resource,
    /// `after` has a `deleted_at`.
    fn after_write(
        _writer: &mut Writer<'_>,
        _before: Option<&Stored<Self>>,
        _after: &Stored<Self>,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }
}

/// The columns of the feature.
pub(crate) type Columns<T> = <<T as Table>::Row as Row>::Columns;

/// The parent of a sub-resource; `()` for a main resource.
pub trait Parent: Send + Sync + Sized + 'static {
    /// The name of the parent resource.
    const NAME: Option<&'static str>;

    /// Returns the parent with this key, if the actor sees it; locked in a write.
    fn open(
        reader: &Reader<'_>,
        key: Option<&Key>,
        lock: Option<LockType>,
    ) -> impl Future<Output = Result<Option<(ReferenceSummary, Self)>, Error>>;

    /// Selects the ids of the parents that the actor sees.
    fn seen(actor: &Actor) -> Option<SelectStatement>;

    /// Returns the column of a sub-resource that holds the id of the parent.
    fn column() -> Option<String> {
        Self::NAME.map(|name| format!("{name}_id"))
    }
}

impl Parent for () {
    const NAME: Option<&'static str> = None;

    async fn open(
        _: &Reader<'_>,
        _: Option<&Key>,
        _: Option<LockType>,
    ) -> Result<Option<(ReferenceSummary, Self)>, Error> {
        Ok(None)
    }

    fn seen(_: &Actor) -> Option<SelectStatement> {
        None
    }
}

impl<P: Table<Parent = ()>> Parent for P {
    const NAME: Option<&'static str> = Some(P::NAME);

    async fn open(
        reader: &Reader<'_>,
        key: Option<&Key>,
        lock: Option<LockType>,
    ) -> Result<Option<(ReferenceSummary, Self)>, Error> {
        let key = key.ok_or_else(Error::not_found)?;
        let stored = load::by_key::<P>(reader, key, None, false, lock).await?;
        Ok(Some((load::summary(&stored), stored.data)))
    }

    fn seen(actor: &Actor) -> Option<SelectStatement> {
        let seen = Query::select()
            .column("id")
            .from(P::NAME)
            .and_where(column::<P>("deleted_at").is_null())
            .cond_where(P::row_filter(actor))
            .take();
        Some(seen)
    }
}

/// A column of the table of the resource.
pub(crate) fn column<T: Resource>(name: impl Into<String>) -> Expr {
    Expr::col((sea_orm::sea_query::Alias::new(T::NAME), sea_orm::sea_query::Alias::new(name)))
}

/// The column is one of the values; `None` if there are none.
pub(crate) fn one_of<T: Resource, W: ToString>(name: &'static str, values: &[W]) -> Option<SimpleExpr> {
    (!values.is_empty()).then(|| column::<T>(name).is_in(values.iter().map(W::to_string)))
}

/// The text occurs in the column, which holds folded text.
pub(crate) fn contains<T: Resource>(name: &'static str, part: &str) -> SimpleExpr {
    let escaped = part.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    column::<T>(name).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// The status is one of these, or unknown; `None` if there are none.
pub(crate) fn in_status<T: Resource, S: State>(statuses: &[StatusFilter<S>]) -> Option<Condition> {
    (!statuses.is_empty()).then(|| {
        let known = statuses.iter().filter_map(|StatusFilter(status)| status.map(|status| status.word()));
        let unknown = statuses.contains(&StatusFilter(None)).then(|| column::<T>("status").is_null());
        Condition::any().add(column::<T>("status").is_in(known)).add_option(unknown)
    })
}

/// A column of the row that the foreign key refers to.
pub(crate) fn column_of<T: Resource>(
    key: &'static str,
    table: &'static str,
    name: &'static str,
) -> SimpleExpr {
    let target = Query::select()
        .expr(Expr::col((Alias::new(table), Alias::new(name))))
        .from(table)
        .and_where(Expr::col((Alias::new(table), Alias::new("id"))).eq(column::<T>(key)))
        .take();
    SimpleExpr::SubQuery(None, Box::new(target.into()))
}

/// One of the values is in the set of the resource; `None` if there are none.
pub(crate) fn in_set<T: Resource, W: ToString>(field: &'static str, values: &[W]) -> Option<SimpleExpr> {
    (!values.is_empty()).then(|| {
        let words = Expr::col("value").is_in(values.iter().map(W::to_string));
        has::<T>("set", Condition::all().add(Expr::col("field").eq(field)).add(words))
    })
}

/// The resource has a child row (`set`, `party`) that matches the condition.
///
/// The condition is evaluated for each row in the order of the list until the page is full, which is fast if
/// many rows match, regardless of the size of the table. If few rows match, select their ids first instead.
pub(crate) fn has<T: Resource>(links: &str, condition: Condition) -> SimpleExpr {
    let table = Alias::new(format!("{}_{links}", T::NAME));
    let of_this = Expr::col((table.clone(), Alias::new("owner_id"))).eq(column::<T>("id"));
    Expr::exists(
        Query::select().expr(Expr::val(1)).from(table).and_where(of_this).cond_where(condition).take(),
    )
}

/// Selects the ids of the resources with these keys that the actor sees.
pub(crate) fn named<T: Table>(keys: &[Key], actor: &Actor) -> SelectStatement {
    let ids = keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some(*id),
        Key::Slug(_) => None,
    });
    let slugs: Vec<_> = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    let by_slug = by_slug::<T>(slugs);
    Query::select()
        .column("id")
        .from(T::NAME)
        .cond_where(Condition::any().add(column::<T>("id").is_in(ids)).add(by_slug))
        .and_where(column::<T>("deleted_at").is_null())
        .cond_where(T::row_filter(actor))
        .take()
}

/// The resource has one of these slugs, current or former; or the resource that it is named after has.
pub(crate) fn by_slug<T: Table>(slugs: impl IntoIterator<Item = String>) -> SimpleExpr {
    let (key, resource) = T::NAMED_AFTER.unwrap_or(("id", T::NAME));
    let target = Query::select()
        .column("resource_id")
        .from("slug")
        .and_where(Expr::col("resource").eq(resource))
        .and_where(Expr::col("slug").is_in(slugs))
        .take();
    column::<T>(key).in_subquery(target)
}

/// The visibility is one that the actor sees without being a participant.
pub(crate) fn seen_by_visibility<T: Resource>(actor: &Actor) -> SimpleExpr {
    column::<T>("visibility").is_in(actor.visible_levels().iter().map(|visibility| visibility.as_str()))
}

/// Parses a stored text.
pub(crate) fn text<V: FromStr<Err = FieldError>>(text: String) -> Result<V, Corrupt> {
    Ok(text.parse()?)
}

/// Parses a stored text that may be absent.
pub(crate) fn text_opt<V: FromStr<Err = FieldError>>(text: Option<String>) -> Result<Option<V>, Corrupt> {
    text.map(self::text).transpose()
}

/// Parses a stored integer that may be absent.
pub(crate) fn number_opt<V: Deserr<Violations>>(number: Option<i64>) -> Result<Option<V>, Corrupt> {
    number.map(self::number).transpose()
}

/// Parses a stored integer.
pub(crate) fn number<V: Deserr<Violations>>(number: i64) -> Result<V, Corrupt> {
    json(Value::from(number))
}

/// Parses a stored JSON value.
pub(crate) fn json<V: Deserr<Violations>>(value: Value) -> Result<V, Corrupt> {
    Ok(deserr::deserialize(value)?)
}

/// Parses a stored JSON value that may be absent.
pub(crate) fn json_opt<V: Deserr<Violations>>(value: Option<Value>) -> Result<Option<V>, Corrupt> {
    value.map(json).transpose()
}

/// Converts a value to JSON for storage.
pub(crate) fn to_json<V: Serialize>(value: &V) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// Converts a value that may be absent to JSON for storage.
pub(crate) fn to_json_opt<V: Serialize>(value: &Option<V>) -> Result<Option<Value>, Error> {
    value.as_ref().map(to_json).transpose()
}

/// Converts a value that may be absent to text for storage.
pub(crate) fn to_text<V: ToString>(value: &Option<V>) -> Option<String> {
    value.as_ref().map(V::to_string)
}

/// Parses a stored amount: minor units and a currency.
pub(crate) fn money(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>, Corrupt> {
    minor.zip(currency).map(|(minor, currency)| Ok(Money::from_minor(minor, currency.parse()?))).transpose()
}

/// Returns the first day of a partial date, to sort and filter by; empty if absent.
pub(crate) fn first_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.first_day().to_string()).unwrap_or_default()
}

/// Returns the last day of a partial date, to sort and filter by; empty if absent.
pub(crate) fn last_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.last_day().to_string()).unwrap_or_default()
}
