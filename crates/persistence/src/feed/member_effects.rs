//! The effects of members and their contacts, of topics, and of the parts of sessions.

use std::collections::HashSet;

use uuid::Uuid;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::guest::{Guest, GuestStatus};
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::change_log::Change;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::member::Member;
use vku_domain::minutes::Minutes;
use vku_domain::registration::Registration;
use vku_domain::session::Session;
use vku_domain::topic::{SUPPORT, Topic};
use vku_domain::utility::Utility;

use super::effects::{Effects, sources};
use super::group::LoggedChange;
use super::links::{Sources, add};
use super::state::{id_of, text_of};
use crate::table;

impl Effects<'_> {
    /// What depends on whether a member takes part, and to which utility it belongs.
    pub(super) async fn members(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        let changed = sources(group, Member::NAME, |it| it.changes(&["status", "utility"]));
        let registrations = self.links.rows(Registration::NAME, "member_id", &changed).await?;
        self.found.add(Registration::NAME, &registrations);
        let sessions = self.links.column(Registration::NAME, "session_id", "member_id", &changed).await?;
        self.waiting_in(&sessions).await?;
        let own = self.involvement.own_members.clone();
        let own: Sources = changed.clone().into_iter().filter(|(id, _)| own.contains(id)).collect();
        if !own.is_empty() {
            let sessions = self.links.column(Registration::NAME, "session_id", "member_id", &own).await?;
            self.found.add(Session::NAME, &sessions);
            self.parts_of(Session::NAME, &sessions).await?;
        }
        // A member whose utility the caller does not see changes no topic for it.
        let utility = |state: &Change| id_of(&state.state, "utility");
        let of_members = group.iter().filter(|it| it.change.resource == Member::NAME);
        let utilities = of_members.flat_map(LoggedChange::states).filter_map(utility).collect();
        let seen = self.links.visible(table(Utility::NAME), self.actor, &utilities).await?;
        let changed = sources(group, Member::NAME, |it| {
            it.changes(&["status", "utility"]) && it.states().filter_map(utility).any(|id| seen.contains(&id))
        });
        self.topics_of(&changed).await
    }

    /// A registration shows the person of its contact.
    pub(super) async fn contacts(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        let changed = sources(group, Contact::NAME, |_| true);
        let registrations = self.links.rows(Registration::NAME, "contact_id", &changed).await?;
        self.found.add(Registration::NAME, &registrations);
        let gone = sources(group, Contact::NAME, LoggedChange::is_lifecycle);
        let sessions = self.links.column(Registration::NAME, "session_id", "contact_id", &gone).await?;
        self.waiting_in(&sessions).await
    }

    /// The positions on the waiting lists of these sessions.
    pub(super) async fn waiting_in(&mut self, sessions: &Sources) -> Result<(), Error> {
        let waiting = self.links.waiting(sessions).await?;
        self.found.add(Registration::NAME, &waiting);
        Ok(())
    }

    /// Agenda items have their times from those before them, and minutes their number.
    pub(super) async fn siblings(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        for kind in [AgendaItem::NAME, Minutes::NAME] {
            let mut sessions = Sources::new();
            let of_kind = group.iter().filter(|it| it.change.resource == kind);
            for it in of_kind.filter(|it| kind == AgendaItem::NAME || it.is_lifecycle()) {
                // New minutes are the last ones.
                let is_last = kind == Minutes::NAME && it.before.is_none() && !self.actor.is_staff();
                if let Some(session) = it.change.parent_id.filter(|_| !is_last) {
                    add(&mut sessions, session, [it.change.position]);
                }
            }
            let found = self.links.rows(kind, "session_id", &sessions).await?;
            self.found.add(kind, &found);
        }
        Ok(())
    }

    /// Agendas show speakers and topics as far as the caller sees them, and topics count their supporters.
    pub(super) async fn guests_and_topics(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        let staff = self.actor.is_staff();
        let confirmed = |status: Option<&str>| status == Some(GuestStatus::Confirmed.as_str());
        let guests = sources(group, Guest::NAME, |it| {
            staff || it.states().any(|state| confirmed(text_of(&state.state, "status")))
        });
        self.agenda_of("guest_id", &guests).await?;
        let topics = sources(group, Topic::NAME, |it| it.changes(&["proposed_by"]));
        self.agenda_of("topic_id", &topics).await?;
        let supporting = group.iter().filter(|it| it.change.resource == SUPPORT);
        let members: HashSet<Uuid> =
            supporting.clone().filter_map(|it| id_of(&it.change.state, "member")).collect();
        let seen = self.links.visible(table(Member::NAME), self.actor, &members).await?;
        let mut topics = Sources::new();
        for it in supporting {
            let member = id_of(&it.change.state, "member").filter(|id| seen.contains(id));
            if let (Some(topic), Some(_)) = (it.change.parent_id, member) {
                add(&mut topics, topic, [it.change.position]);
            }
        }
        self.found.add(Topic::NAME, &topics);
        Ok(())
    }

    /// Interest registrations show likely duplicates.
    pub(super) async fn interests(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        if !self.actor.is_staff() {
            return Ok(());
        }
        let may_be_alike = group.iter().filter(|it| match it.change.resource.as_str() {
            Utility::NAME => it.changes(&["name", "slug", "city", "location", "former_names"]),
            Member::NAME => it.is_lifecycle(),
            Contact::NAME | InterestRegistration::NAME => true,
            _ => false,
        });
        let positions: Vec<i64> = may_be_alike.map(|it| it.change.position).collect();
        let all = self.links.all(InterestRegistration::NAME, &positions).await?;
        self.found.add(InterestRegistration::NAME, &all);
        Ok(())
    }
}
