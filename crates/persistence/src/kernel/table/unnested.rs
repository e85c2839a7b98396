//! Tables of entries: a row for each entry of all resources of a kind, as `unnest` makes them in PostgreSQL. They are
//! read with the resources, so whoever sees a resource sees its rows.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::entry_filter::{EntryCriterion, EntryFilter};
use vku_domain::kernel::resource::schemas::NamedSchemas;

use crate::kernel::transaction::Reader;

/// A table of the entries of all resources of a kind.
pub struct Unnested {
    /// The segment in paths.
    pub path: &'static str,
    /// Where the entries are.
    pub entries: Entries,
    /// The fields of the resource without which an entry says little; each row has them.
    pub also: &'static [&'static str],
    /// Returns the schema of an entry.
    pub schema: fn() -> NamedSchemas,
    /// The filters by an entry.
    pub filters: &'static [EntryFilter],
}

/// Where the entries of a resource are.
pub enum Entries {
    /// In a member of its JSON, which is an array.
    Member {
        /// The member.
        member: &'static str,
        /// The columns of the table with the parties of the resource that have the values of the filters, by the names
        /// of the filters. Each entry that has such a value is a party.
        party_columns: &'static [(&'static str, &'static str)],
        /// The column with all entries as a JSON array, if not all of them are parties.
        json_column: Option<&'static str>,
    },
    /// In a table of their own.
    Table(ReadEntries),
}

/// Returns the entries of resources with these ids that the actor may see, each with the id of its resource.
pub type ReadEntries =
    for<'a> fn(&'a Reader<'_>, &'a [Uuid]) -> LocalBoxFuture<'a, Result<Vec<(Uuid, Value)>, Error>>;

/// What is unnested of the resources of a list.
#[derive(Clone)]
pub(crate) struct Unnesting {
    /// The table of entries.
    pub(crate) list: &'static Unnested,
    /// The filters that are given.
    pub(crate) criteria: Vec<EntryCriterion>,
}
