//! The files of Swagger UI.

use std::io::Read;
use std::sync::Arc;

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use utoipa_swagger_ui::Config;
use vku_domain::kernel::error::Error;

use super::{REVALIDATED, compact_json};
use crate::kernel::media_type::JSON;
use crate::kernel::openapi::openapi_3_0_for_people;
use crate::kernel::problem::Problem;
use crate::kernel::response::static_document::StaticDocument;
use crate::openapi_document::document;

/// The `Cache-Control` of files that change only with the program.
const CACHED: &str = "public, max-age=3600";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file, by its path below `/docs/`.
struct File {
    path: &'static str,
    document: StaticDocument,
    content: Content,
}

/// Where a file comes from.
enum Content {
    /// A text of ours.
    Text(&'static str),
    /// The document.
    Document,
    /// The release of Swagger UI.
    Release,
}

const fn text(path: &'static str, media_type: &'static str, text: &'static str) -> File {
    File { path, document: StaticDocument::new(media_type, CACHED), content: Content::Text(text) }
}

const fn release(path: &'static str, media_type: &'static str) -> File {
    File { path, document: StaticDocument::new(media_type, CACHED), content: Content::Release }
}

/// The files that the page loads. The page and its script are ours: those of the release load a second layout, which
/// is not used, and the document only after both scripts.
static FILES: [File; 8] = [
    text("", HTML, include_str!("index.html")),
    text("index.html", HTML, include_str!("index.html")),
    text("swagger-initializer.js", SCRIPT, include_str!("initializer.js")),
    File {
        path: "openapi.json",
        document: StaticDocument::new(JSON, REVALIDATED),
        content: Content::Document,
    },
    release("swagger-ui-bundle.js", SCRIPT),
    release("swagger-ui.css", "text/css; charset=utf-8"),
    release("favicon-16x16.png", "image/png"),
    release("favicon-32x32.png", "image/png"),
];

impl File {
    fn bytes(&self) -> Result<Vec<u8>, Error> {
        match self.content {
            Content::Text(text) => Ok(text.as_bytes().to_vec()),
            Content::Document => compact_json(&shown_document()),
            Content::Release => released(self.path),
        }
    }
}

/// Serves a file.
pub(super) async fn file(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Problem> {
    let file = FILES.iter().find(|file| file.path == path.as_str()).ok_or_else(Error::not_found)?;
    file.document.respond(&request, || file.bytes())
}

/// Returns a file of the release, uncompressed.
///
/// Errors: 404 if there is none.
fn released(path: &str) -> Result<Vec<u8>, Error> {
    let found = utoipa_swagger_ui::serve(path, Arc::new(Config::default()));
    let file = found.map_err(|error| Error::internal(error.to_string()))?.ok_or_else(Error::not_found)?;
    if !file.gzpipped {
        return Ok(file.bytes.into_owned());
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*file.bytes).read_to_end(&mut plain).map_err(Error::internal)?;
    Ok(plain)
}

/// The document that Swagger UI shows. It is one of OpenAPI 3.0, because Swagger UI resolves all of a document of 3.1
/// before it shows anything, which takes seconds.
fn shown_document() -> Value {
    let mut document = document();
    if let Value::Object(members) = &mut document {
        let about = "This document as OpenAPI 3.1";
        members.insert("externalDocs".to_owned(), json!({ "url": "/openapi.json", "description": about }));
        let webhooks = members.shift_remove("webhooks");
        let create = document.pointer_mut("/paths/~1api~1v1~1webhooks/post").and_then(Value::as_object_mut);
        if let (Some(Value::Object(webhooks)), Some(create)) = (webhooks, create) {
            // 3.0 has no webhooks, but callbacks of the operation that asks for them.
            let callback = |(name, item)| (name, json!({ "{$request.body#/url}": item }));
            create.insert("callbacks".to_owned(), webhooks.into_iter().map(callback).collect());
        }
    }
    let mut document = openapi_3_0_for_people(document);
    clear_optional_parameters(&mut document);
    document
}

/// Removes the examples of optional parameters: Swagger UI would fill them in, and a list would be empty, because no row
/// matches the examples of all filters. Referenced schemas are copied, so that others keep their examples.
fn clear_optional_parameters(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let target = |schema: &Value| {
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
        schemas.get(name).cloned()
    };
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = items.filter_map(|(_, item)| item.as_object_mut()).flatten();
    let parameters = operations.filter_map(|(_, it)| it.get_mut("parameters")?.as_array_mut()).flatten();
    for parameter in parameters.filter(|it| it.get("required") != Some(&Value::Bool(true))) {
        let Some(schema) = parameter.get_mut("schema") else { continue };
        if let Some(found) = target(schema) {
            *schema = found;
        }
        if let Value::Object(members) = schema {
            members.shift_remove("example");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_that_is_shown_has_all_operations_media_types_and_webhooks() {
        let (whole, shown) = (document(), shown_document());
        let paths = whole["paths"].as_object().unwrap();
        assert_eq!(paths.len(), shown["paths"].as_object().unwrap().len());
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let keys = |operation: &Value| {
                    let content = operation["requestBody"]["content"].as_object();
                    content.map(|it| it.keys().cloned().collect::<Vec<_>>())
                };
                let other = &shown["paths"][path][method];
                assert_eq!(other["operationId"], operation["operationId"]);
                assert_eq!(keys(other), keys(operation), "{path}");
            }
        }
        let parameters = shown["paths"]["/api/v1/partnerships"]["get"]["parameters"].as_array().unwrap();
        assert!(
            parameters
                .iter()
                .all(|it| it["schema"].get("example").is_none() && it["schema"].get("$ref").is_none())
        );
        assert!(shown["components"]["schemas"]["PartialDate"]["example"].is_string());
        let callbacks = shown["paths"]["/api/v1/webhooks"]["post"]["callbacks"].as_object().unwrap();
        assert_eq!(callbacks.len(), whole["webhooks"].as_object().unwrap().len());
        let event = &callbacks["resource_changed"]["{$request.body#/url}"]["post"];
        assert_eq!(event["operationId"], "receive_change");
        assert!(shown["components"]["schemas"]["WebhookEvent"].is_object());
    }
}
