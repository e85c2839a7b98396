//! A single resource as a calendar file (RFC 5545).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::icalendar::{Event, file};
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::Stored;
use vku_persistence::kernel::table::Table;
use vku_transfer::format::Format;

use super::list::check_projection;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{ID, key, parse_projection};
use crate::kernel::response::conditional::respond_as;

/// Responds with a calendar file if the client requests one; `None` if it requests JSON.
pub(crate) async fn one<T: Table>(
    context: &Context,
    event: fn(&Stored<T>) -> Event,
) -> Result<Option<HttpResponse>, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let named = parameters.once("format");
    if format(&context.request, named, &[Format::Json, Format::Ics])? != Format::Ics {
        return Ok(None);
    }
    let (deleted, view) = parse_projection::<T>(&context.request)?;
    check_projection(&view, Format::Ics)?;
    let reader = context.read().await?;
    let stored = reader.get::<T>(&key(&context.request, ID)?, None, deleted).await?;
    let out = file(&event(&stored));
    let tag = ETag::of(stored.version, &out);
    Ok(Some(respond_as(context, StatusCode::OK, &tag, Format::Ics.media_type(), out)))
}
