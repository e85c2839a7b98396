//! Events: what is delivered, and which changes of the feed a webhook gets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::webhook::{Webhook, WebhookContent};

use crate::any_table::ResourceKey;
use crate::audit::ResourceName;
use crate::feed::{FeedEntry, FeedQuery, Since};
use crate::kernel::database::error::Corrupt;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::table;

/// An event, as it is stored: without the state of the resource, which is read when it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The id (`webhook-id`), the same for all attempts.
    pub id: String,
    /// The type: the kind of resource and of change, as in `partnership.updated`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened.
    pub timestamp: String,
    /// The change.
    pub data: Value,
}

impl Event {
    /// Makes a ping.
    pub(super) fn ping(webhook: Uuid, at: DateTime<Utc>) -> Self {
        Self {
            id: format!("msg_{}", new_id().simple()),
            event_type: "webhook.ping".into(),
            timestamp: instant(at),
            data: json!({ "webhook_id": webhook }),
        }
    }

    /// Makes the event of a change. The same change has the same id, even if it is read again.
    fn of(store: &Store, webhook: Uuid, entry: FeedEntry) -> Self {
        let FeedEntry { at, resource, resource_id, parent_id, slug, action, version, .. } = entry;
        let at = instant(at);
        let mut data = Map::new();
        data.insert("at".into(), at.as_str().into());
        data.insert("resource".into(), resource.into());
        data.insert("resource_id".into(), json!(resource_id));
        data.extend(parent_id.map(|id| ("parent_id".to_owned(), json!(id))));
        data.extend(slug.map(|slug| ("slug".to_owned(), slug.into())));
        data.insert("action".into(), action.as_str().into());
        data.insert("version".into(), version.into());
        let change = format!("webhook event|{webhook}|{resource}|{resource_id}|{version}|{action}|{at}");
        Self {
            id: format!("msg_{}", store.token_key().sign(change.as_bytes(), b"")),
            event_type: format!("{resource}.{action}"),
            timestamp: at,
            data: Value::Object(data),
        }
    }

    pub(super) fn stored(json: Value) -> Result<Self, Corrupt> {
        serde_json::from_value(json).map_err(|_| Corrupt::from("a stored event of a webhook"))
    }

    pub(super) fn stored_form(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(Error::internal)
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }
}

impl Store {
    /// Returns the body of a delivery. If the webhook wants the state, it is that of now, as the role of the webhook
    /// sees it; absent if it no longer sees the resource.
    ///
    /// Errors: the database is unavailable.
    pub async fn webhook_body(&self, webhook: &Webhook, event: &Event) -> Result<String, Error> {
        let mut event = event.clone();
        if webhook.content == WebhookContent::Full
            && let Some(state) = self.state_of(&actor(webhook, self.now()), &event).await?
            && let Value::Object(members) = &mut event.data
        {
            members.insert("state".into(), state);
        }
        let Event { event_type, timestamp, data, .. } = event;
        let body = json!({ "type": event_type, "timestamp": timestamp, "data": data });
        serde_json::to_string(&body).map_err(Error::internal)
    }

    async fn state_of(&self, actor: &Actor, event: &Event) -> Result<Option<Value>, Error> {
        let id = |name| event.member(name).and_then(|id| id.parse().ok()).map(Key::Id);
        let Some((table, key)) = event.member("resource").and_then(table).zip(id("resource_id")) else {
            return Ok(None);
        };
        let reader = self.read(actor).await?;
        let (at, view) = (ResourceKey { key, parent: id("parent_id") }, Projection::default());
        match table.get(&reader, &at, false, &view).await {
            Ok(found) => serde_json::from_slice(&found.json).map(Some).map_err(Error::internal),
            Err(error) if [Code::NotFound, Code::Forbidden, Code::Unauthenticated].contains(&error.code) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The actor as which a webhook sees the data.
pub(super) fn actor(webhook: &Webhook, at: DateTime<Utc>) -> Actor {
    Actor { role: webhook.as_role.role(), ..Actor::public(at) }
}

/// A page of the feed for a webhook.
pub(super) struct EventPage {
    /// The events, each with the token after it.
    pub(super) events: Vec<(Event, String)>,
    /// The token up to which the feed was read.
    pub(super) end: String,
    /// Whether the feed may have more.
    pub(super) has_more: bool,
}

/// Reads the feed after a token, as the webhook sees it.
pub(super) async fn after(
    store: &Store,
    id: Uuid,
    webhook: &Webhook,
    cursor: &str,
    limit: usize,
) -> Result<EventPage, Error> {
    let actor = actor(webhook, store.now());
    let names = webhook.resources.iter().map(|resource| resource.as_str());
    let read = names.filter(|name| table(name).is_some_and(|table| table.is_read_by(&actor)));
    let resources = read.map(str::parse).collect::<Result<Vec<ResourceName>, _>>().map_err(Corrupt::from)?;
    let since = match resources.is_empty() && !webhook.resources.is_empty() {
        true => Since::Now,
        false => {
            let token = store.open_change_token(cursor);
            Since::Cursor(token.ok_or_else(|| Corrupt::from("the token of a webhook"))?)
        }
    };
    let query = FeedQuery { since, resources, limit, with_state: false };
    let page = match store.feed(&actor, &query).await {
        // The database is an older copy. What it lacks cannot be delivered.
        Err(error) if error.code == Code::ChangesGone => {
            tracing::warn!(webhook = %id, "the change log ends before the last delivery: continuing at its end");
            store.feed(&actor, &FeedQuery { since: Since::Now, ..query }).await?
        }
        page => page?,
    };
    let actions = &webhook.actions;
    let wanted =
        page.items.into_iter().filter(|(entry, _)| actions.is_empty() || actions.contains(&entry.action));
    let event = |(entry, cursor)| Ok((Event::of(store, id, entry), store.seal_change_token(cursor)?));
    let events = wanted.map(event).collect::<Result<_, Error>>()?;
    Ok(EventPage { events, end: store.seal_change_token(page.since)?, has_more: page.has_more })
}
