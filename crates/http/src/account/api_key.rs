//! API keys, for scripts.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::api_key::{ApiKey, NewApiKey};
use vku_domain::kernel::clock::instant;
use vku_transfer::format::Format;

use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::{id, parse_write_flags};
use crate::kernel::response::conditional::respond_json;

/// An API key, without the key itself.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyBody {
    /// The id (UUIDv7).
    id: Uuid,
    /// What the key is used for.
    name: String,
    /// The first characters of the key, to recognise it where it is used.
    prefix: String,
    /// The scopes, which limit the key to a part of its owner's permissions.
    scopes: Vec<String>,
    /// When the key was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the key expires; absent if it never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
    /// When the key was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_used_at: Option<String>,
}

impl From<ApiKey> for ApiKeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.iter().map(str::to_owned).collect(),
            created_at: instant(key.created_at),
            expires_at: key.expires_at.map(instant),
            last_used_at: key.last_used_at.map(instant),
        }
    }
}

/// Your API keys.
#[derive(Serialize, ToSchema)]
pub struct ApiKeys {
    /// The keys that have not been revoked, newest first; at most 100.
    items: Vec<ApiKeyBody>,
}

/// A new API key.
#[derive(Serialize, ToSchema)]
pub struct MadeApiKey {
    /// The key, as `GET` returns it later.
    #[serde(flatten)]
    about: ApiKeyBody,
    /// The key, which is shown only once. Send it as `Authorization: Bearer <key>`.
    key: String,
}

/// List your API keys
///
/// Returns the keys that have not been revoked, newest first, including expired ones. Not available with an API key.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys",
    tag = "api_keys",
    operation_id = "list_api_keys",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "Your keys.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = ApiKeys,
        example = json!({
            "items": [{
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a62",
                "name": "Nightly report",
                "prefix": "vkp_k7m2x9qa",
                "scopes": ["partnerships:read", "utilities:read"],
                "created_at": "2026-03-01T08:00:00.000000Z",
                "expires_at": "2027-03-01T00:00:00.000000Z",
                "last_used_at": "2026-03-02T02:00:00.000000Z"
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn list_api_keys(context: Context) -> Result<HttpResponse, Problem> {
    let (account, _) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    let keys = context.shared.store.api_keys(account).await?;
    Ok(respond_json(&context, &ApiKeys { items: keys.into_iter().map(ApiKeyBody::from).collect() })?)
}

/// Create an API key
///
/// Creates a key for a script that acts on your behalf, within its scopes: `<collection>:read` and `<collection>:write`
/// for each collection (`partnerships:read` covers partnerships and everything below them), and `personal_data:read`
/// for personal data, `audit:read` and `mails:read`. If a scope is missing, the response is
/// 403 `insufficient_scope` and names the scope. Reading public data requires no key.
///
/// Only this response contains the key: treat it like a password. The key is valid until it expires, you revoke it,
/// your password is reset, or your account is disabled or deleted. Not available with an API key.
#[utoipa::path(
    post,
    path = "/api/v1/api-keys",
    tag = "api_keys",
    operation_id = "create_api_key",
    request_body(
        content = NewApiKey,
        example = json!({
            "name": "Nightly report",
            "scopes": ["partnerships:read", "utilities:read"],
            "expires_at": "2027-03-01T00:00:00Z"
        })
    ),
    responses((
        status = 201,
        description = "The new key, which is shown only once.",
        headers(("Location" = String, description = "The path of the new key.")),
        body = MadeApiKey,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a62",
            "name": "Nightly report",
            "prefix": "vkp_k7m2x9qa",
            "scopes": ["partnerships:read", "utilities:read"],
            "created_at": "2026-03-01T08:00:00.000000Z",
            "expires_at": "2027-03-01T00:00:00.000000Z",
            "key": "vkp_k7m2x9qa_c2VjcmV0IGJ5dGVzLCBzaG93biBvbmx5IG9uY2UhIQA"
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 409, 413, 415, 422, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn create_api_key(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    let (account, _) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    let new: NewApiKey = parsed(&context.request, &body)?;
    let store = &context.shared.store;
    let (scopes, expires_at) = new.check(&vku_persistence::scopes(), store.now())?;
    let (about, key) = store.add_api_key(account, &new.name, &scopes, expires_at).await?;
    let location = format!("{}/{}", context.request.path(), about.id);
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, location))
        .json(MadeApiKey { about: about.into(), key }))
}

/// Get an API key
///
/// Returns the scopes of a key and when it was last used, but never the key itself. Not available with an API key.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys/{id}",
    tag = "api_keys",
    operation_id = "get_api_key",
    params(
        ("id" = Uuid, Path, description = "The id of the key.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a62"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The key.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = ApiKeyBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a62",
            "name": "Nightly report",
            "prefix": "vkp_k7m2x9qa",
            "scopes": ["partnerships:read", "utilities:read"],
            "created_at": "2026-03-01T08:00:00.000000Z",
            "expires_at": "2027-03-01T00:00:00.000000Z",
            "last_used_at": "2026-03-02T02:00:00.000000Z"
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn get_api_key(context: Context) -> Result<HttpResponse, Problem> {
    let (account, _) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    let key = context.shared.store.api_key(account, id(&context.request)?).await?;
    Ok(respond_json(&context, &ApiKeyBody::from(key))?)
}

/// Revoke an API key
///
/// Revokes the key with immediate effect and removes it from the list. Not available with an API key.
#[utoipa::path(
    delete,
    path = "/api/v1/api-keys/{id}",
    tag = "api_keys",
    operation_id = "delete_api_key",
    params(("id" = Uuid, Path, description = "The id of the key.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a62")),
    responses((status = 204, description = "The key has been revoked.")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn delete_api_key(context: Context) -> Result<HttpResponse, Problem> {
    let (account, _) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    context.shared.store.revoke_api_key(account, id(&context.request)?).await?;
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}
