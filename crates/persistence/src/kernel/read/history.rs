//! The history of a resource, read from the change log: newest first, with the changed members, as far as the
//! actor sees them.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::change_log::diff::{Difference, differences};
use vku_domain::kernel::change_log::redaction::{collect_references, retain_visible};
use vku_domain::kernel::change_log::{Change, ChangeAction};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::any::{AnyStored, ResourceInfo};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Visibility;

use super::keyset::{self, Keyset, KeysetPage, PageDirection};
use super::load::open_parent;
use super::reference_lookup;
use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::change_log::row;
use crate::tables;

/// A change, and the members that it changed, as far as the actor sees them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The change itself.
    pub change: Change,
    /// The differences, member by member.
    pub changes: Vec<Difference>,
}

impl Entry {
    /// Whether the entry shows more than that something hidden from the actor was changed.
    fn has_visible_change(&self) -> bool {
        let is_change = matches!(self.change.action, ChangeAction::Updated | ChangeAction::Transitioned);
        !is_change || !self.changes.is_empty() || self.change.status_change.is_some()
    }
}

/// A page of the history.
#[derive(Clone, Debug)]
pub struct Entries {
    /// The changes, newest first.
    pub items: Vec<Entry>,
    /// The cursor of the older changes, if there are any.
    pub next: Option<String>,
    /// The cursor of the newer changes, if there may be any.
    pub prev: Option<String>,
}

/// The change that a cursor points to, by resource id and version. Its position in the log is not used,
/// because the distance of two positions would disclose how many hidden changes lie between.
#[derive(Serialize, Deserialize)]
struct HistoryPosition(PageDirection, Uuid, i64);

/// Redacts a logged state, and returns whether the actor could see it at all; see
/// [`Resource::redact_history`](vku_domain::kernel::resource::Resource::redact_history).
type HistoryRedactor<'a> = &'a (dyn Fn(&mut Value) -> bool + Sync);

/// Returns the visibility with which a change of this resource is logged.
pub(crate) fn logged_visibility(stored: &dyn AnyStored) -> Visibility {
    // A sub-resource has the visibility of its parent.
    let own = stored.parent().map_or_else(|| stored.data().visibility(), |(_, parent)| parent.visibility);
    logged_level(stored.info(), own)
}

/// Returns the visibility with which a change of a resource with this visibility is logged: one that is never public is
/// not logged as public, even if it has no visibility of its own.
pub(super) fn logged_level(resource: &ResourceInfo, visibility: Visibility) -> Visibility {
    let widest = if resource.is_public { Visibility::Public } else { Visibility::Members };
    visibility.max(widest)
}

