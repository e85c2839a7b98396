//! JSON bodies: the media type is checked, then the text is read as a whole.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde_json::{Map, Value};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::{Violations, escape};
use vku_domain::say;

/// The largest body, in bytes (1 MiB).
pub const LIMIT: usize = 1 << 20;

/// The longest list and the largest object in a body: rules compare entries with each other.
const MOST: usize = 1_000;

/// The longest name of a member, in bytes: it stands in the pointer of every fault below it.
const LONGEST_NAME: usize = 200;

/// The media type of JSON.
pub const JSON: &str = "application/json";
/// The media type of JSON from which members were left out by `fields`: another schema, so another media type. (A
/// parameter of `application/json` would not do: who validates answers looks a schema up without parameters.)
pub const SPARSE: &str = "application/vnd.vku.sparse+json";
/// The media type of JSON Merge Patch (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// Reads the body as JSON.
///
/// Errors: 415 where it is of none of the `media` types, 400 where it is no JSON, 422 where a list in it has no end.
pub fn json(request: &HttpRequest, body: &Bytes, media: &[&str]) -> Result<Value, Error> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !media.contains(&essence.as_str()) {
        let (en, de) = (media.join("` or `"), media.join("` oder `"));
        let detail =
            say!("Send the body with `Content-Type: {en}`.", "Senden Sie den Body mit `Content-Type: {de}`.");
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let stopped = say!(
            "Reading stopped at line {line}, column {column}: ",
            "Das Lesen endete in Zeile {line}, Spalte {column}: "
        );
        let why = if error.is_eof() {
            say!("it ends too early.", "Der Body endet zu früh.")
        } else {
            say!("it is not JSON there.", "Dort ist er kein JSON.")
        };
        Error::new(Code::MalformedJson, stopped.then(why))
    })?;
    let mut violations = Violations::default();
    crowded(&value, &mut Vec::new(), &mut violations);
    if violations.is_empty() { Ok(value) } else { Err(Error::invalid(violations)) }
}

/// Reads a JSON body as what it has to be.
///
/// Errors: as [`json`] has them, and 422 with every fault of the content.
pub fn parsed<T: Deserr<Violations>>(request: &HttpRequest, body: &Bytes) -> Result<T, Error> {
    deserr::deserialize::<T, _, Violations>(json(request, body, &[JSON])?).map_err(Error::invalid)
}

/// The faults of an object in which a list has no end, or a name.
pub(crate) fn crowding(members: &Map<String, Value>) -> Violations {
    let mut violations = Violations::default();
    for (name, member) in members {
        if name.len() > LONGEST_NAME {
            let found = name.len();
            let detail = say!(
                "A member's name has at most {LONGEST_NAME} bytes, found {found}.",
                "Der Name eines Feldes hat höchstens {LONGEST_NAME} Bytes, gefunden: {found}."
            );
            violations.member("", "too_long", detail);
        } else {
            crowded(member, &mut vec![Step::Member(name)], &mut violations);
        }
    }
    violations
}

/// A step on the way to a value.
#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Entry(usize),
}

/// Notes the lists and objects that are too large to be looked into, and names that would make every pointer huge.
fn crowded<'a>(value: &'a Value, path: &mut Vec<Step<'a>>, violations: &mut Violations) {
    let (found, longest) = match value {
        Value::Array(entries) => (entries.len(), 0),
        Value::Object(members) => (members.len(), members.keys().map(String::len).max().unwrap_or(0)),
        _ => return,
    };
    if found > MOST {
        return violations.member(
            pointer(path),
            "too_many",
            say!("At most {MOST} entries, found {found}.", "Höchstens {MOST} Einträge, gefunden: {found}."),
        );
    }
    if longest > LONGEST_NAME {
        let detail = say!(
            "A member's name has at most {LONGEST_NAME} bytes, found {longest}.",
            "Der Name eines Feldes hat höchstens {LONGEST_NAME} Bytes, gefunden: {longest}."
        );
        return violations.member(pointer(path), "too_long", detail);
    }
    let mut below = |step, value: &'a Value| {
        path.push(step);
        crowded(value, path, violations);
        path.pop();
    };
    match value {
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, entry)| below(Step::Entry(index), entry));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| below(Step::Member(name), member)),
        _ => {}
    }
}

fn pointer(path: &[Step<'_>]) -> String {
    let segment = |step: &Step<'_>| match step {
        Step::Member(name) => format!("/{}", escape(name)),
        Step::Entry(index) => format!("/{index}"),
    };
    path.iter().map(segment).collect()
}
