//! Liveness and readiness.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_persistence::kernel::database::Database;

use crate::kernel::problem::Problem;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::state::AppState;

/// How long the database may take to respond.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The state of the service.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`; any other state is returned as a problem.
    status: &'static str,
}

fn healthy() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(Health { status: "ok" })
}

/// Check liveness
///
/// Returns 200 as long as the process responds; the database is not checked. Use it to decide whether to
/// restart a container.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "service",
    operation_id = "get_liveness",
    responses((status = 200, description = "The process responds.", body = Health, example = json!({ "status": "ok" }))),
    extensions(("x-problems" = json!([400, 500]))),
    security(())
)]
pub async fn get_liveness(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    Ok(healthy())
}

/// Check readiness
///
/// Returns 200 if the database is available and writable and its schema is up to date, otherwise 503. Use it
/// to decide whether to route requests to this instance.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "service",
    operation_id = "get_readiness",
    responses((status = 200, description = "The service is ready.", body = Health, example = json!({ "status": "ok" }))),
    extensions(("x-problems" = json!([400, 500, 503]))),
    security(())
)]
pub async fn get_readiness(request: HttpRequest, shared: Data<AppState>) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    // A paused database does not respond at all.
    let Ok(checked) = tokio::time::timeout(TIMEOUT, check(shared.store.database())).await else {
        return Err(Error::unavailable("the database does not answer in time").into());
    };
    checked.map(|()| healthy()).map_err(Problem)
}

async fn check(database: &Database) -> Result<(), Error> {
    database.ping().await?;
    if database.pending().await? > 0 {
        let detail = bilingual!(
            "The database schema is not up to date.",
            "Das Datenbankschema ist nicht auf dem neuesten Stand."
        );
        return Err(Error::new(Code::Unavailable, detail));
    }
    // A full disk means that the service is not ready, like any other reason.
    let takes_writes = database.takes_writes().await;
    takes_writes.map_err(|error| Error { code: Code::Unavailable, ..error })
}
