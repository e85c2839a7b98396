//! Losing sight of a resource is reported, in each way in which it can happen, and so is seeing it for the first time.

use serde_json::{Value, json};

use super::{CHANGES, entries, items, now};
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{
    MEMBERS, ORGANISATIONS, PARTNERSHIPS, TOPICS, UTILITIES, create, delete, location, merged, municipal,
    participant,
};
use crate::api::sessions::registrations::person;
use crate::api::sessions::{SESSIONS, published, session};
use crate::harness::{Caller, on_both};

const DRESDEN: &str = "stadtentwaesserung-dresden";

/// A partnership of two new utilities, by its slug.
async fn partnership(office: &Caller, slug: &str, visibility: &str, more: &[Value]) -> String {
    for kind in ["municipal", "partner"] {
        let country = if kind == "municipal" { "DE" } else { "ZM" };
        let body = json!({"slug": format!("{slug}-{kind}"), "name": "Zxq", "kind": kind, "country": country,
            "sectors": ["water"], "visibility": visibility});
        create(office, UTILITIES, &body).await;
    }
    let mut participants = vec![
        participant("lead", &format!("{slug}-municipal")),
        participant("partner", &format!("{slug}-partner")),
    ];
    participants.extend_from_slice(more);
    let body = json!({"slug": slug, "title": "Zxq", "participants": participants, "sectors": ["water"],
        "visibility": visibility, "status": "active"});
    location(&create(office, PARTNERSHIPS, &body).await)
}

