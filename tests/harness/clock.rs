//! A clock that tests can move: time passes at once.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use vku_domain::kernel::time::{Clock, SystemClock};

/// The clock of the machine, and by how much it is ahead.
#[derive(Debug, Default)]
pub(crate) struct MovableClock(AtomicI64);

impl MovableClock {
    /// Lets time pass.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::microseconds(self.0.load(Ordering::SeqCst))
    }
}
