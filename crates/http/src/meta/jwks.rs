//! The public keys of access tokens, for verifiers.

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::ToSchema;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;

use crate::kernel::media_type::JSON;
use crate::kernel::problem::Problem;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::response::conditional::is_not_modified;
use crate::kernel::state::AppState;

/// How long the set may be cached: a new key is published ten minutes before it signs.
const CACHING: &str = "public, max-age=60";

/// A set of public keys (RFC 7517).
#[derive(ToSchema)]
#[allow(dead_code, reason = "only for the document; the keys are serialized elsewhere")]
pub struct JsonWebKeySet {
    /// The keys; the one that signs new tokens comes first.
    keys: Vec<JsonWebKey>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(ToSchema)]
#[allow(dead_code, reason = "only for the document; the keys are serialized elsewhere")]
pub struct JsonWebKey {
    /// Always `OKP`.
    kty: String,
    /// Always `Ed25519`.
    crv: String,
    /// The public key, base64url-encoded.
    x: String,
    /// The id of the key in the header of tokens: its thumbprint (RFC 7638).
    kid: String,
    /// Always `EdDSA`.
    alg: String,
    /// Always `sig`.
    r#use: String,
}

/// Get the public keys
///
/// Returns the public keys of the access tokens (EdDSA) as a JWK Set. The `kid` in the header of a token names the key
/// that verifies it. A new key is published ten minutes before the first token is signed with it, and the previous key
/// remains in the set.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "auth",
    operation_id = "get_jwks",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The public keys.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = JsonWebKeySet,
        example = json!({
            "keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "alg": "EdDSA",
                "use": "sig"
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 500, 503]))),
    security(())
)]
pub async fn get_jwks(request: HttpRequest, shared: Data<AppState>) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let body = serde_json::to_vec(&shared.tokens.jwks().await?).map_err(Error::internal)?;
    let tag = ETag::of_bytes(&body);
    let known = is_not_modified(&request, &tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, tag.as_str()))
        .insert_header((CACHE_CONTROL, CACHING))
        // For verifiers in a browser.
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    Ok(if known { response.finish() } else { response.content_type(JSON).body(body) })
}
