//! Around every request: its line in the log, its quota, how long it may take, and the final form of problems.

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
use vku_domain::kernel::error::{Code, Error};
use vku_domain::say;

use super::arrival::Arrival;
use super::cache;
use super::coding::{Accepted, Coding, encoded};
use super::conditional::matched;
use super::context::Shared;
use super::finish::{dress, retag};
use super::limit;
use super::once;
use super::page::problem_page;
use super::problem::{PROBLEM_JSON, Problem, render};
use super::visit::Visit;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Where what may take long is asked for.
const IMPORTS: &str = "/api/v1/imports";

/// The middleware.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let started = Instant::now();
    let Some(shared) = request.app_data::<Data<Shared>>().cloned() else {
        return Err(Problem(Error::internal("the app was started without its state")).into());
    };
    let visit = Visit::begin(&request, &shared);
    let method = request.method().clone();
    let mut result = answer(request, next, &shared, &visit).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    // Of a refusal it might tell what was looked for.
    let told = status.is_success() || status == StatusCode::NOT_MODIFIED;
    if let (Ok(response), true) = (&mut result, told && visit.has_account.get()) {
        let total = format!("total;dur={:.1}", started.elapsed().as_secs_f64() * 1e3);
        if let Ok(total) = HeaderValue::try_from(total) {
            response.headers_mut().append(SERVER_TIMING, total);
        }
    }
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    // The path may hold ids, never personal data; the query is left out, because somebody may type a name into it.
    let (id, method, path, status) = (&*visit.id, method.as_str(), visit.uri.path(), status.as_u16());
    tracing::info!(id, method, path, status, milliseconds, "answered");
    result
}

async fn answer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    shared: &Shared,
    visit: &Visit,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let counts = shared.manners.limit.is_some() && limit::counts(&request);
    let patience = shared.manners.patience;
    let offers_upgrade = request.head().upgrade();
    let body = Arrival::watch(&mut request, patience.body);
    let accepted = Accepted::of(request.headers());
    let early = match admit(&request, shared, visit, counts, accepted.as_ref()) {
        Ok(()) => cache::early(request.request()).await,
        Err(error) => Err(error),
    };
    let response = match early {
        Ok(Some(kept)) => {
            let response = request.into_response(kept).map_into_boxed_body();
            accepted.iter().fold(response, encoded)
        }
        Ok(None) => {
            // An import may take as long as it takes.
            let patience = (!visit.uri.path().starts_with(IMPORTS)).then_some(patience.answer);
            // Whatever is told on the way is told of this request.
            let (id, path) = (&*visit.id, visit.uri.path());
            let span = tracing::info_span!("request", id, method = %request.method(), path);
            let call = next.call(request).instrument(span);
            match in_time(call, body.as_deref(), patience).await {
                // What handlers refuse arrives as a response too, with its error inside.
                Some(response) => accepted.iter().fold(response?.map_into_boxed_body(), encoded),
                None => return Err(given_up(shared, visit, offers_upgrade)),
            }
        }
        Err(error) => {
            let refused = explain(&error, visit);
            request.into_response(refused).map_into_boxed_body()
        }
    };
    let response = match &body {
        // Whatever the handler made of half a body.
        Some(body) if body.is_late() => {
            let detail = say!("The body did not arrive in time.", "Der Body kam nicht rechtzeitig an.");
            let late = explain(&Error::new(Code::RequestTimeout, detail), visit);
            response.into_response(late)
        }
        _ => match matched(response.request(), response.response()) {
            Ok(()) => rendered(response, visit),
            Err(error) => {
                let refused = explain(&error, visit);
                response.into_response(refused)
            }
        },
    };
    let mut response = if counts { counted(response, shared, visit) } else { response };
    dress(response.headers_mut(), shared, visit);
    if offers_upgrade {
        decline_upgrade(response.response_mut());
    }
    retag(&mut response);
    Ok(match body {
        Some(body) => response.map_body(|_, answer| body.hold(answer)),
        None => response,
    })
}

