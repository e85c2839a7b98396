//! Generic handlers for the operations that all resources have.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;
use vku_persistence::kernel::read::status_history::Step;
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::table::{Parent as _, Table};
use vku_persistence::kernel::write::transition::ways;

use super::cache::{self, Representation};
use super::conditional::{precondition, respond};
use super::context::{Context, parameters};
use super::icalendar;
use super::json_body::{JSON, MERGE_PATCH, json};
use super::list;
use super::negotiation::format;
use super::problem::Problem;
use vku_transfer::format::Format;

/// The name of the path parameter of the parent resource.
pub const PARENT: &str = "parent_id";
/// The name of the path parameter of a resource.
pub const ID: &str = "id";

/// The query parameter that also cancels the registrations of the people concerned.
pub(crate) const CANCEL_REGISTRATIONS: &str = "cancel_registrations";

/// Returns the key in the path.
///
/// Errors: 404 if it cannot be a key.
pub(crate) fn key(request: &HttpRequest, name: &str) -> Result<Key, Error> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
}

/// Returns the key of the parent resource in the path; `None` for a resource without a parent.
pub(super) fn parent<T: Table>(request: &HttpRequest) -> Result<Option<Key>, Error> {
    T::Parent::column().map(|_| key(request, PARENT)).transpose()
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

/// Parses the flag `deleted`, and `fields` and `expand`.
pub(super) fn parse_projection<T: Table>(request: &HttpRequest) -> Result<(bool, Projection), Problem> {
    let mut parameters = Parameters::new(parameters(request)?);
    let parsed = (parameters.get("deleted"), Projection::take::<T>(&mut parameters));
    if T::EVENT.is_some() {
        // The format has already been negotiated.
        parameters.once("format");
    }
    parameters.finish().map_err(Error::parameters)?;
    Ok(parsed)
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
    if let Some(answer) = cache::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let (deleted, view) = parse_projection::<T>(&context.request)?;
    format(&context, None, &[Format::Json])?;
    cache::get_or_insert_with(&context, async || {
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
        Ok(Representation::new(vku_domain::kernel::etag::ETag::of(version, &body), body).shown(&view))
    })
    .await
}

/// The response to a `POST`.
fn created_response<T: Table>(
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
            created_response(StatusCode::CREATED, &stored, location)
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
            created_response(StatusCode::OK, &stored, None)
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
    if let Some(answer) = cache::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let (id, parent) = (key(&context.request, ID)?, parent::<T>(&context.request)?);
    let [] = parse_write_flags(&context.request, [])?;
    format(&context, None, &[Format::Json])?;
    cache::get_or_insert_with(&context, async || {
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
            created_response(StatusCode::OK, &stored, None)
        })
        .await
}
