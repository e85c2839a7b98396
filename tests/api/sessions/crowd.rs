//! Five hundred at once: no seat is given twice, nobody is passed over, and every step is one change and one mail.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Actor;
use vku_http::kernel::config::{HttpConfig, Timeouts};

use super::published;
use super::registrations::person;
use crate::harness::{TestApp, ask, on_both};

const CROWD: usize = 500;
const SEATS: usize = 40;
const GONE: usize = 10;

/// Each registration by its position or seat: e-mail, status and position, in the order in which they arrived.
async fn all(app: &TestApp, session: &str) -> Vec<(String, String, Option<u64>)> {
    let all = app.coordinator().all(&format!("{session}/registrations?limit=200")).await;
    let row = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("email"), text("status"), it["position"].as_u64())
    };
    all.iter().map(row).collect()
}

/// How many changes of registrations the log has, and how many mails there are by their subjects.
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
    async fn five_hundred_want_forty_seats(app: TestApp) {
        // The machine that runs the test may be slow; nobody is refused for that.
        let long = Duration::from_secs(600);
        let timeouts = Timeouts { request_head: long, request_body: long, response: long, ..Timeouts::default() };
        let app = app.again(HttpConfig { timeouts, ..HttpConfig::default() });
        let session = published(&app, json!({"capacity": SEATS})).await;
        let list = format!("{session}/registrations");
        let callers: Vec<_> = (0..25).map(|_| app.coordinator()).collect();
        let wanted = (0..CROWD).map(async |number| {
            let body = person(&format!("person-{number}"));
            callers[number % callers.len()].post(&list, &body).await.expect(201).json()
        });
        let answers = join_all(wanted).await;
        let rows = all(&app, &session).await;
        assert_eq!(rows.len(), CROWD);
        for (arrival, (_, status, position)) in rows.iter().enumerate() {
            let expected = if arrival < SEATS { ("registered", None) } else { ("waitlisted", Some((arrival - SEATS + 1) as u64)) };
            assert_eq!((status.as_str(), *position), expected, "the {arrival}th");
        }
        // What each was told when it arrived is where it still is.
        let told: BTreeMap<_, _> = answers.iter().map(|it| (it["email"].as_str().unwrap(), it["position"].as_u64())).collect();
        assert!(rows.iter().all(|(email, _, position)| told[email.as_str()] == *position));
        let (changes, mails) = steps(&app).await;
        assert_eq!(changes, CROWD);
        let count = |mails: &BTreeMap<String, usize>, subject: &str| mails.get(&format!("{subject}: Zxq")).copied().unwrap_or(0);
        assert_eq!(count(&mails, "Sie sind angemeldet"), SEATS);
        assert_eq!(count(&mails, "Auf der Warteliste"), CROWD - SEATS);

        let ids: BTreeMap<_, _> = answers.iter().map(|it| (it["email"].as_str().unwrap(), it["id"].as_str().unwrap())).collect();
        let leaving = rows.iter().take(GONE).enumerate().map(async |(number, (email, ..))| {
            let path = format!("{list}/{}/transitions", ids[email.as_str()]);
            callers[number].post(&path, &json!({"to": "cancelled"})).await.ok();
        });
        join_all(leaving).await;
        let after = all(&app, &session).await;
        for (arrival, ((before, ..), (email, status, position))) in rows.iter().zip(&after).enumerate() {
            assert_eq!(before, email);
            let expected = match arrival {
                0..GONE => ("cancelled", None),
                _ if arrival < SEATS + GONE => ("registered", None),
                _ => ("waitlisted", Some((arrival - SEATS - GONE + 1) as u64)),
            };
            assert_eq!((status.as_str(), *position), expected, "the {arrival}th");
        }
        let (changes, mails) = steps(&app).await;
        assert_eq!(changes, CROWD + 2 * GONE);
        assert_eq!(count(&mails, "Ihre Anmeldung ist storniert"), GONE);
        assert_eq!(count(&mails, "Sie haben einen Platz"), GONE);
        assert_eq!(mails.values().sum::<usize>(), CROWD + 2 * GONE);
        // Who came, and who still waits, hears that it does not take place.
        let office = app.coordinator();
        office.post(&format!("{session}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let (changes, mails) = steps(&app).await;
        assert_eq!((changes, count(&mails, "Abgesagt")), (CROWD + 2 * GONE, CROWD - GONE));
    }

    /// One seat and many who leave and come at once: never more than one has it.
    async fn the_last_seat_is_given_once(app: TestApp) {
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
