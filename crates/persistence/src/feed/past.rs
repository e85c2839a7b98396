//! What the caller saw of resources at earlier positions of the log: only what it saw before is reported as gone.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::guest::{Guest, GuestStatus};
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::change_log::{Change, ChangeAction};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::value::Visibility;
use vku_domain::member::{Member, MemberStatus};
use vku_domain::minutes::{Minutes, MinutesStatus};
use vku_domain::partnership::Partnership;
use vku_domain::registration::Registration;
use vku_domain::result::PartnershipResult;
use vku_domain::session::{Session, SessionStatus};
use vku_domain::topic::Topic;
use vku_domain::user::User;
use vku_domain::utility::Utility;

use super::state::{id_of, own_participation, parties, text_of};
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::transaction::change_log::row;
use crate::kernel::transaction::connection::Connection;
use crate::table;

/// How many ids or positions one statement asks for.
const CHUNK: usize = 1_000;

/// A resource, and the position in the log up to which its state is asked for.
pub(super) type PastKey = (Uuid, i64);

/// The last log row of each resource up to a position; absent if there is none.
#[derive(Default)]
pub(super) struct PastStates(HashMap<PastKey, Change>);

impl PastStates {
    /// Reads the states that are not known yet.
    pub(super) async fn load(
        &mut self,
        tx: &Connection,
        keys: impl IntoIterator<Item = PastKey>,
    ) -> Result<(), Error> {
        let wanted: HashSet<PastKey> = keys.into_iter().filter(|key| !self.0.contains_key(key)).collect();
        let Some(end) = wanted.iter().map(|(_, position)| *position).max() else { return Ok(()) };
        let ids: HashSet<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut positions: HashMap<Uuid, Vec<i64>> = HashMap::new();
        for chunk in ids.chunks(CHUNK) {
            let select = Query::select()
                .columns(["resource_id", "position"])
                .from("change")
                .and_where(Expr::col("resource_id").is_in(padded_ids(chunk)))
                .and_where(Expr::col("position").lte(end))
                .take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                let id: Uuid = row.try_get("", "resource_id").map_err(failed)?;
                positions.entry(id).or_default().push(row.try_get("", "position").map_err(failed)?);
            }
        }
        let mut found: HashMap<i64, Vec<PastKey>> = HashMap::new();
        for key in wanted {
            let of_id = positions.get(&key.0).into_iter().flatten();
            if let Some(last) = of_id.filter(|position| **position <= key.1).max() {
                found.entry(*last).or_default().push(key);
            }
        }
        let all: Vec<i64> = found.keys().copied().collect();
        for chunk in all.chunks(CHUNK) {
            let select = row::Entity::find().filter(row::Column::Position.is_in(chunk.iter().copied()));
            for row in select.all(tx).await.map_err(failed)? {
                let change = row.into_change()?;
                for key in found.get(&change.position).into_iter().flatten() {
                    self.0.insert(*key, change.clone());
                }
            }
        }
        Ok(())
    }

    /// Returns the last row, if there is one.
    pub(super) fn last(&self, key: PastKey) -> Option<&Change> {
        self.0.get(&key)
    }

    /// Returns the state, if the resource existed and was not deleted.
    pub(super) fn live(&self, key: PastKey) -> Option<&Change> {
        self.0.get(&key).filter(|change| change.action != ChangeAction::Deleted)
    }
}

/// What else decides about the visibility of a resource for the caller.
#[derive(Default)]
pub(super) struct Involvement {
    /// The members whose utility the caller is bound to, also deleted ones.
    pub(super) own_members: HashSet<Uuid>,
    /// The utilities that take part in a partnership with the caller's utilities, or did before a change of the group.
    pub(super) peers: HashSet<Uuid>,
    /// The sessions for which the caller's people are registered, or were before a change of the group.
    pub(super) registered: HashSet<Uuid>,
}

/// What the caller saw at some positions.
pub(super) struct Sight<'a> {
    pub(super) actor: &'a Actor,
    pub(super) involvement: &'a Involvement,
    pub(super) states: PastStates,
}

