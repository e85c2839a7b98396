//! Finds and counts the entries of resources in SQL, for tables of entries.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Func, Query, SelectStatement};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::parameters::entry_filter::EntryCriterion;
use vku_domain::kernel::resource::reference::Key;

use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::{ids_of_keys, scalar_subquery};
use crate::kernel::table::has_child_row::HasChildRow;
use crate::kernel::table::unnested::{Entries, Unnesting};

/// The alias of a resource whose entries are counted.
const WHOLE: &str = "whole";

impl Unnesting {
    /// The filter for resources that have an entry with the values of the filters; `None` if there are no filters, or
    /// if each resource has to be asked.
    pub(crate) fn has_entry(&self, of: &AnyTable, actor: &Actor) -> Option<HasChildRow> {
        let condition = self.party_condition(actor).filter(|_| !self.criteria.is_empty())?;
        Some(HasChildRow { owner: of.name(), kind: "party", condition, repeated: &[], is_unique: false })
    }

    /// The number of entries of the resource with this id that have the values of the filters; `None` if each resource
    /// has to be asked.
    pub(crate) fn entry_count(
        &self,
        of: &AnyTable,
        id: Expr,
        actor: &Actor,
        backend: DatabaseBackend,
    ) -> Option<Expr> {
        let condition = self.party_condition(actor)?;
        let number = match self.list.entries {
            Entries::Member { json_column: Some(column), .. } if self.criteria.is_empty() => {
                let length = match backend {
                    DatabaseBackend::Postgres => "jsonb_array_length",
                    _ => "json_array_length",
                };
                // Under another name, because the id may be that of the same table in the statement around this one.
                let whole = |name: &'static str| Expr::col((WHOLE, name));
                Query::select()
                    .expr(Func::cust(length).arg(whole(column)))
                    .from_as(of.name(), WHOLE)
                    .and_where(whole("id").eq(id))
                    .take()
            }
            _ => parties(of)
                .expr(Expr::cust("count(*)"))
                .and_where(Expr::col("owner_id").eq(id))
                .cond_where(condition)
                .take(),
        };
        Some(scalar_subquery(number))
    }

    /// The condition for the parties that are entries with the values of the filters.
    fn party_condition(&self, actor: &Actor) -> Option<Condition> {
        let Entries::Member { party_columns, .. } = self.list.entries else { return None };
        self.criteria.iter().try_fold(Condition::all(), |condition, criterion| {
            let (_, column) = party_columns.iter().find(|(filter, _)| *filter == criterion.name)?;
            let column = Expr::col(*column);
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

fn parties(of: &AnyTable) -> SelectStatement {
    Query::select().from(Alias::new(format!("{}_party", of.name()))).take()
}
