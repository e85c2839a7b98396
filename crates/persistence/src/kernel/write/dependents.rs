//! Who refers to what: what stands in the way of a deletion, and of a restoration.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::registration::Registration;
use vku_domain::user::User;

use crate::kernel::database::error::failed;
use crate::kernel::read::reference_lookup::ResourceDescriptor;
use crate::resources;

/// How many dependents an error names at most.
const NAMED: u64 = 20;

/// Whether anything can refer to such a resource so that it stays.
pub fn may_have_dependents<T: Resource>() -> bool {
    resources().iter().filter(|described| described.name != User::NAME).any(|described| {
        (described.parties && (T::NAME == "utility" || T::NAME == "organisation"))
            || described.refers.iter().any(|(_, resource)| *resource == T::NAME)
            || described.codes.iter().any(|codes| codes.of == T::NAME)
    })
}

/// The foreign keys that are looked at here, as `table.column`: for the test that none is forgotten.
pub fn known_references() -> Vec<String> {
    let columns = |described: &ResourceDescriptor| {
        let name = described.name;
        let own = described.refers.iter().map(|(column, _)| (*column).to_owned());
        let parent = described.parent.map(|parent| format!("{parent}_id"));
        let links = ["party.owner_id", "party.utility_id", "party.organisation_id", "set.owner_id"];
        let own = own.chain(parent).map(move |column| format!("{name}.{column}"));
        own.chain(links.map(|column| format!("{name}_{column}"))).collect::<Vec<_>>()
    };
    resources().iter().flat_map(columns).collect()
}

/// Which of those that refer to something are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them.
    All,
    /// All but registrations, which give way.
    NoRegistrations,
    /// Registrations only.
    Registrations,
}

/// What refers to this row at an instant and is not deleted itself; a part is named by what it is a part of, so that no
/// person is.
///
/// Accounts do not keep a utility from being deleted, and are not named to who may delete it.
pub(crate) async fn dependents(
    tx: &DatabaseTransaction,
    (target, id): (&'static str, Uuid),
    which: Which,
    at: DateTime<Utc>,
) -> Result<Vec<Named>, Error> {
    let mut found: Vec<Named> = Vec::new();
    let all = resources();
    let wanted = |described: &&ResourceDescriptor| match which {
        _ if described.name == User::NAME => false,
        Which::All => true,
        Which::NoRegistrations => described.name != Registration::NAME,
        Which::Registrations => described.name == Registration::NAME,
    };
    for described in all.iter().filter(wanted) {
        let mut conditions = Condition::any();
        if described.parties && (target == "utility" || target == "organisation") {
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_party", described.name))
                .and_where(Expr::col(format!("{target}_id")).eq(id))
                .take();
            conditions = conditions.add(described.column("id").in_subquery(owners));
        }
        for (column, _) in described.refers.iter().filter(|(_, resource)| *resource == target) {
            conditions = conditions.add(described.column(column).eq(id));
        }
        let sets: Vec<_> =
            described.codes.iter().filter(|codes| codes.of == target).map(|codes| codes.set).collect();
        if !sets.is_empty() {
            let code = Query::select().column("slug").from(target).and_where(Expr::col("id").eq(id)).take();
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_set", described.name))
                .and_where(Expr::col("field").is_in(sets))
                .and_where(Expr::col("value").in_subquery(code))
                .take();
            conditions = conditions.add(described.column("id").in_subquery(owners));
        }
        if conditions.is_empty() {
            continue;
        }
        let conditions = Condition::all().add(conditions).add((described.binds)(at));
        let live = described.column("deleted_at").is_null();
        let (shown, select) = match described.parent.and_then(|name| all.iter().find(|it| it.name == name)) {
            None => (described, described.select().cond_where(conditions).and_where(live).take()),
            Some(parent) => {
                let owners = Query::select()
                    .column(format!("{}_id", parent.name))
                    .from(described.name)
                    .cond_where(conditions)
                    .and_where(live)
                    .take();
                let live = parent.column("deleted_at").is_null();
                (
                    parent,
                    parent.select().and_where(parent.column("id").in_subquery(owners)).and_where(live).take(),
                )
            }
        };
        let select = select.clone().order_by("id", sea_orm::Order::Asc).limit(NAMED).take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let card = shown.card(&row)?;
            if !found.iter().any(|known| known.id == card.id) {
                found.push(name(shown.name, card));
            }
        }
    }
    Ok(found)
}

/// What parts of this row refer to, and is deleted itself.
pub(crate) async fn gone_for_parts<T: Resource>(
    tx: &DatabaseTransaction,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    for part in resources().iter().filter(|described| described.parent == Some(T::NAME)) {
        for (column, resource) in part.refers {
            let target = ResourceDescriptor::find(resource)?;
            let wanted = Query::select()
                .column(*column)
                .from(part.name)
                .and_where(Expr::col(format!("{}_id", T::NAME)).eq(id))
                .and_where(part.column("deleted_at").is_null())
                .cond_where((part.binds)(at))
                .take();
            // First held, then looked at: nobody deletes one of them in between.
            let held = Query::select()
                .column("id")
                .from(target.name)
                .and_where(target.column("id").in_subquery(wanted.clone()))
                .lock(LockType::Share)
                .take();
            tx.query_all(&held).await.map_err(failed)?;
            let select = target
                .select()
                .and_where(target.column("id").in_subquery(wanted))
                .and_where(target.column("deleted_at").is_not_null())
                .order_by("id", sea_orm::Order::Asc)
                .limit(NAMED)
                .take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                found.push(name(target.name, target.card(&row)?));
            }
        }
    }
    Ok(found)
}

/// A card as an error names it.
pub(crate) fn name(resource: &'static str, card: ReferenceSummary) -> Named {
    Named { resource, id: card.id, slug: card.slug.map(|slug| slug.to_string()), name: card.label.1 }
}
