//! The caller's own logins: listing them, and ending one of them.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::clock::instant;
use vku_persistence::auth::login::Login;
use vku_transfer::format::Format;

use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{id, parse_write_flags};
use crate::kernel::response::conditional::respond_json;

/// One of your logins: a program that is signed in to your account.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub struct LoginBody {
    /// The id (UUIDv7).
    id: Uuid,
    /// Whether this request uses this login.
    current: bool,
    /// The program that signed in, according to its `User-Agent`.
    client: String,
    /// When you signed in.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the login was last refreshed.
    #[schema(format = DateTime)]
    last_used_at: String,
    /// When the login ends unless it is refreshed.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Your logins.
#[derive(Serialize, ToSchema)]
pub struct Logins {
    /// The current logins, newest first; at most 100.
    items: Vec<LoginBody>,
}

/// List your logins
///
/// Returns your current logins, newest first. Not available with an API key.
#[utoipa::path(
    get,
    path = "/api/v1/me/logins",
    tag = "auth",
    operation_id = "list_logins",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "Your logins.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Logins,
        example = json!({
            "items": [{
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a61",
                "current": true,
                "client": "curl/8.14.1",
                "created_at": "2026-03-01T08:00:00.000000Z",
                "last_used_at": "2026-03-01T08:00:00.000000Z",
                "expires_at": "2026-03-31T08:00:00.000000Z"
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn list_logins(context: Context) -> Result<HttpResponse, Problem> {
    let (account, current) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    let item = |login: Login| LoginBody {
        id: login.id,
        current: login.id == current,
        client: login.client,
        created_at: instant(login.created_at),
        last_used_at: instant(login.last_used_at),
        expires_at: instant(login.expires_at),
    };
    let items = context.shared.store.logins(account).await?.into_iter().map(item).collect();
    Ok(respond_json(&context, &Logins { items })?)
}

/// End one of your logins
///
/// Ends the login; its tokens become invalid at once. Not available with an API key.
#[utoipa::path(
    delete,
    path = "/api/v1/me/logins/{id}",
    tag = "auth",
    operation_id = "delete_login",
    params(("id" = Uuid, Path, description = "The id of the login.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a61")),
    responses((status = 204, description = "The login has ended.")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn delete_login(context: Context) -> Result<HttpResponse, Problem> {
    let (account, _) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    context.shared.store.revoke_login(account, id(&context.request)?).await?;
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}
