//! The API of topics, and of the support that members give them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::topic::Topic;
use vku_persistence::any_table::JsonResource;

use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{ID, key};
use crate::kernel::resource::handlers::written;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, UnnestedApi, example};

/// The list of the support for all topics.
const SUPPORTS: UnnestedApi = UnnestedApi {
    list: &vku_persistence::SUPPORTS,
    row: "TopicSupport",
    singular: "The support of a member for a topic",
    plural: "the members that support topics",
    example: || {
        example!({
            "topic": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2aa0",
                "slug": "spare-parts-for-ukraine",
                "title": { "de": "Ersatzteile für die Ukraine", "en": "Spare parts for Ukraine" }
            },
            "member": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden"
            },
            "since": "2026-03-02T08:00:00.000000Z"
        })
    },
};

impl ResourceApi for Topic {
    const UNNESTED: &'static [UnnestedApi] = &[SUPPORTS];

    const SINGULAR: &'static str = "a topic";
    const PLURAL: &'static str = "topics";
    const DESCRIPTION: &'static str = "Subjects that members want to discuss. Members propose and support topics; \
        the coordination office puts them on an agenda.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List => {
                "For the coordination office, members and readers. `support_count` counts the supporting \
                 members that you may see."
            }
            Operation::Create => "A member proposes topics in its own name (`proposed_by`).",
            Operation::Update => {
                "Only for the coordination office: a member cannot change a topic that others may already \
                 support."
            }
            Operation::Transition => "To decline a topic, give a reason.",
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2aa0",
            "slug": "spare-parts-for-ukraine",
            "title": { "de": "Ersatzteile für die Ukraine", "en": "Spare parts for Ukraine" },
            "description": { "en": "Who can donate pumps and pipes, and how do they get there?" },
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
/// Records that your member supports the topic. Set `member` if your account belongs to several members, or if you are
/// the coordination office. Each member can support a topic only once; repeating the request has no further effect. The
/// version of the topic does not change. A member that has left the exchange cannot support another topic.
#[utoipa::path(
    put,
    path = "/api/v1/topics/{id}/support",
    tag = "topics",
    operation_id = "set_topic_support",
    params(
        ("id" = Key, Path, description = "The id or slug of the topic.", example = "spare-parts-for-ukraine"),
        ("member" = Option<Key>, Query, description = "The id or slug of the member that supports the topic."),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The topic, with its current support.",
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

/// Withdraw support for a topic
///
/// Withdraws the support of your member. If your member does not support the topic, nothing changes. The version of the
/// topic does not change, and `If-Match` is not needed.
#[utoipa::path(
    delete,
    path = "/api/v1/topics/{id}/support",
    tag = "topics",
    operation_id = "delete_topic_support",
    params(
        ("id" = Key, Path, description = "The id or slug of the topic.", example = "spare-parts-for-ukraine"),
        ("member" = Option<Key>, Query, description = "The id or slug of the member that withdraws its support."),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything.")
    ),
    responses((
        status = 200,
        description = "The topic, with its current support.",
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

async fn support(context: Context, is_supported: bool) -> Result<HttpResponse, Problem> {
    context.actor.require(Topic::INFO, Action::Create)?;
    let id = key(&context.request, ID)?;
    let mut parameters = Parameters::new(context.parameters()?);
    let (member, dry_run): (Option<Key>, bool) = (parameters.get("member"), parameters.get("dry_run"));
    parameters.finish().map_err(Error::parameters)?;
    let topic = context
        .write(dry_run, async |writer| writer.support(&id, member.as_ref(), is_supported).await)
        .await?;
    Ok(written(&context, StatusCode::OK, JsonResource::of(&topic)?))
}
