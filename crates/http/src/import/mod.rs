//! Imports: a file of rows is rehearsed, looked at, and committed as it was rehearsed.

mod charset;
mod csv;
mod deferred;
mod encoding;
mod engine;
mod format;
mod json;
mod lines;
mod reader;
mod report;
mod table;
mod upload;
mod western;
mod worker;
mod xlsx;

pub use charset::Charset;
pub use engine::{Plan, ProgressFn, run};
pub use format::ImportFormat;
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
use vku_persistence::import::may_import;
use vku_persistence::kernel::idempotency::StoredResponse;
use vku_persistence::kernel::store::Writer;

use crate::kernel::conditional::respond;
use crate::kernel::context::Context;
use crate::kernel::handlers::parse_write_flags;
use crate::kernel::idempotency::REPLAYED;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::json_body::{JSON, parsed};
use crate::kernel::negotiation::{Format, format as representation, negotiate_language};
use crate::kernel::problem::Problem;
use crate::login::id;
use worker::ImportWorker;

/// What is asked for in the query string.
struct ImportRequest {
    order: Order,
    format: Option<ImportFormat>,
    dry_run: bool,
}

impl ImportRequest {
    /// Errors: 400 with every wrong parameter; 401, 403 where the collection is not the caller's to import.
    async fn of(context: &Context) -> Result<Self, Problem> {
        if !context.actor.is_staff() {
            return Err(Error::refused(&context.actor).into());
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
                    "`resource` is required: what the rows are. Allowed: `{all}`.",
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

/// Refuses what does not apply to the format of the file.
fn applicable(order: &Order, format: ImportFormat) -> Result<(), Error> {
    let mut violations = Violations::default();
    if order.sheet.is_some() && format != ImportFormat::Xlsx {
        let detail = bilingual!(
            "`sheet` names a sheet of a workbook; this file is none.",
            "`sheet` nennt ein Blatt einer Arbeitsmappe; diese Datei ist keine."
        );
        violations.parameter("sheet", "not_applicable", detail);
    }
    if order.charset.is_some() && format == ImportFormat::Xlsx {
        let detail = bilingual!(
            "`charset` is for text files; a workbook says itself how it is encoded.",
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
    // What is wrong is told in the caller's language.
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}

/// An import as whoever asks is shown it.
async fn visible_import(context: &Context, id: Uuid) -> Result<ImportBody, Error> {
    let import = context.shared.store.import(&context.actor, id).await?;
    Ok(ImportBody::of(import, negotiate_language(context.request.headers())))
}

/// Import a file
///
/// A file of rows, up to 64 MiB and 100,000 rows, in the columns (or members) that an export has: CSV, XLSX, NDJSON or
/// JSON, as the body with its `Content-Type` (or as `application/octet-stream` with `format`), or as the part `file` of a
/// form. Columns are named as in JSON or by their
/// German headings. What `GET` answered may be sent back. `source` in the report says how the file was read.
///
/// Cells of a workbook are read as they show: a time to the minute, `100 %` as 100, numbers to 15 digits. Only a cell that
/// is empty clears what is there: an error value (`#N/A`), a formula whose value is not in the file, a cell that is merged
/// with another one are faults. A file without any row fails.
///
/// With `dry_run=true` it is a rehearsal: nothing is written, and the report says what would be: what is wrong, cell by
/// cell; what may be there already under another slug, with a score; what each row changes. Its `plan_token` commits
/// exactly that. Without it the rows are written at once: with `on_error=abort` all or none, with `on_error=skip` those
/// that are right. Nobody sees a part of an import, and others can write while it runs; where something that its rows refer
/// to is deleted meanwhile, nothing is written and `problem` is `plan_moved`.
///
/// The answer is the import, which goes on by itself: ask where `Location` leads to until it is no longer `running`.
/// The file, and what the report says of it, are kept for a day. For the coordination office. An API key needs the scope
/// of writing the collection, and `personal_data:read` beside it for what is personal.
#[utoipa::path(
    post,
    path = "/api/v1/imports",
    tag = "imports",
    operation_id = "create_import",
    params(
        ("resource" = String, Query, description = "What the rows are: the name of a collection; that of a part has its \
            parent's before it, as in `partnership-funding`.", pattern = "^[a-z]+(-[a-z]+)*$", example = "organisations"),
        ("mode" = inline(Option<ImportMode>), Query, description = "What is done with slugs that are there already; `create` where it is left out."),
        ("on_error" = inline(Option<OnError>), Query, description = "What is done when a row is not right; `abort` where it is left out."),
        ("dry_run" = Option<bool>, Query, description = "Rehearse it: check everything, write nothing."),
        ("format" = inline(Option<ImportFormat>), Query, description = "The file's format; wins over its `Content-Type`."),
        ("sheet" = Option<String>, Query, description = "The sheet of an XLSX workbook, by its name. Left out, the only visible sheet \
            with cells is read; a workbook with more than one is refused, and its sheets are named.", example = "Tabelle1"),
        ("charset" = Option<String>, Query, description = "The character encoding of a text file, by its label (WHATWG Encoding \
            Standard); wins over the `charset` of its `Content-Type`. Left out, a byte order mark counts, then UTF-8 where all \
            bytes fit it, then Windows-1252 unless what is read then is nothing that people write.", example = "windows-1251"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request, for 24 hours: sent again, it is answered \
            again, and one import is made.", min_length = 1, max_length = 255, pattern = "^[!-~]+$",
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
        description = "It is taken on.",
        headers(
            ("Location" = String, description = "Where it is."),
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
    let account = context.actor.account.ok_or_else(|| Error::refused(&context.actor))?;
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
    let begun = async |writer: &mut Writer<'_>| {
        let import = writer.begin_import(&job, account, &order, &mut upload.file).await?;
        let body = serde_json::to_vec(&ImportBody::of(import, locale)).map_err(Error::internal)?;
        let (status, location) = (StatusCode::ACCEPTED.as_u16(), Some(location));
        Ok(StoredResponse { status, tag: None, location, media_type: JSON.to_owned(), body })
    };
    let answer = context.post(false, &digest, begun).await?;
    if !answer.headers().contains_key(REPLAYED) {
        actix_web::rt::spawn(InRuntime::new(worker(&context).begin(job, order, upload.file, dry_run)));
    }
    Ok(answer)
}

/// A form with a file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is read part by part, and described here")]
pub struct ImportForm {
    /// The file; its media type or the ending of its name says of what format it is.
    #[schema(format = Binary)]
    file: String,
}

/// List imports
///
/// The latest hundred of what you may import, newest first, without their reports. An API key sees the imports that its
/// scopes allow to make.
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
        return Err(Error::refused(&context.actor).into());
    }
    let [] = parse_write_flags(&context.request, [])?;
    representation(&context, None, &[Format::Json])?;
    let imports = context.shared.store.imports(&context.actor).await?;
    let locale = negotiate_language(context.request.headers());
    let items = imports.into_iter().map(|import| ImportBody::of(import, locale).brief()).collect();
    Ok(import_response(&context, &Imports { items })?)
}

/// Get an import
///
/// How far it is, and its report when it is rehearsed or has ended. Faults, duplicates and changes are listed up to a
/// thousand each; their totals count all.
///
/// An API key needs the scopes that making the import needs.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{id}",
    tag = "imports",
    operation_id = "get_import",
    params(
        ("id" = Uuid, Path, description = "By id.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"),
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
                    "detail": "`XX` is no country code: ISO 3166-1 alpha-2, upper-case letters such as `DE` or `UA`."
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
        return Err(Error::refused(&context.actor).into());
    }
    let [] = parse_write_flags(&context.request, [])?;
    representation(&context, None, &[Format::Json])?;
    Ok(import_response(&context, &visible_import(&context, id(&context.request)?).await?)?)
}

/// A plan to be committed.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct ImportCommit {
    /// The `plan_token` of the rehearsal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    plan_token: String,
}

/// Commit a rehearsed import
///
/// Does exactly what the rehearsal said, all in one transaction, and answers when it is done. Where the data has moved
/// since, so that it would do something else, nothing is written: 409 `plan_moved`. What is committed already is answered
/// as it is; whoever commits it while it is being committed waits for that.
///
/// An API key needs the scopes that making the import needs.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{id}/commit",
    tag = "imports",
    operation_id = "commit_import",
    params(
        ("id" = Uuid, Path, description = "By id.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request, for 24 hours: sent again, it is answered \
            again.", min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(
        content = ImportCommit,
        example = json!({ "plan_token": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" })
    ),
    responses((
        status = 200,
        description = "It is committed.",
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
        return Err(Error::refused(&context.actor).into());
    }
    let id = id(&context.request)?;
    let [] = parse_write_flags(&context.request, [])?;
    context.shared.store.import(&context.actor, id).await?;
    let ImportCommit { plan_token } = parsed(&context.request, &body)?;
    let (taken, locale) = (context.take(&body)?, negotiate_language(context.request.headers()));
    // It goes on when whoever asked has gone.
    let work = actix_web::rt::spawn(InRuntime::new(worker(&context).commit(id, plan_token, taken, locale)));
    let answer = work.await.map_err(Error::internal)??;
    Ok(context.answered(answer)?)
}
