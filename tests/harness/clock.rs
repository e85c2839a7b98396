//! A clock that tests can move and stop, so that no test has to wait or depends on the speed of the machine.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use vku_domain::kernel::clock::{Clock, SystemClock};

/// The time at which the clock was stopped, if it was, and the offset to that time or to the system clock.
#[derive(Debug, Default)]
pub(crate) struct MovableClock(Mutex<(Option<DateTime<Utc>>, TimeDelta)>);

impl MovableClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.lock().unwrap().1 += by;
    }

    /// Stops the clock. From now on only [`Self::advance`] moves it.
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
