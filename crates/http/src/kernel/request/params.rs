//! The parameters in the path and the query string of a request.

use actix_web::HttpRequest;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_persistence::any_table::{AnyTable, ResourceKey};

use crate::kernel::problem::Problem;
use crate::kernel::query_string::parameters;

/// The name of the path parameter of the parent resource.
pub const PARENT: &str = "parent_id";
/// The name of the path parameter of a resource.
pub const ID: &str = "id";

/// The query parameter that also cancels the registrations of the people affected.
pub(crate) const CANCEL_REGISTRATIONS: &str = "cancel_registrations";

/// Returns the key in the path.
///
/// Errors: 404 if it cannot be a key.
pub(crate) fn key(request: &HttpRequest, name: &str) -> Result<Key, Error> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
}

/// Returns the id in the path.
///
/// Errors: 404 if it is not a UUID.
pub(crate) fn id(request: &HttpRequest) -> Result<Uuid, Error> {
    request.match_info().get(ID).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
}

/// Returns the key of the parent resource in the path; `None` for a resource without a parent.
pub(crate) fn parent(table: &'static AnyTable, request: &HttpRequest) -> Result<Option<Key>, Error> {
    table.info().parent.map(|_| key(request, PARENT)).transpose()
}

/// Returns the keys in the path: of the resource, and of its parent if it has one.
///
/// Errors: 404 if one of them cannot be a key.
pub(crate) fn resource_key(table: &'static AnyTable, request: &HttpRequest) -> Result<ResourceKey, Error> {
    Ok(ResourceKey { key: key(request, ID)?, parent: parent(table, request)? })
}

/// Parses the query of a log, such as the audit log: its page and its filter.
///
/// Errors: 400.
pub(crate) fn parse_log_query<F: FilterParameters>(request: &HttpRequest) -> Result<(Paging, F), Problem> {
    let mut parameters = Parameters::new(parameters(request)?);
    let query = (Paging::take(&mut parameters), F::take(&mut parameters));
    parameters.finish().map_err(Error::parameters)?;
    Ok(query)
}

/// Parses the query of a request that takes only flags.
pub(crate) fn parse_write_flags<const N: usize>(
    request: &HttpRequest,
    names: [&'static str; N],
) -> Result<[bool; N], Problem> {
    let mut parameters = Parameters::new(parameters(request)?);
    let flags = names.map(|name| parameters.get(name));
    parameters.finish().map_err(Error::parameters)?;
    Ok(flags)
}

/// Parses the flag `deleted`, and `fields` and `expand`.
pub(crate) fn parse_projection(
    table: &'static AnyTable,
    request: &HttpRequest,
) -> Result<(bool, Projection), Problem> {
    let mut parameters = Parameters::new(parameters(request)?);
    let parsed = (parameters.get("deleted"), table.projection(&mut parameters));
    if table.info().has_events {
        // The format has already been negotiated.
        parameters.once("format");
    }
    parameters.finish().map_err(Error::parameters)?;
    Ok(parsed)
}
