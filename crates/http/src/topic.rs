//! Topics, as the API offers them, and the support that members give them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use vku_domain::kernel::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::reference::Key;
use vku_domain::topic::Topic;

use crate::kernel::context::Context;
use crate::kernel::handlers::{ID, key, serialize};
use crate::kernel::openapi::Operation;
use crate::kernel::problem::Problem;
use crate::kernel::resource::ResourceApi;

impl ResourceApi for Topic {
    const SINGULAR: &'static str = "a topic";
    const PLURAL: &'static str = "topics";
    const DESCRIPTION: &'static str = "What members want discussed. Members propose and support topics; the coordination office puts them on an agenda.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List => {
                "For the coordination office, members and readers. `support_count` counts the members that you may see."
            }
            Operation::Create => "A member proposes for itself (`proposed_by`).",
            Operation::Update => {
                "For the coordination office: what others support is not changed under them by who proposed it."
            }
            Operation::Transition => "To become `declined` it needs a reason.",
            _ => "",
        }
    }

    fn example() -> Value {
        json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2aa0",
            "slug": "spare-parts-for-ukraine",
            "title": { "de": "Ersatzteile für die Ukraine", "en": "Spare parts for Ukraine" },
            "description": { "en": "Who has pumps and pipes to give, and how do they get there?" },
            "proposed_by": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden"
            },
            "status": "proposed",
            "sectors": ["water", "wastewater"],
            "support_count": 3,
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}

/// Support a topic
///
/// In the name of your member; name one in `member` where your account has several, or where you are the coordination
/// office. Each member supports a topic once: sent again, it changes nothing. The topic's own version does not move. Who
/// has left the exchange supports nothing new.
///
/// An API key needs the scope `topics:write`.
#[utoipa::path(
    put,
    path = "/api/v1/topics/{id}/support",
    tag = "topics",
    operation_id = "set_topic_support",
    params(
        ("id" = Key, Path, description = "By id or slug.", example = "spare-parts-for-ukraine"),
        ("member" = Option<Key>, Query, description = "The member that supports it, by id or slug."),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The topic, as it is supported now.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Topic,
        example = json!(Topic::example())
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = ["topics:write"]))
)]
pub async fn set_topic_support(context: Context) -> Result<HttpResponse, Problem> {
    support(context, true).await
}

/// Support a topic no longer
///
/// Takes your member's support back. Where there is none, nothing changes. The topic's own version does not move, and no
/// `If-Match` is needed.
///
/// An API key needs the scope `topics:write`.
#[utoipa::path(
    delete,
    path = "/api/v1/topics/{id}/support",
    tag = "topics",
    operation_id = "delete_topic_support",
    params(
        ("id" = Key, Path, description = "By id or slug.", example = "spare-parts-for-ukraine"),
        ("member" = Option<Key>, Query, description = "The member that supports it no longer, by id or slug."),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The topic, as it is supported now.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Topic,
        example = json!(Topic::example())
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 500, 503]))),
    security(("bearer" = ["topics:write"]))
)]
pub async fn delete_topic_support(context: Context) -> Result<HttpResponse, Problem> {
    support(context, false).await
}

async fn support(context: Context, given: bool) -> Result<HttpResponse, Problem> {
    context.actor.require::<Topic>(Action::Create)?;
    let id = key(&context.request, ID)?;
    let mut parameters = Parameters::new(context.parameters()?);
    let (member, dry_run): (Option<Key>, bool) = (parameters.get("member"), parameters.get("dry_run"));
    parameters.finish().map_err(Error::parameters)?;
    let topic =
        context.write(dry_run, async |writer| writer.support(&id, member.as_ref(), given).await).await?;
    Ok(serialize(&context, StatusCode::OK, &topic)?)
}
