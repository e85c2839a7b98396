//! What a write of a session checks and changes in its agenda, its guests and its registrations.

use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::violation::Violations;
use vku_domain::session::{Session, SessionStatus};

use super::consistency;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::transaction::Writer;
use crate::registration::{seat_counts, waiting_list};

impl WriteHooks<Self> for Session {
    /// Checks what the status requires now: a missing value is a conflict in a transition, and a violation in
    /// a body.
    async fn before_write(
        writer: &Writer<'_>,
        _parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let mut violations = Violations::default();
        let entered = before.is_none_or(|before| before.data.status != after.status);
        if let Some(status) = after.status
            && (entered || status == SessionStatus::Published)
        {
            after.requirements_at(status, writer.written_at(), &mut violations);
        }
        if violations.is_empty() {
            return match before {
                Some(before) => consistency::check_consistency(writer, before, after).await,
                None => Ok(()),
            };
        }
        if before.is_none() || !entered || writer.writing().origin == InputSource::Import {
            return Err(Error::invalid(violations));
        }
        let detail = bilingual!(
            "This status requires more data; see `errors`.",
            "Dieser Status braucht mehr, als da ist; siehe `errors`."
        );
        Err(Error::with_violations(Code::TransitionNeeds, detail, violations))
    }

    /// Gives new seats to waiting registrations, and e-mails a change of time, place or format, or the
    /// cancellation, to everybody affected.
    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let published = |it: &Stored<Self>| it.data.status == Some(SessionStatus::Published);
        let cancelled = after.data.status == Some(SessionStatus::Cancelled);
        match before {
            Some(_) if after.deleted_at.is_some() => match cancelled {
                true => Ok(()),
                false => seat_counts::check_nobody_registered(writer, after.id).await,
            },
            Some(before) if published(before) && cancelled => {
                waiting_list::session_cancelled(writer, after).await
            }
            Some(before) if published(after) => {
                waiting_list::session_changed(writer, published(before).then_some(before), after.id).await
            }
            _ => Ok(()),
        }
    }
}
