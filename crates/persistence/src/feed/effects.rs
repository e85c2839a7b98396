//! What a group of log rows changes for a caller: the resources themselves, and all others that show something of them,
//! are computed from them, or become visible or hidden with them.
//!
//! Whatever a representation or a visibility depends on has to be followed here. One effect too many repeats a state
//! that followers have already; one too few leaves them with an old one. Links are looked up as they are now: a link that
//! was removed since has a log row of its own, whose state before names it.

use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::value::Visibility;
use vku_domain::member::Member;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::programme::FundingProgramme;
use vku_domain::result::PartnershipResult;
use vku_domain::session::Session;
use vku_domain::topic::{SUPPORT, Topic};
use vku_domain::utility::Utility;

use super::candidates::Candidates;
use super::group::LoggedChange;
use super::links::{Links, Sources, add};
use super::past::Involvement;
use super::state::{own_participation, participants};
use crate::tables;

/// What others see of a resource to which they refer.
const SUMMARY: &[&str] = &["slug", "name", "title", "label", "kind", "country", "location", "visibility"];
/// What the parts of a resource show of it, or their visibility depends on.
const OF_PARENT: &[&str] = &[
    "slug",
    "name",
    "title",
    "visibility",
    "status",
    "participants",
    "organisers",
    "starts_on",
    "start_time",
    "time_zone",
    "utility",
];
/// What the relation of a partnership to others depends on.
const OF_PARTICIPATION: &[&str] = &["participants", "status", "visibility"];

/// Collects the effects of a group.
pub(super) struct Effects<'a> {
    pub(super) actor: &'a Actor,
    pub(super) links: Links<'a>,
    pub(super) found: Candidates,
    pub(super) involvement: Involvement,
}

