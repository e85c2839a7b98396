//! The shared problem responses, one a status: every operation refers to those that it can give.

use serde_json::{Map, Value, json};
use vku_domain::kernel::error::Code;

use super::with;
use crate::kernel::problem::PROBLEM_JSON;

/// A status: its name in the document, what it means, and the occurrence that is shown.
struct Shared {
    name: &'static str,
    about: &'static str,
    shown: Code,
    detail: &'static str,
}

const fn shared(name: &'static str, about: &'static str, shown: Code, detail: &'static str) -> Shared {
    Shared { name, about, shown, detail }
}

const STATUSES: &[Shared] = &[
    shared(
        "BadRequest",
        "The request is malformed, or a parameter is not right.",
        Code::InvalidParameters,
        "Some parameters are not right; see `errors`.",
    ),
    shared(
        "Unauthorized",
        "Credentials are missing or not valid.",
        Code::Unauthenticated,
        "This needs an account.",
    ),
    shared(
        "Forbidden",
        "The account's role, or the API key's scopes, do not reach to this.",
        Code::Forbidden,
        "The role `reader` may not do this here.",
    ),
    shared(
        "NotFound",
        "There is nothing here, or nothing that the caller may see.",
        Code::NotFound,
        "There is nothing here, or nothing that you may see.",
    ),
    shared(
        "NotAcceptable",
        "None of the media types in `Accept` is available.",
        Code::NotAcceptable,
        "See `allowed` for what there is.",
    ),
    shared(
        "RequestTimeout",
        "The request did not arrive in time; the connection is closed.",
        Code::RequestTimeout,
        "The body did not arrive in time.",
    ),
    shared(
        "Conflict",
        "The state of things does not allow it.",
        Code::TransitionNotAllowed,
        "From `active` there is no way to `preparation`.",
    ),
    shared(
        "PreconditionFailed",
        "What `If-Match` or `If-None-Match` demands is not so, such as when it was changed in the meantime.",
        Code::PreconditionFailed,
        "It was changed in the meantime: `If-Match` names version 3, and this is version 4.",
    ),
    shared(
        "ContentTooLarge",
        "The body is larger than 1 MiB; that of an import, than 64 MiB.",
        Code::PayloadTooLarge,
        "The body is too large",
    ),
    shared(
        "UnsupportedMediaType",
        "The body's media type is not supported.",
        Code::UnsupportedMediaType,
        "Send the body with `Content-Type: application/json`.",
    ),
    shared(
        "UnprocessableContent",
        "The content is not right; every fault is named.",
        Code::ValidationFailed,
        "The content is not right; see `errors`.",
    ),
    shared(
        "PreconditionRequired",
        "`If-Match` is required.",
        Code::PreconditionRequired,
        "Send `If-Match` with the `ETag` of what the change is based on.",
    ),
    shared(
        "TooManyRequests",
        "Too much was asked; try again after `Retry-After` seconds.",
        Code::TooManyRequests,
        "You have made as many requests as you may. Try again in 12 seconds.",
    ),
    shared(
        "InternalServerError",
        "Something failed on our side.",
        Code::Internal,
        "Something failed on our side.",
    ),
    shared(
        "ServiceUnavailable",
        "The database is away, or it took too long; try again after `Retry-After` seconds.",
        Code::Unavailable,
        "The database is not available.",
    ),
    shared(
        "InsufficientStorage",
        "The disk of the database is full: nothing was written; try again after `Retry-After` seconds.",
        Code::InsufficientStorage,
        "There is no room left on the disk: nothing was written. Please tell the operator.",
    ),
];

/// What every answer tells of the quota: header, description, example.
const QUOTA: [(&str, &str, &str); 2] = [
    (
        "RateLimit",
        "In every answer: how many requests are left (`r`), and in how many seconds all are free again (`t`) \
         (draft-ietf-httpapi-ratelimit-headers). An answer of 304 costs nothing.",
        "\"default\";r=599;t=1",
    ),
    (
        "RateLimit-Policy",
        "In every answer: how many requests (`q`) may be made in how many seconds (`w`), by API key, account or, \
         without one, address. Absent where the operator sets no limit.",
        "\"default\";q=600;w=60",
    ),
];

/// Adds the shared headers.
pub(super) fn add_headers(headers: &mut Map<String, Value>) {
    for (name, about, example) in QUOTA {
        let header = json!({ "description": about, "schema": { "type": "string" }, "example": example });
        headers.insert(name.to_owned(), header);
    }
}

