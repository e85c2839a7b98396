//! The middleware around every request: its log line, the rate limit, the timeouts, and the rendering of problems.

pub mod body_deadline;
pub mod deprecation;
pub mod response_headers;
pub mod single_headers;

use std::pin::pin;
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error as ActixError, HttpResponse};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use self::body_deadline::BodyDeadline;
use self::response_headers::{apply_response_headers, suffix_etag};
use super::encoding::{AcceptEncoding, ContentCoding, compress_response};
use super::limits::rate_limit;
use super::page::problem_page;
use super::problem::{PROBLEM_JSON, Problem, render};
use super::request::request_info::RequestInfo;
use super::response::conditional::check_if_match_of_read;
use super::state::AppState;
use crate::kernel::response::cached;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The path of imports, which may take long.
const IMPORTS: &str = "/api/v1/imports";

/// Handles a request and logs the response.
pub async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let started = Instant::now();
    let Some(shared) = request.app_data::<Data<AppState>>().cloned() else {
        return Err(Problem(Error::internal("the app was started without its state")).into());
    };
    let info = RequestInfo::start(&request, &shared);
    let method = request.method().clone();
    let mut result = handle(request, next, &shared, &info).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    // The duration of a rejected request could reveal what was looked up.
    let succeeded = status.is_success() || status == StatusCode::NOT_MODIFIED;
    if let (Ok(response), true) = (&mut result, succeeded && info.has_account.get()) {
        let total = format!("total;dur={:.1}", started.elapsed().as_secs_f64() * 1e3);
        if let Ok(total) = HeaderValue::try_from(total) {
            response.headers_mut().append(SERVER_TIMING, total);
        }
    }
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    // The path may contain ids, but never personal data; the query is not logged, because somebody may search for a
    // name.
    let (id, method, path, status) = (&*info.id, method.as_str(), info.uri.path(), status.as_u16());
    tracing::info!(id, method, path, status, milliseconds, "answered");
    result
}

async fn handle(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    shared: &AppState,
    info: &RequestInfo,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let counts = shared.http_config.limit.is_some() && rate_limit::is_counted(&request);
    let timeouts = shared.http_config.timeouts;
    let offers_upgrade = request.head().upgrade();
    let body = BodyDeadline::watch(&mut request, timeouts.request_body);
    let accepted = AcceptEncoding::of(request.headers());
    let cached_result = match check_request(&request, shared, info, counts, accepted.as_ref()) {
        Ok(()) => cached::try_serve(request.request()).await,
        Err(error) => Err(error),
    };
    let response = match cached_result {
        Ok(Some(cached)) => {
            let response = request.into_response(cached).map_into_boxed_body();
            accepted.iter().fold(response, compress_response)
        }
        Ok(None) => {
            // Imports have no timeout.
            let limit = (!info.uri.path().starts_with(IMPORTS)).then_some(timeouts.response);
            // All log events of the handler belong to this request.
            let (id, path) = (&*info.id, info.uri.path());
            let span = tracing::info_span!("request", id, method = %request.method(), path);
            let call = next.call(request).instrument(span);
            match with_timeout(call, body.as_deref(), limit).await {
                // Errors of handlers arrive as responses, too, with the error inside.
                Some(response) => accepted.iter().fold(response?.map_into_boxed_body(), compress_response),
                None => return Err(timeout_response(shared, info, offers_upgrade)),
            }
        }
        Err(error) => {
            let refused = error_to_problem(&error, info);
            request.into_response(refused).map_into_boxed_body()
        }
    };
    let response = match &body {
        // Replaces whatever the handler made of an incomplete body.
        Some(body) if body.is_late() => {
            let detail =
                bilingual!("The request body did not arrive in time.", "Der Body kam nicht rechtzeitig an.");
            let late = error_to_problem(&Error::new(Code::RequestTimeout, detail), info);
            response.into_response(late)
        }
        _ => match check_if_match_of_read(response.request(), response.response()) {
            Ok(()) => render_problem(response, info),
            Err(error) => {
                let refused = error_to_problem(&error, info);
                response.into_response(refused)
            }
        },
    };
    let mut response = if counts { charge(response, shared, info) } else { response };
    apply_response_headers(response.headers_mut(), shared, info);
    if offers_upgrade {
        decline_upgrade(response.response_mut());
    }
    suffix_etag(&mut response);
    Ok(match body {
        Some(body) => response.map_body(|_, answer| body.attach(answer)),
        None => response,
    })
}

