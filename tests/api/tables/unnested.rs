//! Tables of what resources contain: participants, values of results, and support for topics.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::create_world;
use crate::api::fixtures::{create, delete, partnership};
use crate::api::visibility::hidden::{PUBLIC, text};
use crate::harness::{Caller, TestApp, on_both};

pub(super) const PARTICIPANTS: &str = "/api/v1/partnership-participants";
pub(super) const VALUES: &str = "/api/v1/partnership-result-values";
pub(super) const SUPPORTS: &str = "/api/v1/topic-supports";

/// Whether a row matches a query.
type Matches<'a> = &'a dyn Fn(&Value) -> bool;

/// The rows that a table of the member `member` of resources has to have.
async fn union(caller: &Caller, list: &str, name: &str, member: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for resource in caller.all(&format!("{list}?limit=200")).await {
        for (entry, position) in resource[member].as_array().unwrap().iter().zip(1..) {
            let mut row = json!({"position": position});
            for shown in ["id", "slug", "title", "name"] {
                if !resource[shown].is_null() {
                    row[name][shown] = resource[shown].clone();
                }
            }
            for also in ["partnership", "unit", "sdg_target"] {
                if name == "result" && !resource[also].is_null() {
                    row[also] = resource[also].clone();
                }
            }
            row.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
            rows.push(row);
        }
    }
    rows
}

/// The total of a list.
async fn total(caller: &Caller, list: &str) -> usize {
    let separator = if list.contains('?') { '&' } else { '?' };
    let page = caller.get(&format!("{list}{separator}count=true&limit=1")).await.ok().json();
    page["total"].as_u64().unwrap().try_into().unwrap()
}

/// Supports topics by several members.
pub(super) async fn support(app: &TestApp) {
    let staff = app.coordinator();
    for topic in staff.all("/api/v1/topics?limit=200").await {
        for member in staff.all("/api/v1/members?limit=200").await {
            let path =
                format!("/api/v1/topics/{}/support?member={}", text(&topic, "id"), text(&member, "id"));
            staff.send(staff.request(Method::PUT, &path)).await.ok();
        }
    }
}

