//! Whether the service is alive, and whether it can do its work.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::say;

use crate::kernel::context::Shared;
use crate::kernel::crud::flags;
use crate::kernel::problem::Problem;

/// How the service is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`; anything else is a problem.
    status: &'static str,
}

fn healthy() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(Health { status: "ok" })
}

/// Is it alive?
///
/// Answers as long as the process can answer at all; the database is not asked. For restarting a container.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "service",
    operation_id = "get_liveness",
    responses((status = 200, description = "It is alive.", body = Health, example = json!({ "status": "ok" }))),
    extensions(("x-problems" = json!([400, 500]))),
    security(())
)]
pub async fn get_liveness(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let [] = flags(&request, [])?;
    Ok(healthy())
}

/// Is it ready?
///
/// Answers 200 when the database is there and its schema is up to date, 503 otherwise. For sending requests to it.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "service",
    operation_id = "get_readiness",
    responses((status = 200, description = "It is ready.", body = Health, example = json!({ "status": "ok" }))),
    extensions(("x-problems" = json!([400, 500, 503]))),
    security(())
)]
pub async fn get_readiness(request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Problem> {
    let [] = flags(&request, [])?;
    let database = shared.store.database();
    database.ping().await?;
    match database.pending().await? {
        0 => Ok(healthy()),
        _ => {
            let detail = say!(
                "The database schema is not up to date.",
                "Das Datenbankschema ist nicht auf dem neuesten Stand."
            );
            Err(Error::new(Code::Unavailable, detail).into())
        }
    }
}