/// Returns the response, or `None` if it does not begin in time. The time does not run while the request body is
/// arriving.
async fn with_timeout<F: Future>(
    call: F,
    body: Option<&BodyDeadline>,
    limit: Option<Duration>,
) -> Option<F::Output> {
    let Some(limit) = limit else { return Some(call.await) };
    let (mut call, mut since) = (pin!(call), Instant::now());
    loop {
        if let Ok(answer) = timeout_at(since + limit, &mut call).await {
            return Some(answer);
        }
        match body.map(BodyDeadline::last_progress) {
            Some(last) if last > since => since = last,
            _ => return None,
        }
    }
}

/// The response after a timeout. It is returned as an error, because the request was dropped together with the call.
fn timeout_response(shared: &AppState, info: &RequestInfo, offers_upgrade: bool) -> ActixError {
    let detail = bilingual!(
        "The request took too long and was aborted; please try again.",
        "Es hat zu lange gedauert und wurde aufgegeben; bitte versuchen Sie es noch einmal."
    );
    let mut response = error_to_problem(&Error::new(Code::TimedOut, detail), info);
    apply_response_headers(response.headers_mut(), shared, info);
    if offers_upgrade {
        decline_upgrade(&mut response);
    }
    InternalError::from_response("it took too long", response).into()
}

/// Declines an upgrade that the client offers (RFC 9110, 7.8), as Java's client offers HTTP/2 with each request.
///
/// actix closes the connection after such a request, so the response says so. A client that does not know would send
/// its next request on a connection that is about to close, and lose it.
fn decline_upgrade<B>(response: &mut HttpResponse<B>) {
    response.head_mut().set_connection_type(ConnectionType::Close);
}

/// Rejects a request before anything is done for it.
fn check_request(
    request: &ServiceRequest,
    shared: &AppState,
    info: &RequestInfo,
    counts: bool,
    accepted: Option<&AcceptEncoding>,
) -> Result<(), Error> {
    if counts && !rate_limit::identified_by_credentials(request) {
        info.charge(request.request(), shared, None)?;
    }
    single_headers::check(request.path(), request.headers())?;
    // A decompressed body can be many times larger than what was sent, and is in memory before its size can be
    // checked.
    if request.headers().get_all(CONTENT_ENCODING).any(|coding| coding != "identity") {
        let detail = bilingual!(
            "Send the body uncompressed, without `Content-Encoding`.",
            "Senden Sie den Body, wie er ist, ohne `Content-Encoding`."
        );
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    match accepted {
        Some(accepted) if accepted.best(ContentCoding::ANY).is_none() => {
            Err(problem_for_status(StatusCode::NOT_ACCEPTABLE))
        }
        _ => Ok(()),
    }
}

/// Counts a request that has not been counted yet, and refunds it if the response is 304.
fn charge(
    response: ServiceResponse<BoxBody>,
    shared: &AppState,
    info: &RequestInfo,
) -> ServiceResponse<BoxBody> {
    if let Err(error) = info.charge(response.request(), shared, None) {
        return response.into_response(error_to_problem(&error, info));
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        info.refund(shared);
    }
    response
}

/// Renders an error as a problem of this request, and logs it.
fn error_to_problem(problem: &Error, info: &RequestInfo) -> HttpResponse {
    let (id, code) = (&*info.id, problem.code.as_str());
    let source = problem.source.as_deref().map(tracing::field::display);
    match problem.code {
        Code::Internal => tracing::error!(id, code, source, "failed"),
        Code::Unavailable => tracing::warn!(id, code, source, "database unavailable"),
        Code::InsufficientStorage => tracing::error!(id, code, source, "disk full"),
        Code::TimedOut => tracing::warn!(id, code, source, "timed out"),
        _ => tracing::debug!(id, code, source, "refused"),
    }
    if info.wants_page {
        return problem_page(problem, &info.id, info.locale);
    }
    render(problem, info.uri.path(), &info.id, info.locale)
}

/// The problem for an error status that actix-web itself returns.
fn problem_for_status(status: StatusCode) -> Error {
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

/// Renders an error response as a problem, unless it is one already.
fn render_problem(response: ServiceResponse<BoxBody>, info: &RequestInfo) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(Problem(problem)) => error_to_problem(problem, info),
            None => {
                let status = error.as_response_error().status_code();
                if status.is_server_error() {
                    tracing::error!(id = &*info.id, %error, "the framework failed");
                }
                error_to_problem(&problem_for_status(status), info)
            }
        },
        None => {
            let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM_JSON);
            if is_problem || matches!(response.response().body().size(), BodySize::Stream) {
                return response;
            }
            error_to_problem(&problem_for_status(status), info)
        }
    };
    response.into_response(problem)
}
