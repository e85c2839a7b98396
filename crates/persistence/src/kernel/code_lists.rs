//! Codes: members that name the rows of a reference list by their slug, such as working areas.
//!
//! A resource says in [`Table::CODE_LISTS`] which of its sets hold codes, and of what. A write of it is refused where a
//! code is not there; what is named by a code is not deleted.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::{FieldError, Violations};

use super::error::failed;
use super::table::Table;

/// How many codes one statement asks for: databases take a limited number of values.
const CHUNK: usize = 500;

/// The faults of codes that nothing has, each where it stands. What there is stays until the write ends.
pub(crate) async fn unknown<T: Table>(tx: &DatabaseTransaction, data: &T) -> Result<Violations, Error> {
    Ok(unknown_in(tx, &[data]).await?.pop().unwrap_or_default())
}

/// The same for many, in as many statements as for one.
pub(crate) async fn unknown_in<T: Table>(
    tx: &DatabaseTransaction,
    all: &[&T],
) -> Result<Vec<Violations>, Error> {
    let mut violations = vec![Violations::default(); all.len()];
    if T::CODE_LISTS.is_empty() {
        return Ok(violations);
    }
    let links = all.iter().map(|data| Ok(T::to_row(data)?.1)).collect::<Result<Vec<_>, Error>>()?;
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for codes in T::CODE_LISTS {
        named.entry(codes.of).or_default().extend(links.iter().flat_map(|links| links.words(codes.set)));
    }
    for (resource, wanted) in named {
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut known = BTreeSet::new();
        for chunk in wanted.chunks(CHUNK) {
            known.extend(live(tx, resource, Some(chunk)).await?);
        }
        if known.len() == wanted.len() {
            continue;
        }
        let there = live(tx, resource, None).await?;
        let there: Vec<_> = there.iter().map(String::as_str).collect();
        for (links, violations) in links.iter().zip(&mut violations) {
            for codes in T::CODE_LISTS.iter().filter(|codes| codes.of == resource) {
                let words = links.words(codes.set).enumerate();
                for (index, code) in words.filter(|(_, code)| !known.contains(*code)) {
                    let fault = FieldError::unknown_value(code, &there);
                    violations.member(format!("{}/{index}", codes.pointer), fault.code, fault.detail);
                }
            }
        }
    }
    Ok(violations)
}

/// The slugs of a resource that are not deleted: the wanted ones, held until the write ends, or all of them.
pub(super) async fn live(
    tx: &DatabaseTransaction,
    resource: &str,
    wanted: Option<&[&str]>,
) -> Result<Vec<String>, Error> {
    let mut select = Query::select();
    select.column("slug").from(resource.to_owned()).and_where(Expr::col("deleted_at").is_null());
    match wanted {
        Some(wanted) => {
            select.and_where(Expr::col("slug").is_in(wanted.iter().copied())).lock(LockType::Share);
        }
        None => {
            select.order_by("slug", sea_orm::Order::Asc);
        }
    }
    let rows = tx.query_all(&select).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get("", "slug").map_err(failed)).collect()
}
