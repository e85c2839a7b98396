//! Concurrent requests: no update is lost, nothing is done twice, and no rule is broken between check and write.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::harness::{Caller, Response, TestApp, on_both};

const UTILITIES: &str = "/api/v1/utilities";
const PARTNERSHIPS: &str = "/api/v1/partnerships";

/// How often two conflicting requests are sent at the same time.
const ROUNDS: usize = 25;

fn utility(slug: &str) -> Value {
    json!({
        "slug": slug,
        "name": "Peer",
        "kind": "partner",
        "country": "UA",
        "sectors": ["water"],
        "visibility": "public",
    })
}

fn partnership(partner: &str, visibility: &str) -> Value {
    json!({
        "title": "Peers",
        "sectors": ["water"],
        "visibility": visibility,
        "participants": [
            {"role": "lead", "party": {"utility": "hamburg-wasser"}},
            {"role": "partner", "party": {"utility": partner}},
        ],
    })
}

/// Creates a partnership and returns its path.
async fn create(caller: &Caller, body: &Value) -> String {
    let made = caller.post(PARTNERSHIPS, body).await.expect(201).json();
    format!("{PARTNERSHIPS}/{}", made["slug"].as_str().unwrap())
}

/// The number of responses for each status.
fn statuses<'a>(answers: impl IntoIterator<Item = &'a Response>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    answers.into_iter().for_each(|answer| *counts.entry(answer.status.as_u16()).or_default() += 1);
    counts
}

/// No response is an error of the server.
fn all_answered<'a>(answers: impl IntoIterator<Item = &'a Response>) {
    for answer in answers {
        assert!(answer.status.as_u16() < 500, "{}", answer.text());
    }
}

/// Clients with separate connections.
fn clients(app: &TestApp, size: usize) -> Vec<Caller> {
    (0..size).map(|_| app.coordinator()).collect()
}

