//! The change log as people read it: newest first, with what each change changed, as far as the actor sees it.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::change_log::diff::{Difference, differences};
use vku_domain::kernel::change_log::redaction::{collect_references, retain_visible};
use vku_domain::kernel::change_log::{Change, ChangeAction};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Visibility;

use super::cursor::{Way, foreign};
use super::reference_lookup;
use crate::kernel::database::error::failed;
use crate::kernel::table::{Parent, Table};
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::change_log::row;
use crate::resources;

/// A change, and what it changed of what the actor sees.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The change itself.
    pub change: Change,
    /// What changed, member by member.
    pub changes: Vec<Difference>,
}

impl Entry {
    /// Whether it says more than that there was a change of something that the actor does not see.
    fn tells(&self) -> bool {
        let is_change = matches!(self.change.action, ChangeAction::Updated | ChangeAction::Transitioned);
        !is_change || !self.changes.is_empty() || self.change.status_change.is_some()
    }
}

/// A page of the log.
#[derive(Clone, Debug)]
pub struct Entries {
    /// The changes, newest first.
    pub items: Vec<Entry>,
    /// The cursor of the older ones, if there are any.
    pub next: Option<String>,
    /// The cursor of the newer ones, if there may be any.
    pub prev: Option<String>,
}

/// The change that a cursor stands at: by what it is shown with. Its position would count what lies between.
#[derive(Serialize, Deserialize)]
struct HistoryScope(Way, Uuid, i64);

/// What is left of a logged state, and whether anything is; see [`Resource::redact_history`].
type HistoryRedactor<'a> = &'a (dyn Fn(&mut Value) -> bool + Sync);

/// Who could see what was logged with that visibility.
pub(crate) fn logged_visibility<T: Resource>(stored: &Stored<T>) -> Visibility {
    // A part is seen by whoever sees what it belongs to; what is never public is not because that shows no visibility.
    let widest = if T::PUBLIC { Visibility::Public } else { Visibility::Members };
    stored.parent.as_ref().map_or_else(|| stored.data.visibility(), |(_, card)| card.visibility).max(widest)
}

