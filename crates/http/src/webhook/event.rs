//! The events that receivers get, for the document.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::feed::FeedAction;
use vku_persistence::audit::ResourceName;

/// The body of a delivery.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema of the document")]
pub struct WebhookEvent {
    /// The type: the kind of resource and of change, such as `partnership.updated`, or `webhook.ping`.
    #[schema(rename = "type")]
    event_type: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// What happened.
    data: WebhookEventData,
}

/// What happened: a change as in `GET /api/v1/changes`, or a ping.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema of the document")]
pub struct WebhookEventData {
    /// When the change was made.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The kind of resource.
    resource: Option<ResourceName>,
    /// The id of the resource.
    resource_id: Option<Uuid>,
    /// The id of the parent resource; absent if there is none.
    parent_id: Option<Uuid>,
    /// The slug; absent if the resource has none.
    slug: Option<String>,
    /// What has happened, as the role of the webhook sees it.
    action: Option<FeedAction>,
    /// The version of the resource when the event was made.
    #[schema(minimum = 1)]
    version: Option<i64>,
    /// The resource as `GET` returns it to the role of the webhook at the time of the delivery; only with
    /// `content=full`, and absent if the role does not see the resource any more.
    #[schema(value_type = Option<Object>)]
    state: Option<Value>,
    /// The id of the webhook; only of a ping.
    webhook_id: Option<Uuid>,
}

/// The webhooks of the document (OpenAPI 3.1).
pub(crate) fn described() -> Value {
    let change = json!({
        "type": "partnership.updated",
        "timestamp": "2026-03-01T08:00:00.000000Z",
        "data": {
            "at": "2026-03-01T08:00:00.000000Z",
            "resource": "partnership",
            "resource_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
            "slug": "dresden-lviv",
            "action": "updated",
            "version": 2
        }
    });
    let ping = json!({
        "type": "webhook.ping",
        "timestamp": "2026-03-01T08:00:00.000000Z",
        "data": { "webhook_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10" }
    });
    let about = "A resource was created, changed or deleted, or came in sight of the role of the webhook, or went out of \
        it. Sent in the order of the changes; the next event follows when this one is answered 2xx. Changes of a resource \
        in quick succession may be one event. The type is that of `resource` and `action`.";
    let about_ping = "`POST /api/v1/webhooks/{id}/ping` was called.";
    json!({
        "resource_changed": { "post": operation("receive_change", "A resource was changed", about, &change) },
        "ping": { "post": operation("receive_ping", "A ping", about_ping, &ping) }
    })
}

fn operation(id: &str, summary: &str, about: &str, example: &Value) -> Value {
    let header = |name: &str, about: &str, example: Value| {
        let kind = if example.is_number() { "integer" } else { "string" };
        json!({ "name": name, "in": "header", "required": true, "description": about,
                "schema": { "type": kind }, "example": example })
    };
    let described = |text: &str| json!({ "description": text });
    let mut operation = Map::new();
    operation.insert("operationId".into(), id.into());
    operation.insert("summary".into(), summary.into());
    operation.insert("description".into(), about.into());
    operation.insert("tags".into(), json!(["webhooks"]));
    operation.insert("security".into(), json!([]));
    operation.insert(
        "parameters".into(),
        json!([
            header(
                "webhook-id",
                "The id of the event, which is the same for all attempts: ignore what you have had.",
                "msg_Vd3cLJ2qV1mZ0e0J6sQ8Zw".into()
            ),
            header("webhook-timestamp", "The time of the attempt, in seconds since 1970.", 1_772_352_000.into()),
            header(
                "webhook-signature",
                "`v1,` and the base64 of the HMAC-SHA256 of id, timestamp and body, separated by dots; while a secret is \
                 being rotated two of these, separated by a space. Verify it with a library for Standard Webhooks.",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into()
            )
        ]),
    );
    operation.insert(
        "requestBody".into(),
        json!({ "required": true, "description": "The event.", "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/WebhookEvent" }, "example": example
        } } }),
    );
    operation.insert(
        "responses".into(),
        json!({
            "2XX": described("Received. At most 64 KiB of the body are read, and 1 KiB are kept."),
            "410": described("The receiver is gone: the webhook is disabled."),
            "4XX": described("Not received: the event is sent again later."),
            "5XX": described("Not received: the event is sent again later.")
        }),
    );
    Value::Object(operation)
}
