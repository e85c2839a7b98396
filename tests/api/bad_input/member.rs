//! Invalid members: types, values, sets, figures, coordinates, money.

use serde_json::json;

use super::refuses;
use crate::api::fixtures::{FUNDING, ORGANISATIONS, PROGRAMMES, UTILITIES, municipal};
use crate::harness::on_both;

on_both! {
    async fn invalid_members_of_utilities_are_refused(app: TestApp) {
        let long = "ä".repeat(301);
        refuses(
            &app,
            UTILITIES,
            municipal("Stadtwerke Beispiel"),
            &[
                (json!({"name": null}), &["/name required"]),
                (json!({"name": 5}), &["/name wrong_type"]),
                (json!({"name": " "}), &["/name empty"]),
                (json!({"name": long}), &["/name too_long"]),
                (json!({"name": "two\nlines"}), &["/name invalid_format"]),
                (json!({"aliases": "Lemberg"}), &["/aliases wrong_type"]),
                (json!({"aliases": ["Lwiw", "Lwiw"]}), &["/aliases/1 duplicate"]),
                (json!({"kind": "public"}), &["/kind unknown_value"]),
                (json!({"kind": "partner"}), &["/country inconsistent"]),
                (json!({"country": "ZM"}), &["/country inconsistent"]),
                (json!({"country": "XX"}), &["/country unknown_value"]),
                (json!({"country": "de"}), &["/country unknown_value"]),
                (json!({"sectors": null}), &["/sectors required"]),
                (json!({"sectors": []}), &["/sectors too_few"]),
                (json!({"sectors": "water"}), &["/sectors wrong_type"]),
                (json!({"sectors": ["water", "gas"]}), &["/sectors/1 unknown_value"]),
                (json!({"sectors": ["water", "waste", "water"]}), &["/sectors/2 duplicate"]),
                (
                    json!({"languages": ["de", "xx", "deu"]}),
                    &["/languages/1 unknown_value", "/languages/2 unknown_value"],
                ),
                (
                    json!({"expertise": ["pump"], "needs": ["gis", "gis"]}),
                    &["/expertise/0 unknown_value", "/needs/1 duplicate"],
                ),
                (json!({"climate_zone": "Cfz"}), &["/climate_zone unknown_value"]),
                (json!({"website": "www.example.org"}), &["/website invalid_format"]),
                (json!({"website": "ftp://example.org"}), &["/website invalid_format"]),
                (json!({"source_url": "https://name:secret@example.org"}), &["/source_url invalid_format"]),
                (json!({"description": {}}), &["/description empty"]),
                (json!({"description": "text"}), &["/description wrong_type"]),
                (
                    json!({"description": {"xx": "a", "de": 1}}),
                    &["/description/de wrong_type", "/description/xx unknown_value"],
                ),
                (json!({"visibility": "secret"}), &["/visibility unknown_value"]),
                (json!({"slug": "Not A Slug"}), &["/slug invalid_format"]),
                (json!({"slug": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60"}), &["/slug invalid_format"]),
                (
                    json!({"colour": "red", "a/b~c": 1}),
                    &["/a~1b~0c unknown_member", "/colour unknown_member"],
                ),
                (json!({"status": "active"}), &["/status unknown_member"]),
                (
                    json!({"id": "x", "version": 1, "created_at": "2026"}),
                    &["/created_at read_only", "/id read_only", "/version read_only"],
                ),
            ],
        )
        .await;
    }

    async fn invalid_locations_and_figures_are_refused(app: TestApp) {
        refuses(
            &app,
            UTILITIES,
            municipal("Wasserwerk am Rand"),
            &[
                (json!({"location": {"latitude": 50}}), &["/location/longitude required"]),
                (json!({"location": {"longitude": 8}}), &["/location/latitude required"]),
                (json!({"location": {}}), &["/location/latitude required", "/location/longitude required"]),
                (
                    json!({"location": {"latitude": 90.01, "longitude": -180.01}}),
                    &["/location/latitude out_of_range", "/location/longitude out_of_range"],
                ),
                (json!({"location": {"latitude": "50", "longitude": 8}}), &["/location/latitude wrong_type"]),
                (json!({"location": [50, 8]}), &["/location wrong_type"]),
                (
                    json!({"location": {"latitude": 50, "longitude": 8, "height": 1}}),
                    &["/location/height unknown_member"],
                ),
                (json!({"employees": 400}), &["/employees wrong_type"]),
                (json!({"employees": {"as_of": "2024"}}), &["/employees/value required"]),
                (json!({"employees": {"value": -1}}), &["/employees/value out_of_range"]),
                (json!({"employees": {"value": 1.5}}), &["/employees/value wrong_type"]),
                (
                    json!({"employees": {"value": 9_007_199_254_740_992_u64}}),
                    &["/employees/value out_of_range"],
                ),
                (
                    json!({"employees": {"value": 1, "as_of": "2024-13", "source_url": "x"}}),
                    &["/employees/as_of invalid_date", "/employees/source_url invalid_format"],
                ),
            ],
        )
        .await;
    }

    async fn invalid_organisations_and_programmes_are_refused(app: TestApp) {
        let cities = json!({"name": "Städtenetz Beispiel", "kind": "association"});
        refuses(
            &app,
            ORGANISATIONS,
            cities,
            &[
                (json!({"kind": "utility"}), &["/kind unknown_value"]),
                (
                    json!({"country": "Deutschland", "website": "example"}),
                    &["/country unknown_value", "/website invalid_format"],
                ),
                (json!({"visibility": "public"}), &["/visibility unknown_member"]),
            ],
        )
        .await;
        let programme =
            json!({"name": "Förderlinie Beispiel", "kind": "grant", "funders": [{"organisation": "bmz"}]});
        refuses(
            &app,
            PROGRAMMES,
            programme,
            &[
                (json!({"funders": ["bmz"]}), &["/funders/0 wrong_type"]),
                (
                    json!({"funders": [{"organisation": "bmz"}, {"organisation": "bmz"}]}),
                    &["/funders/1 duplicate"],
                ),
                (
                    json!({"funders": [{"organisation": "nobody"}]}),
                    &["/funders/0/organisation unknown_reference"],
                ),
                (
                    json!({"implementers": [{"organisation": "lvivvodokanal"}]}),
                    &["/implementers/0/organisation unknown_reference"],
                ),
                (
                    json!({"countries": ["UA", "UA"], "sectors": ["coal"]}),
                    &["/countries/1 duplicate", "/sectors/0 unknown_value"],
                ),
                (json!({"start": "2024", "end": "2023-12-31"}), &["/end end_before_start"]),
                (json!({"volume": {"amount": 6_000_000, "currency": "EUR"}}), &["/volume/amount wrong_type"]),
            ],
        )
        .await;
    }

    async fn invalid_amounts_of_money_are_refused(app: TestApp) {
        let amount = |amount: &str| json!({"amount": {"amount": amount, "currency": "EUR"}});
        refuses(
            &app,
            FUNDING,
            json!({"kind": "grant"}),
            &[
                (json!({"kind": null}), &["/kind required"]),
                (amount("1.005"), &["/amount/amount invalid_format"]),
                (amount("1,50"), &["/amount/amount invalid_format"]),
                (amount("1e3"), &["/amount/amount invalid_format"]),
                (amount("-1"), &["/amount/amount out_of_range"]),
                (amount("1000000000000000"), &["/amount/amount out_of_range"]),
                (json!({"amount": {"amount": "1.5", "currency": "UGX"}}), &["/amount/amount invalid_format"]),
                (
                    json!({"amount": {"amount": 1.5, "currency": "EURO"}}),
                    &["/amount/amount wrong_type", "/amount/currency unknown_value"],
                ),
                (json!({"amount": {"amount": "1.50"}}), &["/amount/currency required"]),
                (json!({"amount": "1.50 EUR"}), &["/amount wrong_type"]),
                (
                    json!({"programme": "nothing", "from": "2025", "to": "2024"}),
                    &["/programme unknown_reference", "/to end_before_start"],
                ),
                (json!({"partnership": "hamburg-bremen-miyahuna"}), &["/partnership unknown_member"]),
            ],
        )
        .await;
    }
}
