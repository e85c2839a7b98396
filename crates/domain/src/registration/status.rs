//! The statuses of a registration.

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
