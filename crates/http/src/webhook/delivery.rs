//! The deliveries of webhooks: their log, pings, and deliveries once more.

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::violation::{FieldError, Violations};
use vku_domain::webhook::{DeliveryFailure, DeliveryState, Webhook};
use vku_persistence::kernel::store::idempotency::StoredResponse;
use vku_persistence::kernel::transaction::Writer;
use vku_persistence::webhook::log::{Delivery, DeliveryFilter};
use vku_transfer::format::Format;

use crate::kernel::media_type::JSON;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::{ID, key, parse_log_query, parse_write_flags};
use crate::kernel::resource::list::{page_response, with_cursor};
use crate::kernel::response::cached::respond_with;

/// An attempt to deliver an event.
#[derive(Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// The id (UUIDv7), to replay the delivery.
    id: Uuid,
    /// When the attempt was made.
    #[schema(format = DateTime)]
    at: String,
    /// The id of the event (`webhook-id`), which is the same for all attempts.
    event_id: String,
    /// The type of the event, such as `partnership.updated`, or `webhook.ping`.
    event_type: String,
    /// The number of the attempt since the last success.
    #[schema(minimum = 1)]
    attempt: i64,
    /// The result.
    state: DeliveryState,
    /// The status of the answer; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 999)]
    status: Option<i64>,
    /// Why the attempt has failed; absent if it has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<DeliveryFailure>,
    /// How long the attempt took, in milliseconds.
    #[schema(minimum = 0)]
    duration_ms: i64,
    /// The beginning of the answer, at most 1 KiB; absent if it was empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<String>,
}

impl From<Delivery> for WebhookDelivery {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            at: instant(delivery.at),
            event_id: delivery.event.id,
            event_type: delivery.event.event_type,
            attempt: delivery.attempt,
            state: delivery.state,
            status: delivery.status,
            failure: delivery.failure,
            duration_ms: delivery.duration_ms,
            response: delivery.response,
        }
    }
}

/// A page of the deliveries of a webhook.
#[derive(Serialize, ToSchema)]
pub struct WebhookDeliveryPage {
    /// The attempts, newest first.
    items: Vec<WebhookDelivery>,
    /// The path of the next page, with older attempts; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    next: Option<String>,
    /// The path of the previous page; absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    prev: Option<String>,
}

/// What is to be delivered once more: one of both.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct WebhookReplay {
    /// The id of a delivery, to send its event once more, out of order. It is attempted once.
    #[deserr(default)]
    #[schema(nullable = false, format = Uuid)]
    delivery_id: Option<String>,
    /// An instant: all changes at it or later are sent once more, in their order, as the webhook sees them now.
    #[deserr(default)]
    #[schema(nullable = false, format = DateTime)]
    since: Option<String>,
}

/// A delivery that was requested.
#[derive(Serialize, ToSchema)]
pub struct WebhookRequested {
    /// Always `requested`: the delivery follows, and is then in the list of deliveries.
    status: &'static str,
    /// The id of the event (`webhook-id`); absent for changes since an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

/// Requests a delivery, and wakes the worker.
async fn request_delivery(
    context: &Context,
    dry_run: bool,
    body: &[u8],
    request: impl AsyncFnOnce(&Writer<'_>) -> Result<Option<String>, Error>,
) -> Result<HttpResponse, Problem> {
    let response = context
        .post(dry_run, body, async |writer| {
            let requested = WebhookRequested { status: "requested", event_id: request(writer).await? };
            let body = serde_json::to_vec(&requested).map_err(Error::internal)?;
            Ok(StoredResponse { status: 202, tag: None, location: None, media_type: JSON.to_owned(), body })
        })
        .await?;
    context.shared.store.webhooks().notify_one();
    Ok(response)
}

/// List the deliveries of a webhook
///
/// Returns the attempts to deliver, newest first, with their results. They are deleted after thirty days. Repeat a filter
/// to match any of several values.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}/deliveries",
    tag = "webhooks",
    operation_id = "list_webhook_deliveries",
    params(
        ("id" = String, Path, description = "The id of the webhook.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "A page of deliveries.",
        headers(
            ("ETag" = String, description = "The entity tag."),
            ("Link" = String, description = "Links to the `next` and `prev` pages (RFC 8288).")
        ),
        body = WebhookDeliveryPage,
        example = json!({ "items": [{
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c20",
            "at": "2026-03-01T08:00:01.000000Z",
            "event_id": "msg_Vd3cLJ2qV1mZ0e0J6sQ8Zw",
            "event_type": "partnership.updated",
            "attempt": 1,
            "state": "failed",
            "status": 500,
            "failure": "status",
            "duration_ms": 84,
            "response": "Internal Server Error"
        }] })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = ["webhooks:read"]))
)]
pub async fn list_webhook_deliveries(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_read(Webhook::INFO)?;
    let id = key(&context.request, ID)?;
    let (paging, filter) = parse_log_query::<DeliveryFilter>(&context.request)?;
    format(&context.request, None, &[Format::Json])?;
    let page = context.read().await?.webhook_deliveries(&id, &filter, &paging).await?;
    let items = page.items.into_iter().map(WebhookDelivery::from).collect();
    let (next, prev) = (with_cursor(&context, page.next), with_cursor(&context, page.prev));
    let body = WebhookDeliveryPage { items, next, prev };
    Ok(respond_with(&context, page_response(&body, &body.next, &body.prev)?))
}

