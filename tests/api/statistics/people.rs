//! Figures of members and sessions.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;

use super::{STATISTICS, counted, exported, figures, or_unknown, texts, year};
use crate::api::fixtures::{MEMBERS, UTILITIES, create, delete, location, merged, municipal};
use crate::api::sessions::registrations::person;
use crate::api::sessions::{SESSIONS, session};
use crate::harness::{Caller, TestApp, on_both};

/// Creates members with different dates, statuses and groups, one of them internal.
async fn create_data(app: &TestApp) {
    let staff = app.coordinator();
    for (slug, visibility, status, more) in [
        ("zxq-a", "public", "active", json!({"joined_on": "2023-12-31", "regional_group": "Nord"})),
        (
            "zxq-b",
            "public",
            "left",
            json!({"joined_on": "2024-01-01", "left_on": "2024-12-31", "regional_group": "Nord"}),
        ),
        (
            "zxq-c",
            "members",
            "paused",
            json!({"joined_on": "2024-02-01", "left_on": "2024-03-31", "regional_group": "unknown"}),
        ),
        (
            "zxq-d",
            "internal",
            "active",
            json!({"joined_on": "2025-05-05", "regional_group": "Süd; \"West\""}),
        ),
        ("zxq-e", "public", "active", json!({"joined_on": "2199-01-01"})),
        ("zxq-f", "public", "interested", json!({"left_on": "2024-06-01", "regional_group": "Ost"})),
        ("zxq-g", "public", "active", json!({"joined_on": "2020-01-01", "regional_group": "gone"})),
    ] {
        let utility = merged(
            &municipal(slug),
            &json!({"slug": slug, "visibility": visibility, "sectors": ["waste", "energy"]}),
        );
        create(&staff, UTILITIES, &utility).await;
        let member = merged(&json!({"utility": slug, "status": status}), &more);
        let member = location(&create(&staff, MEMBERS, &member).await);
        if slug == "zxq-g" {
            delete(&staff, &member).await;
        }
    }
    staff.patch(&format!("{MEMBERS}/hamburg-wasser"), "*", &json!({"regional_group": "Nord"})).await.ok();
}

/// The quarter of a date.
fn quarter(day: &str) -> String {
    format!("{}-Q{}", &day[..4], day[5..7].parse::<u32>().unwrap().div_ceil(3))
}

/// The expected growth: for each quarter the members at its end, and those that joined and left.
fn grown(members: &[Value], today: &str) -> BTreeMap<String, Vec<Value>> {
    let day = |it: &Value, name: &str| it[name].as_str().filter(|day| *day <= today).map(quarter);
    let dated: Vec<_> =
        members.iter().filter_map(|it| Some((day(it, "joined_on")?, day(it, "left_on")))).collect();
    let first = dated.iter().map(|(joined, _)| joined).min().unwrap().clone();
    let years = first[..4].parse::<u32>().unwrap()..=today[..4].parse().unwrap();
    let quarters = years.flat_map(|year| (1..=4).map(move |number| format!("{year}-Q{number}")));
    let quarters = quarters.filter(|it| *it >= first && *it <= quarter(today));
    let rows = quarters.map(|now| {
        let joined = dated.iter().filter(|(joined, _)| *joined == now).count();
        let left = dated.iter().filter(|(_, left)| left.as_ref() == Some(&now)).count();
        let there = |(joined, left): &&(String, Option<String>)| {
            *joined <= now && left.as_ref().is_none_or(|left| *left > now)
        };
        let members = dated.iter().filter(there).count();
        (now, vec![json!(members), json!(joined), json!(left)])
    });
    rows.collect()
}

