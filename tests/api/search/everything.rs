//! The search over all resources.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::super::fixtures::bodies::{contact, municipal_utility, partnership};
use super::super::visibility::hidden::{create_resource, with};
use crate::harness::{Caller, on_both};

const SEARCH: &str = "/api/v1/search";

async fn search(caller: &Caller, query: &str) -> Vec<Value> {
    let body = caller.get(&format!("{SEARCH}?{query}")).await.ok().json();
    body["items"].as_array().unwrap().clone()
}

fn member<'a>(items: &'a [Value], name: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default()).collect()
}

on_both! {
    async fn everything_is_found_with_its_kind_name_and_excerpt(app: TestApp) {
        let staff = app.coordinator();
        create_resource(&app, "/api/v1/utilities", with(
            municipal_utility("Zxqwerk", "public"), json!({"slug": "zxq", "description": {"de": "Ein Werk am Zxqfluss."}}),
        )).await;
        create_resource(&app, "/api/v1/partnerships", partnership("Zxqfluss", "zxq", "lvivvodokanal", "public")).await;
        create_resource(&app, "/api/v1/partnerships/hamburg-kyiv/documents", json!({
            "title": "Zxqfluss und Karte", "kind": "report", "language": "de", "url": "https://example.org/zxq"
        })).await;
        let items = search(&staff, "q=zxqfluss").await;
        assert_eq!(member(&items, "kind"), ["partnership", "document", "utility"]);
        assert_eq!(member(&items, "name"), ["Zxqfluss", "Zxqfluss und Karte", "Zxqwerk"]);
        assert_eq!(member(&items, "excerpt"), ["", "", "Ein Werk am Zxqfluss."]);
        assert_eq!(items[2]["slug"], "zxq");
        let parent = staff.get("/api/v1/partnerships/hamburg-kyiv").await.ok().json();
        assert_eq!((&items[1]["parent_id"], &items[0]["parent_id"]), (&parent["id"], &Value::Null));
        assert_eq!((&items[0]["score"], &items[2]["score"]), (&json!(12), &json!(6)));
        let some = search(&staff, "q=zxqfluss&kind=utility&kind=document").await;
        assert_eq!(member(&some, "kind"), ["document", "utility"]);
        assert_eq!(search(&staff, "q=zxqfluss&limit=1").await, items[..1]);
        assert!(search(&staff, "q=-").await.is_empty());
        let tag = staff.get(&format!("{SEARCH}?q=zxqfluss")).await.ok().tag();
        let again = staff.request(Method::GET, &format!("{SEARCH}?q=zxqfluss")).header("If-None-Match", tag);
        staff.send(again).await.expect(304);
    }

    async fn a_few_of_each_kind_come_first(app: TestApp) {
        let items = search(&app.anonymous(), "q=ukraine&limit=50").await;
        let mut counts = BTreeMap::new();
        let first: BTreeSet<_> = items.iter().take(9).map(|item| item["kind"].as_str().unwrap()).collect();
        assert!(first.len() >= 3, "{first:?}");
        for item in &items {
            *counts.entry(item["kind"].as_str().unwrap()).or_insert(0) += 1;
        }
        assert!(counts["utility"] == 19 && counts["partnership"] == 15 && counts["session"] >= 2, "{counts:?}");
    }

    async fn each_caller_finds_what_is_in_the_lists(app: TestApp) {
        create_resource(&app, "/api/v1/utilities", municipal_utility("Zxqversteck", "internal")).await;
        create_resource(&app, "/api/v1/partnerships", partnership("Zxqversteck", "hamburg-wasser", "lvivvodokanal", "members")).await;
        create_resource(&app, "/api/v1/members/hamburg-wasser/contacts", contact("zxqversteck", false)).await;
        create_resource(&app, "/api/v1/topics", json!({"title": {"de": "Zxqversteck"}, "proposed_by": "hamburg-wasser"})).await;
        let lists = [
            ("utility", "utilities"), ("partnership", "partnerships"), ("topic", "topics"), ("member", "members"),
            ("session", "sessions"), ("organisation", "organisations"), ("funding_programme", "funding-programmes"),
            ("contact", "members/hamburg-wasser/contacts"), ("user", "users"), ("webhook", "webhooks"),
        ];
        for (who, caller) in app.everybody() {
            for q in ["zxqversteck", "dresden", "ukraine abwasser", "demo"] {
                let found = search(&caller, &format!("q={q}&limit=50")).await;
                for (kind, list) in lists {
                    let of_kind = search(&caller, &format!("q={q}&kind={kind}&limit=50")).await;
                    let answer = caller.get(&format!("/api/v1/{list}?q={q}&limit=50")).await;
                    let listed = match answer.status.as_u16() {
                        200 => answer.json()["items"].as_array().unwrap().clone(),
                        _ => Vec::new(),
                    };
                    if kind != "contact" || q == "zxqversteck" {
                        assert_eq!(member(&of_kind, "id"), member(&listed, "id"), "{who}: {q} in {list}");
                    }
                    let best = member(&found.iter().filter(|it| it["kind"] == kind).cloned().collect::<Vec<_>>(), "id").len();
                    assert!(best <= of_kind.len(), "{who}: {q} in {list}");
                }
            }
        }
    }

    async fn invalid_searches_of_everything_are_refused(app: TestApp) {
        for (query, faults) in [
            ("", &["q required"][..]),
            ("?q=", &["q empty"]),
            ("?q=%20", &["q empty"]),
            ("?q=a&q=b", &["q repeated"]),
            ("?q=a&kind=nothing&limit=51", &["kind unknown_value", "limit out_of_range"]),
            ("?q=a&sort=name", &["sort unknown_parameter"]),
        ] {
            for path in [SEARCH, "/api/v1/suggest"] {
                let found = app.anonymous().get(&format!("{path}{query}")).await.faults(400, "invalid_parameters");
                assert_eq!(found, faults, "{path}{query}");
            }
        }
    }
}
