//! JSON request bodies: the media type is checked, then the whole text is parsed.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde_json::Value;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::size_limits::{Step, check_size_limits, is_too_large, pointer, with_integers};
use vku_domain::kernel::violation::Violations;

use crate::kernel::media_type::JSON;

/// The maximum size of a body, in bytes (1 MiB).
pub const LIMIT: usize = 1 << 20;

/// Reads the body as JSON.
///
/// Errors: 415 if the media type is not one of `media`, 400 if the body is not JSON, 422 if a number, name, array or
/// object in it is too large.
pub fn json(request: &HttpRequest, body: &Bytes, media: &[&str]) -> Result<Value, Error> {
    let content_type =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !media.contains(&essence.as_str()) {
        let (en, de) = (media.join("` or `"), media.join("` oder `"));
        let detail = bilingual!(
            "Send the body with `Content-Type: {en}`.",
            "Senden Sie den Body mit `Content-Type: {de}`."
        );
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    let mut value: Value = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if is_too_large(&error) {
            let violations = too_large(body);
            if !violations.is_empty() {
                return Error::invalid(violations);
            }
        }
        let stopped = bilingual!(
            "Reading stopped at line {line}, column {column}: ",
            "Das Lesen endete in Zeile {line}, Spalte {column}: "
        );
        let why = if error.is_eof() {
            bilingual!("the body ends prematurely.", "Der Body endet zu früh.")
        } else if is_too_large(&error) {
            bilingual!("the number is too large.", "Die Zahl dort ist zu groß.")
        } else if error.to_string().starts_with("recursion limit") {
            bilingual!("the body is nested too deeply.", "Dort ist er zu tief verschachtelt.")
        } else {
            bilingual!("the body is not valid JSON at this point.", "Dort ist er kein JSON.")
        };
        Error::new(Code::MalformedJson, stopped.then(why))
    })?;
    with_integers(&mut value);
    let mut violations = Violations::default();
    check_size_limits(&value, &mut Vec::new(), &mut violations);
    if violations.is_empty() { Ok(value) } else { Err(Error::invalid(violations)) }
}

/// The placeholder for a number that is too large, by which the number is found again.
const TOO_LARGE: &str = "\u{10ffff}too large";

/// Reports each number that is too large, with its pointer; none if the rest is not JSON.
fn too_large(body: &[u8]) -> Violations {
    let mut violations = Violations::default();
    if let Ok(value) = serde_json::from_slice::<Value>(&without_too_large(body)) {
        note_too_large(&value, &mut Vec::new(), &mut violations);
    }
    violations
}

/// Replaces each number that is too large by [`TOO_LARGE`].
fn without_too_large(body: &[u8]) -> Vec<u8> {
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let (mut output, mut rest, mut in_string) = (Vec::with_capacity(body.len()), body, false);
    while let Some((first, after)) = rest.split_first() {
        let length = match first {
            b'\\' if in_string => 2.min(rest.len()),
            b'"' => {
                in_string = !in_string;
                1
            }
            b'-' | b'0'..=b'9' if !in_string => 1 + after.iter().take_while(|byte| is_number(byte)).count(),
            _ => 1,
        };
        let (token, left) = rest.split_at(length);
        let number = std::str::from_utf8(token).ok().and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if number.is_infinite() => {
                output.extend(format!("\"{TOO_LARGE}\"").into_bytes());
            }
            _ => output.extend(token),
        }
        rest = left;
    }
    output
}

fn note_too_large<'a>(value: &'a Value, path: &mut Vec<Step<'a>>, violations: &mut Violations) {
    let mut below = |step, value: &'a Value| {
        path.push(step);
        note_too_large(value, path, violations);
        path.pop();
    };
    match value {
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, entry)| below(Step::Entry(index), entry));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| below(Step::Member(name), member)),
        Value::String(text) if text == TOO_LARGE => {
            let detail = bilingual!("This number is too large.", "Diese Zahl ist zu groß.");
            violations.member(pointer(path), "out_of_range", detail);
        }
        _ => {}
    }
}

/// Deserializes a JSON body.
///
/// Errors: those of [`json`], and 422 with all errors of the content.
pub fn parsed<T: Deserr<Violations>>(request: &HttpRequest, body: &Bytes) -> Result<T, Error> {
    deserr::deserialize::<T, _, Violations>(json(request, body, &[JSON])?).map_err(Error::invalid)
}
