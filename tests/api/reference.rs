//! Reference lists: each code once, in both languages, for everybody, and cacheable.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixtures::{AREAS, PARTNERSHIPS, PROGRAMMES, UTILITIES, create, merged, municipal, partnership};
use crate::harness::on_both;

/// Each list, its number of codes, and one of them with its labels.
const LISTS: [(&str, usize, [&str; 3]); 6] = [
    ("sectors", 7, ["water", "Trinkwasser", "Drinking water"]),
    ("countries", 250, ["UA", "Ukraine", "Ukraine"]),
    ("languages", 184, ["sw", "Suaheli", "Swahili"]),
    ("climate-zones", 30, ["ET", "Polar, Tundra", "Polar, tundra"]),
    (
        "sdg-targets",
        169,
        ["15.4", "Bergökosysteme erhalten", "Ensure the conservation of mountain ecosystems"],
    ),
    ("dac-codes", 295, ["14021", "Wasserversorgung – große Systeme", "Water supply – large systems"]),
];

fn path(list: &str) -> String {
    format!("/api/v1/reference/{list}")
}

/// The code, the German label and the English label of each entry.
fn entries(list: &Value) -> Vec<[String; 3]> {
    let entry = |entry: &Value| {
        [&entry["code"], &entry["label"]["de"], &entry["label"]["en"]]
            .map(|text| text.as_str().unwrap().to_owned())
    };
    list["items"].as_array().unwrap().iter().map(entry).collect()
}

on_both! {
    async fn reference_lists_are_complete_and_bilingual(app: TestApp) {
        for (list, many, [code, de, en]) in LISTS {
            let entries = entries(&app.anonymous().get(&path(list)).await.ok().json());
            assert_eq!(entries.len(), many, "{list}");
            assert_eq!(entries.iter().map(|[code, ..]| code).collect::<BTreeSet<_>>().len(), many, "{list}");
            assert!(entries.iter().flatten().all(|text| !text.trim().is_empty()), "{list}");
            assert!(entries.contains(&[code, de, en].map(str::to_owned)), "{list}");
        }
    }

    async fn every_listed_code_is_accepted_in_resources(app: TestApp) {
        let office = app.coordinator();
        let codes = async |list| {
            let codes = entries(&office.get(&path(list)).await.ok().json());
            codes.into_iter().map(|[code, ..]| code).collect::<Vec<_>>()
        };
        let utility = json!({
            "sectors": codes("sectors").await, "languages": codes("languages").await,
            "needs": codes("working-areas?limit=200").await
        });
        create(&office, UTILITIES, &merged(&municipal("Zxq"), &utility)).await;
        let partnership = merged(&partnership("Zxq"), &json!({"sdg_targets": codes("sdg-targets").await}));
        create(&office, PARTNERSHIPS, &partnership).await;
        let programme = json!({"name": "Zxq", "kind": "grant", "countries": codes("countries").await});
        create(&office, PROGRAMMES, &programme).await;
        for zone in codes("climate-zones").await {
            let utility = merged(&municipal("Zxq"), &json!({"climate_zone": zone}));
            office.post(&format!("{UTILITIES}?dry_run=true"), &utility).await.expect(201);
        }
    }

    async fn reference_lists_are_publicly_cacheable_and_honour_etags(app: TestApp) {
        for (list, ..) in LISTS {
            let path = path(list);
            let whole = app.anonymous().get(&path).await.ok();
            assert_eq!(whole.header("cache-control"), "public, max-age=3600", "{list}");
            assert!(!whole.header("vary").to_lowercase().contains("authorization"), "{list}");
            for caller in [app.anonymous(), app.member()] {
                let request = caller.request(reqwest::Method::GET, &path).header("If-None-Match", whole.tag());
                let known = caller.send(request).await.expect(304);
                assert_eq!((known.tag(), known.body.len()), (whole.tag(), 0));
                assert_eq!(known.header("cache-control"), "public, max-age=3600", "{list}");
            }
            let head = app.anonymous().head(&path).await.ok();
            assert_eq!((head.tag(), head.body.len()), (whole.tag(), 0));
        }
    }

    async fn reference_lists_refuse_parameters_formats_and_other_methods(app: TestApp) {
        let caller = app.anonymous();
        for (list, ..) in LISTS {
            let faults = caller.get(&format!("{}?limit=5", path(list))).await;
            assert_eq!(faults.faults(400, "invalid_parameters"), ["limit unknown_parameter"]);
            let request = caller.request(reqwest::Method::GET, &path(list)).header("Accept", "text/csv");
            caller.send(request).await.problem(406, "not_acceptable");
            caller.delete(&path(list), "*").await.problem(405, "method_not_allowed");
        }
        caller.get(&path("nothing")).await.problem(404, "not_found");
        let stranger = caller.with_token("none");
        stranger.get(&path("sectors")).await.problem(401, "invalid_token");
    }

    /// Working areas are a list of codes too, but with pages.
    async fn working_areas_are_listed_like_other_codes(app: TestApp) {
        let page = app.anonymous().get(&format!("{AREAS}?limit=200&count=true")).await.ok().json();
        let entries = entries(&page);
        assert_eq!((&page["total"], entries.len()), (&Value::from(45), 45));
        assert!(entries.is_sorted());
        let water = ["non-revenue-water", "Wasserverluste (Non-Revenue Water)", "Non-revenue water"];
        assert!(entries.contains(&water.map(str::to_owned)));
    }
}
