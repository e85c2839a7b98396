//! The life of a registration.

crate::string_enum! {
    /// Whether a person has a seat, and whether the person attended.
    RegistrationStatus {
        /// has a seat
        Registered = "registered",
        /// is on the waiting list
        Waitlisted = "waitlisted",
        /// has cancelled
        Cancelled = "cancelled",
        /// attended
        Attended = "attended",
        /// had a seat and did not attend
        NoShow = "no_show",
    }
}

// From the waiting list to a seat leads no transition: the longest-waiting one moves up when there is one. Who came
// nonetheless is noted.
crate::states!(RegistrationStatus {
    Registered => [Cancelled, Attended, NoShow],
    Waitlisted => [Cancelled, Attended],
    Cancelled => [],
    Attended => [NoShow],
    NoShow => [Attended],
});

impl RegistrationStatus {
    /// The states in which there is a seat, or was one.
    pub const SEATED: &'static [Self] = &[Self::Registered, Self::Attended, Self::NoShow];

    /// Whether there is a seat, or was one.
    pub fn is_seated(self) -> bool {
        Self::SEATED.contains(&self)
    }

    /// Whether it says what only shows when the session has begun.
    pub fn is_marked(self) -> bool {
        matches!(self, Self::Attended | Self::NoShow)
    }
}
