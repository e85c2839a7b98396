//! Measures how long a failed sign-in takes for an existing and for an unknown account. It asserts nothing. Run
//! `cargo test -p vku-tests --release -- --ignored sign_in_timing --nocapture`.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{TOKEN, account};
use crate::harness::{Backend, TestApp, run};

const PAIRS: usize = 200;

async fn refused(app: &TestApp, email: &str, address: usize) -> Duration {
    let caller = app.anonymous();
    let from = format!("198.51.{}.{}", address / 250, address % 250);
    let request = caller.request(Method::POST, TOKEN).header("X-Forwarded-For", from);
    let request = request.json(&json!({ "email": email, "password": "wrong-partnerships" }));
    let started = Instant::now();
    caller.send(request).await.expect(401);
    started.elapsed()
}

/// The lower quartile, the median and the upper quartile.
fn quartiles(mut times: Vec<f64>) -> [f64; 3] {
    times.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| times[(times.len() - 1) * quarter / 4])
}

async fn measure(app: TestApp) {
    let (mut known, mut unknown, mut difference) = (Vec::new(), Vec::new(), Vec::new());
    // Five attempts for each account: more would be throttled.
    for round in 0..PAIRS / 5 {
        account(&app, &format!("known-{round}@zxq.example"), "zxq-partnerships").await;
    }
    for pair in 0..PAIRS {
        let names = ["known", "unknown"].map(|kind| format!("{kind}-{}@zxq.example", pair / 5));
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let (first, second) = (pair % 2, 1 - pair % 2);
        let mut times = [0.0; 2];
        for which in [first, second] {
            times[which] = milliseconds(refused(&app, &names[which], 2 * pair + which).await);
        }
        known.push(times[0]);
        unknown.push(times[1]);
        difference.push(times[0] - times[1]);
    }
    for (what, times) in [("wrong password", known), ("unknown account", unknown), ("difference", difference)]
    {
        let [low, middle, high] = quartiles(times);
        println!("{:?} {what}: median {middle:.2} ms, middle half {low:.2} to {high:.2} ms", app.backend);
    }
}

#[test]
#[ignore = "a measurement"]
fn sign_in_timing() {
    run(Backend::Sqlite, measure);
    run(Backend::Postgres, measure);
}
