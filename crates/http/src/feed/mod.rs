//! The change feed: pages of changes, the same as server-sent events, and tickets for them.

pub mod changes;
mod connection;
pub mod events;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_persistence::feed::{FeedAction, FeedEntry};

/// What has become of a resource, as far as you see it.
#[derive(Serialize, ToSchema)]
pub struct ChangeEntry {
    /// When the last change was made that affects the resource.
    #[schema(format = DateTime)]
    at: String,
    /// The kind of resource.
    #[schema(value_type = vku_persistence::audit::ResourceName)]
    resource: &'static str,
    /// The id of the resource.
    resource_id: Uuid,
    /// The id of the parent resource; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Uuid>,
    /// The slug; absent if the resource has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    /// What has happened.
    action: FeedAction,
    /// The current version; of a `deleted` or `hidden` resource, the last one that you could see.
    #[schema(minimum = 1)]
    version: i64,
    /// The current representation, as `GET` returns it; absent for `deleted` and `hidden` resources, and with
    /// `state=false`.
    // `write_entry` appends its bytes as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    state: Option<Value>,
}

/// Writes an entry as JSON.
pub(crate) fn write_entry(entry: FeedEntry, out: &mut Vec<u8>) -> Result<(), Error> {
    let FeedEntry { at, resource, resource_id, parent_id, slug, action, version, state } = entry;
    let at = instant(at);
    let body = ChangeEntry { at, resource, resource_id, parent_id, slug, action, version, state: None };
    serde_json::to_writer(&mut *out, &body).map_err(Error::internal)?;
    if let Some(state) = state {
        // In the place of the closing brace.
        out.pop();
        out.extend_from_slice(br#","state":"#);
        out.extend_from_slice(&state);
        out.push(b'}');
    }
    Ok(())
}
