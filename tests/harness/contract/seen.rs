//! What of the contract any test of this process has seen.

use std::collections::BTreeSet;
use std::sync::Mutex;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes that something was seen, such as `get_partnership 404`.
pub(super) fn note(what: String) {
    SEEN.lock().unwrap().insert(what);
}