/// Adds the shared responses.
pub(super) fn add(responses: &mut Map<String, Value>) {
    for it @ Shared { name, about, shown, .. } in STATUSES {
        let status = shown.status();
        let codes = Code::ALL.iter().filter(|code| code.status() == status);
        let words = codes.map(|code| format!("`{}`", code.as_str())).collect::<Vec<_>>().join(", ");
        let mut response = json!({
            "description": format!("{about} Codes: {words}."),
            "content": { PROBLEM_JSON: {
                "schema": { "$ref": "#/components/schemas/Problem" }, "example": example(it)
            } }
        });
        let header = match status {
            401 => Some(("WWW-Authenticate", "string", "How to authenticate (RFC 6750).", true)),
            403 => {
                Some(("WWW-Authenticate", "string", "The scopes that an API key needs (RFC 6750).", false))
            }
            409 => Some((
                "Retry-After",
                "integer",
                "Seconds to wait, where a request with the same `Idempotency-Key` is still running.",
                false,
            )),
            412 | 428 => Some(("ETag", "string", "The current entity tag.", true)),
            429 | 503 | 507 => Some(("Retry-After", "integer", "Seconds to wait.", true)),
            _ => None,
        };
        if let (Some((name, kind, about, always)), Some(response)) = (header, response.as_object_mut()) {
            let mut header = json!({ "description": about, "schema": { "type": kind } });
            if always {
                header = with(header, "required", json!(true));
            }
            let mut headers = json!({ name: header });
            if status == 429 {
                headers = QUOTA.iter().fold(headers, |all, (name, _, _)| {
                    with(all, name, json!({ "$ref": format!("#/components/headers/{name}") }))
                });
            }
            response.insert("headers".into(), headers);
        }
        responses.insert((*name).to_owned(), response);
    }
}

fn example(it: &Shared) -> Value {
    let code = it.shown;
    let example = json!({
        "type": format!("/problems/{}", code.as_str()),
        "title": code.title().en,
        "status": code.status(),
        "detail": it.detail,
        "instance": "/api/v1/partnerships/hamburg-kyiv",
        "code": code.as_str(),
        "request_id": "0197a5c0-0000-7000-8000-000000000000"
    });
    let (member, more) = match code {
        Code::InvalidParameters => (
            "errors",
            json!([{ "parameter": "sectr", "code": "unknown_parameter",
                     "detail": "There is no parameter `sectr` here. Did you mean `sector`?" }]),
        ),
        Code::ValidationFailed => (
            "errors",
            json!([{ "pointer": "/country", "code": "unknown_value",
                     "detail": "`XX` is no country code: ISO 3166-1 alpha-2, upper-case letters such as `DE` or `UA`." }]),
        ),
        Code::NotAcceptable => ("allowed", json!(["application/json", "text/csv", "application/x-ndjson"])),
        Code::TransitionNotAllowed => ("allowed", json!(["suspended", "completed", "cancelled"])),
        _ => return example,
    };
    with(example, member, more)
}

/// Declares the problems that an operation can answer with.
pub(super) fn declare(responses: &mut Map<String, Value>, statuses: &[u16]) {
    for Shared { name, shown, .. } in STATUSES.iter().filter(|it| statuses.contains(&it.shown.status())) {
        let target = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.insert(shown.status().to_string(), target);
    }
}

/// Says which headers are always there: the tag of what comes as JSON only, and of what is known (304).
pub(super) fn require_tags(responses: &mut Map<String, Value>) {
    let mut known = Map::new();
    for response in responses.iter_mut().filter(|(status, _)| status.starts_with('2')).map(|(_, it)| it) {
        let kinds = response.get("content").and_then(Value::as_object);
        let is_json = kinds.is_some_and(|kinds| kinds.keys().all(|kind| kind.ends_with("json")));
        let Some(Value::Object(headers)) = response.get_mut("headers") else { continue };
        if let Some(tag) = headers.get_mut("ETag") {
            let always = with(tag.clone(), "required", json!(true));
            if is_json {
                *tag = always.clone();
            }
            known.insert("ETag".into(), always);
        }
    }
    if let (false, Some(Value::Object(response))) = (known.is_empty(), responses.get_mut("304")) {
        response.insert("headers".into(), Value::Object(known));
    }
}
