//! What a caller may not see leaves no trace: neither entries, nor other entries, nor shorter pages.

use serde_json::json;

use super::{CHANGES, items, now};
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{
    MEMBERS, ORGANISATIONS, PARTNERSHIPS, TOPICS, UTILITIES, create, delete, location, merged, participant,
};
use crate::api::sessions::registrations::person;
use crate::api::sessions::{SESSIONS, published, session};
use crate::harness::{TestApp, on_both};

/// Writes things that only staff sees, some of which mention what everybody sees.
async fn plant(app: &TestApp, number: usize) {
    let office = app.coordinator();
    let utility = json!({"name": "Zxqplanted", "kind": "municipal", "country": "DE", "sectors": ["water"],
        "visibility": "internal"});
    let utility = location(&create(&office, UTILITIES, &utility).await);
    let key = utility.rsplit('/').next().unwrap();
    let partner = json!({"name": "Zxqplanted", "kind": "partner", "country": "ZM", "sectors": ["water"],
        "visibility": "internal"});
    let partner = location(&create(&office, UTILITIES, &partner).await);
    let partner = partner.rsplit('/').next().unwrap();
    let participants = [participant("lead", "hamburg-wasser"), participant("partner", partner)];
    let body = json!({"title": "Zxqplanted", "visibility": "internal", "sectors": ["water"], "status": "active",
        "participants": participants});
    let hidden = location(&create(&office, PARTNERSHIPS, &body).await);
    let funding = location(&create(&office, &format!("{hidden}/funding"), &json!({"kind": "grant"})).await);
    office.patch(&funding, "*", &json!({"kind": "in_kind"})).await.ok();
    office.patch(&hidden, "*", &json!({"title": "Zxqplanted again"})).await.ok();
    office.post(&format!("{hidden}/transitions"), &json!({"to": "suspended", "reason": "Zxq"})).await.ok();
    let member = location(&create(&office, MEMBERS, &json!({"utility": key, "status": "active"})).await);
    create(&office, &format!("{member}/contacts"), &contact(&format!("zxqplanted{number}"), true)).await;
    let silent = format!("{MEMBERS}/hamburg-wasser/contacts");
    let silent = location(&create(&office, &silent, &contact(&format!("zxqsilent{number}"), false)).await);
    office.patch(&silent, "*", &json!({"family_name": "Zxqplanted"})).await.ok();
    let topic = json!({"title": {"en": "Zxqplanted"}, "proposed_by": member.rsplit('/').next().unwrap()});
    create(&office, TOPICS, &topic).await;
    let support = format!("{TOPICS}/zxq-seen/support?member={}", member.rsplit('/').next().unwrap());
    office.send(office.request(reqwest::Method::PUT, &support)).await.ok();
    office.post(&format!("{member}/transitions"), &json!({"to": "paused"})).await.ok();
    let draft = location(&create(&office, SESSIONS, &session("Zxqplanted")).await);
    create(&office, &format!("{draft}/guests"), &json!({"name": "Zxqplanted", "status": "confirmed"})).await;
    let guest = json!({"name": "Zxqplanted", "status": "invited"});
    create(&office, &format!("{SESSIONS}/zxq-seen/guests"), &guest).await;
    let theirs = merged(&person(&format!("zxqplanted{number}")), &json!({"member": "hamburg-wasser"}));
    create(&office, &format!("{SESSIONS}/zxq-seen/registrations"), &theirs).await;
    let user = json!({"email": format!("zxqplanted{number}@zxq.example"), "name": "Zxq", "role": "reader"});
    create(&app.admin(), "/api/v1/users", &user).await;
    delete(&office, &funding).await;
}