/// The visibilities of the log rows that the actor sees of a resource that is visible to the actor now. An
/// actor who sees the resource as a participant sees all rows.
pub(crate) fn visible_levels(reader: &Reader<'_>, of: &dyn AnyStored) -> &'static [Visibility] {
    let sees = reader.actor().visible_levels();
    if sees.contains(&logged_visibility(of)) { sees } else { Visibility::ALL }
}

impl Reader<'_> {
    /// Returns a page of the history of a resource, restricted to what the actor could see at the time, and
    /// to references that the actor sees now. Call it only for resources that the actor has been shown;
    /// `parent` is the parent of a sub-resource.
    ///
    /// Errors: 400 for a cursor of another history.
    pub(crate) fn history<'a>(
        &'a self,
        table: &'a AnyTable,
        of: &'a dyn AnyStored,
        parent: Option<&'a Key>,
        paging: &'a Paging,
    ) -> LocalBoxFuture<'a, Result<Entries, Error>> {
        async move {
            let parent = open_parent(table, self, parent, None).await?;
            let (actor, id) = (self.actor(), of.id());
            let own = of.data().is_own(Some(id), parent.as_ref().map(|parent| parent.data()), actor);
            let redact = table.resource.redact_history;
            let redactor = |state: &mut Value| actor.is_staff() || redact(state, own, actor);
            let sees = visible_levels(self, of);
            let condition = Condition::all()
                .add(row::Column::Resource.eq(table.name()))
                .add(row::Column::ResourceId.eq(id))
                .add(row::Column::Visibility.is_in(sees.iter().map(|visibility| visibility.as_str())));
            let list = format!("history|{}|{id}|{}", table.name(), paging.fingerprint);
            self.entries(condition, sees, &redactor, &list, paging).await
        }
        .boxed_local()
    }

    /// Returns a page of log rows; `redactor` works as in
    /// [`Resource::redact_history`](vku_domain::kernel::resource::Resource::redact_history), and `list` is the context
    /// of its cursors.
    pub(crate) async fn entries(
        &self,
        condition: Condition,
        sees: &[Visibility],
        redactor: HistoryRedactor<'_>,
        list: &str,
        paging: &Paging,
    ) -> Result<Entries, Error> {
        let cursor = paging.cursor.as_ref();
        let cursor: Option<HistoryPosition> =
            cursor.map(|token| keyset::open(self.cursors(), list, token)).transpose()?;
        let keyset = Keyset::new(cursor.as_ref().map(|cursor| cursor.0), paging.limit);
        let beyond = |position| keyset.direction().beyond(Expr::col(row::Column::Position), position);
        let mut start = cursor.map(|HistoryPosition(_, id, version)| beyond(position(id, version)));
        let mut items = Vec::new();
        loop {
            // Entries that show nothing to the actor are skipped, and do not make a page shorter.
            let select = row::Entity::find().filter(condition.clone());
            let select = start.take().into_iter().fold(select, |select, start| select.filter(start));
            let select = select.order_by(row::Column::Position, keyset.direction().descending());
            let rows = select.limit(keyset.rows_to_read()).all(self.tx()).await.map_err(failed)?;
            let last = rows.last().filter(|_| keyset.is_exceeded_by(&rows)).map(|row| row.position);
            items.extend(
                self.to_entry(rows, sees, redactor)
                    .await?
                    .into_iter()
                    .filter(|it| self.actor().is_staff() || it.has_visible_change()),
            );
            match last {
                Some(last) if !keyset.is_exceeded_by(&items) => start = Some(beyond(Expr::val(last))),
                _ => break,
            }
        }
        let token = |entry: &Entry, direction| {
            let position = HistoryPosition(direction, entry.change.resource_id, entry.change.version);
            keyset::sign(self.cursors(), list, &position)
        };
        let KeysetPage { rows: items, next, prev } = keyset.page(items, token)?;
        Ok(Entries { items, next, prev })
    }

    /// Converts log rows to entries: one query for the states before, and one per kind of resource for the
    /// references.
    async fn to_entry(
        &self,
        rows: Vec<row::Model>,
        sees: &[Visibility],
        redactor: HistoryRedactor<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let changes = rows.into_iter().map(row::Model::into_change).collect::<Result<Vec<_>, _>>()?;
        let mut before = self.states_before(&changes, sees).await?;
        let (kinds, actor) = (tables(), self.actor());
        let own = |resource: &str, state: &mut Value| {
            let kind = kinds.iter().find(|kind| kind.name() == resource);
            if let (Some(kind), Value::Object(members)) = (kind, state) {
                members.retain(|name, _| kind.may_read_member(actor, name));
            }
        };
        let mut pairs = Vec::with_capacity(changes.len());
        for mut change in changes {
            let mut before = before.remove(&(change.resource_id, change.version - 1));
            before = before.and_then(|mut state| redactor(&mut state).then_some(state));
            if !redactor(&mut change.state) {
                continue;
            }
            before.iter_mut().chain([&mut change.state]).for_each(|state| own(&change.resource, state));
            pairs.push((before, change));
        }
        if !actor.is_staff() {
            let mut ids = HashSet::new();
            for (before, change) in &pairs {
                before.iter().chain([&change.state]).for_each(|state| collect_references(state, &mut ids));
            }
            let visible = reference_lookup::filter_visible(self.tx(), actor, &ids).await?;
            for (before, change) in &mut pairs {
                before
                    .iter_mut()
                    .chain([&mut change.state])
                    .for_each(|state| retain_visible(state, &visible));
            }
        }
        let entries = pairs.into_iter().map(|(before, mut change)| {
            let kind = kinds.iter().find(|kind| kind.name() == change.resource);
            if kind.is_some_and(|kind| !kind.may_read_member(actor, "status")) {
                change.status_change = None;
            }
            if let (None, Some(status_change)) = (&before, &mut change.status_change) {
                status_change.from = None;
            }
            let before = before.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            Entry { changes: differences(&before, &change.state), change }
        });
        Ok(entries.collect())
    }

    /// Returns the states before these changes, as far as the actor could see them, by id and version.
    async fn states_before(
        &self,
        changes: &[Change],
        sees: &[Visibility],
    ) -> Result<HashMap<(Uuid, i64), Value>, Error> {
        let mut versions_by_id: HashMap<Uuid, Vec<i64>> = HashMap::new();
        for change in changes.iter().filter(|change| change.version > 1) {
            versions_by_id.entry(change.resource_id).or_default().push(change.version - 1);
        }
        if versions_by_id.is_empty() {
            return Ok(HashMap::new());
        }
        let any = versions_by_id.into_iter().fold(Condition::any(), |any, (id, versions)| {
            any.add(row::Column::ResourceId.eq(id).and(row::Column::Version.is_in(versions)))
        });
        let rows = row::Entity::find()
            .filter(any)
            .filter(row::Column::Visibility.is_in(sees.iter().map(|visibility| visibility.as_str())))
            .all(self.tx())
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|row| ((row.resource_id, row.version), row.state)).collect())
    }
}

/// A subquery for the log position of the change with this id and version.
fn position(id: Uuid, version: i64) -> Expr {
    let select: SelectStatement = Query::select()
        .expr(Expr::col("position").max())
        .from("change")
        .and_where(Expr::col("resource_id").eq(id))
        .and_where(Expr::col("version").eq(version))
        .take();
    scalar_subquery(select)
}
