//! Changes as server-sent events, and the tickets for browsers.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, VARY};
use actix_web::rt::spawn;
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::{BoolParam, FilterParameters, Parameters};
use vku_persistence::feed::parameters::{EventsQuery, TicketParam};
use vku_persistence::feed::{FeedQuery, Since};

use super::connection::{Connection, Receiver};
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::limits::client_ip;
use crate::kernel::limits::rate_limit::RateLimitKey;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::{Context, Credentials, bearer};
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::response::conditional::{DEPENDS_ON, cache_control};

const EVENT_STREAM: &str = "text/event-stream";
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// Tells nginx to pass on each event at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How many events are read at a time.
const PAGE: usize = 50;

/// Follow changes as a stream
///
/// Sends the same entries as `GET /api/v1/changes`, as server-sent events (`text/event-stream`), as soon as they are
/// written: `event: change`, with the entry as JSON in `data`, and a token as `id`. A client that is disconnected
/// resumes without loss: it sends the last `id` as `Last-Event-ID`. A comment every 15 seconds shows that the stream is
/// alive.
///
/// The stream ends when you sign out, your account is disabled, your API key is revoked, your permissions change, or the
/// server restarts, and if you receive events too slowly. Reconnect then; if the response is 410, read the lists again.
///
/// The `EventSource` of browsers cannot send `Authorization`: get a ticket by `POST /api/v1/events/tickets`, and put it
/// into `ticket`. Because a ticket can be used once, get a new one, and pass the last `id` in `since`, for each
/// connection. Up to 20 streams can be open for an account, an API key or, without either, an IP address.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "changes",
    operation_id = "stream_events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that you have received.")),
    responses((
        status = 200,
        description = "The stream of events.",
        headers(("X-Accel-Buffering" = String, description = "`no`: proxies such as nginx pass on each event at once.")),
        content((String = "text/event-stream", example = json!(
            "id: q1LWVVxuyM1E5mWfC0d2bXgk3Sg0hWnB7s1k1b0Tq2c\nevent: change\ndata: {\"at\":\"2026-03-01T08:00:00.000000Z\",\
             \"resource\":\"organisation\",\"resource_id\":\"0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a30\",\"slug\":\"bmz\",\
             \"action\":\"deleted\",\"version\":2}\n\n"
        )))
    )),
    extensions(("x-problems" = json!([400, 401, 403, 406, 410, 500, 503]))),
    security((), ("bearer" = []))
)]
pub async fn stream_events(context: Context) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let query = EventsQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    check_accept(&context)?;
    let since = since(&context, &query)?;
    let wanted = FeedQuery {
        since,
        resources: query.resource,
        limit: PAGE,
        with_state: query.state.is_none_or(|BoolParam(state)| state),
    };
    let (context, receiver, caller) = receiver(context, query.ticket).await?;
    let store = &context.shared.store;
    // Nothing is sent of it: it tells whether the stream can begin there.
    let first = FeedQuery { limit: 1, with_state: false, ..wanted.clone() };
    let page = store.feed(&context.actor, &first).await?;
    let since = match wanted.since {
        Since::Cursor(cursor) => cursor,
        Since::Now => page.since,
        Since::Beginning => store.first_change().await?,
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, EVENT_STREAM))
        .insert_header((CACHE_CONTROL, cache_control(&context)))
        .insert_header((VARY, DEPENDS_ON))
        .insert_header((BUFFERING, "no"));
    if context.request.method() == Method::HEAD {
        return Ok(response.streaming(stream::empty::<Result<Bytes, Problem>>()));
    }
    let shared = context.shared.clone();
    let slot = shared.streams.open(caller, shared.http_config.streams)?;
    let connection =
        Connection { shared, actor: context.actor.clone(), receiver, query: wanted, since, slot };
    let (send, events) = mpsc::channel(1);
    spawn(InRuntime::new(connection.run(send)));
    let events = stream::unfold(events, |mut events| async {
        let bytes = events.recv().await?;
        Some((Ok::<_, Problem>(bytes), events))
    });
    Ok(response.streaming(events))
}

