//! Members that accept fewer values than their types: the schemas refuse what the server refuses.

use serde_json::{Value, json};

use super::Walk;
use crate::api::fixtures::{AREAS, DRESDEN, merged};
use crate::harness::on_both;

/// Asserts that the schema and the server both accept, or both refuse, the body with each of these members.
async fn agree(walk: &Walk<'_>, path: &str, schema: &str, rest: &Value, members: &[(Value, bool)]) {
    let office = walk.app.coordinator();
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    for (member, is_valid) in members {
        let body = merged(rest, member);
        let faults = walk.schemas.faults(&schema, &body);
        assert_eq!(faults.is_empty(), *is_valid, "{body}: {faults:?}");
        let answer = office.post(&format!("{path}?dry_run=true"), &body).await;
        answer.expect(if *is_valid { 201 } else { 422 });
    }
}

on_both! {
    async fn labels_of_working_areas_have_a_single_line_in_each_language(app: TestApp) {
        let (longest, too_long) = ("a".repeat(300), "a".repeat(301));
        let label = |de: &str, en: &str| json!({ "label": { "de": de, "en": en } });
        let members = [
            (label("Neu", "New"), true),
            (label("N", &longest), true),
            (json!({ "label": { "de": "Neu", "en": "New", "fr": "Neuf" } }), true),
            (label("", "New"), false),
            (label("Neu", ""), false),
            (label("Zwei\nZeilen", "New"), false),
            (label("Neu", "Two\nlines"), false),
            (label(&too_long, "New"), false),
            (json!({ "label": { "de": "Neu", "en": "New", "fr": "Deux\nlignes" } }), false),
            (json!({ "label": { "de": "Neu" } }), false),
            (json!({ "label": { "en": "New" } }), false),
        ];
        agree(&Walk::of(&app), AREAS, "WorkingAreaInput", &json!({ "slug": "zxq" }), &members).await;
    }

    async fn codes_of_working_areas_have_2_to_60_characters(app: TestApp) {
        let (longest, too_long) = ("a".repeat(60), "a".repeat(61));
        let valid = ["ab", "zxq-2", longest.as_str()].map(|slug| (json!({ "slug": slug }), true));
        let invalid = ["", "a", too_long.as_str(), "Zxq"].map(|slug| (json!({ "slug": slug }), false));
        let members: Vec<_> = valid.into_iter().chain(invalid).collect();
        let rest = json!({ "label": { "de": "Neu", "en": "New" } });
        agree(&Walk::of(&app), AREAS, "WorkingAreaInput", &rest, &members).await;
    }

    async fn expert_days_are_not_negative(app: TestApp) {
        let valid = ["0", "-0", "-0.0", "0.5", "7", "999999999999.999999"].map(|days| (json!({ "expert_days": days }), true));
        let invalid = ["-1", "-0.5", "-0.000001", "-10"].map(|days| (json!({ "expert_days": days }), false));
        let members: Vec<_> = valid.into_iter().chain(invalid).collect();
        let rest = json!({ "kind": "study_tour", "title": "Zxq", "starts_on": "2024-02-29" });
        agree(&Walk::of(&app), &format!("{DRESDEN}/activities"), "ActivityInput", &rest, &members).await;
    }
}
