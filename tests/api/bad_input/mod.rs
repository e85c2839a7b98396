//! Invalid input: problems report all faults with pointers and codes, and nothing is written.

mod all_violations;
mod body;
mod conflicts;
mod days;
mod hostile;
mod member;
mod parameters;
mod partnership;

use serde_json::Value;

use super::fixtures::{assert_nothing_written, merged};
use crate::harness::TestApp;

/// A change that makes a valid body invalid, and the expected faults, sorted.
type Case = (Value, &'static [&'static str]);

/// Posts the body with each change and expects exactly these faults. The unchanged body is accepted.
async fn refuses(app: &TestApp, path: &str, right: Value, cases: &[Case]) {
    let staff = app.coordinator();
    let attempts = async || {
        for (wrong, faults) in cases {
            let answer = staff.post(path, &merged(&right, wrong)).await;
            assert_eq!(answer.faults(422, "validation_failed"), *faults, "{wrong}");
        }
    };
    assert_nothing_written(app, attempts).await;
    staff.post(path, &right).await.expect(201);
}