/// The ids of resources by path, because parts have no slugs.
async fn id(caller: &Caller, path: &str) -> String {
    caller.get(path).await.ok().json()["id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn deleted_resources_are_reported(app: TestApp) {
        let (office, public) = (app.coordinator(), app.anonymous());
        let path = location(&create(&office, ORGANISATIONS, &json!({"slug": "zxq", "name": "Zxq", "kind": "ngo"})).await);
        let token = now(&public).await;
        delete(&office, &path).await;
        for caller in [&public, &office] {
            let (items, _) = items(caller, &format!("since={token}")).await;
            let [it] = &items[..] else { panic!("{items:#?}") };
            assert_eq!((&it["action"], &it["version"], it.get("state")), (&json!("deleted"), &json!(1), None));
        }
        let (_, token) = entries(&public, &token).await;
        office.post(&format!("{path}/restore"), &json!({})).await.ok();
        let (restored, token) = items(&public, &format!("since={token}")).await;
        assert_eq!((&restored[0]["action"], &restored[0]["state"]), (&json!("restored"), &public.get(&path).await.json()));
        // Created and deleted in between.
        let gone = location(&create(&office, ORGANISATIONS, &json!({"name": "Zxq", "kind": "ngo"})).await);
        delete(&office, &gone).await;
        assert!(entries(&public, &token).await.0.iter().all(|it| it.starts_with("deleted")));
    }

    async fn a_narrowed_partnership_disappears_with_its_parts_and_appears_again(app: TestApp) {
        let (office, public) = (app.coordinator(), app.anonymous());
        let path = partnership(&office, "zxq", "public", &[]).await;
        let part = location(&create(&office, &format!("{path}/funding"), &json!({"kind": "grant"})).await);
        let part = id(&office, &part).await;
        let token = now(&public).await;
        office.patch(&path, "*", &json!({"visibility": "members"})).await.ok();
        let (gone, hidden) = entries(&public, &token).await;
        assert_eq!(gone, ["hidden partnership zxq".to_owned(), format!("hidden funding {part}")]);
        let (seen, _) = entries(&app.reader(), &token).await;
        assert_eq!(seen, ["updated partnership zxq".to_owned(), format!("affected funding {part}")]);
        // What happens meanwhile is not for the public.
        office.patch(&path, "*", &json!({"title": "Zxq hidden"})).await.ok();
        create(&office, &format!("{path}/documents"), &json!({"title": "Zxq", "url": "https://zxq.example", "kind": "mou", "language": "en"})).await;
        let (nothing, hidden) = entries(&public, &hidden).await;
        assert_eq!(nothing, [""; 0]);
        office.patch(&path, "*", &json!({"visibility": "public"})).await.ok();
        let (items, _) = items(&public, &format!("since={hidden}")).await;
        let kinds: Vec<_> = items.iter().map(|it| it["resource"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["partnership", "funding", "document"]);
        assert_eq!(items[0]["state"], public.get(&path).await.ok().json());
    }

    async fn a_participant_that_leaves_loses_the_partnership_and_its_peers(app: TestApp) {
        let office = app.coordinator();
        let own = [participant("supporting", DRESDEN)];
        let path = partnership(&office, "zxq", "internal", &own).await;
        create(&office, MEMBERS, &json!({"utility": "zxq-municipal", "status": "active"})).await;
        let member = app.member();
        member.get(&path).await.ok();
        let (token, reader) = (now(&member).await, now(&app.reader()).await);
        let others = json!({"participants": [participant("lead", "zxq-municipal"), participant("partner", "zxq-partner")]});
        office.patch(&path, "*", &others).await.ok();
        let (mut gone, token) = entries(&member, &token).await;
        gone.retain(|it| it.starts_with("hidden"));
        gone.sort();
        let peers = ["hidden partnership zxq", "hidden utility zxq-municipal", "hidden utility zxq-partner"];
        assert_eq!(gone[1..], peers, "{gone:?}");
        assert!(gone[0].starts_with("hidden member "), "{gone:?}");
        assert_eq!(entries(&app.reader(), &reader).await.0, [""; 0]);
        let all = json!({"participants": [participant("lead", "zxq-municipal"), participant("partner", "zxq-partner"),
            participant("supporting", DRESDEN)]});
        office.patch(&path, "*", &all).await.ok();
        let (back, _) = entries(&member, &token).await;
        for it in ["updated partnership zxq", "affected utility zxq-municipal", "affected utility zxq-partner"] {
            assert!(back.contains(&it.to_owned()), "{back:?}");
        }
    }

    async fn withdrawn_consent_removes_a_contact(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        let path = location(&create(&office, &format!("{MEMBERS}/hamburg-wasser/contacts"), &contact("zxq", true)).await);
        let person = id(&office, &path).await;
        let token = now(&member).await;
        office.patch(&path, "*", &json!({"consents": {"directory": null}})).await.ok();
        assert_eq!(entries(&member, &token).await.0, [format!("hidden contact {person}")]);
        let (_, token) = entries(&member, &token).await;
        office.patch(&path, "*", &json!({"family_name": "Zxqother"})).await.ok();
        assert_eq!(entries(&member, &token).await.0, [""; 0]);
        // A member that leaves takes its contacts along.
        let utility = merged(&municipal("Zxq"), &json!({"slug": "zxq"}));
        create(&office, UTILITIES, &utility).await;
        let leaver = location(&create(&office, MEMBERS, &json!({"utility": "zxq", "status": "active"})).await);
        let path = location(&create(&office, &format!("{leaver}/contacts"), &contact("zxqleaving", true)).await);
        let leaving = id(&office, &path).await;
        let token = now(&member).await;
        office.post(&format!("{leaver}/transitions"), &json!({"to": "left"})).await.ok();
        let (gone, _) = entries(&member, &token).await;
        assert!(gone.contains(&format!("hidden contact {leaving}")), "{gone:?}");
    }

    async fn sessions_appear_when_published_and_with_a_registration(app: TestApp) {
        let (office, public, member) = (app.coordinator(), app.anonymous(), app.member());
        let body = merged(&session("Zxq"), &json!({"slug": "zxq"}));
        let token = now(&public).await;
        let path = location(&create(&office, SESSIONS, &body).await);
        create(&office, &format!("{path}/agenda"), &json!({"kind": "talk", "title": "Zxq", "duration_minutes": 5})).await;
        let (nothing, token) = entries(&public, &token).await;
        assert_eq!(nothing, [""; 0], "a draft");
        office.post(&format!("{path}/transitions"), &json!({"to": "published"})).await.ok();
        let (seen, _) = items(&public, &format!("since={token}")).await;
        let kinds: Vec<_> = seen.iter().map(|it| it["resource"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["session", "agenda_item"]);

        let internal = published(&app, json!({"slug": "zxq-internal", "visibility": "internal"})).await;
        let token = now(&member).await;
        let registration = location(&create(&office, &format!("{internal}/registrations"), &person("zxq")).await);
        let (seen, token) = entries(&member, &token).await;
        assert!(seen.contains(&"affected session zxq-internal".to_owned()), "{seen:?}");
        office.post(&format!("{registration}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let (gone, _) = entries(&member, &token).await;
        assert!(gone.contains(&"hidden session zxq-internal".to_owned()), "{gone:?}");
        assert!(gone.iter().any(|it| it.starts_with("hidden registration")), "{gone:?}");
    }

    async fn names_and_sums_reach_what_shows_them(app: TestApp) {
        let (office, reader) = (app.coordinator(), app.reader());
        let path = partnership(&office, "zxq", "public", &[]).await;
        create(&office, MEMBERS, &json!({"utility": "zxq-municipal", "status": "active"})).await;
        let topic = json!({"slug": "zxq-topic", "title": {"en": "Zxq"}, "proposed_by": "zxq-municipal"});
        create(&office, TOPICS, &topic).await;
        let token = now(&reader).await;
        office.patch(&format!("{UTILITIES}/zxq-municipal"), "*", &json!({"name": "Zxqother"})).await.ok();
        let (seen, token) = items(&reader, &format!("since={token}")).await;
        let affected: Vec<_> = seen.iter().map(|it| it["resource"].as_str().unwrap()).collect();
        assert_eq!(affected, ["utility", "partnership", "member", "topic"]);
        assert_eq!(seen[1]["state"], reader.get(&path).await.ok().json());
        assert!(seen[1]["state"].to_string().contains("Zxqother"));
        let funding = json!({"kind": "grant", "amount": {"amount": "7.00", "currency": "EUR"}});
        create(&office, &format!("{path}/funding"), &funding).await;
        let (seen, _) = items(&reader, &format!("since={token}")).await;
        let totals = seen.iter().find(|it| it["resource"] == "partnership").unwrap();
        assert_eq!(totals["state"]["funding_totals"], json!([{"amount": "7.00", "currency": "EUR"}]));
        assert_eq!(totals["action"], "affected");
    }

    async fn every_list_and_export_has_a_token(app: TestApp) {
        let caller = app.admin();
        let lists = crate::api::fixtures::FIXTURES.iter().map(|fixture| fixture.list());
        for list in lists {
            for format in ["", "?format=ndjson", "?format=csv"] {
                let answer = caller.get(&format!("{list}{format}")).await.ok();
                let token = answer.header("change-token");
                assert!(token.len() > 60, "{list}{format}");
                caller.get(&format!("{CHANGES}?since={token}")).await.ok();
            }
            let (one, other) = (caller.get(&list).await.ok(), caller.get(&list).await.ok());
            assert_eq!(one.tag(), other.tag(), "the tag depends on the token");
        }
        // The token of a list that was read before a write leads to it, also out of the cache.
        app.anonymous().get(ORGANISATIONS).await.ok();
        let cached = app.anonymous().get(ORGANISATIONS).await.ok().header("change-token");
        create(&app.coordinator(), ORGANISATIONS, &json!({"slug": "zxq", "name": "Zxq", "kind": "ngo"})).await;
        let (seen, _) = entries(&app.anonymous(), &cached).await;
        assert!(seen.contains(&"created organisation zxq".to_owned()), "{seen:?}");
    }
}
