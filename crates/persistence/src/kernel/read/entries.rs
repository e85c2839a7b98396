//! Finds and counts the entries of resources in SQL, for tables of entries.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::parameters::entry_filter::EntryCriterion;
use vku_domain::kernel::resource::reference::Key;

use super::total::TOTAL;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::has_child_row::HasChildRow;
use crate::kernel::table::unnested::{Entries, Unnesting};

/// The alias of the table with the entries.
const ENTRIES: &str = "entries";

/// The rows of a table that have entries of resources.
pub(super) struct EntryRows {
    table: String,
    /// The column with the id of the resource.
    owner: &'static str,
    condition: Condition,
    /// How many entries the rows have.
    number: Expr,
}

impl EntryRows {
    /// Counts all entries.
    pub(super) fn count_all(&self) -> SelectStatement {
        let mut all = Query::select();
        all.from_as(self.table.clone(), ENTRIES).cond_where(self.condition.clone());
        self.count(all)
    }

    /// Counts the entries of resources: `id` is the column with their ids.
    pub(super) fn count_of(
        &self,
        mut resources: SelectStatement,
        join: JoinType,
        id: Expr,
    ) -> SelectStatement {
        let of_resource = Expr::col((ENTRIES, self.owner)).eq(id);
        resources
            .join_as(join, self.table.clone(), ENTRIES, Condition::all())
            .and_where(of_resource)
            .cond_where(self.condition.clone());
        self.count(resources)
    }

    fn count(&self, mut rows: SelectStatement) -> SelectStatement {
        rows.expr_as(self.number.clone().cast_as("bigint"), TOTAL).take()
    }
}

impl Unnesting {
    /// The filter for resources that have an entry with the values of the filters; `None` if there are no filters, or
    /// if each resource has to be asked.
    pub(crate) fn has_entry(&self, of: &AnyTable, actor: &Actor) -> Option<HasChildRow> {
        let parties = format!("{}_party", of.name());
        let condition = self.party_condition(actor, &parties).filter(|_| !self.criteria.is_empty())?;
        Some(HasChildRow { owner: of.name(), kind: "party", condition, repeated: &[], is_unique: false })
    }

    /// Where the entries with the values of the filters are counted; `None` if each resource has to be asked.
    pub(super) fn entry_rows(
        &self,
        of: &AnyTable,
        actor: &Actor,
        backend: DatabaseBackend,
    ) -> Option<EntryRows> {
        let condition = self.party_condition(actor, ENTRIES)?;
        Some(match self.list.entries {
            Entries::Member { json_column: Some(column), .. } if self.criteria.is_empty() => {
                let length = match backend {
                    DatabaseBackend::Postgres => "jsonb_array_length",
                    _ => "json_array_length",
                };
                let length = Func::cust(length).arg(Expr::col((ENTRIES, column)));
                let number = Func::coalesce([Func::sum(length).into(), Expr::val(0)]);
                EntryRows { table: of.name().to_owned(), owner: "id", condition, number: number.into() }
            }
            _ => {
                let number = Expr::cust("count(*)");
                EntryRows { table: format!("{}_party", of.name()), owner: "owner_id", condition, number }
            }
        })
    }

    /// The condition for the parties that are entries with the values of the filters, in this table.
    fn party_condition(&self, actor: &Actor, table: &str) -> Option<Condition> {
        let Entries::Member { party_columns, .. } = self.list.entries else { return None };
        self.criteria.iter().try_fold(Condition::all(), |condition, criterion| {
            let (_, column) = party_columns.iter().find(|(filter, _)| *filter == criterion.name)?;
            let column = Expr::col((Alias::new(table), Alias::new(*column)));
            Some(condition.add(match criterion.target {
                None => column.is_in(&criterion.wanted),
                Some(target) => {
                    let table = AnyTable::find(target).ok()?;
                    column.in_subquery(ids_of_keys(table, &keys(criterion), actor))
                }
            }))
        })
    }
}

/// Returns the keys of a criterion for references.
pub(crate) fn keys(criterion: &EntryCriterion) -> Vec<Key> {
    // Anything else has been rejected.
    criterion.wanted.iter().filter_map(|key| key.parse().ok()).collect()
}
