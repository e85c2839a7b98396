//! Time as a parameter: the domain never looks at a clock by itself.

use chrono::{DateTime, SubsecRound, Utc};

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The current instant, cut to microseconds: PostgreSQL keeps no more, and a cursor made of a finer one would
    /// repeat rows.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
