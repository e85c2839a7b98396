//! How a resource is stored in its table: everything that a feature defines; the rest is shared.
//!
//! May import `transaction`, `crypto`, `database`, `codec` and `id`.

pub mod any;
pub(crate) mod child_rows;
pub(crate) mod child_tables;
pub(crate) mod conditions;
pub(crate) mod country_index;
pub(crate) mod filter;
pub(crate) mod has_child_row;
pub mod hooks;
pub(crate) mod json;
pub(crate) mod related;
pub mod row;
pub(crate) mod summary;
mod typed;
pub mod unnested;

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Condition, Expr, LockType};
use sea_orm::{DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::{ParentKind, Resource, Stored};
use vku_domain::kernel::search::Field;

use self::any::AnyTable;
use self::child_rows::ChildRows;
use self::hooks::WriteHooks;
use self::row::TableRow;
use super::database::error::Corrupt;
use super::transaction::{Reader, Writer};

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

/// What the table `<name>_country` has, see `country_index`.
pub struct CountryIndex {
    /// The parties whose countries count: their member or role.
    pub field: &'static str,
    /// The set.
    pub set: &'static str,
    /// The columns of the resource that are repeated, besides `version` and `deleted_at`.
    /// [`Table::visible_to`] may ask for no others, apart from the id.
    pub columns: &'static [&'static str],
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
    /// Which words of the other resource count.
    pub words: FoundWords,
    /// The rows of `table` that count, if not all do.
    pub only: Option<fn() -> Expr>,
}

/// Which words of another resource find a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FoundWords {
    /// All, as if they were its own.
    Own,
    /// Those of names and places, as details.
    NamesAndPlaces,
    /// Those of names, as details.
    Names,
}

impl FoundWords {
    /// Returns the field as which a word counts that is in this field of the other resource; `None` if it does not.
    pub fn field(self, field: Field) -> Option<Field> {
        match self {
            Self::Own => Some(field),
            Self::NamesAndPlaces => (field <= Field::Detail).then_some(Field::Detail),
            Self::Names => (field <= Field::Name).then_some(Field::Detail),
        }
    }
}

impl FoundBy {
    /// Found by the names and places of the parties of one kind.
    pub const fn party(table: &'static str, resource: &'static str, key: &'static str) -> Self {
        Self { resource, table, key, owner: "owner_id", words: FoundWords::NamesAndPlaces, only: None }
    }
}

/// Rows that derived fields are computed from.
pub struct DerivedFrom {
    /// The resource whose changes change the derived fields.
    pub resource: &'static str,
    /// The table that links both: that of the resource itself, if it is a sub-resource.
    pub table: &'static str,
    /// The column with the id of the other resource.
    pub key: &'static str,
    /// The column with the id of the resource that has the derived fields.
    pub owner: &'static str,
}

/// Fills in derived fields of resources.
pub type DeriveByQueries<T> =
    for<'a> fn(&'a Reader<'_>, &'a mut [Stored<T>]) -> LocalBoxFuture<'a, Result<(), Error>>;

/// A resource and its table. The table has the name of the resource, and the columns have the names of the
/// JSON members.
pub trait Table: Resource<Parent: Parent> {
    /// The columns of the resource; see `row!`.
    type Row: TableRow;
    /// What a write reads or changes beyond its own row; `()` if nothing.
    type Hooks: WriteHooks<Self>;

    /// The table as a value.
    const TABLE: &'static AnyTable = &AnyTable::of::<Self>();
    /// Whether the resource has sets, in the table `<name>_set`. Must agree with [`Self::to_row`], which cannot be
    /// asked without data.
    const SETS: bool = false;
    /// Whether the resource has parties, in the table `<name>_party`. Must agree with
    /// [`Self::to_row`], too.
    const PARTIES: bool = false;
    /// Whether the rows of the parties also have the `country` of a utility, to count and filter by country
    /// without looking up each utility.
    const PARTY_COUNTRIES: bool = false;
    /// The table `<name>_country`, if lists are filtered by the countries of parties. Requires the sets, the parties and
    /// their countries.
    const COUNTRY_INDEX: Option<&'static CountryIndex> = None;
    /// Returns the visibility of a row in SQL; `None` if all rows have the same, or that of their parent. Must
    /// agree with [`Resource::visibility`], which is the same in Rust.
    const VISIBILITY: Option<fn() -> Expr> = None;
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
    /// The resources whose texts find this one in a search, besides its own, and besides those of
    /// [`Self::CODE_LISTS`], whose names do; an actor who sees this one also sees those.
    const FOUND_BY: &'static [FoundBy] = &[];