on_both! {
    async fn a_table_has_what_the_caller_sees_of_the_resources(app: TestApp) {
        create_world(&app).await;
        let staff = app.coordinator();
        let hidden = json!({"title": "Zxq hidden", "sectors": ["water"], "visibility": "internal", "participants": [
            {"role": "lead", "party": {"utility": "hamburg-wasser"}}, {"role": "partner", "party": {"utility": "lvivvodokanal"}},
        ]});
        let hidden = text(&staff.post("/api/v1/partnerships", &hidden).await.expect(201).json(), "id");
        let value = json!({"name": "Zxq", "unit": "m", "values": [{"on": "2020-12-31", "value": "40"}]});
        staff.post(&format!("/api/v1/partnerships/{hidden}/results"), &value).await.expect(201);
        let mut seen = BTreeMap::new();
        for (role, caller) in app.everybody() {
            for (path, list, name, member) in [
                (PARTICIPANTS, "/api/v1/partnerships", "partnership", "participants"),
                (VALUES, "/api/v1/partnership-results", "result", "values"),
            ] {
                let wanted = union(&caller, list, name, member).await;
                for limit in [1, 3, 200] {
                    let rows = caller.all(&format!("{path}?limit={limit}")).await;
                    assert!(rows == wanted, "{role} {path} {limit}: {} {}", rows.len(), wanted.len());
                }
                let page = caller.get(&format!("{path}?limit=1&count=true")).await.ok().json();
                assert_eq!(page["total"], wanted.len(), "{role} {path}");
                seen.entry(path).or_insert_with(Vec::new).push(wanted.len());
            }
        }
        let (participants, values) = (&seen[PARTICIPANTS], &seen[VALUES]);
        assert!(participants[0] > 0 && participants.first() < participants.last(), "{participants:?}");
        assert!(values[0] > 0 && values.first() < values.last(), "{values:?}");
    }

    /// A cursor is valid with another page size, and after the resource of its last row is gone.
    async fn pages_follow_each_other_whatever_their_sizes(app: TestApp) {
        create_world(&app).await;
        let staff = app.coordinator();
        for filter in ["", "&role=lead"] {
            let all = staff.all(&format!("{PARTICIPANTS}?limit=200{filter}")).await;
            let (mut rows, mut next) = (Vec::new(), Some(format!("{PARTICIPANTS}?limit=1{filter}")));
            for size in [200, 3, 1, 17, 50, 2, 9].iter().cycle() {
                let Some(path) = next else { break };
                let page = staff.get(&path).await.ok().json();
                rows.extend(page["items"].as_array().unwrap().clone());
                next = page["next"].as_str().map(|it| it.replace("limit=", &format!("limit={size}&limit=")));
                next = next.map(|it| {
                    let (before, after) = it.split_once("&limit=").unwrap();
                    format!("{before}{}", after.trim_start_matches(|letter: char| letter.is_ascii_digit()))
                });
            }
            assert!(rows == all, "{filter}: {} {}", rows.len(), all.len());
        }
        let own = create(&staff, "/api/v1/partnerships", &partnership("Zxq three")).await.json();
        let sorted = format!("{PARTICIPANTS}?sort=-created_at&limit=1");
        let first = staff.get(&sorted).await.ok().json();
        assert_eq!(first["items"][0]["partnership"]["id"], own["id"]);
        let all = staff.all(&format!("{PARTICIPANTS}?sort=-created_at&limit=200")).await;
        delete(&staff, &format!("/api/v1/partnerships/{}", text(&own, "id"))).await;
        let second = staff.get(first["next"].as_str().unwrap()).await.ok().json();
        let others = all.iter().find(|row| row["partnership"]["id"] != own["id"]);
        assert_eq!(second["items"].get(0), others);
    }

    async fn the_table_of_supports_has_the_supporters_that_the_caller_sees(app: TestApp) {
        create_world(&app).await;
        support(&app).await;
        let mut counts = Vec::new();
        for (role, caller) in app.everybody() {
            let topics = caller.get("/api/v1/topics").await;
            if topics.status != 200 {
                caller.get(SUPPORTS).await.expect(topics.status.as_u16());
                continue;
            }
            let rows = caller.all(&format!("{SUPPORTS}?limit=3")).await;
            let members = caller.all("/api/v1/members?limit=200").await;
            let mut by_topic = BTreeMap::<_, u64>::new();
            for row in &rows {
                *by_topic.entry(text(&row["topic"], "id")).or_default() += 1;
                let member = members.iter().find(|it| it["id"] == row["member"]["id"]);
                assert_eq!(member.unwrap()["name"], row["member"]["name"], "{role} {row}");
                assert!(row["since"].as_str().unwrap().ends_with('Z') && row["topic"]["title"].is_object());
            }
            for topic in caller.all("/api/v1/topics?limit=200").await {
                let count = by_topic.get(&text(&topic, "id")).copied().unwrap_or_default();
                assert_eq!(topic["support_count"], count, "{role} {topic}");
            }
            let page = caller.get(&format!("{SUPPORTS}?count=true")).await.ok().json();
            assert_eq!(page["total"], rows.len(), "{role}");
            counts.push(rows.len());
        }
        assert!(counts.iter().all(|count| *count > 1) && counts.iter().min() < counts.iter().max(), "{counts:?}");
    }

    async fn tables_are_filtered_by_entries_and_by_resources(app: TestApp) {
        create_world(&app).await;
        let staff = app.coordinator();
        let all = staff.all(&format!("{PARTICIPANTS}?limit=200")).await;
        let kyiv = staff.get(&format!("/api/v1/partnerships/{PUBLIC}")).await.ok().json();
        let in_ukraine: Vec<_> = staff.all("/api/v1/partnerships?country=UA&limit=200").await;
        let is_in_ukraine = |row: &Value| in_ukraine.iter().any(|it| it["id"] == row["partnership"]["id"]);
        let of_hamburg = |row: &Value| row["party"]["utility"]["slug"] == "hamburg-wasser";
        let id = text(&kyiv["participants"][0]["party"]["utility"], "id");
        let cases: [(String, Matches<'_>); 7] = [
            ("role=lead".into(), &|row| row["role"] == "lead"),
            ("role=associate&role=supporting".into(), &|row| ["associate", "supporting"].iter().any(|it| row["role"] == *it)),
            ("utility=hamburg-wasser".into(), &of_hamburg),
            (format!("utility={id}&role=lead"), &|row| row["party"]["utility"]["id"] == id.as_str() && row["role"] == "lead"),
            ("partnership.country=UA".into(), &is_in_ukraine),
            ("partnership.country=UA&role=lead&utility=hamburg-wasser".into(), &|row| is_in_ukraine(row) && of_hamburg(row) && row["role"] == "lead"),
            (format!("partnership={PUBLIC}"), &|row| row["partnership"]["slug"] == PUBLIC),
        ];
        for (query, matches) in cases {
            let wanted: Vec<_> = all.iter().filter(|row| matches(row)).cloned().collect();
            assert!(!wanted.is_empty() && wanted.len() < all.len(), "{query}: {}", wanted.len());
            for limit in [2, 200] {
                let rows = staff.all(&format!("{PARTICIPANTS}?limit={limit}&{query}")).await;
                assert!(rows == wanted, "{query}: {} {}", rows.len(), wanted.len());
            }
            let csv = staff.get(&format!("{PARTICIPANTS}?format=csv&{query}")).await.ok().text();
            assert_eq!(csv.lines().count(), wanted.len() + 1, "{query}");
            let total = total(&staff, &format!("{PARTICIPANTS}?{query}")).await;
            assert_eq!(total, wanted.len(), "{query}");
        }
        let partnership = text(&all.iter().find(|row| of_hamburg(row)).unwrap()["partnership"], "id");
        let value = json!({"name": "Zxq", "unit": "m", "values": [
            {"on": "2020-12-31", "value": "40", "reported_by": "hamburg-wasser"}, {"on": "2021-12-31", "value": "41"},
        ]});
        staff.post(&format!("/api/v1/partnerships/{partnership}/results"), &value).await.expect(201);
        let of_hamburg = all.iter().filter(|row| of_hamburg(row)).count();
        staff.patch("/api/v1/utilities/hamburg-wasser", "*", &json!({"slug": "zxq-hamburg"})).await.ok();
        for key in ["hamburg-wasser", "zxq-hamburg"] {
            let rows = staff.all(&format!("{PARTICIPANTS}?utility={key}")).await;
            assert!(rows.len() == of_hamburg && rows.iter().all(|row| row["party"]["utility"]["slug"] == "zxq-hamburg"), "{key}");
        }
        assert_eq!(total(&staff, &format!("{PARTICIPANTS}?utility=nobody")).await, 0);
        let by_title = staff.all(&format!("{PARTICIPANTS}?limit=7&sort=-title")).await;
        let titles: Vec<_> = staff.all("/api/v1/partnerships?limit=200&sort=-title").await;
        let titles: Vec<_> = titles.iter().map(|it| &it["id"]).collect();
        let mut met: Vec<_> = by_title.iter().map(|row| &row["partnership"]["id"]).collect();
        met.dedup();
        assert_eq!(met, titles);
        let values = staff.all(&format!("{VALUES}?partnership={PUBLIC}&limit=200")).await;
        assert!(values.iter().all(|row| row["partnership"]["slug"] == PUBLIC) && !values.is_empty());
        assert_eq!(total(&staff, VALUES).await, staff.all(VALUES).await.len());
        let reported = staff.all(&format!("{VALUES}?reported_by=zxq-hamburg")).await;
        let values: Vec<_> = reported.iter().map(|row| (&row["value"], &row["reported_by"]["slug"])).collect();
        assert_eq!(values, [(&json!("40"), &json!("zxq-hamburg"))]);
        assert_eq!(total(&staff, &format!("{VALUES}?reported_by=zxq-hamburg")).await, reported.len());
        let none = staff.get(&format!("{VALUES}?partnership.status=cancelled&count=true")).await.ok().json();
        assert!(none["items"].as_array().unwrap().iter().all(|row| row["partnership"]["slug"] != PUBLIC));
    }

    async fn mistakes_are_located(app: TestApp) {
        let anyone = app.anonymous();
        for (query, fault) in [
            ("role=boss", "role unknown_value"),
            ("utility=not%20a%20key", "utility invalid_format"),
            ("partnership.status=lively", "partnership.status unknown_value"),
            ("partnership.role=lead", "partnership.role unknown_parameter"),
            ("status=active", "status unknown_parameter"),
            ("sort=role", "sort unknown_value"),
            ("fields=role", "fields unknown_parameter"),
            ("q=hamburg", "q unknown_parameter"),
            ("deleted=true", "deleted unknown_parameter"),
            ("cursor=zxq", "cursor invalid_cursor"),
            ("cursor=0197a5c08a3e7c51b0a63f1d5b6f2a400.zxq", "cursor invalid_cursor"),
            ("format=geojson", "format unknown_value"),
        ] {
            let answer = anyone.get(&format!("{PARTICIPANTS}?{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault], "{query}");
        }
        anyone.get(SUPPORTS).await.expect(401);
        let staff = app.admin();
        for path in [PARTICIPANTS, VALUES, SUPPORTS] {
            staff.post(path, &json!({})).await.expect(405);
            staff.get(&format!("{path}/0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a41")).await.expect(404);
        }
    }
}
