//! Imports: a file is checked in a dry run, reviewed, and committed exactly as checked; or imported at once.

mod report;
mod upload;
mod worker;

pub use report::{
    ImportBody, ImportChange, ImportCounts, ImportDuplicate, ImportFault, ImportProgress, ImportReport,
    ImportSource, Imports,
};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, VARY};
use actix_web::web::{Bytes, Payload};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::{ImportMode, OnError, Order};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::violation::{FieldError, Violations};
use vku_persistence::collections;
use vku_persistence::import::permission::may_import;
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::transaction::Writer;

use crate::kernel::in_runtime::InRuntime;
use crate::kernel::media_type::JSON;
use crate::kernel::negotiation::{format as representation, negotiate_language};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::response::conditional::respond;
use crate::kernel::response::idempotency::REPLAYED;
use crate::login::id;
use vku_transfer::format::Format;
use vku_transfer::import::{Charset, ImportFormat};
use worker::ImportWorker;

/// The parameters of a request for an import.
struct ImportRequest {
    order: Order,
    format: Option<ImportFormat>,
    dry_run: bool,
}

impl ImportRequest {
    /// Parses the query string.
    ///
    /// Errors: 400 with all invalid parameters; 401, 403 if the caller may not import the collection.
    async fn of(context: &Context) -> Result<Self, Problem> {
        if !context.actor.is_staff() {
            return Err(context.actor.refusal().into());
        }
        let mut parameters = Parameters::new(context.parameters()?);
        let resource = parameters.once("resource");
        let mode: Option<ImportMode> = parameters.get("mode");
        let on_error: Option<OnError> = parameters.get("on_error");
        let (dry_run, format) = (parameters.get("dry_run"), parameters.get("format"));
        let sheet = parameters.once("sheet");
        let charset = match parameters.once("charset").map(|label| label.parse::<Charset>()) {
            Some(Err(fault)) => parameters.fault::<Option<Charset>>("charset", fault),
            given => given.transpose().unwrap_or_default(),
        };
        let names = collections();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let resource = match resource {
            Some(name) if names.contains(&name.as_str()) => name,
            Some(name) => parameters.fault("resource", FieldError::unknown_value(&name, &names)),
            None => {
                let all = names.join("`, `");
                let detail = bilingual!(
                    "`resource` is required: the collection of the rows. Allowed: `{all}`.",
                    "`resource` ist erforderlich: was die Zeilen sind. Erlaubt: `{all}`."
                );
                parameters.fault("resource", FieldError::new("required", detail))
            }
        };
        parameters.finish().map_err(Error::parameters)?;
        may_import(&resource, &context.actor).await?;
        let mode = mode.unwrap_or(ImportMode::Create);
        let on_error = on_error.unwrap_or(OnError::Abort);
        let charset = charset.map(|charset| charset.name().to_owned());
        Ok(Self {
            order: Order { resource, mode, on_error, format: String::new(), sheet, charset },
            format,
            dry_run,
        })
    }
}

/// Rejects parameters that do not apply to the format of the file.
fn applicable(order: &Order, format: ImportFormat) -> Result<(), Error> {
    let mut violations = Violations::default();
    if order.sheet.is_some() && format != ImportFormat::Xlsx {
        let detail = bilingual!(
            "`sheet` is only for workbooks, and this file is not a workbook.",
            "`sheet` nennt ein Blatt einer Arbeitsmappe; diese Datei ist keine."
        );
        violations.parameter("sheet", "not_applicable", detail);
    }
    if order.charset.is_some() && format == ImportFormat::Xlsx {
        let detail = bilingual!(
            "`charset` is only for text files; a workbook declares its encoding itself.",
            "`charset` gilt für Textdateien; eine Arbeitsmappe sagt selbst, wie sie kodiert ist."
        );
        violations.parameter("charset", "not_applicable", detail);
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::parameters(violations)) }
}

fn worker(context: &Context) -> ImportWorker {
    ImportWorker {
        store: context.shared.store.clone(),
        actor: context.actor.clone(),
        request_id: context.request_id(),
    }
}

fn import_response(context: &Context, body: &impl Serialize) -> Result<HttpResponse, Error> {
    let body = serde_json::to_vec(body).map_err(Error::internal)?;
    let mut response = respond(context, StatusCode::OK, &ETag::of_bytes(&body), body);
    // The errors in the report are in the caller's language.
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}

