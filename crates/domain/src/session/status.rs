//! The statuses of a session.

use chrono::{DateTime, Utc};

use super::Session;
use crate::bilingual;
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// The status of a session.
    SessionStatus in "session-statuses" {
        /// being planned; visible to the coordination office only
        Draft = "draft" ("Draft", "Entwurf": "in Planung; nur für die Koordinierungsstelle sichtbar"),
        /// announced
        Published = "published" ("Published", "Veröffentlicht": "angekündigt"),
        /// has taken place
        Held = "held" ("Held", "Stattgefunden"),
        /// will not take place
        Cancelled = "cancelled" ("Cancelled", "Abgesagt": "findet nicht statt"),
    }
}

crate::states!(SessionStatus {
    Draft => [Published],
    Published => [Held, Cancelled],
    Held => [],
    Cancelled => [],
});

impl SessionStatus {
    /// The statuses in which others than the coordination office can see the session.
    pub const PUBLISHED_OR_LATER: &'static [Self] = &[Self::Published, Self::Held, Self::Cancelled];
}

impl Session {
    /// Returns whether others than the coordination office can see the session.
    pub fn was_published(&self) -> bool {
        self.status.is_some_and(|status| SessionStatus::PUBLISHED_OR_LATER.contains(&status))
    }

    /// Checks the requirements of a status at an instant: a session that is not over needs times and a format to be
    /// published, and only a session that has begun can be held. Past sessions may lack data that nobody knows any
    /// more.
    pub fn requirements_at(&self, to: SessionStatus, now: DateTime<Utc>, violations: &mut Violations) {
        match to {
            SessionStatus::Published if now < self.ends_by() => {
                let missing = [
                    ("start_time", self.start_time.is_none()),
                    ("end_time", self.end_time.is_none()),
                    ("format", self.format.is_none()),
                ];
                for (member, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                    let detail = bilingual!(
                        "`{member}` is required to publish a future session.",
                        "Eine künftige Sitzung braucht `{member}`, um veröffentlicht zu werden."
                    );
                    violations.member(format!("/{member}"), "required", detail);
                }
            }
            SessionStatus::Held if now < self.begins_at() => {
                let begins = crate::kernel::clock::instant(self.begins_at());
                let detail = bilingual!(
                    "The session has not begun yet: it begins at {begins}.",
                    "Sie hat noch nicht begonnen: Sie beginnt um {begins}."
                );
                violations.member("/starts_on", "not_begun", detail);
            }
            _ => {}
        }
    }
}
