//! The front door: what there is, as JSON, or as a page for people with a browser.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{Accept, CACHE_CONTROL, CONTENT_TYPE, Header, Quality, VARY};
use serde::Serialize;
use utoipa::ToSchema;

/// Where things are.
#[derive(Serialize, ToSchema)]
pub struct Index {
    /// What this is.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Where to try it in the browser.
    docs: &'static str,
    /// The OpenAPI document.
    openapi: &'static str,
    /// Where to sign in.
    token: &'static str,
    /// The collections.
    resources: Vec<String>,
}

/// Whether a page is asked for by name, and more than JSON is.
fn wants_page(request: &HttpRequest) -> bool {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return false };
    let weight = |media: &str| {
        let named = ranges.iter().filter(|range| range.item.essence_str() == media);
        named.map(|range| range.quality).max().unwrap_or(Quality::ZERO)
    };
    weight("text/html") > weight("application/json")
}

/// Where to begin
///
/// The collections and the documentation; a browser gets a page instead.
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    operation_id = "get_index",
    responses((
        status = 200,
        description = "Where things are.",
        body = Index,
        example = json!({
            "name": "Internationale Partnerschaften",
            "version": "0.1.0",
            "docs": "/docs/",
            "openapi": "/openapi.json",
            "token": "/api/v1/auth/token",
            "resources": ["/api/v1/utilities", "/api/v1/partnerships"]
        })
    )),
    extensions(("x-problems" = json!([400, 500]))),
    security(())
)]
pub async fn get_index(request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "Accept")).insert_header((CACHE_CONTROL, "public, no-cache"));
    if wants_page(&request) {
        // The page's own styles are all that it may use; nothing is loaded and nothing runs.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        return response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header(("Content-Security-Policy", policy))
            .body(include_str!("index.html"));
    }
    response.json(Index {
        name: "Internationale Partnerschaften",
        version: env!("CARGO_PKG_VERSION"),
        docs: "/docs/",
        openapi: "/openapi.json",
        token: "/api/v1/auth/token",
        resources: crate::api::main_paths(),
    })
}
