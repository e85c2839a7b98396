//! JSON bodies: the media type is checked, then the text is read as a whole.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use serde_json::Value;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::{Violations, escape};

/// The largest body, in bytes (1 MiB).
pub const LIMIT: usize = 1 << 20;

/// The longest list and the largest object in a body: rules compare entries with each other.
const MOST: usize = 1_000;

/// The media type of JSON.
pub const JSON: &str = "application/json";
/// The media type of JSON Merge Patch (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// Reads the body as JSON.
///
/// Errors: 415 where it is of none of the `media` types, 400 where it is no JSON, 422 where a list in it has no end.
pub fn json(request: &HttpRequest, body: &Bytes, media: &[&str]) -> Result<Value, Error> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !media.contains(&essence.as_str()) {
        let detail = format!("Send the body with `Content-Type: {}`.", media.join("` or `"));
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    let value = serde_json::from_slice(body).map_err(|error| {
        let what = if error.is_eof() { "it ends too early" } else { "it is not JSON there" };
        let detail = format!("Reading stopped at line {}, column {}: {what}.", error.line(), error.column());
        Error::new(Code::MalformedJson, detail)
    })?;
    let mut violations = Violations::default();
    crowded(&value, String::new(), &mut violations);
    if violations.is_empty() { Ok(value) } else { Err(Error::invalid(violations)) }
}

/// Notes the lists and objects that are too large to be looked into.
fn crowded(value: &Value, at: String, violations: &mut Violations) {
    let found = match value {
        Value::Array(entries) => entries.len(),
        Value::Object(members) => members.len(),
        _ => return,
    };
    if found > MOST {
        return violations.member(at, "too_many", format!("At most {MOST} entries, found {found}."));
    }
    match value {
        Value::Array(entries) => {
            let entries = entries.iter().enumerate();
            entries.for_each(|(index, entry)| crowded(entry, format!("{at}/{index}"), violations));
        }
        Value::Object(members) => {
            let members = members.iter();
            members.for_each(|(name, member)| crowded(member, format!("{at}/{}", escape(name)), violations));
        }
        _ => {}
    }
}
