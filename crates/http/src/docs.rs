//! The OpenAPI document and Swagger UI, both served from the binary.

use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ContentEncoding, ETAG, LOCATION, VARY};
use actix_web::web::{Bytes, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use serde_json::Value;
use utoipa_swagger_ui::Config;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;

use crate::kernel::encoding::{AcceptEncoding, ContentCoding};
use crate::kernel::openapi::openapi_3_0;
use crate::kernel::problem::Problem;
use crate::kernel::resource::routes::Routes;
use crate::kernel::response::conditional::is_not_modified;
use crate::openapi_document::document;

/// The document as it is committed and served: indented JSON with a final line break.
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

/// A text that is generated for the first request, and its tag.
struct StaticDocument(OnceLock<(Bytes, ETag)>);

impl StaticDocument {
    fn respond(
        &self,
        request: &HttpRequest,
        media_type: &str,
        make: fn() -> Result<String, Error>,
    ) -> Result<HttpResponse, Problem> {
        let (text, tag) = match self.0.get() {
            Some(cached) => cached,
            None => {
                let text = make()?;
                let tag = ETag::of_bytes(text.as_bytes());
                self.0.get_or_init(|| (Bytes::from(text), tag))
            }
        };
        let known = is_not_modified(request, tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, tag.as_str())).insert_header((CACHE_CONTROL, "public, no-cache"));
        if known {
            return Ok(response.finish());
        }
        Ok(response.insert_header((CONTENT_TYPE, media_type)).body(text.clone()))
    }
}

static JSON: StaticDocument = StaticDocument(OnceLock::new());
static JSON_3_0: StaticDocument = StaticDocument(OnceLock::new());
static YAML: StaticDocument = StaticDocument(OnceLock::new());

async fn json(request: HttpRequest) -> Result<HttpResponse, Problem> {
    JSON.respond(&request, "application/json", openapi_json)
}

async fn json_3_0(request: HttpRequest) -> Result<HttpResponse, Problem> {
    JSON_3_0.respond(&request, "application/json", openapi_3_0_json)
}

async fn yaml(request: HttpRequest) -> Result<HttpResponse, Problem> {
    YAML.respond(&request, "application/yaml", openapi_yaml)
}

async fn to_docs() -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::MovedPermanently().insert_header((LOCATION, "/docs/")).finish())
}

/// Serves a file of Swagger UI. The service of the crate is not used, because it treats `HEAD` and wrong methods as
/// unknown paths, and returns the files compressed to clients that do not accept that.
async fn page(
    request: HttpRequest,
    file: Path<String>,
    ui: Arc<Config<'static>>,
) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(&file, ui);
    let file = found.map_err(|error| Error::internal(error.to_string()))?.ok_or_else(Error::not_found)?;
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, file.content_type));
    if !file.gzpipped {
        return Ok(response.body(bytes));
    }
    let accepted = AcceptEncoding::of(request.headers());
    let offered = [ContentCoding::Gzip, ContentCoding::Identity];
    if accepted.and_then(|accepted| accepted.best(&offered)) == Some(ContentCoding::Gzip) {
        response.insert_header(ContentEncoding::Gzip).insert_header((VARY, "accept-encoding"));
        return Ok(response.body(bytes));
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*bytes).read_to_end(&mut plain).map_err(Error::internal)?;
    Ok(response.body(plain))
}

/// Registers the document and Swagger UI.
pub(crate) fn routes(config: &mut ServiceConfig) {
    Routes::at("/openapi.json").get(json).register(config);
    Routes::at("/openapi-3.0.json").get(json_3_0).register(config);
    Routes::at("/openapi.yaml").get(yaml).register(config);
    Routes::at("/docs").get(to_docs).register(config);
    let ui = Config::new(["/openapi.json"])
        // By default, Swagger UI calls a validator on the internet.
        .validator_url("none")
        // No bar for loading other documents, and no list of all schemas below the operations.
        .use_base_layout()
        .default_models_expand_depth(0)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .persist_authorization(false)
        .deep_linking(true);
    let ui = Arc::new(ui);
    Routes::at("/docs/{file:.*}")
        .get(move |request: HttpRequest, file: Path<String>| page(request, file, ui.clone()))
        .register(config);
}
