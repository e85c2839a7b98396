//! Dependents: the resources that refer to a row, and so prevent its deletion; and the deleted resources that
//! prevent a restoration.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use uuid::Uuid;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::registration::Registration;
use vku_domain::user::User;

use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;
use crate::tables;

/// The maximum number of dependents in an error.
const MAX_NAMED: u64 = 20;

/// Whether other resources can refer to resources with this name and so prevent their deletion.
pub fn may_have_dependents(name: &str) -> bool {
    tables().iter().filter(|table| table.name() != User::NAME).any(|table| {
        (table.has_parties && (name == "utility" || name == "organisation"))
            || table.foreign_keys.iter().any(|(_, resource)| *resource == name)
            || table.code_lists.iter().any(|codes| codes.of == name)
    })
}

/// The foreign keys that are checked here, as `table.column`, for the test that none is missing.
pub fn known_references() -> Vec<String> {
    let columns = |table: &AnyTable| {
        let name = table.name();
        let own = table.foreign_keys.iter().map(|(column, _)| (*column).to_owned());
        let parent = table.parent_column();
        let links = ["party.owner_id", "party.utility_id", "party.organisation_id", "set.owner_id"];
        let own = own.chain(parent).map(move |column| format!("{name}.{column}"));
        own.chain(links.map(|column| format!("{name}_{column}"))).collect::<Vec<_>>()
    };
    tables().iter().copied().flat_map(columns).collect()
}

/// Which kinds of dependents to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependentKinds {
    /// All kinds.
    All,
    /// All kinds except registrations, which can be cancelled along.
    NoRegistrations,
    /// Registrations only.
    Registrations,
}

/// Returns the resources that refer to this row at an instant and are not deleted. For a sub-resource, its
/// parent is named, so that the error does not disclose people.
///
/// User accounts do not prevent the deletion of a utility, and are not named to the person who deletes it.
pub(crate) async fn dependents(
    tx: &Connection,
    (target, id): (&'static str, Uuid),
    kinds: DependentKinds,
    at: DateTime<Utc>,
) -> Result<Vec<Named>, Error> {
    let mut found: Vec<Named> = Vec::new();
    let is_included = |table: &&&AnyTable| match kinds {
        _ if table.name() == User::NAME => false,
        DependentKinds::All => true,
        DependentKinds::NoRegistrations => table.name() != Registration::NAME,
        DependentKinds::Registrations => table.name() == Registration::NAME,
    };
    for table in tables().iter().filter(is_included) {
        let mut conditions = Condition::any();
        if table.has_parties && (target == "utility" || target == "organisation") {
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_party", table.name()))
                .and_where(Expr::col(format!("{target}_id")).eq(id))
                .take();
            conditions = conditions.add(table.column("id").in_subquery(owners));
        }
        for (column, _) in table.foreign_keys.iter().filter(|(_, resource)| *resource == target) {
            conditions = conditions.add(table.column(*column).eq(id));
        }
        let sets: Vec<_> =
            table.code_lists.iter().filter(|codes| codes.of == target).map(|codes| codes.set).collect();
        if !sets.is_empty() {
            let code = Query::select().column("slug").from(target).and_where(Expr::col("id").eq(id)).take();
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_set", table.name()))
                .and_where(Expr::col("field").is_in(sets))
                .and_where(Expr::col("value").in_subquery(code))
                .take();
            conditions = conditions.add(table.column("id").in_subquery(owners));
        }
        if conditions.is_empty() {
            continue;
        }
        let conditions = Condition::all().add(conditions).add((table.is_binding)(at));
        let live = table.column("deleted_at").is_null();
        let (reported, select) = match table.parent {
            None => (*table, table.select_summaries().cond_where(conditions).and_where(live).take()),
            Some(parent) => {
                let owners = Query::select()
                    .column(format!("{}_id", parent.name()))
                    .from(table.name())
                    .cond_where(conditions)
                    .and_where(live)
                    .take();
                let live = parent.column("deleted_at").is_null();
                (
                    parent,
                    parent
                        .select_summaries()
                        .and_where(parent.column("id").in_subquery(owners))
                        .and_where(live)
                        .take(),
                )
            }
        };
        let select = select.clone().order_by("id", sea_orm::Order::Asc).limit(MAX_NAMED).take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let summary = reported.read_summary(&row)?;
            if !found.iter().any(|known| known.id == summary.id) {
                found.push(name(reported.name(), summary));
            }
        }
    }
    Ok(found)
}

/// Returns the deleted resources that sub-resources of this row refer to.
pub(crate) async fn deleted_targets_of_sub_resources(
    table: &AnyTable,
    tx: &Connection,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    for part in tables().iter().filter(|part| part.resource.parent == Some(table.name())) {
        for (column, resource) in part.foreign_keys {
            let target = AnyTable::find(resource)?;
            let referenced = Query::select()
                .column(*column)
                .from(part.name())
                .and_where(Expr::col(format!("{}_id", table.name())).eq(id))
                .and_where(part.column("deleted_at").is_null())
                .cond_where((part.is_binding)(at))
                .take();
            // Lock the rows before checking them, so that nobody deletes one in between.
            let lock = Query::select()
                .column("id")
                .from(target.name())
                .and_where(target.column("id").in_subquery(referenced.clone()))
                .lock(LockType::Share)
                .take();
            tx.query_all(&lock).await.map_err(failed)?;
            let select = target
                .select_summaries()
                .and_where(target.column("id").in_subquery(referenced))
                .and_where(target.column("deleted_at").is_not_null())
                .order_by("id", sea_orm::Order::Asc)
                .limit(MAX_NAMED)
                .take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                found.push(name(target.name(), target.read_summary(&row)?));
            }
        }
    }
    Ok(found)
}

/// Returns a reference summary in the form that errors use.
pub(crate) fn name(resource: &'static str, summary: ReferenceSummary) -> Named {
    Named { resource, id: summary.id, slug: summary.slug.map(|slug| slug.to_string()), name: summary.label.1 }
}
