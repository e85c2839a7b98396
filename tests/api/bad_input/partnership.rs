//! Invalid partnerships: participants, dates, and visibility.

use serde_json::{Value, json};

use super::refuses;
use crate::api::fixtures::{
    PARTNERSHIPS, PROGRAMMES, UTILITIES, create, merged, municipal, participant, partnership,
};
use crate::harness::on_both;

/// A participant with a period.
fn dated(role: &str, utility: &str, from: Option<&str>, until: Option<&str>) -> Value {
    merged(&participant(role, utility), &json!({"from": from, "until": until}))
}

fn with_participants(participants: &[Value]) -> Value {
    json!({ "participants": participants })
}

on_both! {
    async fn invalid_members_of_partnerships_are_refused(app: TestApp) {
        refuses(
            &app,
            PARTNERSHIPS,
            partnership("Hamburg – Lemberg"),
            &[
                (json!({"titel": "x", "title": null}), &["/titel unknown_member", "/title required"]),
                (json!({"sectors": []}), &["/sectors too_few"]),
                (
                    json!({"working_areas": ["gis", "gis", "geo"]}),
                    &["/working_areas/1 duplicate", "/working_areas/2 unknown_value"],
                ),
                (
                    json!({"sdg_targets": ["6.3", "6.9", "18.1", "06.1"]}),
                    &[
                        "/sdg_targets/1 unknown_value",
                        "/sdg_targets/2 unknown_value",
                        "/sdg_targets/3 unknown_value",
                    ],
                ),
                (json!({"sdg_targets": ["6.a", "6.a"]}), &["/sdg_targets/1 duplicate"]),
                (
                    json!({"based_on": {"kind": "friendship"}}),
                    &["/based_on/kind unknown_value", "/based_on/name required"],
                ),
                (
                    json!({"countries": ["UA"], "programmes": []}),
                    &["/countries read_only", "/programmes read_only"],
                ),
                (json!({"status": "sleeping"}), &["/status unknown_value"]),
            ],
        )
        .await;
    }

    async fn invalid_dates_are_refused_and_open_precision_is_accepted(app: TestApp) {
        refuses(
            &app,
            PARTNERSHIPS,
            partnership("Mit Daten"),
            &[
                (json!({"start": "2023-13"}), &["/start invalid_date"]),
                (json!({"start": "2023-02-29"}), &["/start invalid_date"]),
                (json!({"start": "1066"}), &["/start invalid_date"]),
                (json!({"start": "23-05"}), &["/start invalid_format"]),
                (json!({"start": "2023-5"}), &["/start invalid_format"]),
                (json!({"start": "2023-05-14T00:00:00Z"}), &["/start invalid_format"]),
                (json!({"start": 2023}), &["/start wrong_type"]),
                (json!({"start": "2023-06", "end": "2023-05"}), &["/end end_before_start"]),
                (json!({"start": "2024", "end": "2023"}), &["/end end_before_start"]),
            ],
        )
        .await;
        for (number, (start, end)) in [
            ("2023-05", "2023"),
            ("2023", "2023-05"),
            ("2023-05-14", "2023-05"),
            ("2024-02-29", "2024-02-29"),
        ]
        .into_iter()
        .enumerate()
        {
            let touching = json!({"start": start, "end": end});
            create(&app.coordinator(), PARTNERSHIPS, &merged(&partnership(&format!("{number}")), &touching))
                .await;
        }
    }

    async fn invalid_participants_are_refused(app: TestApp) {
        let (lead, partner) =
            (participant("lead", "hamburg-wasser"), participant("partner", "lvivvodokanal"));
        let with = |more: &[Value]| with_participants(&[&[lead.clone(), partner.clone()], more].concat());
        let organisation = |role: &str| json!({"role": role, "party": {"organisation": "vku"}});
        let party = |party: Value| with(&[json!({"role": "associate", "party": party})]);
        refuses(
            &app,
            PARTNERSHIPS,
            partnership("Wer mitmacht"),
            &[
                (with_participants(&[]), &["/participants no_lead", "/participants no_partner"]),
                (with_participants(std::slice::from_ref(&partner)), &["/participants no_lead"]),
                (with_participants(std::slice::from_ref(&lead)), &["/participants no_partner"]),
                (with_participants(&[lead.clone(), organisation("partner")]), &["/participants no_partner"]),
                (with(&[participant("lead", "oowv")]), &["/participants/2 two_leads"]),
                (with(&[organisation("lead")]), &["/participants/2 two_leads"]),
                (with(&[participant("partner", "oowv")]), &["/participants/2/party german_partner"]),
                (with(&[participant("associate", "hamburg-wasser")]), &["/participants/2 duplicate"]),
                (
                    with(&[dated("associate", "oowv", Some("2024"), Some("2023"))]),
                    &["/participants/2/until end_before_start"],
                ),
                (with(&[participant("boss", "oowv")]), &["/participants/2/role unknown_value"]),
                (
                    with(&[participant("associate", "nobody")]),
                    &["/participants/2/party/utility unknown_reference"],
                ),
                (
                    with(&[participant("associate", "No Slug")]),
                    &["/participants/2/party/utility invalid_format"],
                ),
                (party(json!("oowv")), &["/participants/2/party wrong_type"]),
                (party(json!({})), &["/participants/2/party one_of"]),
                (party(json!({"utility": "oowv", "organisation": "vku"})), &["/participants/2/party one_of"]),
                (party(json!({"utilty": "oowv"})), &["/participants/2/party/utilty unknown_member"]),
                (party(json!({"utility": {"id": 5}})), &["/participants/2/party/utility/id wrong_type"]),
                (party(json!({"utility": {"name": "OOWV"}})), &["/participants/2/party/utility/id required"]),
                (party(json!({"utility": null})), &["/participants/2/party/utility wrong_type"]),
                (json!({"participants": {"0": lead}}), &["/participants wrong_type"]),
                (json!({"participants": ["hamburg-wasser"]}), &["/participants/0 wrong_type"]),
            ],
        )
        .await;
    }

    async fn an_active_partnership_needs_exactly_one_current_lead(app: TestApp) {
        let partner = participant("partner", "lvivvodokanal");
        let leads = |until: &str, from: &str| {
            let former = dated("lead", "hamburg-wasser", None, Some(until));
            with_participants(&[former, dated("lead", "oowv", Some(from), None), partner.clone()])
        };
        refuses(
            &app,
            PARTNERSHIPS,
            merged(&partnership("Wechsel"), &leads("2023-05", "2023")),
            &[
                (leads("2023-05", "2023-04"), &["/participants/1 two_leads"]),
                (leads("2024", "2023"), &["/participants/1 two_leads"]),
                (
                    with_participants(&[dated("lead", "oowv", None, Some("2023")), partner.clone()]),
                    &["/participants no_lead"],
                ),
            ],
        )
        .await;
        // Only today's lead counts. A partnership that has ended or not begun needs none.
        let staff = app.coordinator();
        let only = |from: Option<&str>, until: Option<&str>, more: Value| {
            let participants = with_participants(&[dated("lead", "oowv", from, until), partner.clone()]);
            merged(&merged(&partnership("Heute"), &participants), &more)
        };
        let gap = merged(&partnership("Heute"), &leads("2020", "2090"));
        for (body, fits) in [
            (gap.clone(), false),
            (merged(&gap, &json!({"start": "2019", "status": "active"})), false),
            (merged(&gap, &json!({"end": "2100"})), false),
            (merged(&gap, &json!({"end": "2021"})), true),
            (merged(&gap, &json!({"status": "cancelled"})), true),
            (merged(&gap, &json!({"status": "completed", "end": "2020"})), true),
            (only(None, Some("2090"), json!({})), true),
            (only(Some("2020-05"), Some("2090-05-01"), json!({})), true),
            (only(None, Some("2020"), json!({})), false),
            (only(None, Some("2020"), json!({"status": "completed"})), true),
            (only(Some("2090"), None, json!({})), false),
            (only(Some("2090"), None, json!({"start": "2090-03"})), true),
            (only(Some("2091"), None, json!({"start": "2090"})), false),
        ] {
            let answer = staff.post(&format!("{PARTNERSHIPS}?dry_run=true"), &body).await;
            match fits {
                true => drop(answer.expect(201)),
                false => assert_eq!(answer.faults(422, "validation_failed"), ["/participants no_lead"], "{body}"),
            }
        }
        // A rule that no longer holds does not block other changes. Reactivating the partnership needs a lead again.
        let done = json!({"status": "completed", "start": "2015", "end": "2020"});
        let path = create(&staff, PARTNERSHIPS, &only(None, Some("2020"), done)).await.header("location");
        staff.patch(&path, "*", &json!({"title": "Gestern"})).await.ok();
        let refused = staff.patch(&path, "*", &json!({"end": "2090"})).await;
        assert!(refused.status.is_success(), "it is completed: {}", refused.text());
        let again = json!({"to": "active", "reason": "A second phase."});
        let refused = staff.post(&format!("{path}/transitions"), &again).await;
        assert_eq!(refused.faults(409, "transition_needs"), ["/participants no_lead"]);
        let offered = staff.get(&format!("{path}/transitions")).await.ok().json();
        assert_eq!(offered["allowed"], json!([]));
        let leads = with_participants(&[dated("lead", "oowv", None, Some("2090")), partner.clone()]);
        staff.patch(&path, "*", &leads).await.ok();
        staff.post(&format!("{path}/transitions"), &again).await.ok();
        let again = [
            participant("lead", "oowv"),
            dated("associate", "hamburg-wasser", None, Some("2020")),
            dated("associate", "hamburg-wasser", Some("2020"), None),
            partner.clone(),
        ];
        create(&app.coordinator(), PARTNERSHIPS, &merged(&partnership("Rückkehr"), &with_participants(&again)))
            .await;
    }

    async fn visibility_may_not_be_wider_than_that_of_a_participant(app: TestApp) {
        let hidden = merged(&municipal("Im Verborgenen"), &json!({"visibility": "members"}));
        create(&app.coordinator(), UTILITIES, &hidden).await;
        let participants =
            with_participants(&[participant("lead", "im-verborgenen"), participant("partner", "lvivvodokanal")]);
        let members =
            merged(&partnership("Still"), &merged(&participants, &json!({"visibility": "members"})));
        refuses(
            &app,
            PARTNERSHIPS,
            members,
            &[(json!({"visibility": "public"}), &["/participants/0/party wider_than_party"])],
        )
        .await;
        let programme = json!({"name": "Laut", "kind": "grant", "funders": [{"utility": "im-verborgenen"}]});
        let answer = app.coordinator().post(PROGRAMMES, &programme).await;
        assert_eq!(answer.faults(422, "validation_failed"), ["/funders/0 wider_than_party"]);
    }
}
