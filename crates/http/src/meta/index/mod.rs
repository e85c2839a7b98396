//! The entry point: an overview as JSON, or as an HTML page.

mod date;
mod home_page;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, VARY};
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;

pub use self::home_page::HomePageCache;

use self::home_page::PageParts;
use crate::kernel::html::escape;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::prefers_html;
use crate::kernel::problem::Problem;
use crate::kernel::query_string::parameters;
use crate::kernel::state::AppState;

/// The entry point.
#[derive(Serialize, ToSchema)]
pub struct Index {
    /// The name of the service.
    name: &'static str,
    /// The version of the service.
    version: &'static str,
    /// The path of Swagger UI, for trying out the API in a browser.
    docs: &'static str,
    /// The path of the OpenAPI document.
    openapi: &'static str,
    /// The path of the OpenAPI 3.0 document, for generators that do not support a later version.
    openapi_3_0: &'static str,
    /// The path for signing in.
    token: &'static str,
    /// The paths of the collections.
    resources: Vec<String>,
}

/// The first examples, which are also in the README, and their output.
const EXAMPLES: &[(&str, &str)] = &[
    ("{curl}", include_str!("examples/curl.sh")),
    ("{typescript}", include_str!("examples/typescript.ts")),
    ("{python}", include_str!("examples/python.py")),
    ("{lines}", include_str!("examples/lines.txt")),
];

/// The host in the examples, which is replaced by the public URL.
const HOST: &str = "http://localhost:8080";

/// Renders the HTML page, a single document with its own styles.
fn page(locale: Locale, host: &str, front: &PageParts) -> String {
    let page = match locale {
        Locale::En => include_str!("index.html"),
        Locale::De => include_str!("index.de.html"),
    };
    let page = page.replace("{style}", include_str!("../../kernel/page/page.css"));
    let with_example = |page: String, (placeholder, example): &(&str, &str)| {
        page.replace(placeholder, escape(&example.replace(HOST, host)).trim_end())
    };
    // User data is inserted last, so that no placeholder in it is replaced.
    let page = EXAMPLES.iter().fold(page, with_example).replace("{partnership}", &front.partnership);
    page.replace("{front}", &front.figures)
}

/// Get the entry point
///
/// Returns the paths of the collections and of the documentation. Browsers get a page with a map, charts and upcoming
/// sessions, in German or English (`Accept-Language`). Unknown query parameters are ignored, as on every HTML page.
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    operation_id = "get_index",
    params((
        "lang" = Option<Locale>,
        Query,
        description = "The language of the page; takes precedence over `Accept-Language`.",
        example = "de"
    )),
    responses((
        status = 200,
        description = "The entry point.",
        content(
            (Index = "application/json", example = json!({
                "name": "Internationale Partnerschaften",
                "version": "0.1.0",
                "docs": "/docs/",
                "openapi": "/openapi.json",
                "openapi_3_0": "/openapi-3.0.json",
                "token": "/api/v1/auth/token",
                "resources": ["/api/v1/utilities", "/api/v1/partnerships"]
            })),
            (String = "text/html", example = "<!doctype html>…")
        )
    )),
    extensions(("x-problems" = json!([400, 500]))),
    security(())
)]
pub async fn get_index(
    shared: Data<AppState>,
    front: Data<HomePageCache>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(parameters(&request)?);
    let requested: Option<Locale> = parameters.get("lang");
    // Trackers and mail programs add parameters to a link.
    parameters.finish_ignoring_unknown().map_err(Error::parameters)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((VARY, "Accept, Accept-Language"))
        .insert_header((CACHE_CONTROL, "public, no-cache"));
    if prefers_html(&request) {
        // The page may only use its own styles; it loads and runs nothing.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        let locale = requested.unwrap_or_else(|| negotiate_language(request.headers()));
        let front = front.parts(&shared, locale).await?;
        return Ok(response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_LANGUAGE, locale.as_str()))
            .insert_header(("Content-Security-Policy", policy))
            .body(page(locale, &shared.site.public_url, &front)));
    }
    Ok(response.json(Index {
        name: "Internationale Partnerschaften",
        version: env!("CARGO_PKG_VERSION"),
        docs: "/docs/",
        openapi: "/openapi.json",
        openapi_3_0: "/openapi-3.0.json",
        token: "/api/v1/auth/token",
        resources: crate::features::main_paths(),
    }))
}
