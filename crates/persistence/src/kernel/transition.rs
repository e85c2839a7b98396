//! Transitions: the one way in which a status changes.

use vku_domain::change::ChangeAction;
use vku_domain::kernel::access::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::state::{State, allowed};
use vku_domain::kernel::tag::Precondition;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;
use vku_domain::say;

use super::save::{parent_of, passage};
use super::store::{Reader, Writer};
use super::table::Table;

impl Writer<'_> {
    /// Leads one into another status.
    ///
    /// Errors: 401, 403, 404, 409 (no such way, or something is missing for it), 412, 422.
    pub async fn transition<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
        to: T::Status,
        reason: Option<Text>,
    ) -> Result<Stored<T>, Error> {
        let (before, parent) = self.open::<T>(Action::Transition, key, parent, false).await?;
        if *precondition != Precondition::Missing {
            self.check(&before, precondition)?;
        }
        let from = before.data.status();
        if !allowed(from).contains(&to) {
            let words = ways(self, &before, parent.as_ref()).map(|state| state.word().to_owned()).collect();
            let to = to.word();
            let detail = match from.map(State::word) {
                Some(from) => {
                    say!("From `{from}` there is no way to `{to}`.", "Von `{from}` führt kein Weg zu `{to}`.")
                }
                None => say!("There is no way to `{to}`.", "Zu `{to}` führt kein Weg."),
            };
            return Err(Error { allowed: Some(words), ..Error::new(Code::TransitionNotAllowed, detail) });
        }
        if self.actor().role.is_some_and(|role| !T::may_enter(role, to)) {
            return Err(Error::refused(self.actor()));
        }
        let mut violations = Violations::default();
        if from.is_some_and(|from| T::needs_reason(from, to)) && reason.is_none() {
            let detail = say!("This transition needs a reason.", "Dieser Übergang braucht einen Grund.");
            violations.member("/reason", "required", detail);
            return Err(Error::invalid(violations));
        }
        before.data.needs_today(to, self.actor().today(), &mut violations);
        if !violations.is_empty() {
            let to = to.word();
            let detail = say!(
                "`{to}` needs more than there is; see `errors`.",
                "`{to}` braucht mehr, als da ist; siehe `errors`."
            );
            return Err(Error::with_violations(Code::TransitionNeeds, detail, violations));
        }
        let mut data = before.data.clone();
        data.set_status(to);
        T::admit(self, parent_of(&before), Some(&before), &mut data).await?;
        let passage = passage(&before.data, &data, reason);
        let saved = self.replace(before.clone(), data).await?;
        let after = saved.noted(self, ChangeAction::Transitioned, passage).await?;
        self.followed(Some(&before), after).await
    }
}

/// The statuses that the actor may lead it into now.
pub fn ways<T: Table>(
    reader: &Reader<'_>,
    stored: &Stored<T>,
    parent: Option<&T::Parent>,
) -> impl Iterator<Item = T::Status> {
    let actor = reader.actor();
    let role = actor.role.filter(|_| actor.gate::<T>(Action::Transition).is_ok());
    let may = move |to: &T::Status| {
        role.is_some_and(|role| T::may_enter(role, *to)) && stored.data.is_ready(parent, *to, actor.at)
    };
    allowed(stored.data.status()).iter().copied().filter(may)
}
