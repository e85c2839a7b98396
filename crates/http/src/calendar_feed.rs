//! Calendar feeds that calendar programs subscribe to with a secret link.

use std::ops::ControlFlow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_domain::member::Member;
use vku_domain::session::Session;
use vku_transfer::export::Export;
use vku_transfer::format::Format;

use crate::kernel::page::token_of_link;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{ID, key, parse_write_flags};
use crate::kernel::request::unauthenticated::Unauthenticated;
use crate::kernel::response::conditional::respond_as;

/// The path of a member's calendar: outside the API, because the link itself is the credential. The token is in the
/// query, which is not logged.
pub const PATH: &str = "/calendars/member.ics";

/// A secret link.
#[derive(Serialize, ToSchema)]
pub struct CalendarLink {
    /// The link, which is shown only once. Anybody who has the link can read the calendar.
    #[schema(format = "uri")]
    url: String,
}

/// Create the calendar link of a member
///
/// Returns a secret link that calendar programs can subscribe to. The calendar contains the sessions that the member
/// may see, with the link for joining online if one of its staff is registered. Any earlier calendar link becomes
/// invalid. For the member itself and the coordination office.
#[utoipa::path(
    post,
    path = "/api/v1/members/{id}/calendar-link",
    tag = "members",
    operation_id = "create_member_calendar_link",
    params(
        ("id" = String, Path, description = "The id or slug of the member.", example = "stadtentwaesserung-dresden"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 201,
        description = "The link, which is shown only once.",
        body = CalendarLink,
        example = json!({ "url": "https://partnerships.example/calendars/member.ics?token=vkc_c2VjcmV0IGJ5dGVz" })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = ["members:write", "sessions:read"]))
)]
pub async fn create_member_calendar_link(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Member::INFO, Action::Update)?;
    // The link must not give access to more than the API key that created it.
    context.actor.require_read(Session::INFO)?;
    let member = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let token = context.write(dry_run, async |writer| writer.make_calendar_link(&member).await).await?;
    let url = format!("{}{PATH}?token={token}", context.shared.site.public_url);
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(CalendarLink { url }))
}

/// Revoke the calendar link of a member
///
/// The link becomes invalid at once. Repeating the request has no further effect.
#[utoipa::path(
    delete,
    path = "/api/v1/members/{id}/calendar-link",
    tag = "members",
    operation_id = "delete_member_calendar_link",
    params(
        ("id" = String, Path, description = "The id or slug of the member.", example = "stadtentwaesserung-dresden"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((status = 204, description = "The link has been revoked.")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = ["members:write"]))
)]
pub async fn delete_member_calendar_link(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Member::INFO, Action::Update)?;
    let member = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    context.write(dry_run, async |writer| writer.revoke_calendar_link(&member).await).await?;
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Handles `GET`: returns the calendar of the link.
pub async fn feed(Unauthenticated(context): Unauthenticated) -> Result<HttpResponse, Problem> {
    let token = token_of_link(&context.request)?;
    let store = context.shared.store.clone();
    let actor = store.calendar_reader(&token).await?.ok_or_else(Error::not_found)?;
    let sheets = context.shared.sheets.clone();
    let reporter = context.shared.site.reporter.clone();
    let table = vku_persistence::table(Session::NAME).ok_or_else(Error::not_found)?;
    let (query, format, dialect) = (table.all(), Format::Ics, CsvDialect::Rfc4180);
    let columns = ColumnSet::Import;
    let export =
        Export { store, actor, table, query, parent: None, format, columns, dialect, sheets, reporter };
    let mut calendar = Vec::new();
    let written = export.write(async |piece| {
        calendar.extend_from_slice(&piece);
        ControlFlow::Continue(())
    });
    written.await?;
    let tag = ETag::of_bytes(&calendar);
    let mut response = respond_as(&context, StatusCode::OK, &tag, Format::Ics.media_type(), calendar);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}