/// Ping a webhook
///
/// Sends an event of the type `webhook.ping` as soon as possible, also to a disabled webhook. It is attempted once; the
/// result is in the list of deliveries.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/ping",
    tag = "webhooks",
    operation_id = "ping_webhook",
    params(
        ("id" = String, Path, description = "The id of the webhook.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything."),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and nothing \
            is done twice.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    responses((
        status = 202,
        description = "The ping was requested.",
        headers(("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
            request with the same `Idempotency-Key`.")),
        body = WebhookRequested,
        example = json!({ "status": "requested", "event_id": "msg_0197a5c08a3e7c51b0a63f1d5b6f2c20" })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 422, 500, 503]))),
    security(("bearer" = ["webhooks:write"]))
)]
pub async fn ping_webhook(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Webhook::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    request_delivery(&context, dry_run, &[], async |writer| writer.ping_webhook(&id).await.map(Some)).await
}

/// Deliver once more
///
/// Sends the event of a delivery once more, or all changes since an instant. Receivers recognise what they have had by
/// `webhook-id`.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/replay",
    tag = "webhooks",
    operation_id = "replay_webhook",
    params(
        ("id" = String, Path, description = "The id of the webhook.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything."),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and nothing \
            is done twice.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(content = WebhookReplay, example = json!({ "since": "2026-03-01T08:00:00Z" })),
    responses((
        status = 202,
        description = "The deliveries were requested.",
        headers(("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
            request with the same `Idempotency-Key`.")),
        body = WebhookRequested,
        example = json!({ "status": "requested" })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 413, 415, 422, 500, 503]))),
    security(("bearer" = ["webhooks:write"]))
)]
pub async fn replay_webhook(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    context.actor.require(Webhook::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let replay: WebhookReplay = parsed(&context.request, &body)?;
    let source = replay.source()?;
    request_delivery(&context, dry_run, &body, async |writer| match source {
        Source::Delivery(delivery) => writer.replay_webhook_delivery(&id, delivery).await.map(Some),
        Source::Instant(since) => writer.replay_webhook_since(&id, since.0).await.map(|()| None),
    })
    .await
}

/// What is delivered once more.
#[derive(Clone, Copy)]
enum Source {
    Delivery(Uuid),
    Instant(InstantParam),
}

impl WebhookReplay {
    fn source(&self) -> Result<Source, Error> {
        let at = |pointer: &str, fault: FieldError| Error::invalid_at(pointer, fault.code, fault.detail);
        match (&self.delivery_id, &self.since) {
            (Some(id), None) => id.parse().map(Source::Delivery).map_err(|_| {
                let detail = bilingual!("Expected a UUID.", "Erwartet: eine UUID.");
                at("/delivery_id", FieldError::format(detail))
            }),
            (None, Some(since)) => since.parse().map(Source::Instant).map_err(|fault| at("/since", fault)),
            (given, _) => {
                let detail = bilingual!(
                    "Send either `delivery_id` or `since`.",
                    "Senden Sie entweder `delivery_id` oder `since`."
                );
                let code = if given.is_some() { "inconsistent" } else { "required" };
                Err(at("/since", FieldError::new(code, detail)))
            }
        }
    }
}