on_both! {
    async fn only_one_of_concurrent_changes_with_the_same_etag_succeeds(app: TestApp) {
        let caller = app.coordinator();
        let path = format!("{UTILITIES}/lvivvodokanal");
        let tag = caller.get(&path).await.ok().tag();
        let patches = (0..25)
            .map(async |number| caller.patch(&path, &tag, &json!({"city": format!("City {number}")})).await);
        let answers = join_all(patches).await;
        assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (412, 24)]));

        let now = caller.get(&path).await.ok();
        assert_eq!(now.json()["version"], 2);
        let done = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(done.json(), now.json());
        for stale in answers.iter().filter(|answer| answer.status == 412) {
            assert_eq!(stale.tag(), now.tag());
        }
    }

    async fn equal_names_get_different_slugs_and_equal_slugs_conflict(app: TestApp) {
        let caller = app.coordinator();
        let organisation = json!({"name": "Städtetag", "kind": "association"});
        let create = async |_| caller.post("/api/v1/organisations", &organisation).await;
        let made = join_all((0..20).map(create)).await;
        assert_eq!(statuses(&made), BTreeMap::from([(201, 20)]));
        let slugs: BTreeSet<_> = made.iter().map(|answer| answer.json()["slug"].to_string()).collect();
        assert_eq!(slugs.len(), 20);

        let organisation = json!({"name": "Städtetag", "slug": "the-one", "kind": "association"});
        let create = async |_| caller.post("/api/v1/organisations", &organisation).await;
        let made = join_all((0..20).map(create)).await;
        assert_eq!(statuses(&made), BTreeMap::from([(201, 1), (409, 19)]));
        for refused in made.into_iter().filter(|answer| answer.status == 409) {
            refused.problem(409, "slug_taken");
        }
    }

    async fn concurrent_writes_never_make_a_partnership_wider_than_its_participants(app: TestApp) {
        let callers = clients(&app, 4);
        let mut outcomes = BTreeMap::new();
        for round in 0..ROUNDS {
            let slug = format!("peer-{round}");
            let peer = format!("{UTILITIES}/{slug}");
            callers[0].post(UTILITIES, &utility(&slug)).await.expect(201);
            let hidden = create(&callers[0], &partnership(&slug, "internal")).await;

            let narrow = json!({"visibility": "internal"});
            let (public, members) = (partnership(&slug, "public"), partnership(&slug, "members"));
            let wide = json!({"visibility": "public"});
            let ((narrowed, widened), (one, other)) = join(
                join(callers[0].patch(&peer, "*", &narrow), callers[3].patch(&hidden, "*", &wide)),
                join(callers[1].post(PARTNERSHIPS, &public), callers[2].post(PARTNERSHIPS, &members)),
            )
            .await;
            all_answered([&narrowed, &widened, &one, &other]);
            *outcomes.entry(statuses([&narrowed, &widened, &one, &other])).or_insert(0) += 1;

            let shown_to = callers[0].get(&peer).await.ok().json()["visibility"].clone();
            for partnership in callers[0].all(&format!("{PARTNERSHIPS}?utility={slug}")).await {
                let wider = shown_to == "internal" && partnership["visibility"] != "internal";
                assert!(!wider, "a partnership is seen by more than {slug}, after {outcomes:?}");
            }
        }
        println!("{:?}, narrowing while others widen: {outcomes:?}", app.backend);
    }

    async fn concurrent_writes_never_make_a_programme_name_a_hidden_utility(app: TestApp) {
        let callers = clients(&app, 2);
        for round in 0..ROUNDS {
            let slug = format!("peer-{round}");
            let peer = format!("{UTILITIES}/{slug}");
            callers[0].post(UTILITIES, &utility(&slug)).await.expect(201);
            let party = json!({"utility": slug});
            let programme = json!({"name": "Programme", "kind": "grant", "implementers": [party]});
            let (narrowed, made) = join(
                callers[0].patch(&peer, "*", &json!({"visibility": "members"})),
                callers[1].post("/api/v1/funding-programmes", &programme),
            )
            .await;
            all_answered([&narrowed, &made]);
            let counts = statuses([&narrowed, &made]);
            assert!([[200, 422], [201, 409]].iter().any(|both| counts.keys().eq(both)), "{counts:?}");
        }
    }

    async fn a_utility_that_is_being_referenced_is_not_deleted(app: TestApp) {
        let callers = clients(&app, 3);
        let mut outcomes = BTreeMap::new();
        for round in 0..ROUNDS {
            let slug = format!("peer-{round}");
            let peer = format!("{UTILITIES}/{slug}");
            callers[0].post(UTILITIES, &utility(&slug)).await.expect(201);
            let other = create(&callers[0], &partnership("lvivvodokanal", "public")).await;

            let new = partnership(&slug, "public");
            let participants = json!({"participants": new["participants"]});
            let (deleted, (made, named)) = join(
                callers[0].delete(&peer, "*"),
                join(callers[1].post(PARTNERSHIPS, &new), callers[2].patch(&other, "*", &participants)),
            )
            .await;
            all_answered([&deleted, &made, &named]);
            *outcomes.entry(statuses([&deleted, &made, &named])).or_insert(0) += 1;
            let gone = callers[0].get(&peer).await.status == 404;
            assert_eq!(gone, deleted.status == 204);
            let refused = made.status == 422 && named.status == 422;
            assert!(!gone || refused, "{slug} is gone and named: {outcomes:?}");
        }
        println!("{:?}, deleting while others name: {outcomes:?}", app.backend);
        // No resource refers to a deleted one.
        callers[0].all(&format!("{PARTNERSHIPS}?limit=200")).await;
    }

    async fn a_sub_resource_is_never_added_to_a_deleted_partnership(app: TestApp) {
        let callers = clients(&app, 2);
        for _ in 0..ROUNDS {
            let path = create(&callers[0], &partnership("lvivvodokanal", "public")).await;
            let (parts, funding) = (format!("{path}/funding"), json!({"kind": "grant"}));
            let (deleted, part) =
                join(callers[0].delete(&path, "*"), callers[1].post(&parts, &funding)).await;
            all_answered([&deleted, &part]);
            assert!(part.status == 201 || part.status == 404, "{}", part.text());
            deleted.expect(204);
        }
    }

    async fn sixteen_concurrent_writers_all_succeed(app: TestApp) {
        let answers = join_all(clients(&app, 16).into_iter().enumerate().map(async |(number, caller)| {
            let mut answers = Vec::new();
            let peer = format!("writer-{number}");
            answers.push(caller.post(UTILITIES, &utility(&peer)).await.expect(201));
            for round in 0..6 {
                let made = caller.post(PARTNERSHIPS, &partnership(&peer, "public")).await.expect(201);
                let path = format!("{PARTNERSHIPS}/{}", made.json()["slug"].as_str().unwrap());
                let start = json!({"start": format!("20{:02}", round + 10)});
                answers.push(caller.patch(&path, &made.tag(), &start).await);
                let funding = json!({"kind": "grant", "programme": "newza"});
                answers.push(caller.post(&format!("{path}/funding"), &funding).await);
                // All writers change the same row too.
                let city = json!({"city": format!("Hamburg {number}-{round}")});
                answers.push(caller.patch(&format!("{UTILITIES}/hamburg-wasser"), "*", &city).await);
                answers.push(caller.get(&format!("{PARTNERSHIPS}?utility={peer}&count=true")).await);
                answers.push(made);
            }
            answers
        }))
        .await;
        let counts = statuses(answers.iter().flatten());
        assert_eq!(counts, BTreeMap::from([(200, 16 * 18), (201, 16 * 13)]));
        let shared = app.coordinator().get(&format!("{UTILITIES}/hamburg-wasser")).await.ok().json();
        assert_eq!(shared["version"], 1 + 16 * 6);
    }
}
