//! Uploads: a file is written into a temporary file piece by piece, and is never in memory as a whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use actix_multipart::{Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::{FieldError, Violations};

use vku_transfer::import::ImportFormat;
use vku_transfer::import::charset::{self, Charset};

/// The maximum size of a file, in bytes (64 MiB).
pub const LIMIT: u64 = 64 << 20;

/// The number of bytes that a form may have in addition to its file.
const MULTIPART_OVERHEAD: u64 = 1 << 16;

/// The name of the form part with the file.
const PART: &str = "file";

/// An uploaded file.
pub(super) struct Upload {
    /// The file: it has no name, and is deleted when it is closed.
    pub(super) file: File,
    /// The declared format.
    pub(super) format: ImportFormat,
    /// The character encoding in its `Content-Type`.
    pub(super) charset: Option<Charset>,
}

/// Receives the file of a request.
///
/// Errors: 400 (a malformed form), 413, 415, 422 (a form without a file, or an empty file).
pub(super) async fn receive(
    request: &HttpRequest,
    payload: Payload,
    format: Option<ImportFormat>,
) -> Result<Upload, Error> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = essence(header(CONTENT_TYPE));
    let is_form = essence == "multipart/form-data";
    let format = format.or_else(|| ImportFormat::of_media(&essence));
    if !is_form && (format.is_none() || !is_file(&essence)) {
        return Err(unsupported());
    }
    let announced = header(CONTENT_LENGTH).parse::<u64>().unwrap_or(0);
    if announced > LIMIT + if is_form { MULTIPART_OVERHEAD } else { 0 } {
        return Err(too_large());
    }
    if is_form {
        return of_form(Multipart::new(request.headers(), payload), format).await;
    }
    let charset = charset::of_media(header(CONTENT_TYPE)).map_err(unreadable)?;
    let file = store(payload.map(|piece| piece.map_err(payload_error))).await?;
    Ok(Upload { file, format: format.ok_or_else(unsupported)?, charset })
}

/// Whether a file with this media type is accepted if its format is given.
fn is_file(essence: &str) -> bool {
    essence == "application/octet-stream" || ImportFormat::of_media(essence).is_some()
}

fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn of_form(mut form: Multipart, format: Option<ImportFormat>) -> Result<Upload, Error> {
    let (mut found, mut violations) = (None, Violations::default());
    while let Some(part) = form.next().await {
        let mut part = part.map_err(multipart_error)?;
        let name = part.name().unwrap_or_default().to_owned();
        if name != PART || found.is_some() {
            let shortened: String = name.chars().take(100).collect();
            let detail = bilingual!(
                "The form can only have one part, `{PART}`; found another part `{shortened}`.",
                "Das Formular hat einen Teil, `{PART}`; daneben gefunden: `{shortened}`."
            );
            violations.member(
                format!("/{}", vku_domain::kernel::violation::escape(&shortened)),
                "unknown_member",
                detail,
            );
            break;
        }
        let media = part.content_type().map(|media| essence(media.as_ref())).unwrap_or_default();
        let named =
            part.content_disposition().and_then(|it| it.get_filename().and_then(ImportFormat::of_name));
        let format = format.or_else(|| ImportFormat::of_media(&media)).or(named).ok_or_else(unsupported)?;
        let media = part.content_type().map(ToString::to_string).unwrap_or_default();
        let charset = charset::of_media(&media).map_err(unreadable)?;
        let file = store((&mut part).map(|piece| piece.map_err(multipart_error))).await?;
        found = Some(Upload { file, format, charset });
    }
    if violations.is_empty() && found.is_none() {
        let detail = bilingual!("The form has no part `{PART}`.", "Das Formular hat keinen Teil `{PART}`.");
        violations.member(format!("/{PART}"), "required", detail);
    }
    match found {
        Some(upload) if violations.is_empty() => Ok(upload),
        _ => Err(Error::invalid(violations)),
    }
}

async fn store(mut pieces: impl Stream<Item = Result<Bytes, Error>> + Unpin) -> Result<File, Error> {
    let mut file = tempfile::tempfile().map_err(Error::file)?;
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if size > LIMIT {
            return Err(too_large());
        }
        file.write_all(&piece).map_err(Error::file)?;
    }
    if size == 0 {
        let detail = bilingual!("The file is empty.", "Die Datei ist leer.");
        return Err(Error::invalid_at("", "required", detail));
    }
    file.seek(SeekFrom::Start(0)).map_err(Error::file)?;
    Ok(file)
}

/// The SHA-256 hash of the file, which is rewound.
pub(super) fn digest(file: &mut File) -> Result<Vec<u8>, Error> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(Error::file)? {
            0 => break,
            length => hash.update(piece.get(..length).unwrap_or_default()),
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(Error::file)?;
    Ok(hash.finalize().to_vec())
}

fn too_large() -> Error {
    let detail = bilingual!("The file is larger than 64 MiB.", "Die Datei ist größer als 64 MiB.");
    Error::new(Code::PayloadTooLarge, detail)
}

fn unsupported() -> Error {
    let media: Vec<_> = ImportFormat::MEDIA.iter().map(|(media, _)| (*media).to_owned()).collect();
    let detail = bilingual!(
        "Send the file with its `Content-Type` (see `allowed`), as `application/octet-stream` with `format`, or as \
         `multipart/form-data`.",
        "Senden Sie die Datei mit ihrem `Content-Type` (siehe `allowed`), als `application/octet-stream` mit `format` \
         oder als `multipart/form-data`."
    );
    Error { allowed: Some(media), ..Error::new(Code::UnsupportedMediaType, detail) }
}

/// The error for a character encoding that is not supported.
fn unreadable(fault: FieldError) -> Error {
    Error::new(Code::UnsupportedMediaType, fault.detail)
}

fn payload_error(error: PayloadError) -> Error {
    let detail = bilingual!("The body is incomplete.", "Der Body brach ab.");
    Error { source: Some(Box::new(error)), ..Error::new(Code::BadRequest, detail) }
}

fn multipart_error(error: MultipartError) -> Error {
    let detail =
        bilingual!("The form is malformed or incomplete.", "Das Formular ist nicht lesbar oder brach ab.");
    Error { source: Some(error.to_string().into()), ..Error::new(Code::BadRequest, detail) }
}
