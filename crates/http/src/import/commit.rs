//! Committing a dry run.

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use deserr::Deserr;
use utoipa::ToSchema;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::Violations;

use super::report::ImportBody;
use super::worker::ImportWorker;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::{id, parse_write_flags};

/// The plan to commit.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ImportCommit {
    /// The `plan_token` of the dry run.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    plan_token: String,
}

/// Commit a dry run
///
/// Writes exactly the changes that the dry run reported, in one transaction, and responds once they are committed. If
/// the data has changed since the dry run in a way that would change the result, nothing is written, and the response
/// is 409 `plan_moved`. An import that has already been committed is returned as it is; a second request waits while
/// the first one is committing.
///
/// An API key needs the scopes required to create the import.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{id}/commit",
    tag = "imports",
    operation_id = "commit_import",
    params(
        ("id" = Uuid, Path, description = "The id of the import.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned.", min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(
        content = ImportCommit,
        example = json!({ "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" })
    ),
    responses((
        status = 200,
        description = "The committed import.",
        headers(("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
            request with the same `Idempotency-Key`.")),
        body = ImportBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "status": "committed",
            "resource": "organisations",
            "mode": "upsert",
            "on_error": "abort",
            "format": "csv",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "finished_at": "2026-03-01T08:05:00.000000Z",
            "progress": { "done": 1, "total": 1 },
            "report": {
                "source": { "encoding": "UTF-8", "encoding_source": "guessed", "delimiter": ",", "header_row": 1 },
                "counts": { "create": 1, "update": 0, "unchanged": 0, "faulty": 0, "skipped": 0 },
                "faults": [], "faults_total": 0,
                "duplicates": [], "duplicates_total": 0,
                "changes": [], "changes_total": 0
            },
            "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 413, 415, 422, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn commit_import(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    if !context.actor.is_staff() {
        return Err(context.actor.refusal().into());
    }
    let id = id(&context.request)?;
    let [] = parse_write_flags(&context.request, [])?;
    context.shared.store.import(&context.actor, id).await?;
    let ImportCommit { plan_token } = parsed(&context.request, &body)?;
    let (in_flight, locale) = (context.claim_key(&body)?, negotiate_language(context.request.headers()));
    // The work continues if the client disconnects.
    let work = actix_web::rt::spawn(InRuntime::new(
        ImportWorker::of(&context).commit(id, plan_token, in_flight, locale),
    ));
    let outcome = work.await.map_err(Error::internal)??;
    Ok(context.respond_stored(outcome)?)
}
