//! Every documented sort key and filter of every list uses an index in an exchange of 50,000 partnerships, whoever asks;
//! [`explain`] says what that means.
//!
//! Keys and filters are those of the OpenAPI document, and the statements those that the server executes for real
//! requests, so that a new one is walked without a change here. If it finds none of the planted rows, the test says so.

mod exceptions;
mod explain;
mod rows;
mod walk;

use std::time::Instant;

use self::exceptions::{EXCEPTIONS, Exception};
use self::explain::Explainer;
use self::walk::{Walk, lists};
use crate::harness::{Backend, TestApp, run};

async fn lists_use_indexes(app: TestApp) {
    let began = Instant::now();
    // Before there are accounts that cannot log in.
    let (server, recorded) = app.recorded_instance();
    rows::add(&app).await;
    println!("{:?}: filled in {:?}", app.backend, began.elapsed());
    let callers = [("public", server.anonymous()), ("member", server.member()), ("admin", server.admin())];
    let mut walk = Walk::new(recorded, Explainer::connect(&app).await, app.backend);
    for list in lists(&server.admin()).await {
        let values = list.values(&server.admin()).await;
        for (role, caller) in &callers {
            if !walk.may_read(caller, &list).await {
                continue;
            }
            for sort in list.sorts() {
                walk.two_pages(role, caller, &list, &format!("sort={sort}")).await;
            }
            for of_filter in &values {
                walk.page(role, caller, &list, &format!("{}&count=true", of_filter.rare)).await;
                walk.page(role, caller, &list, &of_filter.frequent).await;
            }
        }
    }
    println!(
        "{:?}: {} requests and {} statements in {:?}",
        app.backend,
        walk.requests,
        walk.statements,
        began.elapsed()
    );
    assert!(walk.requests > 1000);
    assert!(walk.wrong.is_empty(), "{} statements:\n{}", walk.wrong.len(), walk.wrong.join("\n"));
    let is_needed = |place: usize, exception: &Exception| {
        exception.is_close || walk.excepted.contains(&place) || exception.is_of_another(app.backend)
    };
    let unneeded = EXCEPTIONS.iter().enumerate().filter(|(place, exception)| !is_needed(*place, exception));
    let unneeded: Vec<_> = unneeded.map(|(_, it)| format!("{it:?}, {}", it.reason)).collect();
    assert!(unneeded.is_empty(), "not needed:\n{}", unneeded.join("\n"));
}

#[test]
#[ignore = "long: fills 50,000 partnerships"]
fn lists_use_indexes_on_sqlite() {
    run(Backend::Sqlite, lists_use_indexes);
}

#[test]
#[ignore = "long: fills 50,000 partnerships"]
fn lists_use_indexes_on_postgres() {
    run(Backend::Postgres, lists_use_indexes);
}
