//! Topics: members propose them and support each once. They are put on an agenda, or declined with a reason.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::change_log::{Change, ChangeAction};

use super::changes::changes_after;
use super::fixtures::{
    MEMBERS, TOPICS, UTILITIES, assert_nothing_written, create, delete, location, log_end, merged, municipal,
    post_nothing,
};
use super::imports::{counts, import};
use crate::harness::{Caller, Response, TestApp, on_both};

const DRESDEN: &str = "stadtentwaesserung-dresden";
const HAMBURG: &str = "hamburg-wasser";

fn topic(title: &str, by: &str) -> Value {
    json!({"title": {"de": title, "en": title}, "proposed_by": by, "sectors": ["water"]})
}

async fn support(caller: &Caller, topic: &str, query: &str) -> Response {
    caller.send(caller.request(Method::PUT, &format!("{topic}/support{query}"))).await
}

async fn withdraw(caller: &Caller, topic: &str, query: &str) -> Response {
    caller.send(caller.request(Method::DELETE, &format!("{topic}/support{query}"))).await
}

async fn lead(caller: &Caller, topic: &str, body: &Value) -> Response {
    caller.post(&format!("{topic}/transitions"), body).await
}

async fn supports_since(app: &TestApp, position: i64) -> Vec<Change> {
    let mut changes = changes_after(&app.store, position).await;
    changes.retain(|change| change.resource == "support");
    changes
}

/// Creates a member whose utility has this visibility.
async fn member(app: &TestApp, slug: &str, visibility: &str) {
    let office = app.coordinator();
    let utility = merged(&municipal(slug), &json!({"slug": slug, "visibility": visibility}));
    create(&office, UTILITIES, &utility).await;
    create(&office, MEMBERS, &json!({"utility": slug, "status": "active"})).await;
}

