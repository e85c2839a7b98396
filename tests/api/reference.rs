//! Reference lists and vocabularies: each code once, in both languages, for everybody, and cacheable.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixtures::{AREAS, PARTNERSHIPS, PROGRAMMES, UTILITIES, create, merged, municipal, partnership};
use crate::harness::on_both;

/// Each list, its number of codes, and one of them with its labels.
const LISTS: [(&str, usize, [&str; 3]); 9] = [
    ("sectors", 7, ["water", "Trinkwasser", "Drinking water"]),
    ("countries", 250, ["UA", "Ukraine", "Ukraine"]),
    ("languages", 184, ["sw", "Suaheli", "Swahili"]),
    ("climate-zones", 30, ["ET", "Polar, Tundra", "Polar, tundra"]),
    (
        "sdg-targets",
        169,
        ["15.4", "Bergökosysteme erhalten", "Ensure the conservation of mountain ecosystems"],
    ),
    ("sdgs", 17, ["6", "Sauberes Wasser und Sanitäreinrichtungen", "Clean water and sanitation"]),
    ("partnership-statuses", 6, ["suspended", "Ruhend", "Suspended"]),
    ("partnership-statuses-or-unknown", 7, ["unknown", "Unbekannt", "Unknown"]),
    ("dac-codes", 295, ["14021", "Wasserversorgung – große Systeme", "Water supply – large systems"]),
];

/// All vocabularies.
const ALL: &str = "/api/v1/reference";

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
        let unknown = caller.get(&path("partnership-status")).await.problem(404, "not_found");
        let allowed = unknown["allowed"].as_array().unwrap();
        assert!(allowed.len() > 80 && LISTS.iter().all(|(list, ..)| allowed.contains(&json!(list))));
        assert!(unknown["detail"].as_str().unwrap().contains("`partnership-statuses`"), "{unknown}");
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

    async fn one_request_returns_all_vocabularies(app: TestApp) {
        let anyone = app.anonymous();
        let all = anyone.get(ALL).await.ok();
        assert_eq!(all.header("cache-control"), "public, max-age=3600");
        let all = all.json();
        let names: Vec<_> = all["items"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted_by(|one, next| one < next) && names.len() > 80, "{names:?}");
        for vocabulary in all["items"].as_array().unwrap() {
            let name = vocabulary["name"].as_str().unwrap();
            let one = anyone.get(&path(name)).await.ok().json();
            assert_eq!(one["items"], vocabulary["items"], "{name}");
            let codes: BTreeSet<_> = entries(&one).into_iter().map(|[code, ..]| code).collect();
            assert_eq!(codes.len(), one["items"].as_array().unwrap().len(), "{name}: a code twice");
        }
    }

    /// A front end needs no labels of its own: whatever the document enumerates has labels in both languages.
    async fn every_enumeration_of_the_document_has_a_vocabulary(app: TestApp) {
        let anyone = app.anonymous();
        let document = anyone.get("/openapi.json").await.ok().json();
        let all = anyone.get(ALL).await.ok().json();
        let mut found = Vec::new();
        enumerations("", &document, &mut found);
        assert!(found.len() > 90, "{}", found.len());
        for (place, schema) in found {
            let name = schema["x-vocabulary"].as_str().unwrap_or_else(|| panic!("{place} has no vocabulary"));
            let vocabulary = all["items"].as_array().unwrap().iter().find(|it| it["name"] == name);
            let vocabulary = vocabulary.unwrap_or_else(|| panic!("{place}: there is no vocabulary `{name}`"));
            let labelled = entries(vocabulary);
            let mut codes = labelled.iter().map(|[code, ..]| code.as_str());
            for word in schema["enum"].as_array().unwrap() {
                assert!(codes.any(|code| code == word), "{place}: {word} is missing in `{name}`, or in another order");
            }
            for [code, de, en] in &labelled {
                // Labels are written for people; a code that has just become a label would have its own form.
                assert!(!de.trim().is_empty() && !en.trim().is_empty(), "{place}: {code}");
                assert!(!de.contains('_') && !en.contains('_') && de != "null", "{place}: {code}: {de}, {en}");
            }
        }
    }

    async fn a_single_language_can_be_requested(app: TestApp) {
        let anyone = app.anonymous();
        for path in [ALL.to_owned()].into_iter().chain(LISTS.map(|(list, ..)| path(list))) {
            let both = anyone.get(&path).await.ok().json();
            for (lang, other) in [("de", "en"), ("en", "de")] {
                let one = anyone.get(&format!("{path}?lang={lang}")).await.ok();
                assert_eq!(one.header("content-type"), "application/vnd.vku.sparse+json", "{path}");
                let mut expected = both.clone();
                without(&mut expected, other);
                assert_eq!(one.json(), expected, "{path} {lang}");
            }
            // Browsers send their language with every request; that does not change what a program gets.
            let request = anyone.request(reqwest::Method::GET, &path).header("Accept-Language", "de");
            assert_eq!(anyone.send(request).await.ok().json(), both, "{path}");
            let request = anyone.request(reqwest::Method::GET, &format!("{path}?lang=de"));
            let sparse = request.header("Accept", "application/vnd.vku.sparse+json");
            anyone.send(sparse).await.ok();
            let faults = anyone.get(&format!("{path}?lang=fr")).await;
            assert_eq!(faults.faults(400, "invalid_parameters"), ["lang unknown_value"]);
        }
    }

    /// Statistics, and so the charts, have the labels of the vocabularies.
    async fn statistics_have_the_labels_of_the_vocabularies(app: TestApp) {
        let office = app.coordinator();
        let mut compared = 0;
        for (path_of, by, name) in [
            ("partnerships", "status", "partnership-statuses-or-unknown"),
            ("partnerships", "sector", "sectors"),
            ("partnerships", "country", "countries"),
            ("members", "status", "member-statuses-or-unknown"),
            ("funding", "kind", "funding-kinds"),
            ("sessions", "kind", "session-kinds"),
        ] {
            let vocabulary = entries(&office.get(&path(name)).await.ok().json());
            let figures = office.get(&format!("/api/v1/statistics/{path_of}?by={by}")).await.ok().json();
            for item in figures["items"].as_array().unwrap() {
                let [key, de, en] = [&item["key"], &item["label"]["de"], &item["label"]["en"]]
                    .map(|text| text.as_str().unwrap().to_owned());
                assert!(vocabulary.contains(&[key, de, en]), "{path_of} by {by}: {item}");
                compared += 1;
            }
        }
        assert!(compared > 20, "{compared}");
    }
}

/// Collects the enumerations of strings in a value, with their places. GeoJSON defines its words itself.
fn enumerations<'a>(place: &str, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            if members.get("enum").is_some_and(Value::is_array) && value["type"] == "string" {
                found.push((place.to_owned(), value));
            }
            for (name, part) in members.iter().filter(|(name, _)| *name != "application/geo+json") {
                enumerations(&format!("{place}/{name}"), part, found);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| enumerations(place, part, found)),
        _ => {}
    }
}

/// Removes a language from all labels.
fn without(value: &mut Value, lang: &str) {
    match value {
        Value::Object(members) => {
            // A code may be that of a language, too: only labels have both.
            if members.contains_key("de") && members.contains_key("en") {
                members.remove(lang);
            }
            members.values_mut().for_each(|part| without(part, lang));
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| without(part, lang)),
        _ => {}
    }
}
