//! The audit endpoint, for the coordination office: who changed what, and when.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::change_log::diff::Difference;
use vku_domain::kernel::change_log::{ChangeAction, StatusChange};
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::value::Visibility;
use vku_persistence::audit::AuditFilter;
use vku_persistence::kernel::read::history::Entry;
use vku_transfer::format::Format;

use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::parse_log_query;
use crate::kernel::resource::list::{page_response, with_cursor};
use crate::kernel::response::cached::respond_with;

/// A change and who made it.
#[derive(Serialize, ToSchema)]
pub struct AuditEntry {
    /// When the change was made.
    #[schema(format = DateTime)]
    at: String,
    /// The account that made the change; absent for changes from the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Uuid>,
    /// The id of the request that made the change, as in `X-Request-Id` and in the log of the server.
    request_id: String,
    /// The kind of resource.
    resource: String,
    /// The id of the resource.
    resource_id: Uuid,
    /// The id of the parent resource; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Uuid>,
    /// The kind of change.
    action: ChangeAction,
    /// The version after the change.
    #[schema(minimum = 1)]
    version: i64,
    /// Who could see the resource after the change.
    visibility: Visibility,
    /// The status change; absent if the status did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_change: Option<AuditStatusChange>,
    /// What changed, field by field; all fields if the resource is new.
    changes: Vec<Difference>,
}

/// A status change.
#[derive(Serialize, ToSchema)]
pub struct AuditStatusChange {
    /// The previous status; absent if it was unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The new status.
    to: String,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Entry> for AuditEntry {
    fn from(Entry { change, changes }: Entry) -> Self {
        let of = |StatusChange { from, to, reason }| AuditStatusChange { from, to, reason };
        Self {
            at: instant(change.at),
            actor: change.actor,
            request_id: change.request_id,
            resource: change.resource,
            resource_id: change.resource_id,
            parent_id: change.parent_id,
            action: change.action,
            version: change.version,
            visibility: change.visibility,
            status_change: change.status_change.map(of),
            changes,
        }
    }
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// The changes, newest first.
    items: Vec<AuditEntry>,
    /// The path of the next page, with older changes; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    next: Option<String>,
    /// The path of the previous page; absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    prev: Option<String>,
}

/// List all changes
///
/// Returns every change to every resource, including deleted ones, newest first: who changed what, when, and in which
/// request. Personal data is never included. Repeat a filter to match any of several values; different filters must all
/// match.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    operation_id = "list_audit",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "A page of changes.",
        headers(
            ("ETag" = String, description = "The entity tag."),
            ("Link" = String, description = "Links to the `next` and `prev` pages (RFC 8288).")
        ),
        body = AuditPage,
        example = json!({ "items": [{
            "at": "2026-03-01T08:00:00.000000Z",
            "actor": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60",
            "request_id": "0197a5c0-0000-7000-8000-000000000000",
            "resource": "partnership",
            "resource_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
            "action": "transitioned",
            "version": 2,
            "visibility": "public",
            "status_change": { "from": "active", "to": "suspended", "reason": "Agreed by both sides." },
            "changes": [{ "pointer": "/status", "from": "active", "to": "suspended" }]
        }] })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = ["audit:read"]))
)]
pub async fn list_audit(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_audit()?;
    let (paging, filter) = parse_log_query::<AuditFilter>(&context.request)?;
    format(&context.request, None, &[Format::Json])?;
    let page = context.read().await?.audit(&filter, &paging).await?;
    let items = page.items.into_iter().map(AuditEntry::from).collect();
    let body =
        AuditPage { items, next: with_cursor(&context, page.next), prev: with_cursor(&context, page.prev) };
    Ok(respond_with(&context, page_response(&body, &body.next, &body.prev)?))
}
