//! What parts of the contract the tests of this process have seen, and whether all tests have ended.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static TESTS: Mutex<Tests> = Mutex::new(Tests { running: 0, ended: 0 });
static ONE_ENDED: Condvar = Condvar::new();

struct Tests {
    running: usize,
    ended: usize,
}

/// Records something as seen, such as `get_partnership 404`.
pub(super) fn record(what: String) {
    SEEN.lock().unwrap().insert(what);
}

/// Everything that was seen so far.
pub(crate) fn all() -> BTreeSet<String> {
    SEEN.lock().unwrap().clone()
}

/// Counts a test as running until it is dropped, even if the test panics.
pub(crate) struct CoverageRecorder;

impl CoverageRecorder {
    pub(crate) fn begin() -> Self {
        TESTS.lock().unwrap().running += 1;
        Self
    }
}

impl Drop for CoverageRecorder {
    fn drop(&mut self) {
        let mut tests = TESTS.lock().unwrap();
        (tests.running, tests.ended) = (tests.running - 1, tests.ended + 1);
        ONE_ENDED.notify_all();
    }
}

/// Waits until at least this many tests have ended and none is running. Returns `false` on a timeout.
pub(crate) fn wait_for(tests: usize, timeout: Duration) -> bool {
    let some_are_missing = |it: &mut Tests| it.ended < tests || it.running > 0;
    let waited = ONE_ENDED.wait_timeout_while(TESTS.lock().unwrap(), timeout, some_are_missing);
    !waited.unwrap().1.timed_out()
}