    /// Whether the JSON of each resource is stored beside its row, in the table `resource_json`: worthwhile for long
    /// lists. Requires that all who see a resource see the same, apart from hidden fields, and that
    /// [`Self::DERIVED_FROM`] is complete.
    const STORES_JSON: bool = false;
    /// The rows that derived fields are computed from, besides the resource itself and those that it refers to.
    const DERIVED_FROM: &'static [DerivedFrom] = &[];
    /// Returns whether the derived fields of a row depend on the day, in SQL; `None` if they never do. Those of a new
    /// resource, to which nothing refers, do not.
    const DEPENDS_ON_DAY: Option<fn() -> Expr> = None;

    /// Fills in derived fields for which all resources have to be compared, as far as the actor may see them: with one
    /// query for the whole page. All others are read by [`Self::derived_from`].
    const DERIVE_BY_QUERIES: Option<DeriveByQueries<Self>> = None;

    /// Converts data to columns and child rows; destructures the data, so that no member is forgotten.
    fn to_row(data: &Self) -> Result<(Self::Row, ChildRows), Error>;

    /// Converts columns and child rows to data.
    fn from_row(row: Self::Row, children: ChildRows) -> Result<Self, Corrupt>;

    /// Converts the special filters to SQL, like [`Resource::matches_special`]; a value that the actor does not
    /// see matches nothing.
    fn special_filter_to_sql(_filter: &Self::Filter, _actor: &Actor) -> Condition {
        Condition::all()
    }

    /// Returns the countries of the special filter that [`Self::COUNTRY_INDEX`] serves; none if it is not given.
    fn country_filter(_filter: &Self::Filter) -> Vec<String> {
        Vec::new()
    }

    /// Returns the column of a sort key.
    fn sort_column(key: Self::Sort) -> SortColumn;

    /// Returns the JSON column of a localized member, or of a member that contains a localized text.
    fn json_column(member: &str) -> &str {
        member
    }

    /// Selects the rows that the actor may see, apart from parents and deleted rows.
    fn visible_to(_actor: &Actor) -> Condition {
        Condition::all()
    }

    /// Selects the rows that, at an instant, prevent the deletion of what they refer to; by default all rows
    /// that are not deleted.
    fn is_binding(_at: DateTime<Utc>) -> Condition {
        Condition::all()
    }

    /// Returns the columns, besides those of the row, that derived fields are computed from: subqueries, so that
    /// they are read in the statement that reads the row.
    fn derived_from(_actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        Vec::new()
    }

    /// Computes derived fields from the data and from a row with [`Self::derived_from`]; without a row for a
    /// resource that was just inserted, to which nothing refers. A sub-resource always has a row, and a resource with
    /// hooks is read again after them.
    fn derive(_item: &mut Stored<Self>, _row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        Ok(())
    }

    /// Refuses a change that would violate a rule of resources that refer to this one.
    fn check_references(
        _writer: &Writer<'_>,
        _before: &Stored<Self>,
        _after: &Self,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }
}

/// The parent of a sub-resource; `()` for a main resource.
pub trait Parent: ParentKind {
    /// The table of the parent.
    const PARENT_TABLE: Option<&'static AnyTable>;
}

impl Parent for () {
    const PARENT_TABLE: Option<&'static AnyTable> = None;
}

/// Any resource without a parent can be the parent of others.
impl<P: Table<Parent = ()>> Parent for P {
    const PARENT_TABLE: Option<&'static AnyTable> = Some(P::TABLE);
}

/// A column of the table of the resource.
pub(crate) fn column<T: Resource>(name: impl Into<String>) -> Expr {
    Expr::col((sea_orm::sea_query::Alias::new(T::NAME), sea_orm::sea_query::Alias::new(name)))
}
