//! Reads a page of the feed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;

use super::bounds::{Bounds, bounds};
use super::candidates::{Candidate, Candidates};
use super::current::{self, CurrentState};
use super::effects::Effects;
use super::links::Links;
use super::past::{Involvement, PastKey, PastStates, Sight};
use super::permissions::{Permissions, gone};
use super::token::{EntryKey, FeedCursor, Progress};
use super::{FeedAction, FeedEntry, FeedPage, FeedQuery, Since, group, permissions};
use crate::kernel::database::error::failed;
use crate::kernel::database::log_watermark;
use crate::kernel::store::Store;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::connection::Connection;
use crate::tables;

/// The smallest and the largest number of log rows that are read together.
const GROUP: (usize, usize) = (64, 1_000);
/// How many resources are read at a time.
const BATCH: usize = 200;
/// How many groups a page reads at most.
const MAX_GROUPS: usize = 50;
/// How much the clocks of two instances may differ.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

impl Store {
    /// Reads what has changed for the actor.
    ///
    /// Errors: 401 or 403 for types of resources that the actor may not read; 410 for a cursor that lies before the first row of the log or after its end,
    /// or is older than the actor's permissions; 503 if the database is unavailable.
    pub async fn feed(&self, actor: &Actor, query: &FeedQuery) -> Result<FeedPage, Error> {
        for name in &query.resources {
            actor.require_read(AnyTable::find(name.as_str())?.resource)?;
        }
        // Before the snapshot, which then includes everything up to here.
        let end = log_watermark::high_watermark(self.database()).await?;
        let reader = self.read(actor).await?;
        Feed { reader: &reader, query, end }.page().await
    }
}

impl Store {
    /// Returns the cursor before the first change.
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn first_change(&self) -> Result<FeedCursor, Error> {
        let operator = Actor::operator(self.now());
        let reader = self.read(&operator).await?;
        let progress = Progress::at(bounds(reader.tx()).await?.first - 1);
        Ok(FeedCursor { progress, permissions: Permissions::default() })
    }
}

/// A page that is being read, from one snapshot.
struct Feed<'a> {
    reader: &'a Reader<'a>,
    query: &'a FeedQuery,
    end: i64,
}

