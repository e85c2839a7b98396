//! Codes: members that name the rows of a reference list by their slug, such as working areas.
//!
//! A resource says in [`Table::CODE_LISTS`] which of its sets hold codes, and of what. A write of it is refused where a
//! code is not there; what is named by a code is not deleted.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::{FieldError, Violations};

use crate::kernel::database::error::failed;
use crate::kernel::table::{Codes, Table};

/// How many codes one statement asks for: databases take a limited number of values.
const CHUNK: usize = 500;

/// The codes that a body names, for each of [`Table::CODE_LISTS`]: where each stands in its list, and the code.
pub(crate) type NamedCodes = Vec<Vec<(usize, String)>>;

/// The codes in data.
pub(crate) fn in_data<T: Table>(data: &T) -> Result<NamedCodes, Error> {
    let rows = T::to_row(data)?.1;
    let of = |codes: &Codes| rows.words(codes.set).map(str::to_owned).enumerate().collect();
    Ok(T::CODE_LISTS.iter().map(of).collect())
}

/// The codes in a body that could not be read otherwise.
pub(crate) fn in_body<T: Table>(body: &Value) -> NamedCodes {
    let of = |codes: &Codes| {
        let entries = body.pointer(codes.pointer).and_then(Value::as_array).into_iter().flatten();
        entries.enumerate().filter_map(|(index, entry)| Some((index, entry.as_str()?.to_owned()))).collect()
    };
    T::CODE_LISTS.iter().map(of).collect()
}

/// The faults of codes that nothing has, each where it stands. What there is stays until the write ends.
pub(crate) async fn unknown<T: Table>(tx: &DatabaseTransaction, data: &T) -> Result<Violations, Error> {
    Ok(unknown_in::<T>(tx, &[in_data(data)?]).await?.pop().unwrap_or_default())
}

/// The same for many, in as many statements as for one.
pub(crate) async fn unknown_in<T: Table>(
    tx: &DatabaseTransaction,
    all: &[NamedCodes],
) -> Result<Vec<Violations>, Error> {
    let mut violations = vec![Violations::default(); all.len()];
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (codes, found) in all.iter().flat_map(|all| T::CODE_LISTS.iter().zip(all)) {
        named.entry(codes.of).or_default().extend(found.iter().map(|(_, code)| code.as_str()));
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
        for (all, violations) in all.iter().zip(&mut violations) {
            for (codes, found) in T::CODE_LISTS.iter().zip(all).filter(|(codes, _)| codes.of == resource) {
                for (index, code) in found.iter().filter(|(_, code)| !known.contains(code)) {
                    let fault = FieldError::unknown_value(code, &there);
                    violations.member(format!("{}/{index}", codes.pointer), fault.code, fault.detail);
                }
            }
        }
    }
    Ok(violations)
}

/// The slugs of a resource that are not deleted: the wanted ones, held until the write ends, or all of them.
pub(crate) async fn live(
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
