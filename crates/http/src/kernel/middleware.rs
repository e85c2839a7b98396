//! Around every request: its id, its line in the log, security headers, and the final form of problems.

use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error as ActixError, HttpMessage, HttpResponse};
use tracing::Instrument;
use uuid::Uuid;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::tag::{CODINGS, coded};
use vku_domain::kernel::text::Tongue;
use vku_domain::say;

use super::context::Shared;
use super::limit;
use super::negotiate::tongue;
use super::problem::{PROBLEM_JSON, Problem, render};
use super::visit::Visit;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from a client.
const REQUEST_ID_MAX: usize = 64;

/// What every answer says to browsers (OWASP Secure Headers); `/docs` sets its own content policy.
const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "interest-cohort=()"),
];

/// For answers that are no pages: nothing in them is to be loaded or run.
const NO_CONTENT: &str = "default-src 'none'; frame-ancestors 'none'";

/// For Swagger UI: its own files, its inline styles and images, and requests to this server only.
const DOCS_CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The middleware.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let started = Instant::now();
    let Some(shared) = request.app_data::<Data<Shared>>().cloned() else {
        return Err(Problem(Error::internal("the app was started without its state")).into());
    };
    let visit = Rc::new(Visit::new(request_id(&request).into()));
    request.extensions_mut().insert(visit.clone());
    // The path may hold ids, never personal data; the query is left out, because somebody may type a name into it.
    let span =
        tracing::info_span!("request", id = &*visit.id, method = %request.method(), path = request.path());
    let tongue = tongue(request.headers());
    let answer = async {
        let counts = shared.manners.limit.is_some() && limit::counts(&request);
        let response = match admit(&request, &shared, &visit, counts) {
            // What handlers refuse arrives as a response too, with its error inside.
            Ok(()) => next.call(request).await?.map_into_boxed_body(),
            Err(error) => refuse(request, &error, &visit, tongue),
        };
        let response = rendered(response, &visit.id, tongue);
        let response = if counts { counted(response, &shared, &visit, tongue) } else { response };
        let response = finish(response, &visit.id);
        let status = response.status().as_u16();
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status, milliseconds, "answered");
        Ok(response)
    };
    answer.instrument(span).await
}

/// What is refused before anything is done.
fn admit(request: &ServiceRequest, shared: &Shared, visit: &Visit, counts: bool) -> Result<(), Error> {
    if counts && !limit::is_known_later(request) {
        visit.count(request.request(), shared, None)?;
    }
    // An inflated body is many times what was sent, and is in memory before its size can be looked at.
    if request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let detail = say!(
            "Send the body as it is, without `Content-Encoding`.",
            "Senden Sie den Body, wie er ist, ohne `Content-Encoding`."
        );
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    Ok(())
}

fn refuse(request: ServiceRequest, error: &Error, visit: &Visit, tongue: Tongue) -> ServiceResponse<BoxBody> {
    let refused = render(error, request.path(), &visit.id, tongue);
    request.into_response(refused).map_into_boxed_body()
}

/// The answer with what is left of the quota. What nobody counted is counted here; what the client has is not.
fn counted(
    mut response: ServiceResponse<BoxBody>,
    shared: &Shared,
    visit: &Visit,
    tongue: Tongue,
) -> ServiceResponse<BoxBody> {
    let Some(limit) = &shared.manners.limit else { return response };
    if let Err(error) = visit.count(response.request(), shared, None) {
        let refused = render(&error, response.request().path(), &visit.id, tongue);
        response = response.into_response(refused).map_into_boxed_body();
    }
    if let Some(mut taken) = visit.taken() {
        if response.status() == StatusCode::NOT_MODIFIED {
            taken = limit.give_back(taken);
        }
        limit.tell(taken, response.headers_mut());
    }
    response
}

/// The client's id, if it is short and plain enough to stand in a log, or a new one.
fn request_id(request: &ServiceRequest) -> String {
    let plain = |text: &&str| {
        (8..=REQUEST_ID_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The error as a problem of this request; what is ours is logged here and nowhere else.
fn explain(error: &ActixError, path: &str, id: &str, tongue: Tongue) -> HttpResponse {
    if let Some(Problem(problem)) = error.as_error::<Problem>() {
        log(problem);
        return render(problem, path, id, tongue);
    }
    let status = error.as_response_error().status_code();
    let problem = of_status(status);
    if status.is_server_error() {
        tracing::error!(%error, "the framework failed");
    }
    render(&problem, path, id, tongue)
}

fn log(problem: &Error) {
    let source = problem.source.as_deref().map(tracing::field::display);
    match problem.code {
        Code::Internal => tracing::error!(code = problem.code.as_str(), source, "failed"),
        Code::Unavailable => tracing::warn!(code = problem.code.as_str(), source, "database away"),
        _ => tracing::debug!(code = problem.code.as_str(), source, "refused"),
    }
}

/// What the framework refuses by itself, as one of our problems.
fn of_status(status: StatusCode) -> Error {
    let code = match status.as_u16() {
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        406 => Code::NotAcceptable,
        413 => Code::PayloadTooLarge,
        415 => Code::UnsupportedMediaType,
        400..=499 => Code::BadRequest,
        _ => Code::Internal,
    };
    Error::new(code, code.title())
}

fn finish(mut response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let content = if response.request().path().starts_with("/docs/") { DOCS_CONTENT } else { NO_CONTENT };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let policy = HeaderName::from_static("content-security-policy");
    if !headers.contains_key(&policy) {
        headers.insert(policy, HeaderValue::from_static(content));
    }
    // What is too short to be compressed depends on it too; the compressed answers say so themselves.
    if !headers.contains_key(CONTENT_ENCODING) {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(tag) = tag_in_coding(&response).and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The tag of a compressed answer, or of the compressed one that the client has (304).
fn tag_in_coding(response: &ServiceResponse<BoxBody>) -> Option<String> {
    let tag = response.headers().get(ETAG)?.to_str().ok()?;
    if let Some(coding) = response.headers().get(CONTENT_ENCODING) {
        return Some(coded(tag, coding.to_str().ok()?));
    }
    let known = response.request().headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let known = known.collect::<Vec<_>>().join(",");
    let compressed = || CODINGS.iter().map(|coding| coded(tag, coding)).find(|tag| known.contains(tag));
    (response.status() == StatusCode::NOT_MODIFIED).then(compressed).flatten()
}

/// An error answer that is no problem yet becomes one.
fn rendered(response: ServiceResponse<BoxBody>, id: &str, tongue: Tongue) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if let Some(error) = response.response().error() {
        let path = response.request().path().to_owned();
        let rendered = explain(error, &path, id, tongue);
        return response.into_response(rendered);
    }
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM_JSON);
    if is_problem || matches!(response.response().body().size(), BodySize::Stream) {
        return response;
    }
    let rendered = render(&of_status(status), response.request().path(), id, tongue);
    response.into_response(rendered)
}
