//! The statuses of a partnership.

use super::Partnership;
use crate::bilingual;
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// The status of a partnership.
    PartnershipStatus in "partnership-statuses" {
        /// proposed
        Idea = "idea" ("Idea", "Idee": "vorgeschlagen"),
        /// being prepared
        Preparation = "preparation" ("In preparation", "In Vorbereitung"),
        /// in progress
        Active = "active" ("Active", "Aktiv": "läuft"),
        /// on hold
        Suspended = "suspended" ("Suspended", "Ruhend": "ausgesetzt"),
        /// ended as planned
        Completed = "completed" ("Completed", "Abgeschlossen": "planmäßig beendet"),
        /// abandoned
        Cancelled = "cancelled" ("Cancelled", "Abgebrochen": "vorzeitig aufgegeben"),
    }
}

crate::states!(PartnershipStatus {
    Idea => [Preparation, Cancelled],
    Preparation => [Active, Cancelled],
    Active => [Suspended, Completed, Cancelled],
    Suspended => [Active, Completed, Cancelled],
    Completed => [Active],
    Cancelled => [],
});

impl Partnership {
    /// Returns whether the partnership is completed or cancelled.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status, Some(PartnershipStatus::Completed | PartnershipStatus::Cancelled))
    }

    /// Checks the requirements of a status: `active` needs a start, and `completed` needs an end. Imported past
    /// partnerships may lack them.
    pub(super) fn status_needs(&self, to: PartnershipStatus, violations: &mut Violations) {
        let needed = match to {
            PartnershipStatus::Active if self.start.is_none() => "start",
            PartnershipStatus::Completed if self.end.is_none() => "end",
            _ => return,
        };
        let detail = bilingual!(
            "`{needed}` is required to set the status to `{to}`.",
            "Eine Partnerschaft braucht `{needed}`, um `{to}` zu werden."
        );
        violations.member(format!("/{needed}"), "required", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::PartnershipStatus;
    use super::PartnershipStatus::{Active, Cancelled, Completed, Idea, Suspended};
    use crate::kernel::resource::lifecycle::State;

    #[test]
    fn all_but_completed_may_be_cancelled_and_nothing_leaves_cancelled() {
        for status in PartnershipStatus::ALL {
            let cancellable = status.next().contains(&Cancelled);
            assert_eq!(cancellable, !matches!(status, Completed | Cancelled), "{status}");
        }
        assert!(Cancelled.next().is_empty());
        assert!(
            Completed.next() == [Active]
                && Suspended.next().contains(&Completed)
                && !Idea.next().contains(&Active)
        );
    }
}
