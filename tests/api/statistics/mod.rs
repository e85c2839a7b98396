//! Statistics: each figure equals a count of the exported rows, for every caller.

mod money;
mod people;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::fixtures::{PARTNERSHIPS, create, delete, location, merged, partnership};
use super::sessions::{SESSIONS, session};
use crate::harness::{Caller, Response, TestApp, on_both};

const STATISTICS: &str = "/api/v1/statistics";

/// The figures by key and currency, with the numbers of these names, from JSON. Checks that the CSV has the same.
async fn figures(caller: &Caller, path: &str, numbers: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let answer = caller.get(&format!("{STATISTICS}/{path}")).await.ok().json();
    for locale in ["de", "en"] {
        assert!(!answer["rule"][locale].as_str().unwrap().is_empty());
    }
    let items = answer["items"].as_array().unwrap();
    let told = |key: &str, currency: Option<&str>| match currency {
        Some(currency) => format!("{key} {currency}"),
        None => key.to_owned(),
    };
    let mut figures = BTreeMap::new();
    for it in items {
        let key = it["key"].as_str().unwrap();
        for locale in ["de", "en"] {
            let label = it["label"][locale].as_str().unwrap();
            assert!(!label.is_empty() && (key != "unknown" || label != "unknown" || locale == "en"), "{it}");
        }
        let numbers = numbers.iter().map(|name| it[name].clone()).collect::<Vec<_>>();
        figures.insert(told(key, it["currency"].as_str()), numbers);
    }
    assert_eq!(figures.len(), items.len(), "a key twice: {items:?}");

    let csv = caller.get(&format!("{STATISTICS}/{path}&format=csv")).await.ok();
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = csv.text();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let mut rows = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let cell = |name: &str| Some(&row[headers.iter().position(|it| it == name)?]);
        let numbers = numbers.iter().map(|name| cell(name).unwrap().to_owned()).collect::<Vec<_>>();
        rows.insert(told(cell("key").unwrap(), cell("currency")), numbers);
    }
    let written =
        |it: &Value| it.as_str().map_or_else(|| it.to_string().replace("null", ""), ToOwned::to_owned);
    let told = figures.iter().map(|(key, numbers)| (key.clone(), numbers.iter().map(written).collect()));
    assert_eq!(rows, told.collect::<BTreeMap<_, Vec<_>>>(), "{path}");
    figures
}

/// The rows of an export.
async fn exported(caller: &Caller, path: &str) -> Vec<Value> {
    let text = caller.get(&format!("{path}?format=ndjson")).await.ok().text();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How often each key occurs.
fn counted(keys: impl IntoIterator<Item = String>) -> BTreeMap<String, Vec<Value>> {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for key in keys {
        *counted.entry(key).or_default() += 1;
    }
    counted.into_iter().map(|(key, number)| (key, vec![json!(number)])).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let mut texts: Vec<_> =
        value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts.dedup();
    texts
}

fn or_unknown(text: &Value) -> String {
    text.as_str().unwrap_or("unknown").to_owned()
}

fn year(text: &Value) -> String {
    text.as_str().map_or("unknown", |text| &text[..4]).to_owned()
}

/// The keys under which a partnership counts.
fn keys(it: &Value, by: &str) -> Vec<String> {
    match by {
        "status" => vec![or_unknown(&it["status"])],
        "sector" => texts(&it["sectors"]),
        "country" => texts(&it["countries"]),
        "sdg_target" => texts(&it["sdg_targets"]),
        "programme" => {
            let programmes = it["programmes"].as_array().unwrap().iter();
            programmes.map(|it| it["slug"].as_str().unwrap().to_owned()).collect()
        }
        "year" => vec![year(&it["start"])],
        _ => panic!("{by}"),
    }
}

/// Creates partnerships with money that only some callers see, and deleted ones that nobody sees.
async fn create_data(app: &TestApp) {
    let staff = app.coordinator();
    for (title, visibility) in
        [("Zxq members", "members"), ("Zxq internal", "internal"), ("Zxq gone", "public")]
    {
        let more = json!({
            "title": title, "visibility": visibility, "start": "1999-05", "sectors": ["energy", "waste"],
            "sdg_targets": ["7.1", "12.5"], "status": "preparation"
        });
        let it = create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &more)).await;
        let path = format!("{}/funding", location(&it));
        for (kind, amount, currency, from) in [
            ("grant", "999999999999999.99", "EUR", Some("1999")),
            ("grant", "999999999999999.99", "EUR", Some("1999-12")),
            ("own_contribution", "0.001", "JOD", None),
            ("in_kind", "7", "UGX", Some("2001")),
        ] {
            let phase = json!({
                "kind": kind, "amount": {"amount": amount, "currency": currency}, "from": from, "programme": "newza"
            });
            create(&staff, &path, &phase).await;
        }
        let gone = json!({"kind": "third_party", "amount": {"amount": "1", "currency": "USD"}});
        delete(&staff, &location(&create(&staff, &path, &gone).await)).await;
        if title == "Zxq gone" {
            delete(&staff, &location(&it)).await;
        }
    }
}

