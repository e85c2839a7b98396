//! Generic handlers for the operations that all resources have.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::resource::{Stored, slug_of};
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::table::Table;
use vku_transfer::format::Format;

use super::{icalendar, list};
use crate::kernel::cache::Representation;
use crate::kernel::media_type::{JSON, MERGE_PATCH};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::json;
use crate::kernel::request::params::{
    CANCEL_REGISTRATIONS, ID, key, parent, parse_projection, parse_write_flags,
};
use crate::kernel::response::cached;
use crate::kernel::response::conditional::{precondition, respond};

/// Parses the flags of a deletion or transition: `dry_run`, and whether registrations are cancelled.
pub(super) fn parse_delete_flags<T: Table>(request: &HttpRequest) -> Result<[bool; 2], Problem> {
    if T::REGISTERS {
        return parse_write_flags(request, ["dry_run", CANCEL_REGISTRATIONS]);
    }
    let [dry_run] = parse_write_flags(request, ["dry_run"])?;
    Ok([dry_run, false])
}

/// Responds to a write with the resource.
pub(crate) fn serialize<T: Table>(
    context: &Context,
    status: StatusCode,
    stored: &Stored<T>,
) -> Result<HttpResponse, Error> {
    let body = stored.to_json().map_err(Error::internal)?;
    let tag = ETag::of(stored.version, &body);
    Ok(respond(context, status, &tag, body))
}

/// Handles `GET` on the collection.
pub async fn list<T: Table>(context: Context) -> Result<HttpResponse, Problem> {
    let parent = parent::<T>(&context.request)?;
    list::list::<T>(context, parent).await
}

/// Handles `GET` on a resource.
pub async fn get<T: Table>(mut context: Context) -> Result<HttpResponse, Problem> {
    if let Some(event) = T::EVENT
        && let Some(answer) = icalendar::one::<T>(&context, event).await?
    {
        return Ok(answer);
    }
    context.snapshot = context.snapshot.filter(|_| !T::TIME_DEPENDENT);
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let (deleted, view) = parse_projection::<T>(&context.request)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let reader = context.read().await?;
        let stored = reader.get::<T>(&id, parent.as_ref(), deleted).await?;
        let version = stored.version;
        let body = if view.is_usual() {
            stored.to_json().map_err(Error::internal)?
        } else {
            let projected = reader.show(&view, vec![stored]).await?.pop();
            serde_json::to_vec(&projected).map_err(Error::internal)?
        };
        // The tag has the version of the resource, so that the tag of any representation is valid in `If-Match`.
        Ok(Representation::new(ETag::of(version, &body), body).projected(&view))
    })
    .await
}

/// The response to a `POST`, with the resource.
pub(crate) fn stored_response<T: Table>(
    status: StatusCode,
    stored: &Stored<T>,
    location: Option<String>,
) -> Result<StoredResponse, Error> {
    let body = stored.to_json().map_err(Error::internal)?;
    let tag = Some(ETag::of(stored.version, &body).to_string());
    Ok(StoredResponse { status: status.as_u16(), tag, location, media_type: JSON.to_owned(), body })
}

/// Handles `POST` on the collection.
pub async fn create<T: Table>(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    context.actor.require::<T>(Action::Create)?;
    let parent = parent::<T>(&context.request)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let value = json(&context.request, &body, &[JSON])?;
    context
        .post(dry_run, &body, async |writer| {
            let stored = writer.create::<T>(parent.as_ref(), value).await?;
            let slug = slug_of(&stored.data);
            let name = slug.map_or_else(|| stored.id.to_string(), |slug| slug.to_string());
            let location = (!dry_run).then(|| format!("{}/{name}", context.request.path()));
            stored_response(StatusCode::CREATED, &stored, location)
        })
        .await
}

/// Handles `PATCH` on a resource.
pub async fn update<T: Table>(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    context.actor.require::<T>(Action::Update)?;
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let condition = precondition(&context)?;
    let body = json(&context.request, &body, &[MERGE_PATCH, JSON])?;
    let stored = context
        .write(dry_run, async |writer| writer.patch::<T>(&id, parent.as_ref(), &condition, body).await)
        .await?;
    Ok(serialize(&context, StatusCode::OK, &stored)?)
}

/// Handles `DELETE` on a resource.
pub async fn delete<T: Table>(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require::<T>(Action::Delete)?;
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [dry_run, cancels] = parse_delete_flags::<T>(&context.request)?;
    let condition = precondition(&context)?;
    context
        .write(dry_run, async |writer| {
            if cancels {
                writer.also_cancel::<T>(&id, parent.as_ref()).await?;
            }
            writer.delete::<T>(&id, parent.as_ref(), &condition).await
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Handles `POST` on `restore`.
pub async fn restore<T: Table>(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require::<T>(Action::Restore)?;
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let condition = precondition(&context)?;
    context
        .post(dry_run, &[], async |writer| {
            let stored = writer.restore::<T>(&id, parent.as_ref(), &condition).await?;
            stored_response(StatusCode::OK, &stored, None)
        })
        .await
}
