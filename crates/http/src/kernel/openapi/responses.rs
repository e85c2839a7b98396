//! The shared problem responses, one a status: every operation refers to those that it can give.

use serde_json::{Map, Value, json};
use vku_domain::kernel::error::Code;

use crate::kernel::problem::PROBLEM_JSON;

/// A status with its name in the document and what it means.
const STATUSES: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "The request is malformed, or a parameter is not right."),
    (401, "Unauthorized", "Credentials are missing or not valid."),
    (403, "Forbidden", "The account's role may not do this."),
    (404, "NotFound", "There is nothing here, or nothing that the caller may see."),
    (406, "NotAcceptable", "None of the media types in `Accept` is available."),
    (409, "Conflict", "The state of things does not allow it."),
    (412, "PreconditionFailed", "It was changed in the meantime."),
    (413, "ContentTooLarge", "The body is larger than 1 MiB."),
    (415, "UnsupportedMediaType", "The body's media type is not supported."),
    (422, "UnprocessableContent", "The content is not right; every fault is named."),
    (428, "PreconditionRequired", "`If-Match` is required."),
    (500, "InternalServerError", "Something failed on our side."),
    (503, "ServiceUnavailable", "The database is away; try again after `Retry-After` seconds."),
];

/// Adds the shared responses.
pub(super) fn add(responses: &mut Map<String, Value>) {
    for (status, name, about) in STATUSES {
        let codes: Vec<_> = Code::ALL.iter().filter(|code| code.status() == *status).collect();
        let words = codes.iter().map(|code| format!("`{}`", code.as_str())).collect::<Vec<_>>().join(", ");
        let example = codes.first().map(|code| example(**code)).unwrap_or_default();
        let mut response = json!({
            "description": format!("{about} Codes: {words}."),
            "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" }, "example": example } }
        });
        let header = match status {
            401 => Some(("WWW-Authenticate", "string", "How to authenticate (RFC 6750).")),
            412 | 428 => Some(("ETag", "string", "The current entity tag.")),
            503 => Some(("Retry-After", "integer", "Seconds to wait.")),
            _ => None,
        };
        if let (Some((name, kind, about)), Some(response)) = (header, response.as_object_mut()) {
            response.insert(
                "headers".into(),
                json!({ name: { "description": about, "schema": { "type": kind } } }),
            );
        }
        responses.insert((*name).to_owned(), response);
    }
}

fn example(code: Code) -> Value {
    let mut example = json!({
        "type": format!("/problems/{}", code.as_str()),
        "title": code.title(),
        "status": code.status(),
        "detail": code.title(),
        "instance": "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna",
        "code": code.as_str(),
        "request_id": "0197a5c0-0000-7000-8000-000000000000"
    });
    let errors = match code {
        Code::MalformedJson | Code::InvalidParameters => {
            json!([{ "parameter": "sectr", "code": "unknown_parameter",
                     "detail": "There is no parameter `sectr` here. Did you mean `sector`?" }])
        }
        Code::ValidationFailed => {
            json!([{ "pointer": "/country", "code": "unknown_value", "detail": "`XX` is no country (ISO 3166-1)." }])
        }
        _ => return example,
    };
    if let Some(members) = example.as_object_mut() {
        members.insert("errors".into(), errors);
    }
    example
}

/// Declares the problems that an operation can answer with.
pub(super) fn declare(responses: &mut Map<String, Value>, statuses: &[u16]) {
    for (status, name, _) in STATUSES.iter().filter(|(status, ..)| statuses.contains(status)) {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
}
