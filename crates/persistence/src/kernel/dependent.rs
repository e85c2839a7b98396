//! Who refers to what: what stands in the way of a deletion, and of a restoration.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::reference::Card;
use vku_domain::kernel::resource::Resource;

use super::card::Described;
use super::error::failed;
use crate::resources;

/// How many dependents an error names at most.
const NAMED: u64 = 20;

/// Whether anything can refer to such a resource so that it stays.
pub fn may_have_dependents<T: Resource>() -> bool {
    resources().iter().filter(|described| !described.personal).any(|described| {
        (described.parties && (T::NAME == "utility" || T::NAME == "organisation"))
            || described.refers.iter().any(|(_, resource)| *resource == T::NAME)
            || described.codes.iter().any(|codes| codes.of == T::NAME)
    })
}

/// What refers to this row and is not deleted itself; a part is named by what it is a part of.
pub(crate) async fn dependents<T: Resource>(tx: &DatabaseTransaction, id: Uuid) -> Result<Vec<Named>, Error> {
    let mut found: Vec<Named> = Vec::new();
    let all = resources();
    // Who is bound to something does not keep it from being deleted, and is not named to who may delete it.
    for described in all.iter().filter(|described| !described.personal) {
        let mut conditions = Condition::any();
        if described.parties && (T::NAME == "utility" || T::NAME == "organisation") {
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_party", described.name))
                .and_where(Expr::col(format!("{}_id", T::NAME)).eq(id))
                .take();
            conditions = conditions.add(described.column("id").in_subquery(owners));
        }
        for (column, _) in described.refers.iter().filter(|(_, resource)| *resource == T::NAME) {
            conditions = conditions.add(described.column(column).eq(id));
        }
        let sets: Vec<_> =
            described.codes.iter().filter(|codes| codes.of == T::NAME).map(|codes| codes.set).collect();
        if !sets.is_empty() {
            let code = Query::select().column("slug").from(T::NAME).and_where(Expr::col("id").eq(id)).take();
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
) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    for part in resources().iter().filter(|described| described.parent == Some(T::NAME)) {
        for (column, resource) in part.refers {
            let target = Described::find(resource)?;
            let wanted = Query::select()
                .column(*column)
                .from(part.name)
                .and_where(Expr::col(format!("{}_id", T::NAME)).eq(id))
                .and_where(part.column("deleted_at").is_null())
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
pub(crate) fn name(resource: &'static str, card: Card) -> Named {
    Named { resource, id: card.id, slug: card.slug.map(|slug| slug.to_string()), name: card.label.1 }
}
