//! Dates and instants have to be in the years 0001 to 9999, wherever one can be written. The places are taken from the
//! document, so that the tests cover all of them.

use serde_json::{Value, json};

use crate::api::fixtures::webhook::webhook;
use crate::api::fixtures::{UTILITIES, WEBHOOKS, create, location, merged, municipal};
use crate::api::sessions::{SESSIONS, session};
use crate::harness::on_both;

const DAYS: &[&str] = &["0000-01-01", "+10000-01-01", "10000-01-01", "-0001-01-01", "2026-06-31"];
const INSTANTS: &[&str] = &[
    "+10000-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "9999-12-31T23:59:59-05:00",
    "0001-01-01T00:00:00+05:00",
    "2016-12-31T23:59:60Z",
    "2026-06-30T12:00:60Z",
];

/// A JSON pointer into a body, and the values that are refused there.
type DateField = (String, &'static [&'static str]);

/// Collects the dates and instants in a schema.
fn places(document: &Value, schema: &Value, at: &str, found: &mut Vec<DateField>) {
    if at.matches('/').count() > 5 {
        return;
    }
    match schema["format"].as_str() {
        Some("date") => found.push((at.to_owned(), DAYS)),
        Some("date-time") => found.push((at.to_owned(), INSTANTS)),
        _ => {}
    }
    if let Some(name) = schema["$ref"].as_str() {
        places(document, document.pointer(name.trim_start_matches('#')).unwrap(), at, found);
    }
    for all in ["oneOf", "anyOf", "allOf"] {
        schema[all].as_array().into_iter().flatten().for_each(|one| places(document, one, at, found));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        places(document, member, &format!("{at}/{name}"), found);
    }
    if schema["items"].is_object() {
        places(document, &schema["items"], &format!("{at}/0"), found);
    }
}

/// A body that has only this value.
fn body(place: &str, value: &str) -> Value {
    place.rsplit('/').filter(|name| !name.is_empty()).fold(json!(value), |inner, name| match name {
        "0" => json!([inner]),
        name => json!({name: inner}),
    })
}

fn path(template: &str, webhook: &str) -> String {
    let template = template.replace("/webhooks/{id}", webhook);
    let parents = [
        ("{partnership_id}", "dresden-lviv-ternopil-nadvirna"),
        ("{member_id}", "stadtentwaesserung-dresden"),
        ("{session_id}", "bmz-vku-workshop-2018"),
    ];
    parents.iter().fold(template, |path, (name, slug)| path.replace(name, slug))
}

on_both! {
    async fn years_beyond_four_digits_and_leap_seconds_are_refused(app: TestApp) {
        let document: Value = serde_json::from_str(include_str!("../../../openapi/openapi.json")).unwrap();
        let admin = app.admin();
        let webhook = location(&create(&admin, WEBHOOKS, &webhook("Zxq")).await);
        let webhook = webhook.strip_prefix("/api/v1").unwrap();
        let (mut members, mut filters) = (0, 0);
        for (template, operations) in document["paths"].as_object().unwrap() {
            let mut found = Vec::new();
            let schema = &operations["post"]["requestBody"]["content"]["application/json"]["schema"];
            places(&document, schema, "", &mut found);
            found.dedup();
            for (place, values) in found {
                members += 1;
                for value in values {
                    // The expiry of an API key is checked only if the other members are valid.
                    let is_key = template.ends_with("/api-keys");
                    let rest = if is_key { json!({"name": "Zxq", "scopes": ["sessions:read"]}) } else { json!({}) };
                    let answer = admin.post(&path(template, webhook), &merged(&rest, &body(&place, value))).await;
                    let faults = answer.faults(422, "validation_failed");
                    let expected = ["invalid_format", "out_of_range"].map(|code| format!("{place} {code}"));
                    assert!(expected.iter().any(|it| faults.contains(it)), "{template} {place} {value}: {faults:?}");
                }
            }
            for parameter in operations["get"]["parameters"].as_array().into_iter().flatten() {
                let (mut found, name) = (Vec::new(), parameter["name"].as_str().unwrap_or_default());
                places(&document, &parameter["schema"], "", &mut found);
                for value in found.iter().flat_map(|(_, values)| *values) {
                    filters += 1;
                    let path_with_filter = format!("{}?{name}={}", path(template, webhook), value.replace('+', "%2B"));
                    admin.get(&path_with_filter).await.problem(400, "invalid_parameters");
                }
            }
        }
        assert!(members >= 12 && filters >= 100, "{members} {filters}");
    }

    async fn computed_instants_stay_within_the_supported_years(app: TestApp) {
        let office = app.coordinator();
        for (patch, faults) in [
            (json!({"starts_on": "9999-12-31", "start_time": "20:00", "end_time": "21:00", "time_zone": "America/Los_Angeles"}), &["/starts_on out_of_range"][..]),
            (json!({"starts_on": "9999-12-30", "ends_on": "9999-12-31", "time_zone": "America/Los_Angeles", "end_time": "20:00"}), &["/ends_on out_of_range"]),
            (json!({"starts_on": "0001-01-01", "start_time": "00:10", "end_time": "00:20"}), &["/starts_on out_of_range"]),
        ] {
            let refused = office.post(SESSIONS, &merged(&session("Zxq"), &patch)).await;
            assert_eq!(refused.faults(422, "validation_failed"), faults, "{patch}");
        }
        // Values within the range can be read everywhere, also in a calendar.
        let days = json!({"start_time": null, "end_time": null, "starts_on": "9999-12-31"});
        for body in [
            days.clone(),
            merged(&days, &json!({"starts_on": "9999-12-30", "ends_on": "9999-12-31"})),
            json!({"starts_on": "9999-12-31", "start_time": "10:00", "end_time": "11:00", "registration_closes_at": "9999-12-31T23:59:59.999999Z"}),
            json!({"starts_on": "0001-01-02", "registration_closes_at": "0001-01-01T00:00:00Z"}),
        ] {
            let made = create(&office, SESSIONS, &merged(&session("Zxq"), &body)).await;
            let (at, read) = (location(&made), made.json());
            assert_eq!(office.get(&at).await.ok().json(), read);
            let calendar = office.get(&format!("{at}?format=ics")).await.ok().text();
            for line in calendar.lines().filter(|line| line.starts_with("DT")) {
                let digits = line.rsplit(':').next().unwrap().split('T').next().unwrap();
                assert!(digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit()), "{line}");
            }
        }
        office.get(&format!("{SESSIONS}?format=ics")).await.ok();
    }

    async fn negative_zero_is_stored_as_zero(app: TestApp) {
        let body = merged(&municipal("Null"), &json!({"location": {"latitude": -0.0, "longitude": -0.0}}));
        let made = create(&app.coordinator(), UTILITIES, &body).await;
        for read in [made.json(), app.coordinator().get(&location(&made)).await.ok().json()] {
            assert_eq!(read["location"].to_string(), r#"{"latitude":0.0,"longitude":0.0}"#);
        }
    }
}