impl Sight<'_> {
    /// Reads the states of these resources, and of those on which their visibility depends.
    pub(super) async fn load(&mut self, tx: &Connection, keys: &[PastKey]) -> Result<(), Error> {
        let mut next: Vec<PastKey> = keys.to_vec();
        // A contact depends on its member, and that on its utility.
        for _ in 0..3 {
            self.states.load(tx, next.iter().copied()).await?;
            let contexts = next.iter().filter_map(|key| context_of(self.states.live(*key)?, key.1));
            next = contexts.collect();
        }
        Ok(())
    }

    /// Returns what the caller saw of a resource, if it saw it.
    pub(super) fn seen(&self, key: PastKey) -> Option<&Change> {
        let change = self.states.live(key)?;
        let is_read = table(&change.resource).is_some_and(|table| table.is_read_by(self.actor));
        (is_read && self.sees(change, key.1)).then_some(change)
    }

    /// Whether the caller saw this state; the same as `Table::visible_to` of each resource.
    fn sees(&self, change: &Change, at: i64) -> bool {
        let (actor, state) = (self.actor, &change.state);
        let context = || context_of(change, at).is_some_and(|key| self.seen_context(key));
        if actor.is_staff() {
            return match change.resource.as_str() {
                User::NAME => actor.role == Some(Role::Admin),
                _ if change.parent_id.is_some() => context(),
                _ => true,
            };
        }
        let level = |visibility: Visibility| actor.visible_levels().contains(&visibility);
        let status = text_of(state, "status");
        match change.resource.as_str() {
            Utility::NAME => {
                let id = change.resource_id;
                level(change.visibility) || actor.owns(id) || self.involvement.peers.contains(&id)
            }
            Partnership::NAME => level(change.visibility) || own_participation(state, actor),
            Session::NAME => {
                let is_shown =
                    SessionStatus::PUBLISHED_OR_LATER.iter().any(|shown| status == Some(shown.as_str()));
                let organises = parties(state, "organisers").any(|id| actor.owns(id));
                let is_registered = self.involvement.registered.contains(&change.resource_id);
                is_shown && (level(change.visibility) || organises || is_registered)
            }
            Member::NAME => {
                let is_active = status == Some(MemberStatus::Active.as_str());
                (is_active || actor.role != Some(Role::Partner)) && context()
            }
            Contact::NAME => {
                let is_own = change.parent_id.is_some_and(|id| self.involvement.own_members.contains(&id));
                let consents = state.get("consents").and_then(|consents| consents.get("directory"));
                (is_own || (consents.is_some() && self.takes_part(change.parent_id, at))) && context()
            }
            Guest::NAME => status == Some(GuestStatus::Confirmed.as_str()) && context(),
            Minutes::NAME => status == Some(MinutesStatus::Published.as_str()) && context(),
            Registration::NAME => {
                id_of(state, "member").is_some_and(|id| self.involvement.own_members.contains(&id))
                    && context()
            }
            Topic::NAME | Funding::NAME | Activity::NAME | PartnershipResult::NAME => context(),
            Document::NAME | AgendaItem::NAME => context(),
            InterestRegistration::NAME | User::NAME => false,
            _ => true,
        }
    }

    fn takes_part(&self, member: Option<Uuid>, at: i64) -> bool {
        let member = member.and_then(|id| self.states.live((id, at)));
        member.is_some_and(|it| text_of(&it.state, "status") != Some(MemberStatus::Left.as_str()))
    }

    /// Whether the caller saw what the visibility of another resource depends on.
    fn seen_context(&self, key: PastKey) -> bool {
        self.states.live(key).is_some_and(|change| self.sees(change, key.1))
    }
}

/// The resource on whose visibility that of another one depends.
fn context_of(change: &Change, at: i64) -> Option<PastKey> {
    let state: &Value = &change.state;
    let id = match change.resource.as_str() {
        Member::NAME => id_of(state, "utility"),
        Topic::NAME => id_of(state, "proposed_by"),
        _ => change.parent_id,
    };
    id.map(|id| (id, at))
}