async fn in_german(caller: &Caller, path: &str) -> Response {
    let request = caller.request(Method::GET, &format!("{STATISTICS}/{path}"));
    caller.send(request.header("Accept-Language", "de")).await
}

on_both! {
    async fn partnership_figures_equal_a_count_of_the_export(app: TestApp) {
        create_data(&app).await;
        let mut totals = Vec::new();
        for (role, caller) in [
            ("public", app.anonymous()), ("partner", app.partner()), ("member", app.member()), ("reader", app.reader()),
            ("coordinator", app.coordinator()),
        ] {
            let all = exported(&caller, PARTNERSHIPS).await;
            for by in ["status", "sector", "country", "programme", "sdg_target", "year"] {
                let path = format!("partnerships?by={by}");
                let by_hand = counted(all.iter().flat_map(|it| keys(it, by)));
                assert!(by_hand.len() > 1 || (by, role) == ("sdg_target", "public"), "{by}");
                assert_eq!(figures(&caller, &path, &["partnerships"]).await, by_hand, "{role} {by}");
                let total = caller.get(&format!("{STATISTICS}/{path}")).await.ok().json()["total"].clone();
                assert_eq!(total, all.len(), "{role} {by}");
            }
            totals.push(all.len());
        }
        assert!(totals[0] < totals[3] && totals[3] < totals[4], "{totals:?}");
    }

    /// The countries of a partnership are stored in its party rows, and have to follow those of its utilities.
    async fn a_moved_utility_moves_its_partnerships(app: TestApp) {
        let office = app.coordinator();
        for country in ["MD", "UA"] {
            office.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"country": country})).await.ok();
            let all = exported(&office, PARTNERSHIPS).await;
            let by_hand = counted(all.iter().flat_map(|it| keys(it, "country")));
            assert_eq!(figures(&office, "partnerships?by=country", &["partnerships"]).await, by_hand);
            for wanted in ["MD", "UA"] {
                let there = all.iter().filter(|it| keys(it, "country").contains(&wanted.to_owned()));
                let there: Vec<_> = there.map(|it| it["slug"].clone()).collect();
                let found = office.all(&format!("{PARTNERSHIPS}?country={wanted}")).await;
                assert_eq!(found.iter().map(|it| it["slug"].clone()).collect::<Vec<_>>(), there, "{wanted}");
                // Two of its utilities stay in Ukraine.
                let is_there = there.contains(&json!("dresden-lviv-ternopil-nadvirna"));
                assert_eq!(is_there, wanted == "UA" || country == "MD", "{wanted}");
            }
        }
    }

    async fn hidden_resources_do_not_change_figures(app: TestApp) {
        let (office, anyone) = (app.coordinator(), app.anonymous());
        let paths = ["partnerships", "partnerships?by=country", "partnerships?format=map", "funding", "sessions"];
        let mut before = Vec::new();
        for path in paths {
            before.push(anyone.get(&format!("{STATISTICS}/{path}")).await.ok().tag());
        }
        let hidden = merged(&partnership("Zxq"), &json!({"visibility": "internal", "start": "1999", "status": "active"}));
        let hidden = location(&create(&office, PARTNERSHIPS, &hidden).await);
        create(&office, &format!("{hidden}/funding"), &json!({"kind": "grant", "amount": {"amount": "5", "currency": "CHF"}})).await;
        create(&office, SESSIONS, &session("Zxq draft")).await;
        for (path, before) in paths.into_iter().zip(before) {
            assert_eq!(anyone.get(&format!("{STATISTICS}/{path}")).await.ok().tag(), before, "{path}");
        }
        // Cached figures are replaced after a write.
        let found = figures(&office, "funding?by=kind&currency=CHF", &["amount", "phases"]).await;
        assert_eq!(found, BTreeMap::from([("grant CHF".to_owned(), vec![json!("5.00"), json!(1)])]));
        delete(&office, &hidden).await;
        assert!(figures(&office, "funding?by=kind&currency=CHF", &["amount"]).await.is_empty());
    }

    async fn charts_and_maps_show_the_figures(app: TestApp) {
        let (anyone, office) = (app.anonymous(), app.coordinator());
        let active = anyone.get(&format!("{STATISTICS}/partnerships")).await.ok().json();
        let active = active["items"].as_array().unwrap().iter().find(|it| it["key"] == "active").unwrap();
        let german = in_german(&anyone, "partnerships?format=svg").await.ok();
        assert_eq!(german.header("content-type"), "image/svg+xml");
        assert_eq!((german.header("content-language").as_str(), german.header("cache-control").as_str()), ("de", "public, no-cache"));
        assert!(german.header("vary").starts_with("Accept, Accept-Language, Authorization"), "{}", german.header("vary"));
        let text = german.text();
        assert!(text.contains("<title>Partnerschaften nach Status</title>"), "{}", &text[..400]);
        assert!(text.contains(&format!("Aktiv: {}", active["partnerships"])), "{}", &text[..400]);
        let english = anyone.request(Method::GET, &format!("{STATISTICS}/partnerships?by=sector"));
        let english = anyone.send(english.header("Accept", "image/svg+xml")).await.ok();
        assert_eq!(english.header("content-language"), "en");
        assert!(english.text().contains("<title>Partnerships by sector</title>") && english.text().contains("Drinking water: "));
        for path in [
            "partnerships?by=year", "partnerships?by=country", "partnerships?by=programme", "partnerships?by=sdg_target",
            "funding?by=programme", "funding?by=kind", "funding?by=year", "members?by=status", "members?by=quarter",
            "members?by=sector", "members?by=regional_group", "sessions?by=year", "sessions?by=kind", "sessions?by=sector",
            "sessions?by=regional_group",
        ] {
            let svg = in_german(&office, &format!("{path}&format=svg")).await.ok();
            let text = svg.text();
            assert!(text.starts_with("<svg role=\"img\"") && text.contains("<title>") && text.contains("<desc>"), "{path}");
            assert_eq!(svg.header("cache-control"), "private, no-cache");
            let again = office.request(Method::GET, &format!("{STATISTICS}/{path}&format=svg"));
            let again = again.header("Accept-Language", "de").header("If-None-Match", svg.tag());
            office.send(again).await.expect(304);
        }
        let zambia = anyone.get(&format!("{STATISTICS}/partnerships?by=country")).await.ok().json();
        let zambia = zambia["items"].as_array().unwrap().iter().find(|it| it["key"] == "ZM").unwrap()["partnerships"].clone();
        for path in ["partnerships?format=map", "partnerships?by=country&format=map"] {
            let map = in_german(&anyone, path).await.ok();
            assert_eq!(map.header("content-type"), "image/svg+xml");
            assert!(map.text().contains(&format!("<title>Sambia: {zambia}</title>")));
        }
        // Browsers get JSON, unless they prefer an image.
        for (accept, media) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/svg+xml,*/*;q=0.8", "application/json"),
            ("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", "image/svg+xml"),
            ("text/csv", "text/csv; charset=utf-8; header=present"),
        ] {
            let request = anyone.request(Method::GET, &format!("{STATISTICS}/funding")).header("Accept", accept);
            assert_eq!(anyone.send(request).await.ok().header("content-type"), media, "{accept}");
        }
    }

    async fn invalid_statistics_requests_are_refused(app: TestApp) {
        let office = app.coordinator();
        for (path, fault) in [
            ("partnerships?by=colour", "by unknown_value"),
            ("partnerships?format=xlsx", "format unknown_value"),
            ("partnerships?by=status&format=map", "format not_mappable"),
            ("funding?by=status", "by unknown_value"),
            ("funding?format=map", "format unknown_value"),
            ("funding?currency=euro", "currency unknown_value"),
            ("funding?limit=1", "limit unknown_parameter"),
            ("members?by=country", "by unknown_value"),
            ("members?by=status&by=quarter", "by repeated"),
            ("sessions?by=month", "by unknown_value"),
        ] {
            let faults = office.get(&format!("{STATISTICS}/{path}")).await.faults(400, "invalid_parameters");
            assert_eq!(faults, [fault], "{path}");
        }
        for path in ["partnerships", "funding", "members", "sessions"] {
            let path = format!("{STATISTICS}/{path}");
            let request = office.request(Method::GET, &path).header("Accept", "text/plain");
            let problem = office.send(request).await.problem(406, "not_acceptable");
            assert!(problem["allowed"].as_array().unwrap().contains(&json!("image/svg+xml")), "{problem}");
            let answer = office.get(&path).await.ok();
            let again = office.request(Method::GET, &path).header("If-None-Match", answer.tag());
            office.send(again).await.expect(304);
            // An API key needs the scopes.
            let key = json!({"name": "Narrow", "scopes": ["utilities:read"]});
            let key = office.post("/api/v1/api-keys", &key).await.expect(201).json();
            let script = app.anonymous().with_token(key["key"].as_str().unwrap());
            script.get(&path).await.problem(403, "insufficient_scope");
        }
    }
}