on_both! {
    async fn a_taken_slug_is_refused(app: TestApp) {
        let (office, body) = (app.coordinator(), merged(&topic("Zxq", DRESDEN), &json!({"slug": "zxq-pumps"})));
        create(&office, TOPICS, &body).await;
        office.post(TOPICS, &body).await.problem(409, "slug_taken");
    }

    async fn a_member_may_propose_topics_only_for_itself(app: TestApp) {
        let (own, office) = (app.member(), app.coordinator());
        let at = location(&create(&own, TOPICS, &topic("Zxq pumps", DRESDEN)).await);
        assert!(at.starts_with("/api/v1/topics/zxq-pumps"), "{at}");
        let read = own.get(&at).await.ok().json();
        assert_eq!((&read["status"], &read["support_count"]), (&json!("proposed"), &json!(0)));
        assert_eq!(read["proposed_by"]["slug"], DRESDEN);
        for caller in [app.reader(), office.clone(), app.admin()] {
            assert_eq!(caller.get(&at).await.ok().json(), read);
        }
        app.partner().get(&at).await.problem(403, "forbidden");
        app.partner().get(TOPICS).await.problem(403, "forbidden");
        app.anonymous().get(&at).await.problem(401, "unauthenticated");
        app.anonymous().get(TOPICS).await.problem(401, "unauthenticated");

        // By the id of the member, by a reference to it, and by the former slug of its utility.
        let by = &read["proposed_by"];
        create(&own, TOPICS, &merged(&topic("Zxq b", ""), &json!({"proposed_by": by["id"]}))).await;
        create(&own, TOPICS, &merged(&topic("Zxq c", ""), &json!({"proposed_by": by}))).await;
        office.patch(&format!("{UTILITIES}/{DRESDEN}"), "*", &json!({"slug": "sedd"})).await.ok();
        for slug in [DRESDEN, "sedd"] {
            let proposed = create(&own, TOPICS, &topic("Zxq d", slug)).await.json();
            assert_eq!(proposed["proposed_by"], merged(by, &json!({"slug": "sedd"})));
            assert_eq!(own.all(&format!("{TOPICS}?proposed_by={slug}")).await.len(), if slug == DRESDEN { 4 } else { 5 });
        }

        assert_nothing_written(&app, async || {
            own.post(TOPICS, &topic("Zxq", HAMBURG)).await.problem(403, "forbidden");
            for caller in [app.reader(), app.partner()] {
                caller.post(TOPICS, &topic("Zxq", DRESDEN)).await.problem(403, "forbidden");
            }
            for (member, value) in [("slug", json!("zxq")), ("status", json!("scheduled"))] {
                let faults = own.post(TOPICS, &merged(&topic("Zxq", DRESDEN), &json!({member: value}))).await;
                assert_eq!(faults.faults(403, "forbidden"), [format!("/{member} not_writable")]);
            }
            own.patch(&at, "*", &json!({"title": {"de": "Zxq"}})).await.problem(403, "forbidden");
            own.delete(&at, "*").await.problem(403, "forbidden");
            lead(&own, &at, &json!({"to": "scheduled"})).await.problem(403, "forbidden");
            for (patch, faults) in [
                (json!({"proposed_by": "harzwasserwerke"}), &["/proposed_by unknown_reference"][..]),
                (json!({"proposed_by": "bmz"}), &["/proposed_by unknown_reference"]),
                (json!({"proposed_by": null}), &["/proposed_by required"]),
                (json!({"title": {"de": "Zwei\nZeilen"}}), &["/title/de invalid_format"]),
                (json!({"title": {"de": null, "en": null}}), &["/title empty"]),
                (json!({"sectors": ["water", "water"]}), &["/sectors/1 duplicate"]),
                (json!({"support_count": 9}), &["/support_count read_only"]),
                (json!({"status": "done"}), &["/status unknown_value"]),
            ] {
                let body = merged(&topic("Zxq", HAMBURG), &patch);
                assert_eq!(office.post(TOPICS, &body).await.faults(422, "validation_failed"), faults, "{body}");
            }
        }).await;
    }

    async fn a_topic_follows_its_transitions_and_declining_needs_a_reason(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&app.member(), TOPICS, &topic("Zxq", DRESDEN)).await);
        for to in ["discussed", "proposed"] {
            let refused = lead(&office, &at, &json!({"to": to})).await.problem(409, "transition_not_allowed");
            assert_eq!(refused["allowed"], json!(["scheduled", "declined"]));
        }
        let refused = lead(&office, &at, &json!({"to": "declined"})).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/reason required"]);
        let reason = json!({"to": "declined", "reason": "Zxq was discussed in May."});
        assert_eq!(lead(&office, &at, &reason).await.ok().json()["status"], "declined");
        let ways = app.member().get(&format!("{at}/transitions")).await.ok().json();
        assert_eq!(ways["history"][1]["reason"].as_str().or(ways["history"][0]["reason"].as_str()), Some("Zxq was discussed in May."));
        lead(&office, &at, &json!({"to": "scheduled"})).await.problem(409, "transition_not_allowed");

        let at = location(&create(&office, TOPICS, &topic("Zxq", HAMBURG)).await);
        lead(&office, &at, &json!({"to": "scheduled"})).await.ok();
        lead(&office, &at, &json!({"to": "declined"})).await.problem(422, "validation_failed");
        assert_eq!(lead(&office, &at, &json!({"to": "discussed"})).await.ok().json()["version"], 3);
        assert_eq!(office.all(&format!("{TOPICS}?status=discussed&status=declined")).await.len(), 2);
        office.patch(&at, "*", &json!({"status": "proposed"})).await.problem(409, "status_by_transition");
    }

    async fn a_member_supports_a_topic_only_once(app: TestApp) {
        let (own, office) = (app.member(), app.coordinator());
        let at = location(&create(&office, TOPICS, &topic("Zxq", HAMBURG)).await);
        let before = own.get(&at).await.ok();
        let end = log_end(&app).await;
        let first = support(&own, &at, "").await.ok();
        assert_eq!(first.json()["support_count"], 1);
        assert_eq!(support(&own, &at, "").await.ok().json(), first.json());
        assert_eq!(support(&own, &at, &format!("?member={DRESDEN}")).await.ok().json(), first.json());
        let now = own.get(&at).await.ok();
        assert_eq!((now.json(), now.tag()), (first.json(), first.tag()));
        assert_ne!(now.tag(), before.tag());
        // Support does not change the version of the topic, so the older tag is still valid for a change.
        assert_eq!(now.json()["version"], 1);
        office.patch(&at, &before.tag(), &json!({"sectors": ["waste"]})).await.ok();

        // The office has to name the member.
        let faults = support(&office, &at, "").await;
        assert_eq!(faults.faults(400, "invalid_parameters"), ["member required"]);
        assert_eq!(support(&office, &at, &format!("?member={HAMBURG}")).await.ok().json()["support_count"], 2);
        assert_eq!(withdraw(&own, &at, "").await.ok().json()["support_count"], 1);
        assert_eq!(withdraw(&own, &at, "").await.ok().json()["support_count"], 1);
        assert_eq!(support(&own, &at, "?dry_run=true").await.ok().json()["support_count"], 2);
        assert_eq!(own.get(&at).await.ok().json()["support_count"], 1);
        assert_eq!(support(&own, &at, "").await.ok().json()["support_count"], 2);

        let supports = supports_since(&app, end).await;
        let id = first.json()["id"].as_str().unwrap().to_owned();
        let log: Vec<_> = supports.iter().map(|it| {
            assert_eq!(it.parent_id.map(|id| id.to_string()), Some(id.clone()));
            assert_eq!(it.state["topic"]["id"], json!(id));
            (it.state["member"]["slug"].as_str().unwrap(), it.action, it.version)
        }).collect();
        assert_eq!(log, [
            (DRESDEN, ChangeAction::Created, 1),
            (HAMBURG, ChangeAction::Created, 1),
            (DRESDEN, ChangeAction::Deleted, 2),
            (DRESDEN, ChangeAction::Restored, 3),
        ]);
    }

    async fn a_member_that_has_left_cannot_propose_or_support(app: TestApp) {
        let (own, office) = (app.member(), app.coordinator());
        let mine = location(&create(&own, TOPICS, &topic("Zxq", DRESDEN)).await);
        let other = location(&create(&office, TOPICS, &topic("Zxq two", HAMBURG)).await);
        support(&own, &other, "").await.ok();
        office.post(&format!("{MEMBERS}/{DRESDEN}/transitions"), &json!({"to": "left"})).await.ok();
        assert_nothing_written(&app, async || {
            for caller in [&own, &office] {
                let refused = caller.post(TOPICS, &topic("Zxq three", DRESDEN)).await;
                assert_eq!(refused.faults(422, "validation_failed"), ["/proposed_by member_left"]);
                support(caller, &mine, &format!("?member={DRESDEN}")).await.problem(403, "forbidden");
            }
            support(&own, &mine, "").await.problem(403, "forbidden");
        }).await;
        // An import may bring proposals of the past.
        let row = format!("{}\n", topic("Zxq four", DRESDEN));
        assert_eq!(counts(&import(&office, "resource=topics", "application/x-ndjson", row).await), [1, 0, 0, 0, 0]);
        // Earlier proposals can still be edited, and support be withdrawn.
        office.patch(&mine, "*", &json!({"sectors": ["waste"]})).await.ok();
        assert_eq!(withdraw(&own, &other, "").await.ok().json()["support_count"], 0);
    }

    async fn support_is_given_for_a_member_that_the_caller_may_act_for(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, TOPICS, &topic("Zxq", HAMBURG)).await);
        member(&app, "zxq-second", "public").await;
        assert_nothing_written(&app, async || {
            let own = app.member();
            support(&own, &at, &format!("?member={HAMBURG}")).await.problem(403, "forbidden");
            withdraw(&own, &at, &format!("?member={HAMBURG}")).await.problem(403, "forbidden");
            for (caller, query, fault) in [
                (&own, "?member=zxq-nobody", "member unknown_reference"),
                (&own, "?member=Zxq%20", "member invalid_format"),
                (&own, "?utility=zxq", "utility unknown_parameter"),
                (&office, "?member=lvivvodokanal", "member unknown_reference"),
            ] {
                let faults = support(caller, &at, query).await.faults(400, "invalid_parameters");
                assert_eq!(faults, [fault], "{query}");
            }
            for caller in [app.reader(), app.partner()] {
                support(&caller, &at, "").await.problem(403, "forbidden");
                withdraw(&caller, &at, "").await.problem(403, "forbidden");
            }
            support(&app.anonymous(), &at, "").await.problem(401, "unauthenticated");
            support(&own, &format!("{TOPICS}/zxq-nothing"), "").await.problem(404, "not_found");
        }).await;

        // The account's utility is not a member.
        let stranger = app.account(Role::Member, "harzwasserwerke").await;
        support(&stranger, &at, "").await.problem(403, "forbidden");

        // An account of two members has to name one of them.
        let body = json!({"email": "two@zxq.example", "name": "Zxq", "role": "member", "utilities": [DRESDEN, "zxq-second"]});
        let user = app.admin().post("/api/v1/users", &body).await.expect(201).json();
        let id = user["id"].as_str().unwrap();
        let password = json!({"password": "correct horse battery"});
        app.admin().put(&format!("/api/v1/users/{id}/password"), &password).await.expect(204);
        let token = app.token(id.parse().unwrap()).await;
        let both = app.anonymous().with_token(&token);
        assert_eq!(support(&both, &at, "").await.faults(400, "invalid_parameters"), ["member required"]);
        for (number, slug) in [DRESDEN, "zxq-second"].into_iter().enumerate() {
            let supported = support(&both, &at, &format!("?member={slug}")).await.ok().json();
            assert_eq!(supported["support_count"], json!(number + 1));
        }
    }

    async fn concurrent_supports_count_each_member_once(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, TOPICS, &topic("Zxq", HAMBURG)).await);
        let end = log_end(&app).await;
        let members = office.all(&format!("{MEMBERS}?limit=12")).await;
        let members: Vec<_> = members.iter().take(12).map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let puts = members.iter().flat_map(|id| [id, id, id]).map(async |id| {
            support(&app.coordinator(), &at, &format!("?member={id}")).await.ok()
        });
        join_all(puts).await;
        assert_eq!(office.get(&at).await.ok().json()["support_count"], 12);
        let supports = supports_since(&app, end).await;
        let who: HashSet<_> = supports.iter().map(|it| it.state["member"]["id"].to_string()).collect();
        assert_eq!((supports.len(), who.len()), (12, 12));
        join_all(members.iter().map(async |id| withdraw(&app.coordinator(), &at, &format!("?member={id}")).await.ok())).await;
        assert_eq!(office.get(&at).await.ok().json()["support_count"], 0);
    }

    /// Others do not see what members of internal utilities propose and support.
    async fn proposals_and_support_of_internal_members_are_hidden(app: TestApp) {
        let office = app.coordinator();
        member(&app, "zxq-hidden", "internal").await;
        let at = location(&create(&office, TOPICS, &topic("Zxq", "zxq-hidden")).await);
        let open = location(&create(&office, TOPICS, &topic("Zxq open", HAMBURG)).await);
        support(&office, &open, "?member=zxq-hidden").await.ok();
        support(&office, &open, &format!("?member={HAMBURG}")).await.ok();
        let hidden = app.account(Role::Member, "zxq-hidden").await;
        for (caller, sees) in [(app.member(), false), (app.reader(), false), (office.clone(), true), (hidden, true)] {
            caller.get(&at).await.expect(if sees { 200 } else { 404 });
            assert_eq!(caller.all(&format!("{TOPICS}?q=zxq")).await.len(), 1 + usize::from(sees));
            let count = caller.get(&open).await.ok().json()["support_count"].clone();
            assert_eq!(count, json!(1 + usize::from(sees)));
        }
        let unknown = support(&app.member(), &open, "?member=zxq-hidden").await;
        assert_eq!(unknown.faults(400, "invalid_parameters"), ["member unknown_reference"]);
        support(&app.member(), &at, "").await.problem(404, "not_found");
    }

    async fn a_member_with_a_topic_cannot_be_deleted(app: TestApp) {
        let office = app.coordinator();
        member(&app, "zxq-second", "public").await;
        let at = location(&create(&office, TOPICS, &topic("Zxq", "zxq-second")).await);
        let member = format!("{MEMBERS}/zxq-second");
        let refused = office.delete(&member, "*").await.problem(409, "has_dependents");
        assert_eq!(refused["dependents"][0]["name"], "Zxq");
        let id = office.get(&at).await.ok().json()["id"].as_str().unwrap().to_owned();
        delete(&office, &at).await;
        support(&office, &at, &format!("?member={HAMBURG}")).await.problem(404, "not_found");
        delete(&office, &member).await;
        let restored = post_nothing(&office, &format!("{TOPICS}/{id}/restore")).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/proposed_by unknown_reference"]);
    }
}