/// Creates sessions with registrations of all kinds, and some that do not count.
async fn gather(app: &TestApp) {
    let staff = app.coordinator();
    let past = |more: Value| merged(&json!({"status": "held", "starts_on": "2019-03-04"}), &more);
    for (title, more) in [
        ("Zxq coming", json!({"status": "published", "visibility": "public", "capacity": 2})),
        (
            "Zxq held",
            past(json!({"visibility": "public", "kind": "training", "sectors": ["waste", "energy"]})),
        ),
        ("Zxq among us", past(json!({"visibility": "members", "sectors": []}))),
        ("Zxq internal", past(json!({"visibility": "internal"}))),
        ("Zxq cancelled", json!({"status": "published", "visibility": "public"})),
        ("Zxq gone", past(json!({"visibility": "public"}))),
        ("Zxq draft", json!({})),
    ] {
        let at = location(&create(&staff, SESSIONS, &merged(&session(title), &more)).await);
        let held = more["status"] == "held";
        let statuses = if held { ["attended", "no_show", "attended", "attended"] } else { [""; 4] };
        let members = ["stadtentwaesserung-dresden", "hamburg-wasser", "zxq-c", "zxq-d"];
        for (number, (member, status)) in members.into_iter().zip(statuses).enumerate() {
            if title == "Zxq draft" {
                break;
            }
            let mut body = merged(&person(&format!("zxq{number}")), &json!({"member": member}));
            if held {
                body["status"] = json!(status);
            }
            let registration = location(&create(&staff, &format!("{at}/registrations"), &body).await);
            if number == 0 && title != "Zxq held" {
                let gone = merged(
                    &person("zxqgone"),
                    &json!({"status": if held { json!("attended") } else { json!(null) }}),
                );
                let gone = location(&create(&staff, &format!("{at}/registrations"), &gone).await);
                delete(&staff, &gone).await;
                if !held {
                    staff
                        .post(&format!("{registration}/transitions"), &json!({"to": "cancelled"}))
                        .await
                        .ok();
                }
            }
        }
        match title {
            "Zxq cancelled" => {
                drop(staff.post(&format!("{at}/transitions"), &json!({"to": "cancelled"})).await.ok())
            }
            "Zxq gone" => delete(&staff, &at).await,
            _ => {}
        }
    }
}

/// All registrations by session, as the office reads them.
async fn registrations(app: &TestApp) -> HashMap<String, Vec<Value>> {
    let (staff, mut all) = (app.coordinator(), HashMap::new());
    for it in exported(&staff, SESSIONS).await {
        let id = it["id"].as_str().unwrap();
        all.insert(id.to_owned(), staff.all(&format!("{SESSIONS}/{id}/registrations")).await);
    }
    all
}

/// The sessions that the caller sees and that count.
async fn counting(caller: &Caller) -> Vec<Value> {
    let mut all = exported(caller, SESSIONS).await;
    all.retain(|it| it["status"] == "published" || it["status"] == "held");
    all
}