/// Refuses clients that do not accept events.
fn check_accept(context: &Context) -> Result<(), Error> {
    let headers = context.request.headers();
    let lines: Vec<_> = headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok()).collect();
    let accepts = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let is_refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        ["text/event-stream", "text/*", "*/*"].contains(&kind.as_str()) && !is_refused
    };
    if lines.is_empty() || lines.iter().flat_map(|line| line.split(',')).any(accepts) {
        return Ok(());
    }
    let allowed = Some(vec![EVENT_STREAM.to_owned()]);
    Err(Error { allowed, ..Error::new(Code::NotAcceptable, Code::NotAcceptable.title()) })
}

/// Where the stream begins: browsers that reconnect send `Last-Event-ID` to the URL of the first connection.
fn since(context: &Context, query: &EventsQuery) -> Result<Since, Error> {
    let store = &context.shared.store;
    if let Some(header) = context.request.headers().get(LAST_EVENT_ID) {
        let cursor = header.to_str().ok().and_then(|token| store.open_change_token(token.trim()));
        return cursor.map(Since::Cursor).ok_or_else(|| {
            let detail = bilingual!(
                "This is not the `id` of an event of this service, or it was changed.",
                "Das ist keine `id` eines unserer Events, oder sie wurde verändert."
            );
            Error::invalid_header(LAST_EVENT_ID, "invalid_token", detail)
        });
    }
    query.since.as_ref().map_or(Ok(Since::Now), |since| since.read(store))
}

/// The caller, by its credentials or by a ticket.
async fn receiver(
    mut context: Context,
    ticket: Option<TicketParam>,
) -> Result<(Context, Receiver, RateLimitKey), Problem> {
    let address = || client_ip::address(&context.request, &context.shared.proxies).into();
    let token = bearer(&context.request)?;
    let Some(TicketParam(ticket)) = ticket else {
        let (receiver, caller) = match (context.credentials, context.actor.account) {
            (Credentials::Login(login), Some(account)) => {
                (Receiver::Login(account, login), RateLimitKey::Account(account))
            }
            (Credentials::ApiKey(id), _) => {
                (Receiver::ApiKey(token.unwrap_or_default()), RateLimitKey::ApiKey(id))
            }
            _ => (Receiver::Public, address()),
        };
        return Ok((context, receiver, caller));
    };
    if token.is_some() {
        let detail = bilingual!(
            "Send either `Authorization` or a ticket.",
            "Senden Sie entweder `Authorization` oder ein Ticket."
        );
        return Err(Error::invalid_parameter("ticket", "not_with_credentials", detail).into());
    }
    let found = context.shared.store.use_event_ticket(&ticket).await?;
    let (account, login, actor) = found.ok_or_else(|| {
        let detail = bilingual!(
            "The ticket has been used, has expired, or is not from this service: get a new one.",
            "Das Ticket ist benutzt, abgelaufen oder nicht von uns: Holen Sie ein neues."
        );
        Error::new(Code::InvalidToken, detail)
    })?;
    context.actor = actor;
    Ok((context, Receiver::Login(account, login), RateLimitKey::Account(account)))
}

/// A ticket for a stream of changes.
#[derive(Serialize, ToSchema)]
pub struct EventTicket {
    /// The ticket, for `GET /api/v1/events?ticket=…`. It can be used once.
    ticket: String,
    /// When the ticket expires: 30 seconds after it was created.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Create a ticket for a stream
///
/// Returns a ticket for one connection to `GET /api/v1/events` as you, for browsers, whose `EventSource` cannot send
/// `Authorization`. It can be used once, within 30 seconds. The stream ends with your login. Not available with an API
/// key.
#[utoipa::path(
    post,
    path = "/api/v1/events/tickets",
    tag = "changes",
    operation_id = "create_event_ticket",
    responses((
        status = 201,
        description = "The ticket.",
        body = EventTicket,
        example = json!({
            "ticket": "mZ0f3Y7oQ2kq1w4nE8rT5uI9oP6aS3dF7gH1jK5lZ8xC2vB6nM0",
            "expires_at": "2026-03-01T08:00:30.000000Z"
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn create_event_ticket(context: Context) -> Result<HttpResponse, Problem> {
    let (account, login) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    let (ticket, until) = context.shared.store.event_ticket(account, login)?;
    let body = EventTicket { ticket, expires_at: instant(until) };
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
