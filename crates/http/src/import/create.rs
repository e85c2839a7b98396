//! Creating an import.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use utoipa::ToSchema;
use vku_domain::import::{ImportMode, OnError};
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::transaction::Writer;
use vku_transfer::import::ImportFormat;

use super::report::ImportBody;
use super::request::{ImportRequest, applicable};
use super::upload;
use super::worker::ImportWorker;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::media_type::JSON;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::idempotency::REPLAYED;

/// Import a file
///
/// Imports a file of up to 64 MiB and 100,000 rows, with the same columns (or fields) as an export: CSV, XLSX, NDJSON
/// or JSON, as the body with its `Content-Type` (or as `application/octet-stream` with `format`), or as the part `file`
/// of a form. Columns have their JSON names or their German headings. A response from `GET` can be imported as it is.
/// `source` in the report states how the file was read.
///
/// Cells of a workbook are read as they are displayed: times to the minute, `100 %` as 100, numbers with up to 15
/// digits. Only an empty cell clears an existing value; an error value (`#N/A`), a formula without a stored value and a
/// merged cell without a value are errors. A file without rows is rejected.
///
/// With `dry_run=true`, nothing is written. The report states what the import would do: the errors, cell by cell;
/// resources that may already exist under another slug, with a score; and the changes, row by row. Send the
/// `plan_token` to commit exactly these changes. Without `dry_run`, the rows are written right away: all or none with
/// `on_error=abort`, the valid ones with `on_error=skip`. A partial import is never visible, and others can write while
/// the import creates records. If a resource that the rows refer to is deleted in the meantime, nothing is written and
/// `problem` is `plan_moved`.
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
            the only visible sheet that contains data is read; a workbook with more than one such sheet is rejected, \
            with a list of its sheets.", example = "Tabelle1"),
        ("charset" = Option<String>, Query, description = "The character encoding of a text file, by its label \
            (WHATWG Encoding Standard); takes precedence over the `charset` of the `Content-Type`. By default, a \
            byte order mark decides; otherwise the file is read as UTF-8 if it is valid UTF-8, or as Windows-1252 \
            if that results in plausible text.", example = "windows-1251"),
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
        description = "The import has been accepted.",
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
        actix_web::rt::spawn(InRuntime::new(ImportWorker::of(&context).begin(
            job,
            order,
            upload.file,
            dry_run,
        )));
    }
    Ok(answer)
}

/// A form with a file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the form is read part by part; this is only for the document")]
pub struct ImportForm {
    /// The file; its media type or its file name extension determines the format.
    #[schema(format = Binary)]
    file: String,
}
