//! Transitions: changes of the status.

use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::lifecycle::{State, allowed};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;

use super::pipeline::Accepted;
use crate::kernel::table::Table;
use crate::kernel::transaction::{Reader, Writer};

impl Writer<'_> {
    /// Changes the status of a resource.
    ///
    /// Errors: 401, 403, 404, 409 (the transition is not allowed, or data is missing for it), 412, 422.
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
            self.check_precondition(&before, precondition)?;
        }
        let from = before.data.status();
        if !allowed(from).contains(&to) {
            let words = allowed_transitions(self, &before, parent.as_ref()).map(State::word);
            return Err(not_allowed(from.map(State::word), Some(to.word()), words));
        }
        if self.actor().role.is_some_and(|role| !T::may_transition_to(role, to)) {
            return Err(self.actor().refusal());
        }
        if from.is_some_and(|from| T::needs_reason(from, to)) && reason.is_none() {
            let mut violations = Violations::default();
            let detail =
                bilingual!("This transition requires a reason.", "Dieser Übergang braucht einen Grund.");
            violations.member("/reason", "required", detail);
            return Err(Error::invalid(violations));
        }
        self.check_requirements(&before.data, to)?;
        let mut data = before.data.clone();
        data.set_status(to);
        self.write(Accepted::change(before, data, reason)).await
    }

    /// Checks by the rules of a transition whether a body may change the status. An unknown status may become
    /// any, as in a new row.
    ///
    /// Errors: 403, 409 (the transition is not allowed, or data is missing for it).
    pub(crate) fn check_transition<T: Table>(&self, before: &T, after: &T) -> Result<(), Error> {
        let Some(from) = before.status().filter(|from| Some(*from) != after.status()) else { return Ok(()) };
        self.check_allowed::<T>(Some(from), after.status())?;
        let Some(to) = after.status() else { return Ok(()) };
        if T::needs_reason(from, to) {
            let (from, to) = (from.word(), to.word());
            let detail = bilingual!(
                "The transition from `{from}` to `{to}` requires a reason, for which files have no column: \
                 use `POST …/transitions`.",
                "Von `{from}` zu `{to}` braucht einen Grund, für den eine Datei keine Spalte hat: Verwenden Sie \
                 `POST …/transitions`."
            );
            return Err(Error::new(Code::TransitionNeeds, detail).about("/status"));
        }
        self.check_requirements(after, to)
    }

    /// Checks the data that the status requires today.
    fn check_requirements<T: Table>(&self, data: &T, to: T::Status) -> Result<(), Error> {
        let mut violations = Violations::default();
        data.requirements_today(to, self.actor().today(), &mut violations);
        if violations.is_empty() {
            return Ok(());
        }
        let to = to.word();
        let detail = bilingual!(
            "The status `{to}` requires more data; see `errors`.",
            "`{to}` braucht mehr, als da ist; siehe `errors`."
        );
        Err(Error::with_violations(Code::TransitionNeeds, detail, violations))
    }

    /// Checks that the transition exists and the actor may perform it; a known status cannot become unknown.
    fn check_allowed<T: Table>(&self, from: Option<T::Status>, to: Option<T::Status>) -> Result<(), Error> {
        let allowed = allowed(from);
        match to {
            Some(to) if allowed.contains(&to) => match self.actor().role {
                Some(role) if !T::may_transition_to(role, to) => Err(self.actor().refusal().about("/status")),
                _ => Ok(()),
            },
            _ => Err(not_allowed(
                from.map(State::word),
                to.map(State::word),
                allowed.iter().map(|it| it.word()),
            )),
        }
    }
}

fn not_allowed(
    from: Option<&'static str>,
    to: Option<&'static str>,
    allowed: impl Iterator<Item = &'static str>,
) -> Error {
    let detail = match (from, to) {
        (Some(from), Some(to)) => {
            bilingual!(
                "The transition from `{from}` to `{to}` is not allowed.",
                "Von `{from}` führt kein Weg zu `{to}`."
            )
        }
        (None, Some(to)) => {
            bilingual!("The transition to `{to}` is not allowed.", "Zu `{to}` führt kein Weg.")
        }
        (_, None) => bilingual!(
            "A known status cannot become unknown.",
            "Ein Status, der bekannt ist, wird nicht unbekannt."
        ),
    };
    let allowed = Some(allowed.map(str::to_owned).collect());
    Error { allowed, ..Error::new(Code::TransitionNotAllowed, detail) }.about("/status")
}

/// Returns the statuses that the actor may change the resource to now.
pub fn allowed_transitions<T: Table>(
    reader: &Reader<'_>,
    stored: &Stored<T>,
    parent: Option<&T::Parent>,
) -> impl Iterator<Item = T::Status> {
    let actor = reader.actor();
    let role = actor.role.filter(|_| actor.require::<T>(Action::Transition).is_ok());
    let may = move |to: &T::Status| {
        role.is_some_and(|role| T::may_transition_to(role, *to))
            && stored.data.is_ready(parent, *to, actor.at)
    };
    allowed(stored.data.status()).iter().copied().filter(may)
}
