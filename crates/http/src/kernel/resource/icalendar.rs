//! A single resource as a calendar file (RFC 5545).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::icalendar::file;
use vku_domain::kernel::parameters::Parameters;
use vku_persistence::any_table::AnyTable;
use vku_transfer::format::Format;

use super::list::check_projection;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{parse_projection, resource_key};
use crate::kernel::response::conditional::respond_as;

/// Responds with a calendar file if the client requests one; `None` if it requests JSON.
pub(crate) async fn one(
    table: &'static AnyTable,
    context: &Context,
) -> Result<Option<HttpResponse>, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let named = parameters.once("format");
    if format(&context.request, named, &[Format::Json, Format::Ics])? != Format::Ics {
        return Ok(None);
    }
    let (deleted, view) = parse_projection(table, &context.request)?;
    check_projection(&view, Format::Ics)?;
    let reader = context.read().await?;
    let (version, event) = table.event(&reader, &resource_key(table, &context.request)?, deleted).await?;
    let out = file(&event);
    let tag = ETag::of(version, &out);
    Ok(Some(respond_as(context, StatusCode::OK, &tag, Format::Ics.media_type(), out)))
}
