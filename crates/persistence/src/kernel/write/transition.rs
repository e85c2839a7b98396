//! Transitions: changes of the status.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::any::{AnyResource, AnyStored, ResourceInfo};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;

use super::pipeline::Accepted;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::{Reader, Writer};

impl Writer<'_> {
    /// Changes the status of a resource.
    ///
    /// Errors: 401, 403, 404, 409 (the transition is not allowed, or data is missing for it), 412, 422.
    pub(crate) fn transition_any<'a>(
        &'a mut self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
        precondition: &'a Precondition,
        to: &'static str,
        reason: Option<Text>,
    ) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
        async move {
            let (before, parent) = self.open_any(table, Action::Transition, key, parent, false).await?;
            if *precondition != Precondition::Missing {
                self.check_precondition(&*before, precondition)?;
            }
            let (resource, from) = (table.resource, before.data().status());
            if !(resource.allowed_statuses)(from).contains(&to) {
                let allowed = allowed_transitions(self, &*before, parent.as_deref());
                return Err(not_allowed(from, Some(to), allowed));
            }
            if self.actor().role.is_some_and(|role| !(resource.may_transition_to)(role, to)) {
                return Err(self.actor().refusal());
            }
            if from.is_some_and(|from| (resource.needs_reason)(from, to)) && reason.is_none() {
                let detail =
                    bilingual!("This transition requires a reason.", "Dieser Übergang braucht einen Grund.");
                return Err(Error::invalid_at("/reason", "required", detail));
            }
            self.check_requirements(before.data(), to)?;
            let mut data = before.data().boxed();
            data.set_status(to);
            self.write(Accepted::change(table, before, data, reason)).await
        }
        .boxed_local()
    }

    /// Checks by the rules of a transition whether a body may change the status. An unknown status may become
    /// any, as in a new row.
    ///
    /// Errors: 403, 409 (the transition is not allowed, or data is missing for it).
    pub(crate) fn check_transition(
        &self,
        before: &dyn AnyResource,
        after: &dyn AnyResource,
    ) -> Result<(), Error> {
        let (resource, to) = (after.info(), after.status());
        let Some(from) = before.status().filter(|from| Some(*from) != to) else { return Ok(()) };
        self.check_allowed(resource, from, to)?;
        let Some(to) = to else { return Ok(()) };
        if (resource.needs_reason)(from, to) {
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
    fn check_requirements(&self, data: &dyn AnyResource, to: &'static str) -> Result<(), Error> {
        let mut violations = Violations::default();
        data.requirements_today(to, self.actor().today(), &mut violations);
        if violations.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "The status `{to}` requires more data; see `errors`.",
            "`{to}` braucht mehr, als da ist; siehe `errors`."
        );
        Err(Error::with_violations(Code::TransitionNeeds, detail, violations))
    }

    /// Checks that the transition exists and the actor may perform it; a known status cannot become unknown.
    fn check_allowed(
        &self,
        resource: &ResourceInfo,
        from: &'static str,
        to: Option<&'static str>,
    ) -> Result<(), Error> {
        let allowed = (resource.allowed_statuses)(Some(from));
        match to {
            Some(to) if allowed.contains(&to) => match self.actor().role {
                Some(role) if !(resource.may_transition_to)(role, to) => {
                    Err(self.actor().refusal().about("/status"))
                }
                _ => Ok(()),
            },
            _ => Err(not_allowed(Some(from), to, allowed)),
        }
    }
}

fn not_allowed(from: Option<&'static str>, to: Option<&'static str>, allowed: Vec<&'static str>) -> Error {
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
    let allowed = Some(allowed.into_iter().map(str::to_owned).collect());
    Error { allowed, ..Error::new(Code::TransitionNotAllowed, detail) }.about("/status")
}

/// Returns the statuses that the actor may change the resource to now.
pub(crate) fn allowed_transitions(
    reader: &Reader<'_>,
    stored: &dyn AnyStored,
    parent: Option<&dyn AnyStored>,
) -> Vec<&'static str> {
    let (actor, resource, data) = (reader.actor(), stored.info(), stored.data());
    let role = actor.role.filter(|_| actor.require(resource, Action::Transition).is_ok());
    let parent = parent.map(|parent| parent.data());
    let mut allowed = (resource.allowed_statuses)(data.status());
    allowed.retain(|to| {
        role.is_some_and(|role| (resource.may_transition_to)(role, to)) && data.is_ready(parent, to, actor.at)
    });
    allowed
}
