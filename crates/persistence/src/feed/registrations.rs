//! The effects of registrations on their sessions.

use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::change_log::Change;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::registration::{Registration, RegistrationStatus};
use vku_domain::session::Session;

use super::effects::Effects;
use super::group::LoggedChange;
use super::links::{Sources, add};
use super::state::{id_of, text_of};

/// What the seats of a session are counted by.
const SEATS: &[&str] = &["status", "attendance", "member", "contact"];

impl Effects<'_> {
    /// Sessions count their registrations, and whoever is registered sees the session.
    pub(super) async fn registrations(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        let (mut counted, mut own, mut waiting) = (Sources::new(), Sources::new(), Sources::new());
        for it in group.iter().filter(|it| it.change.resource == Registration::NAME) {
            let Some(session) = it.change.parent_id else { continue };
            let is_own = it.states().any(|state| self.is_own(state));
            if is_own {
                add(&mut own, session, [it.change.position]);
            }
            if is_own || it.changes(SEATS) {
                add(&mut counted, session, [it.change.position]);
            }
            let left = it.before.as_ref().filter(|_| it.changes(SEATS));
            if left.is_some_and(waits) {
                add(&mut waiting, session, [it.change.position]);
            }
            if it.before.as_ref().is_some_and(|before| self.is_own(before) && is_active(before)) {
                self.involvement.registered.insert(session);
            }
        }
        self.waiting_in(&waiting).await?;
        let sessions = match sees_counts(self.actor) {
            true => counted,
            // Others only see whether there are seats: they must not learn from an entry that somebody has registered.
            false => {
                let mut shown = self.links.filled_or_freed(&counted).await?;
                own.iter().for_each(|(id, positions)| add(&mut shown, *id, positions.iter().copied()));
                shown
            }
        };
        self.found.add(Session::NAME, &sessions);
        match self.actor.is_staff() {
            true => Ok(()),
            false => self.parts_of(Session::NAME, &own).await,
        }
    }

    fn is_own(&self, change: &Change) -> bool {
        id_of(&change.state, "member").is_some_and(|id| self.involvement.own_members.contains(&id))
    }
}

fn sees_counts(actor: &Actor) -> bool {
    actor.is_staff() || actor.role == Some(Role::Reader)
}

fn is_active(change: &Change) -> bool {
    let status = text_of(&change.state, "status");
    status.is_some_and(|status| status != RegistrationStatus::Cancelled.as_str())
}

fn waits(change: &Change) -> bool {
    text_of(&change.state, "status") == Some(RegistrationStatus::Waitlisted.as_str())
}
