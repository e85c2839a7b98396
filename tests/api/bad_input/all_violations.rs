//! A problem reports all faults at once, for `PATCH` as for `POST`, and what would be valid.

use serde_json::{Value, json};

use super::refuses;
use crate::api::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, assert_nothing_written, merged, municipal, participant,
    partnership,
};
use crate::harness::{Response, on_both};

/// The `detail` of the only error.
#[track_caller]
fn only_detail(answer: Response) -> String {
    let problem = answer.problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem:#}");
    problem["errors"][0]["detail"].as_str().unwrap().to_owned()
}

on_both! {
    async fn all_faults_are_reported_at_once(app: TestApp) {
        let everything = json!({
            "kind": "partner", "colour": "red", "website": "nowhere", "visibility": "secret",
            "location": {"latitude": 91}, "languages": ["de", "xx", "de"], "needs": ["gis", "gis"],
            "employees": {"value": -1, "as_of": "2023-02-30"}, "description": {"en": ""}, "version": 7,
        });
        let faults: &[&str] = &[
            "/colour unknown_member",
            "/country inconsistent",
            "/description/en empty",
            "/employees/as_of invalid_date",
            "/employees/value out_of_range",
            "/languages/1 unknown_value",
            "/languages/2 duplicate",
            "/location/latitude out_of_range",
            "/location/longitude required",
            "/needs/1 duplicate",
            "/version read_only",
            "/visibility unknown_value",
            "/website invalid_format",
        ];
        refuses(&app, UTILITIES, municipal("Alles falsch"), &[(everything, faults)]).await;

        let participants = [participant("lead", "hamburg-wasser"), participant("boss", "nobody")];
        let everything = json!({
            "participants": participants, "sectors": ["water", "water"], "start": "2024", "end": "2023",
            "based_on": {"kind": "other"}, "sdg_targets": ["6"],
        });
        let faults: &[&str] = &[
            "/based_on/name required",
            "/end end_before_start",
            "/participants/1/party/utility unknown_reference",
            "/participants/1/role unknown_value",
            "/sdg_targets/0 unknown_value",
            "/sectors/1 duplicate",
        ];
        refuses(&app, PARTNERSHIPS, partnership("Alles falsch"), &[(everything, faults)]).await;
    }

    async fn rules_are_checked_although_a_member_is_missing(app: TestApp) {
        let nameless = json!({"name": null, "needs": ["gis", "gis"], "sectors": []});
        refuses(
            &app,
            UTILITIES,
            municipal("Namenlos"),
            &[(nameless, &["/name required", "/needs/1 duplicate", "/sectors too_few"])],
        )
        .await;
        let untitled = json!({"title": 5, "start": "2024", "end": "2023", "participants": []});
        refuses(
            &app,
            PARTNERSHIPS,
            partnership("Ohne Titel"),
            &[(
                untitled,
                &[
                    "/end end_before_start",
                    "/participants no_lead",
                    "/participants no_partner",
                    "/title wrong_type",
                ],
            )],
        )
        .await;
    }

    /// References in an entry are looked up even if another member of the entry is invalid.
    async fn unknown_references_are_reported_beside_other_faults(app: TestApp) {
        let boss = |party: Value| json!({"role": "boss", "party": party});
        let named = |participants: Value| json!({ "participants": participants });
        let lead = participant("lead", "hamburg-wasser");
        refuses(
            &app,
            PARTNERSHIPS,
            partnership("Zwei Fehler"),
            &[
                (
                    named(json!([lead, boss(json!({"utility": "nobody"})), participant("partner", "no-one")])),
                    &[
                        "/participants/1/party/utility unknown_reference",
                        "/participants/1/role unknown_value",
                        "/participants/2/party/utility unknown_reference",
                    ],
                ),
                (
                    named(json!([lead, boss(json!({"organisation": {"slug": "nobody"}})), participant("partner", "lvivvodokanal")])),
                    &["/participants/1/party/organisation unknown_reference", "/participants/1/role unknown_value"],
                ),
                // An existing reference is no fault, and a malformed key is reported as such.
                (
                    named(json!([lead, boss(json!({"utility": "lvivvodokanal"})), participant("partner", "lvivvodokanal")])),
                    &["/participants/1/role unknown_value"],
                ),
                (
                    named(json!([lead, boss(json!({"utility": "No Key"})), participant("partner", "lvivvodokanal")])),
                    &["/participants/1/party/utility invalid_format", "/participants/1/role unknown_value"],
                ),
                (
                    json!({"visibility": "secret", "kind": 5, "participants": [{"party": {"utility": "nobody"}, "role": 1, "x": null}, lead]}),
                    &[
                        "/kind unknown_member",
                        "/participants/0/party/utility unknown_reference",
                        "/participants/0/role wrong_type",
                        "/participants/0/x unknown_member",
                        "/visibility unknown_value",
                    ],
                ),
            ],
        )
        .await;
        let staff = app.coordinator();
        let patch = named(json!([lead, boss(json!({"utility": "nobody"}))]));
        let faults = staff.patch(DRESDEN, "*", &patch).await.faults(422, "validation_failed");
        assert!(faults.contains(&"/participants/1/party/utility unknown_reference".to_owned()), "{faults:?}");
        // The reference is looked up although most of the body is invalid.
        let phase = json!({"kind": "zxq", "programme": "nothing", "amount": {"amount": "x", "currency": "EUR"}});
        let faults = staff.post(FUNDING, &phase).await.faults(422, "validation_failed");
        assert_eq!(faults, ["/amount/amount invalid_format", "/kind unknown_value", "/programme unknown_reference"]);
        // The same holds for codes in a list.
        let utility = json!({
            "name": "Zwei Fehler", "kind": "beer", "country": "UA", "sectors": ["water"], "needs": ["pumps", "nothing", 5],
        });
        let faults = staff.post(UTILITIES, &utility).await.faults(422, "validation_failed");
        assert_eq!(faults, ["/kind unknown_value", "/needs/1 unknown_value", "/needs/2 wrong_type"]);
    }

    async fn patch_bodies_are_validated_like_post_bodies(app: TestApp) {
        let (staff, utility) = (app.coordinator(), "/api/v1/utilities/lvivvodokanal");
        assert_nothing_written(&app, async || {
            for (path, patch, faults) in [
                (utility, json!({"location": {"longitude": null}}), vec!["/location/longitude required"]),
                (
                    utility,
                    json!({"location": {"latitude": "x"}, "sectors": []}),
                    vec!["/location/latitude wrong_type", "/sectors too_few"],
                ),
                (utility, json!({"name": null}), vec!["/name required"]),
                (utility, json!({"country": "DE"}), vec!["/country inconsistent"]),
                (utility, json!({"status": "active"}), vec!["/status unknown_member"]),
                (DRESDEN, json!({"end": "2018"}), vec!["/end end_before_start"]),
                (
                    DRESDEN,
                    json!({"participants": []}),
                    vec!["/participants no_lead", "/participants no_partner"],
                ),
                (
                    DRESDEN,
                    json!({"countries": ["ZM"], "version": 9}),
                    vec!["/countries read_only", "/version read_only"],
                ),
            ] {
                let answer = staff.patch(path, "*", &patch).await;
                assert_eq!(answer.faults(422, "validation_failed"), faults, "{patch}");
            }
        })
        .await;
    }

    async fn faults_suggest_valid_values(app: TestApp) {
        let staff = app.coordinator();
        let detail = async |path: &str, body: Value| only_detail(staff.post(path, &body).await);
        let kind = detail(UTILITIES, merged(&municipal("X"), &json!({"kind": "municipl"}))).await;
        assert!(kind.contains("Did you mean `municipal`?") && kind.contains("`partner`"), "{kind}");
        let member = detail(PARTNERSHIPS, merged(&partnership("X"), &json!({"sumary": {"en": "x"}}))).await;
        assert!(member.contains("Did you mean `summary`?"), "{member}");
        let area = detail(UTILITIES, merged(&municipal("X"), &json!({"needs": ["tarifs"]}))).await;
        assert!(area.contains("Did you mean `tariffs`?"), "{area}");
        let money = json!({"kind": "grant", "amount": {"amount": 1.5, "currency": "EUR"}});
        assert!(detail(FUNDING, money).await.contains("\"125000.00\""));
    }
}
