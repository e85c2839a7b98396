//! Codes: values in a set that refer to the rows of a reference list by slug, such as working areas.
//!
//! A resource lists in [`Table::CODE_LISTS`](crate::kernel::table::Table::CODE_LISTS) which of its sets hold codes, and
//! of which resource. Writing an unknown code is refused; a row whose code is in use cannot be deleted.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyResource;
use vku_domain::kernel::violation::{FieldError, Violations};

use crate::kernel::database::error::failed;
use crate::kernel::table::Codes;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;

/// How many codes one statement asks for: databases limit the number of bound values.
const CHUNK: usize = 500;

/// The codes in a body, for each of [`Table::CODE_LISTS`](crate::kernel::table::Table::CODE_LISTS): the index in the
/// list, and the code.
pub(crate) type NamedCodes = Vec<Vec<(usize, String)>>;

/// Returns the codes in the data.
pub(crate) fn in_data(table: &AnyTable, data: &dyn AnyResource) -> Result<NamedCodes, Error> {
    if table.code_lists.is_empty() {
        return Ok(Vec::new());
    }
    let (_, children) = table.typed.to_row(data)?;
    let of = |codes: &Codes| children.words(codes.set).map(str::to_owned).enumerate().collect();
    Ok(table.code_lists.iter().map(of).collect())
}

/// Returns the codes in a body that could not be read as data.
pub(crate) fn in_body(table: &AnyTable, body: &Value) -> NamedCodes {
    let of = |codes: &Codes| {
        let entries = body.pointer(codes.pointer).and_then(Value::as_array).into_iter().flatten();
        entries.enumerate().filter_map(|(index, entry)| Some((index, entry.as_str()?.to_owned()))).collect()
    };
    table.code_lists.iter().map(of).collect()
}

/// Returns a violation for each unknown code, with its pointer. The rows of known codes are locked until the
/// end of the write.
pub(crate) async fn unknown_codes(
    table: &AnyTable,
    tx: &Connection,
    data: &dyn AnyResource,
) -> Result<Violations, Error> {
    Ok(unknown_codes_of_all(table, tx, &[in_data(table, data)?]).await?.pop().unwrap_or_default())
}

/// The same as [`unknown_codes`] for many resources, with as many statements as for one.
pub(crate) async fn unknown_codes_of_all(
    table: &AnyTable,
    tx: &Connection,
    all: &[NamedCodes],
) -> Result<Vec<Violations>, Error> {
    let mut violations = vec![Violations::default(); all.len()];
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (codes, found) in all.iter().flat_map(|all| table.code_lists.iter().zip(all)) {
        named.entry(codes.of).or_default().extend(found.iter().map(|(_, code)| code.as_str()));
    }
    for (resource, requested) in named {
        let requested: Vec<_> = requested.into_iter().collect();
        let mut known = BTreeSet::new();
        for chunk in requested.chunks(CHUNK) {
            known.extend(live_codes(tx, resource, Some(chunk)).await?);
        }
        if known.len() == requested.len() {
            continue;
        }
        let existing = live_codes(tx, resource, None).await?;
        let existing: Vec<_> = existing.iter().map(String::as_str).collect();
        for (all, violations) in all.iter().zip(&mut violations) {
            for (codes, found) in table.code_lists.iter().zip(all).filter(|(codes, _)| codes.of == resource) {
                for (index, code) in found.iter().filter(|(_, code)| !known.contains(code)) {
                    let fault = FieldError::unknown_value(code, &existing);
                    violations.member(format!("{}/{index}", codes.pointer), fault.code, fault.detail);
                }
            }
        }
    }
    Ok(violations)
}

/// Returns the slugs of a resource that are not deleted: the requested ones, locked until the end of the
/// write, or all.
pub(crate) async fn live_codes(
    tx: &Connection,
    resource: &str,
    requested: Option<&[&str]>,
) -> Result<Vec<String>, Error> {
    let mut select = Query::select();
    select.column("slug").from(resource.to_owned()).and_where(Expr::col("deleted_at").is_null());
    match requested {
        Some(requested) => {
            select.and_where(Expr::col("slug").is_in(requested.iter().copied())).lock(LockType::Share);
        }
        None => {
            select.order_by("slug", sea_orm::Order::Asc);
        }
    }
    let rows = tx.query_all(&select).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get("", "slug").map_err(failed)).collect()
}
