//! The shared problem responses, one per status: each operation refers to those that it can return.

use serde_json::{Map, Value, json};
use vku_domain::kernel::error::Code;

use super::with;
use crate::kernel::problem::PROBLEM_JSON;

/// The response for a status: its name in the document, its description, and the problem in its example.
struct SharedResponse {
    name: &'static str,
    about: &'static str,
    code: Code,
    detail: &'static str,
}

const fn shared(name: &'static str, about: &'static str, code: Code, detail: &'static str) -> SharedResponse {
    SharedResponse { name, about, code, detail }
}

const STATUSES: &[SharedResponse] = &[
    shared(
        "BadRequest",
        "The request is malformed, or a parameter is invalid.",
        Code::InvalidParameters,
        "Some parameters are invalid; see `errors`.",
    ),
    shared(
        "Unauthorized",
        "Credentials are missing or invalid.",
        Code::Unauthenticated,
        "This requires an account.",
    ),
    shared(
        "Forbidden",
        "The role of the account or the scopes of the API key do not permit this.",
        Code::Forbidden,
        "The role `reader` is not allowed to do this.",
    ),
    shared(
        "NotFound",
        "There is no such resource, or the caller may not see it.",
        Code::NotFound,
        "There is no such resource, or you may not see it.",
    ),
    shared(
        "NotAcceptable",
        "None of the media types in `Accept` is available.",
        Code::NotAcceptable,
        "See `allowed` for the available media types.",
    ),
    shared(
        "RequestTimeout",
        "The request did not arrive in time; the connection is closed.",
        Code::RequestTimeout,
        "The request body did not arrive in time.",
    ),
    shared(
        "Conflict",
        "The request conflicts with the current state of the data.",
        Code::TransitionNotAllowed,
        "The transition from `active` to `preparation` is not allowed.",
    ),
    shared(
        "Gone",
        "The change feed cannot go on from this token: read the lists again.",
        Code::ChangesGone,
        "The log does not have the changes after this token any more. Read the lists again, and go on from the \
         `Change-Token` of the first one.",
    ),
    shared(
        "PreconditionFailed",
        "The condition in `If-Match` or `If-None-Match` is not met, for example because the resource has \
         changed in the meantime.",
        Code::PreconditionFailed,
        "The resource has changed in the meantime: `If-Match` names version 3, but the current version is 4.",
    ),
    shared(
        "ContentTooLarge",
        "The body is larger than 1 MiB, or larger than 64 MiB for an import.",
        Code::PayloadTooLarge,
        "The body is too large.",
    ),
    shared(
        "UnsupportedMediaType",
        "The body's media type is not supported.",
        Code::UnsupportedMediaType,
        "Send the body with `Content-Type: application/json`.",
    ),
    shared(
        "UnprocessableContent",
        "The content is invalid; `errors` lists every error.",
        Code::ValidationFailed,
        "The content is invalid; see `errors`.",
    ),
    shared(
        "PreconditionRequired",
        "`If-Match` is required.",
        Code::PreconditionRequired,
        "Send `If-Match` with the `ETag` of the version that the change is based on.",
    ),
    shared(
        "TooManyRequests",
        "Too many requests or attempts; try again after `Retry-After` seconds.",
        Code::TooManyRequests,
        "You have used up your request quota. Try again in 12 seconds.",
    ),
    shared(
        "InternalServerError",
        "An internal error occurred.",
        Code::Internal,
        "An internal error occurred.",
    ),
    shared(
        "ServiceUnavailable",
        "The database is unavailable, or the request took too long; try again after `Retry-After` seconds.",
        Code::Unavailable,
        "The database is unavailable; please try again shortly.",
    ),
    shared(
        "InsufficientStorage",
        "The disk of the database is full, and nothing was written; try again after `Retry-After` seconds.",
        Code::InsufficientStorage,
        "The disk is full, and nothing was written. Please inform the operator.",
    ),
];

/// The headers of every response about the quota: name, description, example.
const QUOTA: [(&str, &str, &str); 2] = [
    (
        "RateLimit",
        "In every response except those of health checks: the number of requests left (`r`), and the \
         seconds until the full quota is available again (`t`) (draft-ietf-httpapi-ratelimit-headers). A \
         304 response does not count.",
        "\"default\";r=599;t=1",
    ),
    (
        "RateLimit-Policy",
        "In every response except those of health checks: the number of requests (`q`) allowed in a number \
         of seconds (`w`), per API key, per account or, without an account, per IP address. Absent if the \
         operator has set no limit.",
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
    for it @ SharedResponse { name, about, code, .. } in STATUSES {
        let status = code.status();
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
            403 => Some((
                "WWW-Authenticate",
                "string",
                "The scopes that an API key needs (RFC 6750); only for `insufficient_scope`.",
                false,
            )),
            409 => Some((
                "Retry-After",
                "integer",
                "Seconds to wait; only if a request with the same `Idempotency-Key` is still running.",
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

fn example(it: &SharedResponse) -> Value {
    let code = it.code;
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
                     "detail": "Unknown parameter `sectr`. Did you mean `sector`?" }]),
        ),
        Code::ValidationFailed => (
            "errors",
            json!([{ "pointer": "/country", "code": "unknown_value",
                     "detail": "`XX` is not a country code: use ISO 3166-1 alpha-2 in upper-case letters, \
                                such as `DE` or `UA`." }]),
        ),
        Code::NotAcceptable => ("allowed", json!(["application/json", "text/csv", "application/x-ndjson"])),
        Code::TransitionNotAllowed => ("allowed", json!(["suspended", "completed", "cancelled"])),
        _ => return example,
    };
    with(example, member, more)
}

/// Declares the problems that an operation can return.
pub(super) fn declare(responses: &mut Map<String, Value>, statuses: &[u16]) {
    for SharedResponse { name, code, .. } in STATUSES.iter().filter(|it| statuses.contains(&it.code.status()))
    {
        let target = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.insert(code.status().to_string(), target);
    }
}

/// Marks `ETag` as required where it is always sent: in responses that are only JSON, and in 304 responses, which have
/// the `Change-Token` of lists, too.
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
        if let Some(token) = headers.get("Change-Token") {
            known.insert("Change-Token".into(), token.clone());
        }
    }
    if let (false, Some(Value::Object(response))) = (known.is_empty(), responses.get_mut("304")) {
        response.insert("headers".into(), Value::Object(known));
    }
}
