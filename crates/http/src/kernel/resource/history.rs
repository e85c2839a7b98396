//! The history of a resource: its changes, as far as the caller could see them.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::change_log::diff::Difference;
use vku_domain::kernel::change_log::{ChangeAction, StatusChange};
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::Paging;
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::read::history::Entry;
use vku_transfer::format::Format;

use super::list::{page_response, with_cursor};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::resource_key;
use crate::kernel::response::cached;

/// A change to a resource.
#[derive(Serialize, ToSchema)]
pub struct HistoryEntry {
    /// When the change was made.
    #[schema(format = DateTime)]
    at: String,
    /// The kind of change.
    action: ChangeAction,
    /// The version after the change.
    #[schema(minimum = 1)]
    version: i64,
    /// The previous status, if the status changed; absent if it was unknown, or you may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The new status, if the status changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// The reason for the new status, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What changed, field by field; all fields if the resource is new, or if you could not see its previous state.
    changes: Vec<Difference>,
}

impl From<Entry> for HistoryEntry {
    fn from(Entry { change, changes }: Entry) -> Self {
        let step = change.status_change.map(|StatusChange { from, to, reason }| (from, Some(to), reason));
        let (from, to, reason) = step.unwrap_or_default();
        let (at, action, version) = (instant(change.at), change.action, change.version);
        Self { at, action, version, from, to, reason, changes }
    }
}

/// A page of a history.
#[derive(Serialize, ToSchema)]
pub struct HistoryPage {
    /// The changes, newest first.
    items: Vec<HistoryEntry>,
    /// The path of the next page, with older changes; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    next: Option<String>,
    /// The path of the previous page; absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    prev: Option<String>,
}

/// Handles `GET` on `history`.
pub async fn history(table: &'static AnyTable, context: Context) -> Result<HttpResponse, Problem> {
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let at = resource_key(table, &context.request)?;
    let mut parameters = Parameters::new(context.parameters()?);
    let paging = Paging::take(&mut parameters);
    let deleted = parameters.get("deleted");
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let reader = context.read().await?;
        let page = table.history(&reader, &at, deleted, &paging).await?;
        let items = page.items.into_iter().map(HistoryEntry::from).collect();
        let (next, prev) = (with_cursor(&context, page.next), with_cursor(&context, page.prev));
        let body = HistoryPage { items, next, prev };
        Ok(page_response(&body, &body.next, &body.prev)?)
    })
    .await
}
