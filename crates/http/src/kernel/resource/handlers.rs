//! Generic handlers for the operations that all resources have.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;
use vku_persistence::kernel::read::status_history::Step;
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::table::{Parent as _, Table};
use vku_persistence::kernel::write::transition::ways;
use vku_transfer::format::Format;

use super::{icalendar, list};
use crate::kernel::cache::Representation;
use crate::kernel::media_type::{JSON, MERGE_PATCH};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::json;
use crate::kernel::request::params::CANCEL_REGISTRATIONS;
use crate::kernel::request::params::ID;
use crate::kernel::request::params::key;
use crate::kernel::request::params::parent;
use crate::kernel::request::params::parse_projection;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::response::cached;
use crate::kernel::response::conditional::{precondition, respond};

/// Parses the flags of a deletion or transition: `dry_run`, and whether registrations are cancelled.
fn parse_delete_flags<T: Table>(request: &HttpRequest) -> Result<[bool; 2], Problem> {
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
    let tag = vku_domain::kernel::etag::ETag::of(stored.version, &body);
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
        Ok(Representation::new(vku_domain::kernel::etag::ETag::of(version, &body), body).projected(&view))
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
    let tag = Some(vku_domain::kernel::etag::ETag::of(stored.version, &body).to_string());
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
            let slug = stored.data.clone().slug().and_then(Option::take);
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

/// The allowed statuses of a resource, and the history of its status.
#[derive(Serialize, ToSchema)]
pub struct Transitions {
    /// The statuses that the caller may set now.
    #[schema(value_type = Vec<String>)]
    pub allowed: Vec<&'static str>,
    /// The changes of the status so far, oldest first.
    #[schema(value_type = Vec<TransitionStep>)]
    pub history: Vec<Step>,
}

/// A change of the status.
#[derive(ToSchema)]
pub struct TransitionStep {
    /// When the status changed.
    #[schema(format = DateTime)]
    pub at: String,
    /// The previous status; absent if it was unknown.
    #[schema(nullable = false)]
    pub from: Option<String>,
    /// The new status.
    pub to: String,
    /// The reason.
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

/// The body of a transition.
#[derive(Deserr)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Transition {
    /// The new status.
    pub to: String,
    /// The reason; some transitions require one.
    #[deserr(default)]
    pub reason: Option<Text>,
}

/// Handles `GET` on `transitions`.
pub async fn transitions<T: Table>(mut context: Context) -> Result<HttpResponse, Problem> {
    context.snapshot = context.snapshot.filter(|_| !T::TIME_DEPENDENT);
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let reader = context.read().await?;
        let stored = reader.get::<T>(&id, parent.as_ref(), false).await?;
        let (_, parent) = T::Parent::open(&reader, parent.as_ref(), None).await?.unzip();
        let body = Transitions {
            allowed: ways(&reader, &stored, parent.as_ref()).map(State::word).collect(),
            history: reader.steps(&stored).await?,
        };
        let body = serde_json::to_vec(&body).map_err(Error::internal)?;
        Ok(Representation::new(vku_domain::kernel::etag::ETag::of_bytes(&body), body))
    })
    .await
}

/// Handles `POST` on `transitions`.
pub async fn transition<T: Table>(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    context.actor.require::<T>(Action::Transition)?;
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [dry_run, cancels] = parse_delete_flags::<T>(&context.request)?;
    let condition = precondition(&context)?;
    let value = json(&context.request, &body, &[JSON])?;
    context
        .post(dry_run, &body, async |writer| {
            if cancels {
                writer.also_cancel::<T>(&id, parent.as_ref()).await?;
            }
            let Transition { to, reason } =
                deserr::deserialize::<_, _, Violations>(value).map_err(Error::invalid)?;
            let to = to.parse::<T::Status>().map_err(|fault| {
                let mut violations = Violations::default();
                violations.member("/to", fault.code, fault.detail);
                Error::invalid(violations)
            })?;
            let stored = writer.transition::<T>(&id, parent.as_ref(), &condition, to, reason).await?;
            stored_response(StatusCode::OK, &stored, None)
        })
        .await
}
