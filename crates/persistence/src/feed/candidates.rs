//! The resources that a group of log rows may have changed for a caller.

use std::collections::BTreeMap;

use uuid::Uuid;
use vku_domain::kernel::change_log::ChangeAction;

use super::links::Sources;
use super::token::EntryKey;
use crate::tables;

/// A resource that may look different, or be visible or hidden, after the group.
#[derive(Default)]
pub(super) struct Candidate {
    /// The positions of the log rows that affect it.
    pub(super) positions: Vec<i64>,
    /// The last action on the resource itself, with its position.
    pub(super) own: Option<(i64, ChangeAction)>,
}

/// All candidates of a group, by type and id.
#[derive(Default)]
pub(super) struct Candidates(BTreeMap<(u8, Uuid), Candidate>);

impl Candidates {
    /// Adds a change of a resource itself.
    pub(super) fn add_own(&mut self, kind: &str, id: Uuid, position: i64, action: ChangeAction) {
        if let Some(candidate) = self.get(kind, id) {
            candidate.positions.push(position);
            candidate.own = Some((position, action));
        }
    }

    /// Adds resources that are affected by changes of others.
    pub(super) fn add(&mut self, kind: &str, affected: &Sources) {
        for (id, positions) in affected {
            if let Some(candidate) = self.get(kind, *id) {
                candidate.positions.extend(positions);
            }
        }
    }

    fn get(&mut self, kind: &str, id: Uuid) -> Option<&mut Candidate> {
        let index = tables().iter().position(|table| table.name() == kind)?;
        Some(self.0.entry((u8::try_from(index).ok()?, id)).or_default())
    }

    /// Returns the candidates in the order of the log, after one of them.
    pub(super) fn in_order(self, after: Option<EntryKey>) -> Vec<(EntryKey, Candidate)> {
        let keyed = self.0.into_iter().filter_map(|((kind, id), candidate)| {
            let position = *candidate.positions.iter().max()?;
            Some((EntryKey { position, kind, id }, candidate))
        });
        let mut all: Vec<_> = keyed.filter(|(key, _)| after.is_none_or(|after| *key > after)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}
