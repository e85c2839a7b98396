//! The OpenAPI document and Swagger UI, both served from the binary.

mod swagger_ui;

use actix_web::http::header::LOCATION;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use vku_domain::kernel::error::Error;

use crate::kernel::media_type::JSON;
use crate::kernel::openapi::openapi_3_0;
use crate::kernel::problem::Problem;
use crate::kernel::resource::routes::Routes;
use crate::kernel::response::static_document::StaticDocument;
use crate::openapi_document::document;

/// The document as it is committed: indented JSON with a final line break.
///
/// Errors: none in practice; a document that cannot be serialized is a bug.
pub fn openapi_json() -> Result<String, Error> {
    to_pretty_json(&document())
}

/// The document as OpenAPI 3.0.3, for generators that support no later version.
///
/// Errors: those of [`openapi_json`].
pub fn openapi_3_0_json() -> Result<String, Error> {
    to_pretty_json(&openapi_3_0(document()))
}

fn to_pretty_json(document: &Value) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(document).map_err(Error::internal)?;
    text.push('\n');
    Ok(text)
}

fn openapi_yaml() -> Result<String, Error> {
    yaml_serde::to_string::<Value>(&document()).map_err(Error::internal)
}

/// The document without indentation, which is a third of its size.
fn compact_json(document: &Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(Error::internal)
}

async fn json(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static DOCUMENT: StaticDocument = StaticDocument::new(JSON, REVALIDATED);
    DOCUMENT.respond(&request, || compact_json(&document()))
}

async fn json_3_0(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static DOCUMENT: StaticDocument = StaticDocument::new(JSON, REVALIDATED);
    DOCUMENT.respond(&request, || compact_json(&openapi_3_0(document())))
}

async fn yaml(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static DOCUMENT: StaticDocument = StaticDocument::new("application/yaml", REVALIDATED);
    DOCUMENT.respond(&request, openapi_yaml)
}

/// The `Cache-Control` of the document: clients ask whether their copy is current.
const REVALIDATED: &str = "public, no-cache";

async fn to_docs() -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::MovedPermanently().insert_header((LOCATION, "/docs/")).finish())
}

/// Registers the document and Swagger UI.
pub(crate) fn routes(config: &mut ServiceConfig) {
    Routes::at("/openapi.json").get(json).register(config);
    Routes::at("/openapi-3.0.json").get(json_3_0).register(config);
    Routes::at("/openapi.yaml").get(yaml).register(config);
    Routes::at("/docs").get(to_docs).register(config);
    Routes::at("/docs/{file:.*}").get(swagger_ui::file).register(config);
}
