//! The statuses of a registration.

crate::string_enum! {
    /// Whether a person has a seat, and whether the person attended.
    RegistrationStatus in "registration-statuses" {
        /// has a seat
        Registered = "registered" ("Registered", "Angemeldet": "hat einen Platz"),
        /// is on the waiting list
        Waitlisted = "waitlisted" ("On the waiting list", "Auf der Warteliste"),
        /// has cancelled
        Cancelled = "cancelled" ("Cancelled", "Abgemeldet"),
        /// attended
        Attended = "attended" ("Attended", "Teilgenommen"),
        /// had a seat and did not attend
        NoShow = "no_show" ("No-show", "Nicht erschienen": "hatte einen Platz und hat nicht teilgenommen"),
    }
}

// There is no transition from the waiting list to a seat: when a seat becomes free, the person who has waited longest
// moves up. People on the waiting list can be recorded as attended, in case they came nonetheless.
crate::states!(RegistrationStatus {
    Registered => [Cancelled, Attended, NoShow],
    Waitlisted => [Cancelled, Attended],
    Cancelled => [],
    Attended => [NoShow],
    NoShow => [Attended],
});

impl RegistrationStatus {
    /// The statuses in which the person has, or had, a seat.
    pub const SEATED: &'static [Self] = &[Self::Registered, Self::Attended, Self::NoShow];

    /// Returns whether the person has, or had, a seat.
    pub fn is_seated(self) -> bool {
        Self::SEATED.contains(&self)
    }

    /// Returns whether this status can only be known once the session has begun.
    pub fn is_marked(self) -> bool {
        matches!(self, Self::Attended | Self::NoShow)
    }
}
