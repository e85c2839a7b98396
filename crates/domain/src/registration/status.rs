//! The life of a registration.

crate::string_enum! {
    /// Whether there is a seat, and whether the person came.
    RegistrationStatus {
        /// has a seat
        Registered = "registered",
        /// waits for a seat
        Waitlisted = "waitlisted",
        /// does not come
        Cancelled = "cancelled",
        /// came
        Attended = "attended",
        /// had a seat and did not come
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