/// The answer, unless it does not begin in time. As long as the body is on its way it is not waited for.
async fn in_time<F: Future>(
    call: F,
    body: Option<&Arrival>,
    patience: Option<Duration>,
) -> Option<F::Output> {
    let Some(patience) = patience else { return Some(call.await) };
    let (mut call, mut since) = (pin!(call), Instant::now());
    loop {
        if let Ok(answer) = timeout_at(since + patience, &mut call).await {
            return Some(answer);
        }
        match body.map(Arrival::last) {
            Some(last) if last > since => since = last,
            _ => return None,
        }
    }
}

/// The answer where there is none in time. It goes out as an error, because the request went with what was given up.
fn given_up(shared: &Shared, visit: &Visit, offers_upgrade: bool) -> ActixError {
    let detail = say!(
        "It took too long and was given up; please try again.",
        "Es hat zu lange gedauert und wurde aufgegeben; bitte versuchen Sie es noch einmal."
    );
    let mut response = explain(&Error::new(Code::TimedOut, detail), visit);
    dress(response.headers_mut(), shared, visit);
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

/// What is refused before anything is done.
fn admit(
    request: &ServiceRequest,
    shared: &Shared,
    visit: &Visit,
    counts: bool,
    accepted: Option<&Accepted>,
) -> Result<(), Error> {
    if counts && !limit::is_known_later(request) {
        visit.count(request.request(), shared, None)?;
    }
    once::check(request.path(), request.headers())?;
    // An inflated body is many times what was sent, and is in memory before its size can be looked at.
    if request.headers().get_all(CONTENT_ENCODING).any(|coding| coding != "identity") {
        let detail = say!(
            "Send the body as it is, without `Content-Encoding`.",
            "Senden Sie den Body, wie er ist, ohne `Content-Encoding`."
        );
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    match accepted {
        Some(accepted) if accepted.best(Coding::ANY).is_none() => Err(of_status(StatusCode::NOT_ACCEPTABLE)),
        _ => Ok(()),
    }
}

/// Counts what nobody has counted, and gives back the place of what the client has already.
fn counted(response: ServiceResponse<BoxBody>, shared: &Shared, visit: &Visit) -> ServiceResponse<BoxBody> {
    if let Err(error) = visit.count(response.request(), shared, None) {
        return response.into_response(explain(&error, visit));
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        visit.give_back(shared);
    }
    response
}

/// The error as a problem of this request; what is ours is logged here and nowhere else.
fn explain(problem: &Error, visit: &Visit) -> HttpResponse {
    let (id, code) = (&*visit.id, problem.code.as_str());
    let source = problem.source.as_deref().map(tracing::field::display);
    match problem.code {
        Code::Internal => tracing::error!(id, code, source, "failed"),
        Code::Unavailable => tracing::warn!(id, code, source, "database away"),
        Code::InsufficientStorage => tracing::error!(id, code, source, "no room to write"),
        Code::TimedOut => tracing::warn!(id, code, source, "given up"),
        _ => tracing::debug!(id, code, source, "refused"),
    }
    if visit.wants_page {
        return problem_page(problem, &visit.id, visit.tongue);
    }
    render(problem, visit.uri.path(), &visit.id, visit.tongue)
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

/// An error answer that is no problem yet becomes one.
fn rendered(response: ServiceResponse<BoxBody>, visit: &Visit) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(Problem(problem)) => explain(problem, visit),
            None => {
                let status = error.as_response_error().status_code();
                if status.is_server_error() {
                    tracing::error!(id = &*visit.id, %error, "the framework failed");
                }
                explain(&of_status(status), visit)
            }
        },
        None => {
            let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM_JSON);
            if is_problem || matches!(response.response().body().size(), BodySize::Stream) {
                return response;
            }
            explain(&of_status(status), visit)
        }
    };
    response.into_response(problem)
}
