//! The rules and the calls of funding programmes.

use serde_json::{Value, json};

use super::fixtures::{PROGRAMMES, assert_nothing_written, create, location, merged};
use crate::harness::on_both;

/// A programme with all members of rules and calls.
fn programme() -> Value {
    json!({
        "name": "Zxq", "slug": "zxq", "kind": "grant",
        "rules": {
            "who_may_apply": {"de": "Kommunale Unternehmen.", "en": "Municipal utilities."},
            "max_grant": {"amount": "250000.00", "currency": "EUR"},
            "own_share_percent": 10,
            "max_months": 36,
            "travel_allowed": false,
            "goods_max": {"amount": "0.50", "currency": "EUR"}
        },
        "calls": [
            {"title": "First", "opens_on": "2026-04-01", "closes_on": "2026-04-01", "url": "https://zxq.example/1"},
            {"title": "Second"}
        ]
    })
}

on_both! {
    async fn rules_and_calls_are_returned_as_they_were_created(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, PROGRAMMES, &programme()).await);
        for caller in [app.anonymous(), app.partner(), office.clone()] {
            let read = caller.get(&at).await.ok().json();
            assert_eq!((&read["rules"], &read["calls"]), (&programme()["rules"], &programme()["calls"]));
        }
        let bounds = json!({"rules": {"own_share_percent": 0, "max_months": 600}});
        let read = office.patch(&at, "*", &bounds).await.ok().json();
        assert_eq!(read["rules"]["own_share_percent"], 0);
        let bounds = json!({"rules": {"own_share_percent": 100, "max_months": 1}});
        assert_eq!(office.patch(&at, "*", &bounds).await.ok().json()["rules"]["max_months"], 1);
        app.reader().patch(&at, "*", &bounds).await.problem(403, "forbidden");
    }

    /// RFC 7396: nested members are merged, lists are replaced.
    async fn a_merge_patch_changes_nested_rules(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, PROGRAMMES, &programme()).await);
        let patch = json!({"rules": {
            "who_may_apply": {"en": null, "fr": "Les régies."}, "max_grant": {"amount": "300000.00"},
            "max_months": null
        }});
        let patched = office.patch(&at, "*", &patch).await.ok().json();
        let mut rules = merged(&programme()["rules"], &patch["rules"]);
        assert_eq!(patched["rules"], rules);
        rules["travel_allowed"] = json!(true);
        let patched = office.patch(&at, "*", &json!({"rules": {"travel_allowed": true}})).await.ok().json();
        assert_eq!((&patched["rules"], patched["calls"].as_array().unwrap().len()), (&rules, 2));
        let calls = json!({"calls": [{"title": "Third", "closes_on": "2027-01-31"}]});
        let patched = office.patch(&at, "*", &calls).await.ok().json();
        assert_eq!((&patched["calls"], &patched["rules"]), (&calls["calls"], &rules));

        let version = &patched["version"];
        assert_eq!(&office.patch(&at, "*", &patched).await.ok().json()["version"], version);
        let gone = office.patch(&at, "*", &json!({"rules": null, "calls": null})).await.ok().json();
        assert_eq!((gone.get("rules"), &gone["calls"]), (None, &json!([])));
        let anew = office.patch(&at, "*", &json!({"rules": {"max_months": 12}})).await.ok().json();
        assert_eq!(anew["rules"], json!({"max_months": 12}));
    }

    async fn invalid_rules_and_calls_report_all_faults(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, PROGRAMMES, &programme()).await);
        assert_nothing_written(&app, async || {
            for (patch, faults) in [
                (json!({"rules": {"own_share_percent": 101}}), &["/rules/own_share_percent out_of_range"][..]),
                (json!({"rules": {"own_share_percent": -1}}), &["/rules/own_share_percent out_of_range"]),
                (json!({"rules": {"own_share_percent": 65546}}), &["/rules/own_share_percent out_of_range"]),
                (json!({"rules": {"own_share_percent": 10.5}}), &["/rules/own_share_percent wrong_type"]),
                (json!({"rules": {"own_share_percent": "10"}}), &["/rules/own_share_percent wrong_type"]),
                (json!({"rules": {"max_months": 0}}), &["/rules/max_months out_of_range"]),
                (json!({"rules": {"max_months": 601}}), &["/rules/max_months out_of_range"]),
                (json!({"rules": {"travel_allowed": "no"}}), &["/rules/travel_allowed wrong_type"]),
                (json!({"rules": {"max_grant": {"amount": 250.5}}}), &["/rules/max_grant/amount wrong_type"]),
                (json!({"rules": {"max_grant": {"amount": "1e6"}}}), &["/rules/max_grant/amount invalid_format"]),
                (json!({"rules": {"max_grant": {"currency": null}}}), &["/rules/max_grant/currency required"]),
                (json!({"rules": {"goods_max": {"currency": "EURO"}}}), &["/rules/goods_max/currency unknown_value"]),
                (json!({"rules": {"who_may_apply": {"de": null, "en": null}}}), &["/rules/who_may_apply empty"]),
                (json!({"rules": {"maximum": 1}}), &["/rules/maximum unknown_member"]),
                (json!({"rules": []}), &["/rules wrong_type"]),
                (json!({"calls": {}}), &["/calls wrong_type"]),
                (json!({"calls": [{}]}), &["/calls/0/title required"]),
                (json!({"calls": [{"title": "a", "closes_on": "2026"}]}), &["/calls/0/closes_on invalid_format"]),
                (json!({"calls": [{"title": "a", "url": "javascript:alert(1)"}]}), &["/calls/0/url invalid_format"]),
                (json!({"calls": [{"title": "a", "state": "open"}]}), &["/calls/0/state unknown_member"]),
                (
                    json!({"calls": [{"title": "a", "opens_on": "2026-04-02", "closes_on": "2026-04-01"}]}),
                    &["/calls/0/closes_on end_before_start"],
                ),
                (
                    json!({
                        "calls": [
                            {"title": ""},
                            {"title": "a", "opens_on": "2026-04-01", "closes_on": "2026-04-30"},
                            {"title": "b", "opens_on": "2026-04-02", "closes_on": "2026-04-01"}
                        ],
                        "rules": {"max_months": 0, "own_share_percent": 101}, "start": "2027", "end": "2026"
                    }),
                    &[
                        "/calls/0/title empty", "/calls/2/closes_on end_before_start", "/end end_before_start",
                        "/rules/max_months out_of_range", "/rules/own_share_percent out_of_range",
                    ],
                ),
            ] {
                let refused = office.patch(&at, "*", &patch).await;
                assert_eq!(refused.faults(422, "validation_failed"), faults, "{patch}");
                let body = merged(&merged(&programme(), &json!({"slug": null})), &patch);
                assert_eq!(office.post(PROGRAMMES, &body).await.faults(422, "validation_failed"), faults, "{patch}");
            }
        }).await;
    }
}
