//! Valid bodies that tests start from, and a check that nothing was written.

use reqwest::Method;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::input::merge_patch::merge;

use super::visibility::bodies::{contact, part, policy_update, topic};
use super::visibility::planted::{HAMBURG, PUBLIC, interest_registration};
use crate::harness::{Answer, Caller, TestApp};

pub(super) const UTILITIES: &str = "/api/v1/utilities";
pub(super) const ORGANISATIONS: &str = "/api/v1/organisations";
pub(super) const PARTNERSHIPS: &str = "/api/v1/partnerships";
pub(super) const MEMBERS: &str = "/api/v1/members";
pub(super) const PROGRAMMES: &str = "/api/v1/funding-programmes";
pub(super) const POLICY_UPDATES: &str = "/api/v1/policy-updates";
pub(super) const TOPICS: &str = "/api/v1/topics";
pub(super) const AREAS: &str = "/api/v1/reference/working-areas";

/// A partnership of the demo data: led by Dresden, public, active since 2019, with one funding phase.
pub(super) const DRESDEN: &str = "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna";
pub(super) const FUNDING: &str = "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna/funding";

/// The minimal body of a German utility.
pub(super) fn municipal(name: &str) -> Value {
    json!({"name": name, "kind": "municipal", "country": "DE", "sectors": ["water"], "visibility": "public"})
}

/// The minimal body of a utility abroad.
pub(super) fn abroad(name: &str) -> Value {
    changed(&municipal(name), &json!({"kind": "partner", "country": "ZM"}))
}

/// A participant in a request body.
pub(super) fn participant(role: &str, utility: &str) -> Value {
    json!({"role": role, "party": {"utility": utility}})
}

/// The minimal body of a partnership. It is public, so that everybody can read it.
pub(super) fn partnership(title: &str) -> Value {
    let participants = [participant("lead", "hamburg-wasser"), participant("partner", "lvivvodokanal")];
    json!({"title": title, "participants": participants, "sectors": ["water"], "visibility": "public"})
}

/// The body after a merge patch: `null` removes a member.
pub(super) fn changed(whole: &Value, patch: &Value) -> Value {
    let mut whole = whole.clone();
    merge(&mut whole, patch.clone());
    whole
}

/// Creates a resource and returns the response.
pub(super) async fn made(caller: &Caller, path: &str, body: &Value) -> Answer {
    caller.post(path, body).await.expect(201)
}

/// The path of the created resource.
pub(super) fn location(made: &Answer) -> String {
    made.header("location")
}

/// Deletes a resource, whatever its version.
pub(super) async fn deleted(caller: &Caller, path: &str) {
    caller.delete(path, "*").await.expect(204);
}

/// A `POST` without a body, such as a restore.
pub(super) async fn post_nothing(caller: &Caller, path: &str) -> Answer {
    caller.send(caller.request(Method::POST, path)).await
}

/// The position of the last row in the change log.
pub(super) async fn log_end(app: &TestApp) -> i64 {
    let operator = Actor::operator(app.store.now());
    app.store.changes_after(&operator, 0, 100_000).await.unwrap().last().map_or(0, |change| change.position)
}

/// A session that has the parts that the demo sessions lack.
pub(super) const HELD: &str = "zxq-held";

/// Creates, for each name, one of every kind of resource that the demo data lacks.
pub(super) async fn the_rest(app: &TestApp, names: &[&str]) {
    let staff = app.coordinator();
    let session = json!({
        "slug": HELD, "title": HELD, "kind": "training", "starts_on": "2024-02-01", "start_time": "09:00",
        "end_time": "17:00", "format": "hybrid", "status": "held", "visibility": "public"
    });
    made(&staff, "/api/v1/sessions", &session).await;
    for (number, name) in names.iter().enumerate() {
        in_session(&staff, number, name).await;
        for collection in ["activities", "results", "documents"] {
            let more = match collection {
                "activities" => json!({"title": name, "starts_on": format!("2024-0{}-01", number % 3 + 1)}),
                "results" => {
                    json!({"name": name, "values": [{"on": "2024-01-01", "value": "1", "reported_by": "kyivvodokanal"}]})
                }
                _ => json!({"title": name}),
            };
            made(
                &staff,
                &format!("{PARTNERSHIPS}/{PUBLIC}/{collection}"),
                &changed(&part(collection, name), &more),
            )
            .await;
        }
        let (status, level) =
            if number % 3 == 0 { ("scheduled", "federal") } else { ("proposed", "international") };
        made(&staff, TOPICS, &changed(&topic(name, HAMBURG), &json!({"status": status}))).await;
        made(&staff, POLICY_UPDATES, &changed(&policy_update(name), &json!({"level": level}))).await;
        interest_registration(app, &format!("{name} {number}")).await;
    }
}

/// Creates the parts of a session.
async fn in_session(staff: &Caller, number: usize, name: &str) {
    let at = |collection: &str| format!("/api/v1/sessions/{HELD}/{collection}");
    let (guest_status, kind, status) = match number % 3 {
        0 => ("confirmed", "talk", "attended"),
        _ => ("invited", "discussion", "no_show"),
    };
    let guest =
        |party: Value| json!({"name": name, "party": party, "talk_title": name, "status": guest_status});
    made(staff, &at("guests"), &guest(json!({"organisation": "bmz"}))).await;
    let guest = made(staff, &at("guests"), &guest(json!({"utility": HAMBURG}))).await.json();
    let topic = changed(&topic(name, HAMBURG), &json!({"status": "discussed"}));
    let topic = made(staff, TOPICS, &topic).await.json();
    let item = json!({
        "kind": kind, "title": name, "duration_minutes": 5 + number, "guest": guest["id"], "topic": topic["id"]
    });
    made(staff, &at("agenda"), &item).await;
    let registration = json!({
        "member": "stadtentwaesserung-dresden", "name": name, "email": format!("rest{number}@zxq.example"),
        "attendance": "online", "status": status
    });
    made(staff, &at("registrations"), &registration).await;
    if number == 0 {
        let dresden = "stadtentwaesserung-dresden";
        let contact =
            made(staff, &format!("/api/v1/members/{dresden}/contacts"), &contact("zxqrest", true)).await;
        let known = json!({
            "member": dresden, "contact": contact.json()["id"], "attendance": "online", "status": status
        });
        made(staff, &at("registrations"), &known).await;
    }
    let minutes = location(&made(staff, &at("minutes"), &json!({"text": {"en": name}})).await);
    staff.post(&format!("{minutes}/transitions"), &json!({"to": "published"})).await.ok();
}

/// The number of resources of each kind, with and without deleted ones, and the end of the change log.
async fn footprint(app: &TestApp) -> (Vec<(String, Value)>, i64) {
    let staff = app.coordinator();
    let mut totals = Vec::new();
    for collection in
        [UTILITIES, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, FUNDING, AREAS, POLICY_UPDATES, TOPICS]
    {
        for deleted in [false, true] {
            let path = format!("{collection}?limit=1&count=true&deleted={deleted}");
            let total = staff.get(&path).await.ok().json()["total"].clone();
            totals.push((path, total));
        }
    }
    (totals, log_end(app).await)
}

/// Asserts that the attempts write nothing.
pub(super) async fn untouched(app: &TestApp, attempts: impl AsyncFnOnce()) {
    let before = footprint(app).await;
    attempts().await;
    assert_eq!(footprint(app).await, before);
}
