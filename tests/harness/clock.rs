//! A clock that tests can move and stop: time passes at once, or not at all, however slow the machine is.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use vku_domain::kernel::clock::{Clock, SystemClock};

/// Where it was stopped, and by how much it is ahead of that, or of the clock of the machine.
#[derive(Debug, Default)]
pub(crate) struct MovableClock(Mutex<(Option<DateTime<Utc>>, TimeDelta)>);

impl MovableClock {
    /// Lets time pass.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.lock().unwrap().1 += by;
    }

    /// Time passes from now on only when it is told to.
    pub(crate) fn stop(&self) {
        self.0.lock().unwrap().0 = Some(SystemClock.now());
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        let (stopped, ahead) = *self.0.lock().unwrap();
        stopped.unwrap_or_else(|| SystemClock.now()) + ahead
    }
}
