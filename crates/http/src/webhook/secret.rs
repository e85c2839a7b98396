//! The secrets of webhooks, which sign deliveries.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::resource::Resource;
use vku_domain::webhook::Webhook;

use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{ID, key, parse_write_flags};

/// The secret of a webhook.
// Without `Debug`: it must not get into logs.
#[derive(Serialize, ToSchema)]
pub struct WebhookSecret {
    /// The secret: `whsec_` and base64, as libraries for Standard Webhooks take it.
    secret: String,
    /// Until when the previous secret is valid, too: both sign until then. Absent for the first secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    previous_valid_until: Option<String>,
}

fn shown(secret: String, previous_valid_until: Option<String>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(WebhookSecret { secret, previous_valid_until })
}

/// Reveal the secret of a webhook
///
/// Returns the secret that was made with the webhook, once: treat it like a password. A second request is answered with
/// 409 `secret_already_shown`; if the secret is lost, rotate it. A dry run returns a sample instead of the secret.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/reveal-secret",
    tag = "webhooks",
    operation_id = "reveal_webhook_secret",
    params(
        ("id" = String, Path, description = "The id of the webhook.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The secret, which is shown only once.",
        body = WebhookSecret,
        example = json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=" })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 500, 503]))),
    security(("bearer" = ["webhooks:write"]))
)]
pub async fn reveal_webhook_secret(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Webhook::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let secret = context.write(dry_run, async |writer| writer.reveal_webhook_secret(&id).await).await?;
    Ok(shown(secret.shown(), None))
}

/// Rotate the secret of a webhook
///
/// Makes a new secret and returns it, once. The previous one stays valid for 24 hours: until then, deliveries have two
/// signatures, so that the receiver can change its secret at any time. If you rotate again before that, the secret before
/// the previous one becomes invalid at once.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/rotate-secret",
    tag = "webhooks",
    operation_id = "rotate_webhook_secret",
    params(
        ("id" = String, Path, description = "The id of the webhook.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The new secret, which is shown only once.",
        body = WebhookSecret,
        example = json!({
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
            "previous_valid_until": "2026-03-02T08:00:00.000000Z"
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = ["webhooks:write"]))
)]
pub async fn rotate_webhook_secret(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Webhook::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let (secret, until) =
        context.write(dry_run, async |writer| writer.rotate_webhook_secret(&id).await).await?;
    Ok(shown(secret.shown(), Some(instant(until))))
}