on_both! {
    async fn member_figures_equal_a_count_of_the_export(app: TestApp) {
        create_data(&app).await;
        let today = app.store.now().date_naive().to_string();
        let mut totals = Vec::new();
        for (role, caller) in [("partner", app.partner()), ("reader", app.reader()), ("coordinator", app.coordinator())] {
            let members = exported(&caller, MEMBERS).await;
            let utilities = exported(&caller, UTILITIES).await;
            let sectors: HashMap<_, _> = utilities.iter().map(|it| (it["id"].as_str().unwrap(), texts(&it["sectors"]))).collect();
            for (by, by_hand) in [
                ("status", counted(members.iter().map(|it| or_unknown(&it["status"])))),
                ("regional_group", counted(members.iter().map(|it| or_unknown(&it["regional_group"])))),
                ("sector", counted(members.iter().flat_map(|it| sectors[it["utility"]["id"].as_str().unwrap()].clone()))),
            ] {
                assert_eq!(figures(&caller, &format!("members?by={by}"), &["members"]).await, by_hand, "{role} {by}");
            }
            let growth = figures(&caller, "members?by=quarter", &["members", "joined", "left"]).await;
            assert_eq!(growth, grown(&members, &today), "{role}");
            assert!(growth.len() > 8, "{growth:?}");
            for by in ["status", "quarter"] {
                let answer = caller.get(&format!("{STATISTICS}/members?by={by}")).await.ok().json();
                assert_eq!(answer["total"], members.len(), "{role} {by}");
            }
            totals.push(members.len());
        }
        assert!(totals[0] < totals[1] && totals[1] < totals[2], "{totals:?}");
        app.anonymous().get(&format!("{STATISTICS}/members")).await.problem(401, "unauthenticated");
    }

    async fn session_figures_equal_a_count_of_the_registrations(app: TestApp) {
        create_data(&app).await;
        gather(&app).await;
        let registrations = registrations(&app).await;
        let seated = |it: &&Value| ["registered", "attended", "no_show"].contains(&it["status"].as_str().unwrap());
        let mut totals = Vec::new();
        for (role, caller) in [
            ("public", app.anonymous()), ("member", app.member()), ("reader", app.reader()), ("coordinator", app.coordinator()),
        ] {
            let sees_counts = ["reader", "coordinator"].contains(&role);
            let all = counting(&caller).await;
            for by in ["year", "kind", "sector"] {
                let mut by_hand: BTreeMap<String, [u64; 3]> = BTreeMap::new();
                for it in &all {
                    let keys = match by {
                        "year" => vec![year(&it["starts_on"])],
                        "kind" => vec![or_unknown(&it["kind"])],
                        _ => texts(&it["sectors"]),
                    };
                    for key in keys {
                        let sums = by_hand.entry(key).or_default();
                        sums[0] += 1;
                        sums[1] += it["counts"]["registered"].as_u64().unwrap_or_default();
                        sums[2] += it["counts"]["attended"].as_u64().unwrap_or_default();
                    }
                }
                let counts = |sums: [u64; 3]| sums.iter().enumerate().map(|(place, sum)| {
                    if place == 0 || sees_counts { json!(sum) } else { json!(null) }
                }).collect::<Vec<_>>();
                let by_hand: BTreeMap<_, _> = by_hand.into_iter().map(|(key, sums)| (key, counts(sums))).collect();
                let numbers = ["sessions", "registered", "attended"];
                assert_eq!(figures(&caller, &format!("sessions?by={by}"), &numbers).await, by_hand, "{role} {by}");
            }
            let total = caller.get(&format!("{STATISTICS}/sessions")).await.ok().json()["total"].clone();
            assert_eq!(total, all.len(), "{role}");
            totals.push(all.len());
            if !sees_counts {
                continue;
            }
            let groups: HashMap<_, _> = exported(&caller, MEMBERS).await.into_iter()
                .map(|it| (it["id"].as_str().unwrap().to_owned(), or_unknown(&it["regional_group"]))).collect();
            let mut by_hand: BTreeMap<String, (Vec<&str>, u64, u64)> = BTreeMap::new();
            for it in &all {
                let id = it["id"].as_str().unwrap();
                for registration in registrations[id].iter().filter(seated) {
                    let group = groups.get(registration["member"]["id"].as_str().unwrap());
                    let sums = by_hand.entry(group.map_or("unknown", String::as_str).to_owned()).or_default();
                    sums.0.push(id);
                    sums.1 += 1;
                    sums.2 += u64::from(registration["status"] == "attended");
                }
            }
            let by_hand = by_hand.into_iter().map(|(key, (mut sessions, registered, attended))| {
                sessions.sort_unstable();
                sessions.dedup();
                (key, vec![json!(sessions.len()), json!(registered), json!(attended)])
            });
            let by_hand: BTreeMap<_, _> = by_hand.collect();
            assert!(by_hand.len() > 1);
            let numbers = ["sessions", "registered", "attended"];
            assert_eq!(figures(&caller, "sessions?by=regional_group", &numbers).await, by_hand, "{role}");
        }
        assert!(totals[0] < totals[2] && totals[2] < totals[3], "{totals:?}");
    }

    async fn only_readers_and_the_office_see_regional_groups_of_sessions(app: TestApp) {
        let path = format!("{STATISTICS}/sessions?by=regional_group");
        app.anonymous().get(&path).await.problem(401, "unauthenticated");
        for caller in [app.partner(), app.member(), app.account(Role::Member, "hamburg-wasser").await] {
            for path in [path.clone(), format!("{path}&format=csv"), format!("{path}&format=svg")] {
                caller.get(&path).await.problem(403, "forbidden");
            }
        }
        let reader = app.reader();
        reader.get(&path).await.ok();
        for (scopes, status) in [(json!(["sessions:read"]), 403), (json!(["sessions:read", "members:read"]), 200)] {
            let key = reader.post("/api/v1/api-keys", &json!({"name": "Narrow", "scopes": scopes})).await.expect(201).json();
            let script = app.anonymous().with_token(key["key"].as_str().unwrap());
            script.get(&path).await.expect(status);
            script.get(&format!("{STATISTICS}/sessions?by=kind")).await.ok();
        }
    }
}
