//! The statuses of a resource: which it may get, which it had, and setting another one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;
use vku_persistence::any_table::{AnyTable, StatusInfo};
use vku_persistence::kernel::read::status_history::Step;
use vku_transfer::format::Format;

use super::handlers::{parse_delete_flags, stored_response};
use crate::kernel::cache::Representation;
use crate::kernel::media_type::JSON;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::json;
use crate::kernel::request::params::{parse_write_flags, resource_key};
use crate::kernel::response::cached;
use crate::kernel::response::conditional::precondition;

/// The allowed statuses of a resource, and the history of its status.
#[derive(Serialize, ToSchema)]
pub struct Transitions {
    /// The statuses that the caller may set now.
    #[schema(value_type = Vec<String>)]
    pub allowed: Vec<&'static str>,
    /// The status changes so far, oldest first.
    #[schema(value_type = Vec<TransitionStep>)]
    pub history: Vec<Step>,
}

/// A status change.
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
pub async fn transitions(table: &'static AnyTable, mut context: Context) -> Result<HttpResponse, Problem> {
    context.snapshot = context.snapshot.filter(|_| !table.info().is_time_dependent);
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let at = resource_key(table, &context.request)?;
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let reader = context.read().await?;
        let StatusInfo { allowed, history } = table.transitions(&reader, &at).await?;
        let body = serde_json::to_vec(&Transitions { allowed, history }).map_err(Error::internal)?;
        Ok(Representation::new(ETag::of_bytes(&body), body))
    })
    .await
}

/// Handles `POST` on `transitions`.
pub async fn transition(
    table: &'static AnyTable,
    context: Context,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    table.require(&context.actor, Action::Transition)?;
    let at = resource_key(table, &context.request)?;
    let [dry_run, cancels] = parse_delete_flags(table, &context.request)?;
    let condition = precondition(&context)?;
    let value = json(&context.request, &body, &[JSON])?;
    context
        .post(dry_run, &body, async |writer| {
            if cancels {
                table.cancel_dependent_registrations(writer, &at).await?;
            }
            let Transition { to, reason } =
                deserr::deserialize::<_, _, Violations>(value).map_err(Error::invalid)?;
            let changed = table.transition(writer, &at, &condition, &to, reason).await?;
            Ok(stored_response(StatusCode::OK, changed, None))
        })
        .await
}
