//! Activities, results, documents and funding of partnerships, and the members of a partnership that derive from them.

use serde_json::{Value, json};

use super::fixtures::bodies::sub_resource;
use super::fixtures::{DRESDEN, PARTNERSHIPS, create, location, merged, partnership};
use super::result_values::{reported, value};
use super::visibility::hidden::{LVIV, text};
use crate::harness::on_both;

/// A partnership led by Hamburg.
const ANOTHER: &str = "/api/v1/partnerships/zxq-another";

fn activity(starts_on: &str, ends_on: Option<&str>) -> Value {
    json!({"kind": "mission", "title": "Zxq", "starts_on": starts_on, "ends_on": ends_on})
}

on_both! {
    async fn a_sub_resource_is_returned_as_it_was_created(app: TestApp) {
        let staff = app.coordinator();
        let bodies = [
            ("activities", json!({
                "kind": "study_tour", "title": "Three waterworks", "starts_on": "2024-02-29", "ends_on": "2024-03-01",
                "country": "UA", "participants": 12, "expert_days": "7.5", "description": {"uk": "Поїздка"}
            })),
            ("results", json!({
                "name": "Losses", "unit": "%", "baseline": "41.5", "target": "-0.000001", "sdg_target": "6.4",
                "values": [value("2024-12-31", "38"), value("2023-12-31", "999999999999.999999")]
            })),
            ("documents", json!({
                "title": "Agreement", "url": "https://zxq.example/a?b#c", "kind": "contract", "language": "uk"
            })),
        ];
        for (collection, body) in bodies {
            let path = location(&create(&staff, &format!("{DRESDEN}/{collection}"), &body).await);
            let there = staff.get(&path).await.ok().json();
            for (member, sent) in body.as_object().unwrap() {
                assert_eq!(&there[member], sent, "{path}");
            }
            assert_eq!(there["partnership"]["slug"], "dresden-lviv-ternopil-nadvirna");
            // The whole sub-resource can be sent back unchanged.
            assert_eq!(staff.patch(&path, "*", &there).await.ok().json()["version"], 1);
        }
    }

    async fn invalid_sub_resources_report_faults_with_pointers(app: TestApp) {
        let staff = app.coordinator();
        for (collection, more, faults) in [
            ("activities", json!({"ends_on": "2030-12-31"}), vec!["/ends_on end_before_start"]),
            ("activities", json!({"starts_on": "2031"}), vec!["/starts_on invalid_format"]),
            ("activities", json!({"expert_days": "-1"}), vec!["/expert_days out_of_range"]),
            ("activities", json!({"expert_days": 7.5}), vec!["/expert_days wrong_type"]),
            ("activities", json!({"participants": 0}), vec!["/participants out_of_range"]),
            ("activities", json!({"kind": "party", "country": "XX"}), vec!["/country unknown_value", "/kind unknown_value"]),
            ("results", json!({"baseline": 0.1}), vec!["/baseline wrong_type"]),
            ("results", json!({"target": "0.30000000000000004"}), vec!["/target invalid_format"]),
            (
                "results",
                json!({"values": [value("2024-01-01", "1"), value("2024-01-02", "1"), value("2024-01-01", "2")]}),
                vec!["/values/2/on duplicate"],
            ),
            (
                "results",
                json!({"values": [value("2024-01-01", "1,5"), {"on": "2024-01-02", "value": 0.1}]}),
                vec!["/values/0/value invalid_format", "/values/1/value wrong_type"],
            ),
            (
                "results",
                json!({"values": [{"on": "2024-01-01", "value": "1", "reported_by": "hamburg-wasser"}]}),
                vec!["/values/0/reported_by not_a_participant"],
            ),
            (
                "results",
                json!({"values": [{"on": "2024-01-01", "value": "1", "reported_by": "zxq-nobody"}]}),
                vec!["/values/0/reported_by unknown_reference"],
            ),
            ("results", json!({"sdg_target": "6.9"}), vec!["/sdg_target unknown_value"]),
            ("documents", json!({"url": "ftp://zxq.example", "language": "xx"}), vec![
                "/language unknown_value", "/url invalid_format",
            ]),
            ("documents", json!({"kind": null, "title": null}), vec!["/kind required", "/title required"]),
        ] {
            let body = merged(&sub_resource(collection, "Zxq"), &more);
            let answer = staff.post(&format!("{DRESDEN}/{collection}"), &body).await;
            assert_eq!(answer.faults(422, "validation_failed"), faults, "{more}");
        }
        let days = (0..501).map(|day| {
            let day = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(day);
            value(&day.to_string(), "1")
        });
        let body = merged(&sub_resource("results", "Zxq"), &json!({"values": days.collect::<Vec<_>>()}));
        let answer = staff.post(&format!("{DRESDEN}/results"), &body).await;
        assert_eq!(answer.faults(422, "validation_failed"), ["/values too_many"]);
    }

    async fn a_partner_may_only_add_documents_to_its_own_partnerships(app: TestApp) {
        let (staff, partner) = (app.coordinator(), app.partner());
        let body = merged(&partnership("Zxq another"), &json!({"participants": [
            {"role": "lead", "party": {"utility": "hamburg-wasser"}},
            {"role": "partner", "party": {"utility": "kyivvodokanal"}},
            {"role": "partner", "party": {"utility": LVIV}, "until": "2020"}
        ]}));
        create(&staff, PARTNERSHIPS, &body).await;
        let document = sub_resource("documents", "Zxq");
        let path = location(&create(&partner, &format!("{DRESDEN}/documents"), &document).await);
        partner.patch(&path, "*", &json!({"kind": "other"})).await.problem(403, "forbidden");
        partner.delete(&path, "*").await.problem(403, "forbidden");
        // A partner that has left may add nothing, and partners may add no other kind of sub-resource.
        for at in [ANOTHER, "/api/v1/partnerships/hamburg-kyiv"] {
            partner.post(&format!("{at}/documents"), &document).await.problem(403, "forbidden");
        }
        for collection in ["activities", "results", "funding"] {
            let body = sub_resource(collection, "Zxq");
            partner.post(&format!("{DRESDEN}/{collection}"), &body).await.problem(403, "forbidden");
        }
        let left = location(&create(&staff, &format!("{ANOTHER}/results"), &sub_resource("results", "Zxq")).await);
        let values = json!({"values": [value("2024-01-01", "1")]});
        partner.patch(&left, "*", &values).await.problem(403, "forbidden");
    }

    async fn a_member_may_edit_the_sub_resources_of_partnerships_that_it_leads(app: TestApp) {
        let (staff, member) = (app.coordinator(), app.member());
        for collection in ["activities", "results", "documents"] {
            let body = sub_resource(collection, "Zxq");
            let path = location(&create(&member, &format!("{DRESDEN}/{collection}"), &body).await);
            let change = if collection == "results" { json!({"unit": "m³"}) } else { json!({"kind": "study"}) };
            let change = if collection == "documents" { json!({"kind": "report"}) } else { change };
            member.patch(&path, "*", &change).await.ok();
            member.delete(&path, "*").await.expect(204);
            let others = format!("/api/v1/partnerships/hamburg-kyiv/{collection}");
            member.post(&others, &body).await.problem(403, "forbidden");
            let theirs = location(&create(&staff, &others, &body).await);
            member.patch(&theirs, "*", &change).await.problem(403, "forbidden");
            member.delete(&theirs, "*").await.problem(403, "forbidden");
            app.reader().post(&format!("{DRESDEN}/{collection}"), &body).await.problem(403, "forbidden");
            app.anonymous().post(&format!("{DRESDEN}/{collection}"), &body).await.expect(401);
        }
        // Values that a member reports are its own utility's. It may not report for the partner.
        let body = merged(&sub_resource("results", "Zxq"), &json!({"values": [value("2024-01-01", "1")]}));
        let path = location(&create(&member, &format!("{DRESDEN}/results"), &body).await);
        assert_eq!(reported(&member, &path).await, ["1 stadtentwaesserung-dresden"]);
        let values = json!([{"on": "2024-01-01", "value": "1", "reported_by": LVIV}]);
        let body = merged(&body, &json!({"values": values}));
        assert_eq!(
            member.post(&format!("{DRESDEN}/results"), &body).await.faults(403, "forbidden"),
            ["/values/0/reported_by not_writable"]
        );
    }

    async fn funding_totals_and_last_activity_follow_the_sub_resources(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&create(&staff, PARTNERSHIPS, &partnership("Zxq another")).await);
        let seen = async || app.anonymous().get(&path).await.ok();
        let none = seen().await;
        assert_eq!((&none.json()["funding_totals"], none.json().get("last_activity_on")), (&json!([]), None));

        let mut phases = Vec::new();
        for (amount, currency) in
            [("0.10", "EUR"), ("0.20", "EUR"), ("1000", "UGX"), ("1.050", "JOD"), ("999999999999999.99", "USD")]
        {
            let phase = json!({"kind": "grant", "amount": {"amount": amount, "currency": currency}});
            phases.push(location(&create(&staff, &format!("{path}/funding"), &phase).await));
        }
        create(&staff, &format!("{path}/funding"), &json!({"kind": "in_kind"})).await;
        let money = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
        let usd = money("999999999999999.99", "USD");
        let sums = json!([money("0.30", "EUR"), money("1.050", "JOD"), money("1000", "UGX"), usd]);
        let now = seen().await;
        assert_eq!(now.json()["funding_totals"], sums);
        // The sums change at once, but not the version of the partnership.
        assert_ne!(now.tag(), none.tag());
        assert_eq!(now.json()["version"], 1);

        // A sum that exceeds the range of an amount is left out.
        let phase = json!({"kind": "grant", "amount": usd});
        create(&staff, &format!("{path}/funding"), &phase).await;
        staff.delete(&phases[0], "*").await.expect(204);
        assert_eq!(
            seen().await.json()["funding_totals"],
            json!([money("0.20", "EUR"), money("1.050", "JOD"), money("1000", "UGX")])
        );

        let today = app.store.now().date_naive();
        let day = |days: i64| (today + chrono::TimeDelta::days(days)).to_string();
        create(&staff, &format!("{path}/activities"), &activity(&day(1), None)).await;
        assert_eq!(seen().await.json().get("last_activity_on"), None, "it is still to come");
        create(&staff, &format!("{path}/activities"), &activity(&day(-20), Some(&day(-10)))).await;
        create(&staff, &format!("{path}/activities"), &activity(&day(-15), None)).await;
        assert_eq!(seen().await.json()["last_activity_on"], day(-10));
        let going_on = location(&create(&staff, &format!("{path}/activities"), &activity(&day(-1), Some(&day(5)))).await);
        assert_eq!(seen().await.json()["last_activity_on"], day(0));
        staff.delete(&going_on, "*").await.expect(204);
        assert_eq!(seen().await.json()["last_activity_on"], day(-10));
        let listed = app.anonymous().all(&format!("{PARTNERSHIPS}?lead=hamburg-wasser")).await;
        assert!(listed.iter().any(|it| it["last_activity_on"] == day(-10)));
    }

    async fn activities_can_be_filtered_by_kind_country_and_date(app: TestApp) {
        let staff = app.coordinator();
        for (kind, starts_on, country) in [
            ("mission", "2023-12-31", json!("UA")),
            ("training", "2024-01-01", json!("DE")),
            ("training", "2024-12-31", Value::Null),
        ] {
            let body = json!({"kind": kind, "title": starts_on, "starts_on": starts_on, "country": country});
            create(&staff, &format!("{DRESDEN}/activities"), &body).await;
        }
        for (query, days) in [
            ("", vec!["2024-12-31", "2024-01-01", "2023-12-31"]),
            ("?sort=starts_on", vec!["2023-12-31", "2024-01-01", "2024-12-31"]),
            ("?kind=training", vec!["2024-12-31", "2024-01-01"]),
            ("?country=UA&country=DE", vec!["2024-01-01", "2023-12-31"]),
            ("?starts_from=2024", vec!["2024-12-31", "2024-01-01"]),
            ("?starts_to=2024-01", vec!["2024-01-01", "2023-12-31"]),
            ("?starts_from=2024-02&starts_to=2024-11", vec![]),
        ] {
            let found = app.anonymous().all(&format!("{DRESDEN}/activities{query}")).await;
            let found: Vec<_> = found.iter().map(|it| text(it, "starts_on")).collect();
            assert_eq!(found, days, "{query}");
        }
    }
}
