//! How one resource lies in its table: all that a feature says; the rest is written once.

pub(crate) mod child_rows;
pub(crate) mod conditions;
pub mod row;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Condition, Expr, LockType, SelectStatement, SimpleExpr};
use sea_orm::{ActiveModelTrait, EntityTrait, FromQueryResult, IntoActiveModel};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::resource::{Resource, Stored};

use self::child_rows::ChildRows;
use self::row::Row;
use super::database::error::Corrupt;
use super::transaction::{Reader, Writer};

/// The column that a list is sorted by.
#[derive(Clone, Copy, Debug)]
pub enum SortColumn {
    /// A text.
    Text(&'static str),
    /// A text that may be absent: absent ones come before all others.
    OptionalText(&'static str),
    /// An instant.
    Instant(&'static str),
    /// A text of what it refers to: foreign key, table and column there.
    Of(&'static str, &'static str, &'static str),
    /// How well it matches the search.
    Score,
}

/// What no two rows may have alike. An index of the table promises it; this says it before, in words.
pub struct Unique {
    /// The columns.
    pub columns: &'static [&'static str],
    /// Among the rows where this column is true.
    pub only: Option<&'static str>,
    /// Where deleted rows count too: what is said when it is a deleted one, of this id, that has them.
    pub deleted: Option<fn(Uuid) -> Bilingual>,
    /// The problem.
    pub code: Code,
    /// What it says.
    pub detail: fn() -> Bilingual,
}

/// A set that names the rows of a reference list by their slugs.
pub struct Codes {
    /// The set.
    pub set: &'static str,
    /// Where it stands in the body (RFC 6901).
    pub pointer: &'static str,
    /// The resource whose slugs they are.
    pub of: &'static str,
}

/// Another resource by whose words a search finds this one.
pub struct FoundBy {
    /// The resource.
    pub resource: &'static str,
    /// The table that says which belongs to which.
    pub table: &'static str,
    /// Its column with the other's id.
    pub key: &'static str,
    /// Its column with the id of what is found.
    pub owner: &'static str,
    /// Whether the other's texts are its own, its name above all. If not, the other's names and places are details.
    pub own: bool,
}

/// A resource and its table. Column and table names are the JSON members' and the resource's own.
pub trait Table: Resource<Parent: Parent> {
    /// The sea-orm entity.
    type Entity: EntityTrait<Model = Self::Row>;
    /// Its row.
    type Row: Row + Clone + FromQueryResult + IntoActiveModel<Self::ActiveRow> + Send + Sync;
    /// Its row as sea-orm writes it.
    type ActiveRow: ActiveModelTrait<Entity = Self::Entity> + Send;

    /// Whether it has sets, in the table `<name>_set`.
    const SETS: bool = false;
    /// Whether it has parties, in the table `<name>_party`.
    const PARTIES: bool = false;
    /// Whether the rows of its parties also have the `country` of a utility: for counting and finding by country without
    /// looking each of them up.
    const PARTY_COUNTRIES: bool = false;
    /// Whether it has a `visibility`; what has none is public, or shares its parent's.
    const HAS_VISIBILITY: bool = false;
    /// Whether it has `latitude` and `longitude`.
    const HAS_LOCATION: bool = false;
    /// What it is named after, if it has no name of its own: the foreign key, and the resource there, whose name and
    /// slug are its own too.
    const NAMED_AFTER: Option<(&'static str, &'static str)> = None;
    /// What no two of them may have alike.
    const UNIQUE: &'static [Unique] = &[];
    /// Its foreign keys to other resources, beside sets and parties: column and resource.
    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] = &[];
    /// Its sets of codes.
    const CODE_LISTS: &'static [Codes] = &[];
    /// How what it is a part of is locked while it is written: against deletion, or so that its writers queue.
    const PARENT_LOCK: LockType = LockType::Share;
    /// Whether a write of it looks at others or changes them, by [`Self::before_write`] and [`Self::after_write`].
    const HAS_WRITE_HOOKS: bool = false;
    /// What a search finds it by, beside its own texts; whoever sees it sees these too.
    const FOUND_BY: &'static [FoundBy] = &[];

    /// The columns and the links that keep this data; destructures the data, so that no member is forgotten.
    fn to_row(data: &Self) -> Result<(Columns<Self>, ChildRows), Error>;

    /// The data that columns and links keep.
    fn from_row(columns: Columns<Self>, links: ChildRows) -> Result<Self, Corrupt>;

    /// The filter as SQL; what a caller may not see matches nothing.
    fn condition(filter: &Self::Filter, actor: &Actor) -> Condition;

    /// The column of a sort key.
    fn sort_column(key: Self::Sort) -> SortColumn;

    /// The JSON column that keeps a member which is a text in several languages, or has one in it.
    fn json_column(member: &str) -> &str {
        member
    }

    /// The rows that the actor may see, parents and deletion aside.
    fn row_filter(_actor: &Actor) -> Condition {
        Condition::all()
    }

    /// Which of its rows, at an instant, keep what they refer to from being deleted; all that are not deleted where it does
    /// not say.
    fn is_binding(_at: DateTime<Utc>) -> Condition {
        Condition::all()
    }

    /// Who may see a row, where [`Self::HAS_VISIBILITY`]: as [`Resource::visibility`] says.
    fn visibility_filter() -> SimpleExpr {
        column::<Self>("visibility")
    }

    /// Fills in what is derived, as far as the actor may know it; a fixed number of queries for the whole page.
    fn derive(_reader: &Reader<'_>, _items: &mut [Stored<Self>]) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Refuses a change that would break a rule of those that refer to this one.
    fn check_references(
        _writer: &Writer<'_>,
        _before: &Stored<Self>,
        _after: &Self,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Looks at others before it is written, and may refuse it or say more of it; where [`Self::HAS_WRITE_HOOKS`]. `parent` is the
    /// id of what it is a part of, which is locked; `before` is `None` for a new one.
    fn before_write(
        _writer: &Writer<'_>,
        _parent: Option<Uuid>,
        _before: Option<&Stored<Self>>,
        _after: &mut Self,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Does what follows from a write of it, in the same transaction; where [`Self::HAS_WRITE_HOOKS`]. Deleted ones have a time of
    /// it in `after`.
    fn after_write(
        _writer: &mut Writer<'_>,
        _before: Option<&Stored<Self>>,
        _after: &Stored<Self>,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }
}

/// The columns of a resource's own.
pub(crate) type Columns<T> = <<T as Table>::Row as Row>::Columns;

/// What a resource can be a part of: another resource, or nothing.
pub trait Parent: Send + Sync + Sized + 'static {
    /// The parent resource's name.
    const NAME: Option<&'static str>;

    /// The parent that the key names, if the actor sees it; locked in a write.
    fn open(
        reader: &Reader<'_>,
        key: Option<&Key>,
        lock: Option<LockType>,
    ) -> impl Future<Output = Result<Option<(ReferenceSummary, Self)>, Error>>;

    /// The ids of the parents that the actor sees.
    fn seen(actor: &Actor) -> Option<SelectStatement>;

    /// The column of a part that holds the parent's id.
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

/// A column of the resource's table.
pub(crate) fn column<T: Resource>(name: impl Into<String>) -> Expr {
    Expr::col((sea_orm::sea_query::Alias::new(T::NAME), sea_orm::sea_query::Alias::new(name)))
}