/// Returns an import as the caller sees it.
async fn visible_import(context: &Context, id: Uuid) -> Result<ImportBody, Error> {
    let import = context.shared.store.import(&context.actor, id).await?;
    Ok(ImportBody::of(import, negotiate_language(context.request.headers())))
}

/// Import a file
///
/// Imports a file with up to 64 MiB and 100,000 rows, with the same columns (or members) as an export: CSV, XLSX,
/// NDJSON or JSON, as the body with its `Content-Type` (or as `application/octet-stream` with `format`), or as the part
/// `file` of a form. Columns have their JSON names or their German headings. A response of `GET` can be imported as it
/// is. `source` in the report states how the file was read.
///
/// Cells of a workbook are read as they are displayed: times to the minute, `100 %` as 100, numbers with up to 15
/// digits. Only an empty cell clears an existing value; an error value (`#N/A`), a formula without a stored value and a
/// merged cell without a value are errors. A file without rows is refused.
///
/// With `dry_run=true`, nothing is written. The report states what the import would do: the errors, cell by cell;
/// resources that may already exist under another slug, with a score; and the changes, row by row. The `plan_token`
/// commits exactly this. Without `dry_run`, the rows are written right away: all or none with `on_error=abort`, the
/// valid ones with `on_error=skip`. A partial import is never visible, and others can write while it runs. If a
/// resource that the rows refer to is deleted in the meantime, nothing is written and `problem` is `plan_moved`.
///
/// The response is the import, which runs in the background: poll the path in `Location` until the status is no longer
/// `running`. The file and the details of the report are kept for a day. For the coordination office. An API key needs
/// the scope for writing the collection and, for personal data, also `personal_data:read`.
#[utoipa::path(
    post,
    path = "/api/v1/imports",
    tag = "imports",
    operation_id = "create_import",
    params(
        ("resource" = String, Query, description = "The collection of the rows. The name of a sub-collection begins \
            with the name of the parent, as in `partnership-funding`.", pattern = "^[a-z]+(-[a-z]+)*$", example = "organisations"),
        ("mode" = inline(Option<ImportMode>), Query, description = "How to handle slugs that already exist; `create` \
            by default."),
        ("on_error" = inline(Option<OnError>), Query, description = "How to handle invalid rows; `abort` by default."),
        ("dry_run" = Option<bool>, Query, description = "Check the file without writing anything."),
        ("format" = inline(Option<ImportFormat>), Query, description = "The format of the file; takes precedence \
            over the `Content-Type`."),
        ("sheet" = Option<String>, Query, description = "The name of the worksheet of an XLSX workbook. By default, \
            the only visible sheet with cells is read; a workbook with more than one such sheet is refused, with a \
            list of its sheets.", example = "Tabelle1"),
        ("charset" = Option<String>, Query, description = "The character encoding of a text file, by its label \
            (WHATWG Encoding Standard); takes precedence over the `charset` of the `Content-Type`. By default, a \
            byte order mark decides; otherwise the file is read as UTF-8 if it is valid UTF-8, and else as \
            Windows-1252 if that results in plausible text.", example = "windows-1251"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and only \
            one import is created.", min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(
        description = "The file.",
        content(
            (serde_json::Value = "application/json", example = json!([{ "name": "Water Aid Society", "kind": "ngo", "country": "DE" }])),
            (String = "application/ndjson", example = "{\"name\": \"Water Aid Society\", \"kind\": \"ngo\"}\n"),
            (String = "application/x-ndjson", example = "{\"name\": \"Water Aid Society\", \"kind\": \"ngo\"}\n"),
            (String = "text/csv", example = "name,kind,country\nWater Aid Society,ngo,DE\n"),
            (String = "text/tab-separated-values", example = "name\tkind\tcountry\nWater Aid Society\tngo\tDE\n"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = "(an Excel workbook)"),
            (String = "application/octet-stream", example = "name,kind,country\nWater Aid Society,ngo,DE\n"),
            (ImportForm = "multipart/form-data", example = json!({ "file": "name,kind,country\nWater Aid Society,ngo,DE\n" }))
        )
    ),
    responses((
        status = 202,
        description = "The import is accepted.",
        headers(
            ("Location" = String, description = "The path of the import."),
            ("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
                request with the same `Idempotency-Key`.")
        ),
        body = ImportBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "status": "running",
            "resource": "organisations",
            "mode": "create",
            "on_error": "abort",
            "format": "json",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "progress": { "done": 0 }
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 409, 413, 415, 422, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn create_import(context: Context, payload: Payload) -> Result<HttpResponse, Problem> {
    let ImportRequest { mut order, format, dry_run } = ImportRequest::of(&context).await?;
    let account = context.actor.account.ok_or_else(|| context.actor.refusal())?;
    let mut upload = upload::receive(&context.request, payload, format).await?;
    order.format = upload.format.to_string();
    applicable(&order, upload.format)?;
    if upload.format != ImportFormat::Xlsx {
        order.charset = order.charset.or(upload.charset.map(|charset| charset.name().to_owned()));
    }
    let mut digest = upload::digest(&mut upload.file)?;
    digest.extend(order.charset.iter().flat_map(|name| name.bytes()));
    let job = context.shared.store.new_import().await?;
    let location = format!("{}/{}", context.request.path(), job.id);
    let locale = negotiate_language(context.request.headers());
    let begin = async |writer: &mut Writer<'_>| {
        let import = writer.begin_import(&job, account, &order, &mut upload.file).await?;
        let body = serde_json::to_vec(&ImportBody::of(import, locale)).map_err(Error::internal)?;
        let (status, location) = (StatusCode::ACCEPTED.as_u16(), Some(location));
        Ok(StoredResponse { status, tag: None, location, media_type: JSON.to_owned(), body })
    };
    let answer = context.post(false, &digest, begin).await?;
    if !answer.headers().contains_key(REPLAYED) {
        actix_web::rt::spawn(InRuntime::new(worker(&context).begin(job, order, upload.file, dry_run)));
    }
    Ok(answer)
}

/// A form with a file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is read part by part, and described here")]
pub struct ImportForm {
    /// The file; its media type or its file name extension determines the format.
    #[schema(format = Binary)]
    file: String,
}

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
    let items = imports.into_iter().map(|import| ImportBody::of(import, locale).brief()).collect();
    Ok(import_response(&context, &Imports { items })?)
}

/// Get an import
///
/// Returns the progress of an import, and the report when the dry run or the import has ended. Up to 1,000 errors,
/// duplicates and changes each are listed; the totals count all of them.
///
/// An API key needs the same scopes as for creating the import.
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

/// The plan to commit.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ImportCommit {
    /// The `plan_token` of the dry run.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    plan_token: String,
}

/// Commit a dry run
///
/// Does exactly what the dry run reported, in one transaction, and responds when this is done. If the data has changed
/// since the dry run so that the import would have a different result, nothing is written, and the response is 409
/// `plan_moved`. An import that has already been committed is returned as it is; a second request waits while the first
/// one is committing.
///
/// An API key needs the same scopes as for creating the import.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{id}/commit",
    tag = "imports",
    operation_id = "commit_import",
    params(
        ("id" = Uuid, Path, description = "The id of the import.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned.", min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(
        content = ImportCommit,
        example = json!({ "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" })
    ),
    responses((
        status = 200,
        description = "The committed import.",
        headers(("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
            request with the same `Idempotency-Key`.")),
        body = ImportBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "status": "committed",
            "resource": "organisations",
            "mode": "upsert",
            "on_error": "abort",
            "format": "csv",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "finished_at": "2026-03-01T08:05:00.000000Z",
            "progress": { "done": 1, "total": 1 },
            "report": {
                "source": { "encoding": "UTF-8", "encoding_source": "guessed", "delimiter": ",", "header_row": 1 },
                "counts": { "create": 1, "update": 0, "unchanged": 0, "faulty": 0, "skipped": 0 },
                "faults": [], "faults_total": 0,
                "duplicates": [], "duplicates_total": 0,
                "changes": [], "changes_total": 0
            },
            "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 413, 415, 422, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn commit_import(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    if !context.actor.is_staff() {
        return Err(context.actor.refusal().into());
    }
    let id = id(&context.request)?;
    let [] = parse_write_flags(&context.request, [])?;
    context.shared.store.import(&context.actor, id).await?;
    let ImportCommit { plan_token } = parsed(&context.request, &body)?;
    let (in_flight, locale) = (context.take(&body)?, negotiate_language(context.request.headers()));
    // The work continues if the client disconnects.
    let work =
        actix_web::rt::spawn(InRuntime::new(worker(&context).commit(id, plan_token, in_flight, locale)));
    let answer = work.await.map_err(Error::internal)??;
    Ok(context.answered(answer)?)
}
