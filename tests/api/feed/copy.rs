//! A copy of everything that a caller sees, which follows the change feed.

use std::collections::BTreeMap;

use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::reference::Ref;
use vku_persistence::feed::{FeedAction, FeedQuery, Since};
use vku_persistence::kernel::store::Store;
use vku_persistence::tables;

use crate::harness::TestApp;

/// The representation of each resource, by type and id.
pub(super) type Rows = BTreeMap<(&'static str, Uuid), String>;

/// A copy of what an actor sees.
#[derive(Clone)]
pub(super) struct Copy {
    pub(super) actor: Actor,
    pub(super) rows: Rows,
    since: Since,
}

impl Copy {
    /// Reads the token and then all lists.
    pub(super) async fn of(store: &Store, actor: &Actor) -> Self {
        let token = store.change_token(actor).await.unwrap();
        let since = Since::Cursor(store.open_change_token(&token).unwrap());
        Self { actor: actor.clone(), rows: all_rows(store, actor).await, since }
    }

    /// Starts before the first change.
    pub(super) fn empty(actor: &Actor) -> Self {
        Self { actor: actor.clone(), rows: Rows::new(), since: Since::Beginning }
    }

    /// Applies a page of changes; returns the actions of its entries, and whether there is more to read at once.
    pub(super) async fn apply(&mut self, store: &Store, limit: usize) -> (Vec<(FeedAction, String)>, bool) {
        let actor = Actor { at: store.now(), ..self.actor.clone() };
        let query = FeedQuery { since: self.since, resources: Vec::new(), limit, with_state: true };
        let page = store.feed(&actor, &query).await.unwrap();
        self.since = Since::Cursor(page.since);
        let mut actions = Vec::new();
        assert!(page.items.len() <= limit);
        for (entry, _) in page.items {
            let key = (entry.resource, entry.resource_id);
            actions.push((entry.action, format!("{} {}", entry.resource, entry.slug.unwrap_or_default())));
            match entry.state {
                Some(state) => drop(self.rows.insert(key, String::from_utf8(state).unwrap())),
                None => {
                    assert!(entry.action.is_removal(), "{key:?}");
                    self.rows.remove(&key);
                }
            }
        }
        (actions, page.has_more)
    }

    /// Applies all changes, by pages of this size.
    pub(super) async fn follow(&mut self, store: &Store, limit: usize) -> Vec<(FeedAction, String)> {
        let mut all = Vec::new();
        loop {
            let (actions, has_more) = self.apply(store, limit).await;
            all.extend(actions);
            if !has_more {
                return all;
            }
        }
    }

    /// Checks that the copy is what the caller would read now.
    pub(super) fn assert_equals(&self, fresh: &Rows, context: &str) {
        let keys: std::collections::BTreeSet<_> = self.rows.keys().chain(fresh.keys()).collect();
        let differing = keys.into_iter().filter(|key| self.rows.get(*key) != fresh.get(*key));
        let shown: Vec<_> = differing
            .map(|key| format!("{key:?}\n  copy:  {:?}\n  fresh: {:?}", self.rows.get(key), fresh.get(key)))
            .collect();
        assert!(shown.is_empty(), "{context}: {:?} sees others:\n{}", self.actor.role, shown.join("\n"));
    }
}

/// Reads all lists, as exports do.
pub(super) async fn all_rows(store: &Store, actor: &Actor) -> Rows {
    let actor = Actor { at: store.now(), ..actor.clone() };
    let reader = store.read(&actor).await.unwrap();
    let mut rows = Rows::new();
    for table in tables().iter().filter(|table| table.require_read(&actor).is_ok()) {
        let mut query = table.all();
        loop {
            let (page, has_more) = query.next_rows(&reader, None).await.unwrap();
            for row in page {
                let mut json = Vec::new();
                row.item.write_json(&mut json).unwrap();
                rows.insert((table.info().name, row.id), String::from_utf8(json).unwrap());
            }
            if !has_more {
                break;
            }
        }
    }
    rows
}

/// The six callers.
pub(super) async fn actors(app: &TestApp) -> Vec<Actor> {
    let mut all = vec![Actor::public(app.store.now())];
    for account in app.store.accounts().await.unwrap() {
        let utilities = account.data.utilities.iter().filter_map(Ref::id).collect();
        let (account, role) = (Some(account.id), Some(account.data.role));
        all.push(Actor { account, role, utilities, ..Actor::public(app.store.now()) });
    }
    all
}