/// The visibilities of the log's rows that the actor sees of something that it sees now: whoever sees it by taking
/// part sees all.
pub(crate) fn visible_levels<T: Resource>(reader: &Reader<'_>, of: &Stored<T>) -> &'static [Visibility] {
    let sees = reader.actor().visible_levels();
    if sees.contains(&logged_visibility(of)) { sees } else { Visibility::ALL }
}

impl Reader<'_> {
    /// A page of what became of something, as far as the actor could see it then and sees now what it mentions. Call
    /// it for what the actor has been shown; `parent` names what it is a part of.
    ///
    /// Errors: 400 for a cursor of another history.
    pub async fn history<T: Table>(
        &self,
        of: &Stored<T>,
        parent: Option<&Key>,
        paging: &Paging,
    ) -> Result<Entries, Error> {
        let parent = T::Parent::open(self, parent, None).await?.map(|(_, parent)| parent);
        let actor = self.actor();
        let own = of.data.is_own(Some(of.id), parent.as_ref(), actor);
        let recall = |state: &mut Value| actor.is_staff() || T::redact_history(state, own, actor);
        let sees = visible_levels(self, of);
        let which = Condition::all()
            .add(row::Column::Resource.eq(T::NAME))
            .add(row::Column::ResourceId.eq(of.id))
            .add(row::Column::Visibility.is_in(sees.iter().map(|visibility| visibility.as_str())));
        let list = format!("history|{}|{}|{}", T::NAME, of.id, paging.fingerprint);
        self.entries(which, sees, &recall, &list, paging).await
    }

    /// A page of those rows of the log; `recall` as in [`Resource::redact_history`], `list` is what its cursors are bound to.
    pub(crate) async fn entries(
        &self,
        which: Condition,
        sees: &[Visibility],
        recall: HistoryRedactor<'_>,
        list: &str,
        paging: &Paging,
    ) -> Result<Entries, Error> {
        let open = |token: &String| {
            let payload = self.cursors().open(list.as_bytes(), token);
            payload
                .and_then(|payload| serde_json::from_slice::<HistoryScope>(&payload).ok())
                .ok_or_else(foreign)
        };
        let place = paging.cursor.as_ref().map(open).transpose()?;
        let way = place.as_ref().map_or(Way::Next, |place| place.0);
        let mut beyond =
            place.as_ref().map(|HistoryScope(_, id, version)| redact(way, position(*id, *version)));
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        loop {
            // One more than asked for tells whether there is another page. What tells the actor nothing is passed
            // over, and does not make a page shorter either.
            let select = row::Entity::find().filter(which.clone());
            let select = beyond.take().into_iter().fold(select, |select, beyond| select.filter(beyond));
            let order = if way == Way::Next { Order::Desc } else { Order::Asc };
            let select = select.order_by(row::Column::Position, order).limit(paging.limit + 1);
            let rows = select.all(self.tx()).await.map_err(failed)?;
            let last = rows.get(limit).map(|row| row.position);
            items.extend(
                self.to_entry(rows, sees, recall)
                    .await?
                    .into_iter()
                    .filter(|it| self.actor().is_staff() || it.tells()),
            );
            match last {
                Some(last) if items.len() <= limit => beyond = Some(redact(way, Expr::val(last))),
                _ => break,
            }
        }
        let more = items.len() > limit;
        items.truncate(limit);
        if way == Way::Previous {
            items.reverse();
        }
        let (has_next, has_prev) = match (way, place.is_some()) {
            (Way::Next, from_cursor) => (more, from_cursor),
            (Way::Previous, _) => (true, more),
        };
        let token = |entry: Option<&Entry>, way: Way| {
            let place = entry.map(|it| HistoryScope(way, it.change.resource_id, it.change.version));
            let payload =
                place.map(|place| serde_json::to_vec(&place)).transpose().map_err(Error::internal)?;
            Ok::<_, Error>(payload.map(|payload| self.cursors().sign(list.as_bytes(), &payload)))
        };
        let next = if has_next { token(items.last(), Way::Next)? } else { None };
        let prev = if has_prev { token(items.first(), Way::Previous)? } else { None };
        Ok(Entries { items, next, prev })
    }

    /// What these changes changed: one query for the states before, one a resource for what they mention.
    async fn to_entry(
        &self,
        rows: Vec<row::Model>,
        sees: &[Visibility],
        recall: HistoryRedactor<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let changes = rows.into_iter().map(row::Model::into_change).collect::<Result<Vec<_>, _>>()?;
        let mut before = self.states_before(&changes, sees).await?;
        let (kinds, actor) = (resources(), self.actor());
        let own = |resource: &str, state: &mut Value| {
            let kind = kinds.iter().find(|kind| kind.name == resource);
            if let (Some(kind), Value::Object(members)) = (kind, state) {
                members.retain(|name, _| kind.tells(actor, name));
            }
        };
        let mut pairs = Vec::with_capacity(changes.len());
        for mut change in changes {
            let mut before = before.remove(&(change.resource_id, change.version - 1));
            before = before.and_then(|mut state| recall(&mut state).then_some(state));
            if !recall(&mut change.state) {
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
            let seen = reference_lookup::seen(self.tx(), actor, &ids).await?;
            for (before, change) in &mut pairs {
                before.iter_mut().chain([&mut change.state]).for_each(|state| retain_visible(state, &seen));
            }
        }
        let entries = pairs.into_iter().map(|(before, mut change)| {
            let kind = kinds.iter().find(|kind| kind.name == change.resource);
            if kind.is_some_and(|kind| !kind.tells(actor, "status")) {
                change.status_change = None;
            }
            if let (None, Some(passage)) = (&before, &mut change.status_change) {
                passage.from = None;
            }
            let before = before.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            Entry { changes: differences(&before, &change.state), change }
        });
        Ok(entries.collect())
    }

    /// The states before these changes that the actor could see then, by id and version.
    async fn states_before(
        &self,
        changes: &[Change],
        sees: &[Visibility],
    ) -> Result<HashMap<(Uuid, i64), Value>, Error> {
        let mut wanted: HashMap<Uuid, Vec<i64>> = HashMap::new();
        for change in changes.iter().filter(|change| change.version > 1) {
            wanted.entry(change.resource_id).or_default().push(change.version - 1);
        }
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let any = wanted.into_iter().fold(Condition::any(), |any, (id, versions)| {
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

/// The position of the change that is shown with this id and version.
fn position(id: Uuid, version: i64) -> Expr {
    let select: SelectStatement = Query::select()
        .expr(Expr::col("position").max())
        .from("change")
        .and_where(Expr::col("resource_id").eq(id))
        .and_where(Expr::col("version").eq(version))
        .take();
    Expr::SubQuery(None, Box::new(select.into()))
}

/// The rows beyond a position, the way that is gone.
fn redact(way: Way, position: Expr) -> Expr {
    match way {
        Way::Next => Expr::col(row::Column::Position).lt(position),
        Way::Previous => Expr::col(row::Column::Position).gt(position),
    }
}