impl Feed<'_> {
    async fn page(&self) -> Result<FeedPage, Error> {
        let bounds = bounds(self.tx()).await?;
        let end = Ord::min(self.end, bounds.last);
        let mut progress = match self.query.since {
            Since::Now => Progress::at(end),
            Since::Beginning => Progress::at(bounds.first - 1),
            Since::Cursor(cursor) => self.checked(cursor, &bounds).await?,
        };
        let mut items = Vec::new();
        let mut groups = 0;
        while progress.position < end && items.len() < self.query.limit && groups < MAX_GROUPS {
            groups += 1;
            progress = self.read_group(progress, end, &mut items).await?;
        }
        Ok(FeedPage { items, since: self.cursor(progress), has_more: progress.position < end })
    }

    /// Refuses tokens from which nobody can go on.
    async fn checked(&self, cursor: FeedCursor, bounds: &Bounds) -> Result<Progress, Error> {
        let progress = cursor.progress;
        // Of an older copy of the database, the end may lie before the token. On PostgreSQL the high watermark includes
        // positions that were never used.
        let last = if self.end == i64::MAX { bounds.last } else { Ord::max(self.end, bounds.last) };
        if progress.position < bounds.first - 1 || progress.position > last {
            let detail = bilingual!(
                "The log does not have the changes after this token any more. Read the lists again, and go on from the \
                 `Change-Token` of the first one.",
                "Die Änderungen nach diesem Token sind nicht mehr vorhanden. Lesen Sie die Listen neu, und machen Sie mit \
                 dem `Change-Token` der ersten weiter."
            );
            return Err(gone(detail));
        }
        // What was seen with the same permissions differs from what is seen now by what the log has.
        if !cursor.is_of(self.reader.actor()) {
            permissions::check_unchanged(self.tx(), self.reader.actor(), progress.position).await?;
        }
        Ok(progress)
    }

    fn cursor(&self, progress: Progress) -> FeedCursor {
        FeedCursor { progress, permissions: Permissions::of(self.reader.actor()) }
    }

    /// Reads entries of the next group of rows, until the page is full.
    async fn read_group(
        &self,
        from: Progress,
        end: i64,
        items: &mut Vec<(FeedEntry, FeedCursor)>,
    ) -> Result<Progress, Error> {
        let room = self.query.limit - items.len();
        let (group_end, size) = match from.within {
            Some((group_end, _)) => (group_end, GROUP.1),
            None => (end, self.query.limit.clamp(GROUP.0, GROUP.1)),
        };
        let rows = group::read(self.tx(), from.position, group_end, size as u64).await?;
        // The log ends here, or what is left of the group was read from a copy of the database.
        let Some(last) = rows.last().map(|row| row.change.position) else {
            return Ok(Progress::at(group_end));
        };
        let times: HashMap<i64, DateTime<Utc>> =
            rows.iter().map(|row| (row.change.position, row.change.at)).collect();
        let since = times.values().min().copied().unwrap_or_default() - CLOCK_SKEW;
        let mut effects = Effects {
            actor: self.reader.actor(),
            links: Links { tx: self.tx(), since },
            found: Candidates::default(),
            involvement: self.involvement().await?,
        };
        effects.collect(&rows).await?;
        let Effects { found, involvement, .. } = effects;
        let mut candidates = found.in_order(from.within.map(|(_, key)| key));
        candidates.retain(|(key, _)| self.is_asked_for(key.kind));
        let mut sight =
            Sight { actor: self.reader.actor(), involvement: &involvement, states: PastStates::default() };
        let mut done = None;
        let mut rest = candidates.as_slice();
        let mut left = room;
        while !rest.is_empty() && left > 0 {
            let (batch, after) = rest.split_at(rest.len().min(BATCH));
            let mut current = self.current(batch).await?;
            self.load_past(&mut sight, batch, &current).await?;
            for (key, candidate) in batch {
                let at = times.get(&key.position).copied().unwrap_or_default();
                let entry = match current.remove(&key.id) {
                    Some(current) => visible_entry(current, *key, candidate, at),
                    None => removal(&sight, *key, candidate, at),
                };
                done = Some(*key);
                if let Some(entry) = entry {
                    let progress = Progress { position: from.position, within: Some((last, *key)) };
                    items.push((entry, self.cursor(progress)));
                    left -= 1;
                }
                if left == 0 {
                    break;
                }
            }
            rest = after;
        }
        let is_read = candidates.last().is_none_or(|(last, _)| done == Some(*last));
        Ok(match done.filter(|_| !is_read) {
            Some(key) => Progress { position: from.position, within: Some((last, key)) },
            None => Progress::at(last),
        })
    }

    fn is_asked_for(&self, kind: u8) -> bool {
        let table = tables().get(usize::from(kind));
        let asked = &self.query.resources;
        table.is_some_and(|table| {
            (asked.is_empty() || asked.iter().any(|name| name.as_str() == table.name()))
                && table.is_read_by(self.reader.actor())
        })
    }

    /// Reads the resources as the caller sees them now, by id.
    async fn current(&self, batch: &[(EntryKey, Candidate)]) -> Result<HashMap<Uuid, CurrentState>, Error> {
        let mut found = HashMap::with_capacity(batch.len());
        for (kind, table) in (0_u8..).zip(tables()) {
            let of_kind = batch.iter().filter(|(key, _)| key.kind == kind);
            let ids: Vec<Uuid> = of_kind.map(|(key, _)| key.id).collect();
            current::read(self.reader, table, &ids, self.query.with_state, &mut found).await?;
        }
        Ok(found)
    }

    /// Reads what the caller saw of those that it does not see now: before the first change of each, which nearly always
    /// tells it, and before the others if not.
    async fn load_past(
        &self,
        sight: &mut Sight<'_>,
        batch: &[(EntryKey, Candidate)],
        current: &HashMap<Uuid, CurrentState>,
    ) -> Result<(), Error> {
        let hidden: Vec<_> = batch.iter().filter(|(key, _)| !current.contains_key(&key.id)).collect();
        let first: Vec<PastKey> = hidden
            .iter()
            .filter_map(|(key, candidate)| Some((key.id, candidate.positions.iter().min()? - 1)))
            .collect();
        sight.load(self.tx(), &first).await?;
        let seen: HashSet<Uuid> =
            first.iter().filter(|key| sight.seen(**key).is_some()).map(|(id, _)| *id).collect();
        let unseen = hidden.iter().filter(|(key, _)| !seen.contains(&key.id));
        let others: Vec<PastKey> = unseen
            .flat_map(|(key, candidate)| candidate.positions.iter().map(|position| (key.id, position - 1)))
            .collect();
        sight.load(self.tx(), &others).await
    }

    /// The caller's own members, peers and sessions as they are now.
    async fn involvement(&self) -> Result<Involvement, Error> {
        let actor = self.reader.actor();
        let mut found = Involvement::default();
        if actor.is_staff() || actor.utilities.is_empty() {
            return Ok(found);
        }
        let own = Query::select()
            .column("id")
            .from("member")
            .and_where(Expr::col("utility_id").is_in(actor.utilities.iter().copied()))
            .take();
        let peers = Query::select()
            .expr_as(Expr::col("utility_id"), "id")
            .from("partnership_party")
            .and_where(Expr::col("owner_id").in_subquery(crate::partnership::taken_part_in(actor)))
            .and_where(Expr::col("utility_id").is_not_null())
            .take();
        let mut registered = crate::registration::taken_part_in(actor);
        registered.clear_selects().expr_as(Expr::col("session_id"), "id");
        for (select, ids) in
            [(own, &mut found.own_members), (peers, &mut found.peers), (registered, &mut found.registered)]
        {
            for row in self.tx().query_all(&select).await.map_err(failed)? {
                ids.insert(row.try_get("", "id").map_err(failed)?);
            }
        }
        Ok(found)
    }

    fn tx(&self) -> &Connection {
        self.reader.tx()
    }
}

