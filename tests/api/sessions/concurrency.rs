//! 500 concurrent registrations: no seat is given twice, nobody is skipped, and each step is one change and one e-mail.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Actor;
use vku_http::kernel::config::{HttpConfig, Timeouts};

use super::published;
use super::registrations::person;
use crate::harness::{TestApp, ask, on_both};

const REGISTRATIONS: usize = 500;
const CAPACITY: usize = 40;
const CANCELLED: usize = 10;

/// The registrations in the order of their arrival: e-mail address, status and position.
async fn all(app: &TestApp, session: &str) -> Vec<(String, String, Option<u64>)> {
    let all = app.coordinator().all(&format!("{session}/registrations?limit=200")).await;
    let row = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("email"), text("status"), it["position"].as_u64())
    };
    all.iter().map(row).collect()
}

/// The number of changes of registrations in the log, and the number of e-mails by subject.
async fn steps(app: &TestApp) -> (usize, BTreeMap<String, usize>) {
    let operator = Actor::operator(app.store.now());
    let changes = app.store.changes_after(&operator, 0, 100_000).await.unwrap();
    let changes = changes.iter().filter(|change| change.resource == "registration").count();
    let mut mails = BTreeMap::new();
    for subject in ask(app, "SELECT subject FROM mail").await {
        *mails.entry(subject).or_default() += 1;
    }
    (changes, mails)
}

on_both! {
    async fn five_hundred_concurrent_registrations_fill_forty_seats(app: TestApp) {
        // Long timeouts, because the machine that runs the test may be slow.
        let long = Duration::from_secs(600);
        let timeouts = Timeouts { request_head: long, request_body: long, response: long, ..Timeouts::default() };
        let app = app.another_instance(HttpConfig { timeouts, ..HttpConfig::default() });
        let session = published(&app, json!({"capacity": CAPACITY})).await;
        let list = format!("{session}/registrations");
        let callers: Vec<_> = (0..25).map(|_| app.coordinator()).collect();
        let wanted = (0..REGISTRATIONS).map(async |number| {
            let body = person(&format!("person-{number}"));
            callers[number % callers.len()].post(&list, &body).await.expect(201).json()
        });
        let answers = join_all(wanted).await;
        let rows = all(&app, &session).await;
        assert_eq!(rows.len(), REGISTRATIONS);
        for (arrival, (_, status, position)) in rows.iter().enumerate() {
            let expected = if arrival < CAPACITY { ("registered", None) } else { ("waitlisted", Some((arrival - CAPACITY + 1) as u64)) };
            assert_eq!((status.as_str(), *position), expected, "the {arrival}th");
        }
        // Each response had the same position as the list has now.
        let positions: BTreeMap<_, _> = answers.iter().map(|it| (it["email"].as_str().unwrap(), it["position"].as_u64())).collect();
        assert!(rows.iter().all(|(email, _, position)| positions[email.as_str()] == *position));
        let (changes, mails) = steps(&app).await;
        assert_eq!(changes, REGISTRATIONS);
        let count = |mails: &BTreeMap<String, usize>, subject: &str| mails.get(&format!("{subject}: Zxq")).copied().unwrap_or(0);
        assert_eq!(count(&mails, "Sie sind angemeldet"), CAPACITY);
        assert_eq!(count(&mails, "Auf der Warteliste"), REGISTRATIONS - CAPACITY);

        let ids: BTreeMap<_, _> = answers.iter().map(|it| (it["email"].as_str().unwrap(), it["id"].as_str().unwrap())).collect();
        let leaving = rows.iter().take(CANCELLED).enumerate().map(async |(number, (email, ..))| {
            let path = format!("{list}/{}/transitions", ids[email.as_str()]);
            callers[number].post(&path, &json!({"to": "cancelled"})).await.ok();
        });
        join_all(leaving).await;
        let after = all(&app, &session).await;
        for (arrival, ((before, ..), (email, status, position))) in rows.iter().zip(&after).enumerate() {
            assert_eq!(before, email);
            let expected = match arrival {
                0..CANCELLED => ("cancelled", None),
                _ if arrival < CAPACITY + CANCELLED => ("registered", None),
                _ => ("waitlisted", Some((arrival - CAPACITY - CANCELLED + 1) as u64)),
            };
            assert_eq!((status.as_str(), *position), expected, "the {arrival}th");
        }
        let (changes, mails) = steps(&app).await;
        assert_eq!(changes, REGISTRATIONS + 2 * CANCELLED);
        assert_eq!(count(&mails, "Ihre Anmeldung ist storniert"), CANCELLED);
        assert_eq!(count(&mails, "Sie haben einen Platz"), CANCELLED);
        assert_eq!(mails.values().sum::<usize>(), REGISTRATIONS + 2 * CANCELLED);
        // Cancelling the session is mailed to everybody who has a seat or waits.
        let office = app.coordinator();
        office.post(&format!("{session}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let (changes, mails) = steps(&app).await;
        assert_eq!((changes, count(&mails, "Abgesagt")), (REGISTRATIONS + 2 * CANCELLED, REGISTRATIONS - CANCELLED));
    }

    /// The last seat is given only once, while registrations are cancelled and made concurrently.
    async fn concurrent_registrations_get_the_last_seat_once(app: TestApp) {
        let session = published(&app, json!({"capacity": 1, "waiting_list": false})).await;
        let list = format!("{session}/registrations");
        let callers: Vec<_> = (0..8).map(|_| app.coordinator()).collect();
        for round in 0..5 {
            let wanted = callers.iter().enumerate().map(async |(number, caller)| {
                caller.post(&list, &person(&format!("r{round}-{number}"))).await
            });
            let answers = join_all(wanted).await;
            let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
            assert_eq!(made.len(), 1);
            assert!(answers.iter().all(|answer| answer.status == 201 || answer.status == 409));
            let path = format!("{}/transitions", made[0].header("location"));
            callers[0].post(&path, &json!({"to": "cancelled"})).await.ok();
        }
    }
}
