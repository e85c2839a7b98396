//! The data of `serve --demo`: whoever looks around for the first time finds no empty list, figure, chart or match.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;
use vku_server::demo::Extent;

use crate::harness::contract::{Contract, Operation};
use crate::harness::{Caller, TestApp, database, on_both};

/// The lists that are empty at first, and why. This list may only shrink.
const EMPTY: &[(&str, &str)] = &[
    ("list_api_keys", "one's own keys: the demo has no credentials but the passwords"),
    ("list_changes", "whoever begins to follow has missed nothing yet"),
    ("list_imports", "the demo is loaded before the server starts"),
    ("list_mails", "the demo writes to nobody: its people are invented"),
    ("list_webhook_deliveries", "the demo calls nobody: its webhook is disabled"),
];

/// An app on a database that holds all of the demo.
pub(super) async fn demo(app: &TestApp) -> TestApp {
    let database = database::empty(app.backend).unwrap();
    database::fill(&database.url, Extent::Everything).await;
    TestApp::start(app.backend, database.url.clone(), Some(database))
}

async fn items(caller: &Caller, path: &str) -> Vec<Value> {
    let page = caller.get(path).await.ok().json();
    page["items"].as_array().unwrap_or_else(|| panic!("{path} is no list")).clone()
}

/// The paths that a template stands for: below each resource of the collection before a placeholder.
async fn paths(caller: &Caller, template: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    for segment in template.split('/').skip(1) {
        let mut longer = Vec::new();
        for path in paths {
            if !segment.starts_with('{') {
                longer.push(format!("{path}/{segment}"));
                continue;
            }
            let found = items(caller, &format!("{path}?limit=200")).await;
            longer.extend(found.iter().map(|it| format!("{path}/{}", it["id"].as_str().unwrap())));
        }
        paths = longer;
    }
    paths
}

/// Whether the list has an item, below at least one parent.
async fn has_items(caller: &Caller, template: &str) -> bool {
    for path in paths(caller, template).await {
        if !items(caller, &path).await.is_empty() {
            return true;
        }
    }
    false
}

/// The words that a parameter can have.
fn words(operation: &Operation, parameter: &str) -> Vec<String> {
    let schema = Contract::served().schemas.resolved(&operation.parameter(parameter).unwrap()["schema"]);
    schema["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn reads(prefix: &str) -> impl Iterator<Item = &'static Operation> {
    let operations = Contract::served().operations.iter();
    operations.filter(move |it| it.method == Method::GET && it.path.starts_with(prefix))
}

on_both! {
    async fn no_list_of_the_demo_is_empty(app: TestApp) {
        let demo = demo(&app).await;
        let admin = demo.admin();
        let (mut empty, mut checked) = (BTreeSet::new(), 0);
        for it in reads("/api/v1/").filter(|it| it.id.starts_with("list_")) {
            if !has_items(&admin, &it.path).await {
                empty.insert(it.id.as_str());
            }
            checked += 1;
        }
        assert_eq!(empty, EMPTY.iter().map(|(id, _)| *id).collect());
        assert!(checked > 30, "{checked}");
    }

    /// Of each figure, for those who see everything; the public figures are of published facts only.
    async fn no_figure_and_no_chart_of_the_demo_is_empty(app: TestApp) {
        let demo = demo(&app).await;
        let coordinator = demo.coordinator();
        let mut checked = 0;
        for it in reads("/api/v1/statistics/") {
            for by in words(it, "by") {
                let path = format!("{}?by={by}", it.path);
                let figures = items(&coordinator, &path).await;
                assert!(figures.len() > 1, "{path}: {figures:?}");
                let numbers = figures.iter().flat_map(|figure| figure.as_object().unwrap());
                let mut largest: BTreeMap<&str, f64> = BTreeMap::new();
                for (name, value) in numbers {
                    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
                    if let Some(number) = number.filter(|_| name != "key") {
                        let most = largest.entry(name).or_default();
                        *most = most.max(number);
                    }
                }
                assert!(!largest.is_empty() && largest.values().all(|most| *most > 0.0), "{path}: {largest:?}");
                for format in words(it, "format").iter().filter(|format| !["json", "csv"].contains(&format.as_str())) {
                    if format == "map" && by != "country" {
                        continue;
                    }
                    let chart = coordinator.get(&format!("{path}&format={format}")).await.ok().text();
                    let marks = chart.matches("<circle ").count() + chart.matches("<rect ").count();
                    // One rectangle is the background.
                    assert!(marks > 1, "{path}: {chart}");
                    checked += 1;
                }
            }
        }
        assert!(checked > 17, "{checked}");
    }

    async fn each_part_of_a_score_earns_points_in_the_demo(app: TestApp) {
        let demo = demo(&app).await;
        let coordinator = demo.coordinator();
        for (utility, kind) in [("stadtentwaesserung-dresden", "municipal"), ("apa-canal-chisinau", "partner")] {
            let mut earned: BTreeMap<String, u64> = BTreeMap::new();
            let matches = items(&coordinator, &format!("/api/v1/utilities/{utility}/matches")).await;
            assert!(matches.len() > 10, "{utility}: {}", matches.len());
            for part in matches.iter().flat_map(|it| it["parts"].as_array().unwrap()) {
                let points = earned.entry(part["name"].as_str().unwrap().to_owned()).or_default();
                *points = (*points).max(part["points"].as_u64().unwrap());
            }
            assert!(earned.len() > 7 && earned.values().all(|points| *points > 0), "{utility}: {earned:?}");
            let utilities = coordinator.all(&format!("/api/v1/utilities?kind={kind}")).await;
            for it in &utilities {
                for member in ["languages", "expertise", "needs"] {
                    let entries = it[member].as_array().map_or(0, Vec::len);
                    assert!(entries > 0, "{}: {member}", it["slug"]);
                }
                assert!(it["climate_zone"].is_string(), "{}", it["slug"]);
                // What is assumed or invented says so.
                let description = &it["description"];
                assert!(description["de"].as_str().unwrap().contains("ür die Demo"), "{description}");
            }
        }
    }

    /// The public sees facts: invented utilities and partnerships are for members.
    async fn what_is_invented_is_marked(app: TestApp) {
        let demo = demo(&app).await;
        let (public, coordinator) = (demo.anonymous(), demo.coordinator());
        for path in ["/api/v1/utilities", "/api/v1/partnerships"] {
            let invented = |items: &[Value]| {
                items.iter().filter(|it| it["slug"].as_str().unwrap().starts_with("example-")).count()
            };
            assert_eq!(invented(&public.all(path).await), 0, "{path}");
            assert!(invented(&coordinator.all(path).await) > 3, "{path}");
        }
        let mut checked = 0;
        for path in ["/api/v1/sessions", "/api/v1/partnerships"] {
            for it in coordinator.all(path).await {
                let is_example = it["slug"].as_str().unwrap().starts_with("example-");
                assert_eq!(it["title"].as_str().unwrap().starts_with("Beispiel: "), is_example, "{it}");
                checked += usize::from(is_example);
            }
        }
        assert!(checked > 9, "{checked}");
    }
}
