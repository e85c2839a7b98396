//! Reading imports: the list, and a single one.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, VARY};
use serde::Serialize;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_transfer::format::Format;

use super::report::{ImportBody, Imports};
use crate::kernel::negotiation::{format as representation, negotiate_language};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{id, parse_write_flags};
use crate::kernel::response::conditional::respond_json;

/// List imports
///
/// Returns the latest 100 imports of the collections that you may import, newest first, without their reports. An API
/// key sees the imports that its scopes permit.
#[utoipa::path(
    get,
    path = "/api/v1/imports",
    tag = "imports",
    operation_id = "list_imports",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The imports.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Imports,
        example = json!({ "items": [{
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "status": "committed",
            "resource": "organisations",
            "mode": "create",
            "on_error": "abort",
            "format": "csv",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "finished_at": "2026-03-01T08:00:01.000000Z",
            "progress": { "done": 12, "total": 12 }
        }] })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn list_imports(context: Context) -> Result<HttpResponse, Problem> {
    if !context.actor.is_staff() {
        return Err(context.actor.refusal().into());
    }
    let [] = parse_write_flags(&context.request, [])?;
    representation(&context.request, None, &[Format::Json])?;
    let imports = context.shared.store.imports(&context.actor).await?;
    let locale = negotiate_language(context.request.headers());
    let items = imports.into_iter().map(|import| ImportBody::of(import, locale).without_report()).collect();
    Ok(import_response(&context, &Imports { items })?)
}

/// Get an import
///
/// Returns the progress of an import, and the report once the dry run or the import has ended. Up to 1,000 errors,
/// 1,000 duplicates and 1,000 changes are listed; the totals count all of them.
///
/// An API key needs the scopes required to create the import.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{id}",
    tag = "imports",
    operation_id = "get_import",
    params(
        ("id" = Uuid, Path, description = "The id of the import.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The import.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = ImportBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "status": "rehearsed",
            "resource": "organisations",
            "mode": "upsert",
            "on_error": "skip",
            "format": "csv",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "finished_at": "2026-03-01T08:00:01.000000Z",
            "progress": { "done": 3, "total": 3 },
            "report": {
                "source": { "encoding": "UTF-8", "encoding_source": "guessed", "delimiter": ",", "header_row": 1 },
                "counts": { "create": 1, "update": 1, "unchanged": 0, "faulty": 1, "skipped": 1 },
                "faults": [{
                    "row": 4, "column": "country", "code": "unknown_value",
                    "detail": "`XX` is not a country code: use ISO 3166-1 alpha-2 in upper-case letters, such as `DE` or `UA`."
                }],
                "faults_total": 1,
                "duplicates": [{
                    "row": 2, "name": "BMZ", "score": 0.85, "alike": ["alias", "country"],
                    "existing": {
                        "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a41", "slug": "bmz",
                        "name": "Bundesministerium für wirtschaftliche Zusammenarbeit und Entwicklung"
                    }
                }],
                "duplicates_total": 1,
                "changes": [{
                    "row": 3, "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a42", "slug": "giz", "version": 1,
                    "changes": [{ "pointer": "/website", "to": "https://www.giz.de" }]
                }],
                "changes_total": 1
            },
            "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn get_import(context: Context) -> Result<HttpResponse, Problem> {
    if !context.actor.is_staff() {
        return Err(context.actor.refusal().into());
    }
    let [] = parse_write_flags(&context.request, [])?;
    representation(&context.request, None, &[Format::Json])?;
    Ok(import_response(&context, &visible_import(&context, id(&context.request)?).await?)?)
}

/// Returns an import as the caller sees it.
async fn visible_import(context: &Context, id: Uuid) -> Result<ImportBody, Error> {
    let import = context.shared.store.import(&context.actor, id).await?;
    Ok(ImportBody::of(import, negotiate_language(context.request.headers())))
}

fn import_response(context: &Context, body: &impl Serialize) -> Result<HttpResponse, Error> {
    let mut response = respond_json(context, body)?;
    // The errors in the report are in the caller's language.
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}