/// The entry of a resource that the caller sees now.
fn visible_entry(
    current: CurrentState,
    key: EntryKey,
    candidate: &Candidate,
    at: DateTime<Utc>,
) -> Option<FeedEntry> {
    let action = match candidate.own.map(|(_, action)| action) {
        Some(ChangeAction::Created) => FeedAction::Created,
        // It was restored by a later change.
        Some(ChangeAction::Restored | ChangeAction::Deleted) => FeedAction::Restored,
        Some(ChangeAction::Transitioned) => FeedAction::Transitioned,
        Some(ChangeAction::Updated | ChangeAction::RefreshTokenReused) => FeedAction::Updated,
        None => FeedAction::Affected,
    };
    let CurrentState { parent_id, slug, version, json } = current;
    let resource = tables().get(usize::from(key.kind))?.name();
    Some(FeedEntry { at, resource, resource_id: key.id, parent_id, slug, action, version, state: json })
}

/// The entry of a resource that the caller does not see now; `None` if it did not see it before.
fn removal(sight: &Sight<'_>, key: EntryKey, candidate: &Candidate, at: DateTime<Utc>) -> Option<FeedEntry> {
    let resource = tables().get(usize::from(key.kind))?.name();
    let before = candidate.positions.iter().find_map(|position| sight.seen((key.id, position - 1)))?;
    let is_deleted = candidate.own.is_some_and(|(_, action)| action == ChangeAction::Deleted);
    Some(FeedEntry {
        at,
        resource,
        resource_id: key.id,
        parent_id: before.parent_id,
        slug: before.state.get("slug").and_then(serde_json::Value::as_str).map(str::to_owned),
        action: if is_deleted { FeedAction::Deleted } else { FeedAction::Hidden },
        version: before.version,
        state: None,
    })
}
