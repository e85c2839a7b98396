//! The API of webhooks.

pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod secret;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use vku_domain::kernel::violation::{FieldError, Violations};
use vku_domain::webhook::{Webhook, WebhookUrl};

use crate::kernel::request::context::Context;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{BodyCheck, ResourceApi, example};

impl ResourceApi for Webhook {
    const SINGULAR: &'static str = "a webhook";
    const PLURAL: &'static str = "webhooks";
    const DESCRIPTION: &'static str = "HTTP requests to your own service when resources change, signed as \
        [Standard Webhooks](https://www.standardwebhooks.com). For the coordination office.";
    const BODY_CHECK: Option<BodyCheck> = Some(check_url);

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => {
                "The webhook gets the changes that are made from now on, in their order, each at least once. Then get \
                 its secret by `POST …/reveal-secret`, which shows it once. There can be 20 webhooks (409 \
                 `too_many_webhooks`).\n\nAn event is delivered by `POST`, and has to be answered 2xx within 15 seconds. \
                 Redirects are not followed. Otherwise it is sent again after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, \
                 20 and 24 hours; later events wait. After three days of failures the webhook is disabled, and whoever \
                 created it gets an e-mail; likewise at once if the receiver answers that it is gone.\n\nOnly administrators create webhooks \
                 that see as `admin`; API keys can create only those that see as `public`."
            }
            Operation::Update => {
                "After a change of `as_role`, read the lists again: the receiver is not told what it no longer sees. A \
                 webhook that is enabled again continues where it stopped."
            }
            Operation::Restore => "The webhook continues where it stopped.",
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2c10",
            "name": "Intranet",
            "url": "https://intranet.example.org/hooks/partnerships",
            "resources": ["partnership", "utility"],
            "actions": [],
            "content": "thin",
            "as_role": "public",
            "enabled": true,
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}

/// Checks the URL in the body of a request, if there is a valid one.
fn check_url<'a>(context: &'a Context, body: &'a Value) -> LocalBoxFuture<'a, Violations> {
    async move {
        let mut violations = Violations::default();
        let url = body.get("url").and_then(Value::as_str).and_then(|url| url.parse::<WebhookUrl>().ok());
        if let Some(target) = url.and_then(|url| url.target())
            && let Err(fault) = context.shared.http_config.webhook_targets.addresses(&target).await
        {
            let FieldError { code, detail } = fault.as_field_error();
            violations.member("/url", code, detail);
        }
        violations
    }
    .boxed_local()
}