impl Effects<'_> {
    /// Adds the resources of the group, and all that it affects.
    pub(super) async fn collect(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        for LoggedChange { change, .. } in group {
            self.found.add_own(&change.resource, change.resource_id, change.position, change.action);
        }
        self.parents(group);
        self.parts(group).await?;
        self.summaries(group).await?;
        self.partnerships(group).await?;
        self.utilities(group).await?;
        self.members(group).await?;
        self.contacts(group).await?;
        self.registrations(group).await?;
        self.siblings(group).await?;
        self.guests_and_topics(group).await?;
        self.interests(group).await
    }

    /// Partnerships show sums of their parts.
    fn parents(&mut self, group: &[LoggedChange]) {
        let mut found = Sources::new();
        for LoggedChange { change, .. } in group {
            let shown = [Funding::NAME, Activity::NAME, PartnershipResult::NAME, Document::NAME];
            if let Some(parent) = change.parent_id.filter(|_| shown.contains(&change.resource.as_str())) {
                add(&mut found, parent, [change.position]);
            }
        }
        self.found.add(Partnership::NAME, &found);
    }

    /// Parts show their parent, and are visible with it.
    async fn parts(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        for parent in [Partnership::NAME, Session::NAME, Member::NAME] {
            let changed = sources(group, parent, |it| it.changes(OF_PARENT));
            self.parts_of(parent, &changed).await?;
        }
        Ok(())
    }

    /// Adds the parts of these resources.
    pub(super) async fn parts_of(&mut self, parent: &'static str, of: &Sources) -> Result<(), Error> {
        for part in tables().iter().filter(|part| part.resource.parent == Some(parent)) {
            let found = self.links.rows(part.name(), &format!("{parent}_id"), of).await?;
            self.found.add(part.name(), &found);
        }
        Ok(())
    }

    /// Resources show the names of those to which they refer.
    async fn summaries(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        for target in [Utility::NAME, Organisation::NAME, FundingProgramme::NAME, Topic::NAME] {
            let renamed = sources(group, target, |it| it.before.is_some() && it.changes(SUMMARY));
            self.referring_to(target, &renamed).await?;
        }
        Ok(())
    }

    /// Adds the resources that refer to these.
    async fn referring_to(&mut self, target: &'static str, renamed: &Sources) -> Result<(), Error> {
        if renamed.is_empty() {
            return Ok(());
        }
        for table in tables() {
            let mut found = Sources::new();
            if table.has_parties && [Utility::NAME, Organisation::NAME].contains(&target) {
                found = self.links.owners(table, &format!("{target}_id"), renamed).await?;
            }
            for (key, _) in table.foreign_keys.iter().filter(|(_, resource)| *resource == target) {
                for (id, positions) in self.links.rows(table.name(), key, renamed).await? {
                    add(&mut found, id, positions);
                }
            }
            self.found.add(table.name(), &found);
            match table.name() {
                // A partnership names the programmes of its funding.
                Funding::NAME => {
                    let partnerships =
                        self.links.column(Funding::NAME, "partnership_id", "id", &found).await?;
                    self.found.add(Partnership::NAME, &partnerships);
                }
                // An agenda names its speakers, who may be parties.
                Guest::NAME => self.agenda_of("guest_id", &found).await?,
                // A member has the name of its utility.
                Member::NAME => {
                    self.parts_of(Member::NAME, &found).await?;
                    Box::pin(self.referring_to(Member::NAME, &found)).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Members show whether they have an active partnership, and participants see each other.
    async fn partnerships(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        let (mut participating, mut peers) = (Sources::new(), Sources::new());
        let of_partnerships = group.iter().filter(|it| it.change.resource == Partnership::NAME);
        for it in of_partnerships.filter(|it| it.changes(OF_PARTICIPATION)) {
            let takes_part = it.states().any(|state| own_participation(&state.state, self.actor));
            let is_seen = takes_part || it.states().any(|state| self.sees(state.visibility));
            for id in it.states().flat_map(|state| participants(&state.state)).filter(|_| is_seen) {
                add(&mut participating, id, [it.change.position]);
                if takes_part {
                    add(&mut peers, id, [it.change.position]);
                }
            }
            let before = it.before.iter().filter(|before| own_participation(&before.state, self.actor));
            self.involvement.peers.extend(before.flat_map(|before| participants(&before.state)));
        }
        let members = self.links.rows(Member::NAME, "utility_id", &participating).await?;
        self.found.add(Member::NAME, &members);
        if !self.actor.is_staff() {
            self.found.add(Utility::NAME, &peers);
            self.visibility_of_utilities(&peers).await?;
        }
        Ok(())
    }

    /// Members are visible with their utilities.
    async fn utilities(&mut self, group: &[LoggedChange]) -> Result<(), Error> {
        if self.actor.is_staff() {
            return Ok(());
        }
        let turned = sources(group, Utility::NAME, |it| {
            let seen = it.states().map(|state| self.sees(state.visibility)).collect::<Vec<_>>();
            it.changes(&["visibility"]) && seen.contains(&true)
        });
        self.visibility_of_utilities(&turned).await
    }

    async fn visibility_of_utilities(&mut self, utilities: &Sources) -> Result<(), Error> {
        let members = self.links.rows(Member::NAME, "utility_id", utilities).await?;
        self.found.add(Member::NAME, &members);
        self.parts_of(Member::NAME, &members).await?;
        self.topics_of(&members).await
    }

    /// Topics are visible with the member that proposes them, count the supporters, and are in agendas.
    pub(super) async fn topics_of(&mut self, members: &Sources) -> Result<(), Error> {
        let mut topics = self.links.rows(Topic::NAME, "proposed_by_id", members).await?;
        for (id, positions) in self.links.column(SUPPORT, "topic_id", "member_id", members).await? {
            add(&mut topics, id, positions);
        }
        self.found.add(Topic::NAME, &topics);
        self.agenda_of("topic_id", &topics).await
    }

    pub(super) async fn agenda_of(&mut self, key: &'static str, of: &Sources) -> Result<(), Error> {
        let items = self.links.rows(AgendaItem::NAME, key, of).await?;
        self.found.add(AgendaItem::NAME, &items);
        Ok(())
    }

    fn sees(&self, visibility: Visibility) -> bool {
        self.actor.visible_levels().contains(&visibility)
    }
}

/// The resources of a type that changed in a certain way.
pub(super) fn sources(
    group: &[LoggedChange],
    kind: &str,
    matches: impl Fn(&LoggedChange) -> bool,
) -> Sources {
    let mut found = Sources::new();
    for it in group.iter().filter(|it| it.change.resource == kind && matches(it)) {
        add(&mut found, it.change.resource_id, [it.change.position]);
    }
    found
}
