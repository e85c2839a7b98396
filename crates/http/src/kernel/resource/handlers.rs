//! Generic handlers for the operations that all resources have.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::violation::Violations;
use vku_persistence::any_table::{AnyTable, JsonResource, VersionedJson};
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_transfer::format::Format;

use super::{BodyCheck, icalendar, list};
use crate::kernel::cache::Representation;
use crate::kernel::media_type::{JSON, MERGE_PATCH};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::json;
use crate::kernel::request::params::{
    CANCEL_REGISTRATIONS, parent, parse_projection, parse_write_flags, resource_key,
};
use crate::kernel::response::cached;
use crate::kernel::response::conditional::{precondition, respond};

/// Parses the flags of a deletion or transition: `dry_run`, and whether registrations are cancelled.
pub(super) fn parse_delete_flags(
    table: &'static AnyTable,
    request: &HttpRequest,
) -> Result<[bool; 2], Problem> {
    if table.info().registers {
        return parse_write_flags(request, ["dry_run", CANCEL_REGISTRATIONS]);
    }
    let [dry_run] = parse_write_flags(request, ["dry_run"])?;
    Ok([dry_run, false])
}

/// Responds to a write with the resource.
pub(crate) fn written(context: &Context, status: StatusCode, resource: JsonResource) -> HttpResponse {
    let tag = ETag::of(resource.version, &resource.json);
    respond(context, status, &tag, resource.json)
}

/// Handles `GET` on the collection.
pub async fn list(table: &'static AnyTable, context: Context) -> Result<HttpResponse, Problem> {
    let parent = parent(table, &context.request)?;
    list::list(table, context, parent).await
}

/// Handles `GET` on a resource.
pub async fn get(table: &'static AnyTable, mut context: Context) -> Result<HttpResponse, Problem> {
    if table.info().has_events
        && let Some(answer) = icalendar::one(table, &context).await?
    {
        return Ok(answer);
    }
    context.snapshot = context.snapshot.filter(|_| !table.info().is_time_dependent);
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let at = resource_key(table, &context.request)?;
    let (deleted, view) = parse_projection(table, &context.request)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let (store, actor) = (&context.shared.store, &context.actor);
        let VersionedJson { version, json } = table.read(store, actor, &at, deleted, &view).await?;
        // The tag has the version of the resource, so that the tag of any representation is valid in `If-Match`.
        Ok(Representation::new(ETag::of(version, &json), json).projected(&view))
    })
    .await
}

/// The response to a `POST`, with the resource.
pub(crate) fn stored_response(
    status: StatusCode,
    resource: JsonResource,
    location: Option<String>,
) -> StoredResponse {
    let body = resource.json;
    let tag = Some(ETag::of(resource.version, &body).to_string());
    StoredResponse { status: status.as_u16(), tag, location, media_type: JSON.to_owned(), body }
}

/// Handles `POST` on the collection.
pub async fn create(
    table: &'static AnyTable,
    check: Option<BodyCheck>,
    context: Context,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    table.require(&context.actor, Action::Create)?;
    let parent = parent(table, &context.request)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let value = json(&context.request, &body, &[JSON])?;
    let violations = checked(check, &context, &value).await;
    context
        .post(dry_run, &body, async |writer| {
            let created = with_violations(table.create(writer, parent.as_ref(), value).await, violations)?;
            let name = created.slug.as_ref().map_or_else(|| created.id.to_string(), ToString::to_string);
            let location = (!dry_run).then(|| format!("{}/{name}", context.request.path()));
            Ok(stored_response(StatusCode::CREATED, created, location))
        })
        .await
}

/// Handles `PATCH` on a resource.
pub async fn update(
    table: &'static AnyTable,
    check: Option<BodyCheck>,
    context: Context,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    table.require(&context.actor, Action::Update)?;
    let at = resource_key(table, &context.request)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let condition = precondition(&context)?;
    let body = json(&context.request, &body, &[MERGE_PATCH, JSON])?;
    let violations = checked(check, &context, &body).await;
    let changed = context
        .write(dry_run, async |writer| {
            with_violations(table.patch(writer, &at, &condition, body).await, violations)
        })
        .await?;
    Ok(written(&context, StatusCode::OK, changed))
}

/// Checks a body, if there is anything to check before the transaction begins.
async fn checked(check: Option<BodyCheck>, context: &Context, body: &Value) -> Violations {
    match check {
        Some(check) => check(context, body).await,
        None => Violations::default(),
    }
}

/// Adds the violations of that check to the result of a write.
fn with_violations<R>(result: Result<R, Error>, violations: Violations) -> Result<R, Error> {
    match result {
        Ok(_) if !violations.is_empty() => Err(Error::invalid(violations)),
        Err(mut error) if error.code == Code::ValidationFailed => {
            error.violations.append(violations);
            Err(error)
        }
        result => result,
    }
}

/// Handles `DELETE` on a resource.
pub async fn delete(table: &'static AnyTable, context: Context) -> Result<HttpResponse, Problem> {
    table.require(&context.actor, Action::Delete)?;
    let at = resource_key(table, &context.request)?;
    let [dry_run, cancels] = parse_delete_flags(table, &context.request)?;
    let condition = precondition(&context)?;
    context
        .write(dry_run, async |writer| {
            if cancels {
                table.cancel_dependent_registrations(writer, &at).await?;
            }
            table.delete(writer, &at, &condition).await
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Handles `POST` on `restore`.
pub async fn restore(table: &'static AnyTable, context: Context) -> Result<HttpResponse, Problem> {
    table.require(&context.actor, Action::Restore)?;
    let at = resource_key(table, &context.request)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let condition = precondition(&context)?;
    context
        .post(dry_run, &[], async |writer| {
            let restored = table.restore(writer, &at, &condition).await?;
            Ok(stored_response(StatusCode::OK, restored, None))
        })
        .await
}