on_both! {
    async fn hidden_writes_show_nothing(app: TestApp) {
        let office = app.coordinator();
        published(&app, json!({"slug": "zxq-seen"})).await;
        let topic = json!({"slug": "zxq-seen", "title": {"en": "Zxq"}, "proposed_by": "hamburg-wasser"});
        create(&office, TOPICS, &topic).await;
        let callers = [app.anonymous(), app.partner(), app.member()];
        let mut tokens = Vec::new();
        for caller in &callers {
            tokens.push(now(caller).await);
        }
        for number in 0..3 {
            plant(&app, number).await;
        }
        for (caller, token) in callers.iter().zip(&tokens) {
            let page = caller.get(&format!("{CHANGES}?since={token}&limit=1")).await.ok();
            assert_eq!((&page.json()["items"], &page.json()["has_more"]), (&json!([]), &json!(false)), "{}", page.text());
        }
        // Nor do they make a page shorter: it has what comes after them.
        create(&office, ORGANISATIONS, &json!({"slug": "zxq-one", "name": "Zxq", "kind": "ngo"})).await;
        plant(&app, 3).await;
        create(&office, ORGANISATIONS, &json!({"slug": "zxq-two", "name": "Zxq", "kind": "ngo"})).await;
        for (caller, token) in callers.iter().zip(&tokens) {
            let page = caller.get(&format!("{CHANGES}?since={token}&limit=2")).await.ok().json();
            let slugs: Vec<_> = page["items"].as_array().unwrap().iter().map(|it| &it["slug"]).collect();
            assert_eq!(slugs, ["zxq-one", "zxq-two"]);
        }
        // Staff sees all of it.
        let (seen, _) = items(&office, &format!("since={}", tokens[0])).await;
        assert!(seen.len() > 40, "{}", seen.len());
    }

    async fn a_registration_shows_only_when_the_last_seat_is_taken_or_freed(app: TestApp) {
        let office = app.coordinator();
        published(&app, json!({"slug": "zxq-seen", "capacity": 2, "waiting_list": false})).await;
        let callers = [app.anonymous(), app.partner(), app.member()];
        let list = format!("{SESSIONS}/zxq-seen/registrations");
        let register = async |name: &str| {
            let theirs = merged(&person(name), &json!({"member": "hamburg-wasser"}));
            location(&create(&office, &list, &theirs).await)
        };
        let mut token = now(&callers[0]).await;
        let mut seen = async |state: Option<&str>| {
            let mut next = String::new();
            for caller in &callers {
                let (all, since) = items(caller, &format!("since={token}")).await;
                let states: Vec<_> = all.iter().map(|it| &it["state"]["registration_state"]["state"]).collect();
                assert_eq!(states, state.as_slice(), "{all:#?}");
                next = since;
            }
            token = next;
        };
        let first = register("zxq-one").await;
        seen(None).await;
        office.patch(&first, "*", &json!({"attendance": "in_person"})).await.ok();
        seen(None).await;
        register("zxq-two").await;
        seen(Some("closed")).await;
        let cancel = async || office.post(&format!("{first}/transitions"), &json!({"to": "cancelled"})).await.ok();
        cancel().await;
        seen(Some("open")).await;
        // Within one group of changes, too: the copy may be of any moment.
        let third = register("zxq-three").await;
        delete(&office, &third).await;
        seen(Some("open")).await;
        published(&app, json!({"slug": "zxq-wide", "capacity": 20})).await;
        seen(Some("open")).await;
        for number in 0..5 {
            let theirs = merged(&person(&format!("zxq{number}")), &json!({"member": "hamburg-wasser"}));
            create(&office, &format!("{SESSIONS}/zxq-wide/registrations"), &theirs).await;
        }
        seen(None).await;
    }

    async fn no_entry_has_what_its_reader_cannot_get(app: TestApp) {
        published(&app, json!({"slug": "zxq-seen"})).await;
        let topic = json!({"slug": "zxq-seen", "title": {"en": "Zxq"}, "proposed_by": "hamburg-wasser"});
        create(&app.coordinator(), TOPICS, &topic).await;
        plant(&app, 0).await;
        for (name, caller) in app.everybody() {
            let (all, _) = items(&caller, "since=beginning&limit=1000").await;
            assert!(all.len() > 50, "{name}");
            let planted = all.iter().any(|it| it.to_string().contains("Zxqplanted"));
            assert_eq!(planted, ["coordinator", "admin"].contains(&name), "{name}");
            for it in all.iter().filter(|it| it["resource"] == "partnership") {
                let path = format!("{PARTNERSHIPS}/{}", it["resource_id"].as_str().unwrap());
                assert_eq!(it["state"], caller.get(&path).await.ok().json(), "{name}");
            }
        }
    }
}
