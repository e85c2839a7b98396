//! Working areas: a list of codes that the coordination office can extend.

use serde_json::{Value, json};
use uuid::Uuid;
use vku_persistence::SCHEMA;

use super::changes::changes_after;
use super::fixtures::{
    AREAS, DRESDEN, PARTNERSHIPS, UTILITIES, create, delete, location, log_end, merged, municipal,
    partnership, post_nothing,
};
use crate::harness::on_both;

const MEMBERS: &str = "/api/v1/members";

fn area(de: &str, en: &str) -> Value {
    json!({"label": {"de": de, "en": en}})
}

/// The `detail` of the first error.
fn first_detail(problem: &Value) -> String {
    problem["errors"][0]["detail"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_new_working_area_can_be_used_at_once(app: TestApp) {
        let office = app.coordinator();
        let made = create(&office, AREAS, &area("Fremdwasser", "Infiltration water")).await;
        let body = made.json();
        assert_eq!((&body["slug"], &body["code"]), (&json!("infiltration-water"), &json!("infiltration-water")));
        assert_eq!(made.header("location"), format!("{AREAS}/infiltration-water"));
        assert_eq!(app.anonymous().get(&made.header("location")).await.ok().json(), body);

        let utility = merged(&municipal("Zxq"), &json!({"slug": "zxq", "expertise": ["infiltration-water", "gis"]}));
        office.post(UTILITIES, &utility).await.expect(201);
        let own = json!({"needs": ["infiltration-water"]});
        app.member().patch(&format!("{UTILITIES}/stadtentwaesserung-dresden"), "*", &own).await.ok();
        for (filter, slug) in [("expertise", "zxq"), ("need", "stadtentwaesserung-dresden")] {
            let found = office.all(&format!("{UTILITIES}?{filter}=infiltration-water")).await;
            assert_eq!(found.iter().map(|it| &it["slug"]).collect::<Vec<_>>(), [slug]);
        }
        let found = app.anonymous().all(&format!("{AREAS}?code=infiltration-water&code=gis&code=nothing")).await;
        assert_eq!(found.iter().map(|it| &it["code"]).collect::<Vec<_>>(), ["gis", "infiltration-water"]);
    }

    async fn only_the_office_extends_the_list(app: TestApp) {
        for (caller, status, code) in [
            (app.anonymous(), 401, "unauthenticated"),
            (app.member(), 403, "forbidden"),
            (app.partner(), 403, "forbidden"),
            (app.reader(), 403, "forbidden"),
        ] {
            let before = log_end(&app).await;
            caller.post(AREAS, &area("Neu", "New")).await.problem(status, code);
            caller.patch(&format!("{AREAS}/gis"), "*", &area("Neu", "New")).await.problem(status, code);
            caller.delete(&format!("{AREAS}/energy-efficiency"), "*").await.problem(status, code);
            assert_eq!(log_end(&app).await, before);
        }
    }

    async fn an_unknown_code_is_refused_with_the_nearest_one(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        let utility = merged(&municipal("Zxq"), &json!({"expertise": ["gis", "pump"], "needs": ["gsi", "Gis"]}));
        let refused = office.post(UTILITIES, &utility).await.problem(422, "validation_failed");
        let faults: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|it| (&it["pointer"], &it["code"])).collect();
        assert_eq!(faults, [
            (&json!("/needs/1"), &json!("invalid_format")),
            (&json!("/expertise/1"), &json!("unknown_value")),
            (&json!("/needs/0"), &json!("unknown_value")),
        ]);
        assert_eq!(refused["errors"][1]["detail"], "Unknown value `pump`. Did you mean `pumps`?");
        assert_eq!(refused["errors"][2]["detail"], "Unknown value `gsi`. Did you mean `gis`?");

        let patch = json!({"working_areas": ["tariffs", "non-revenue-watr"]});
        let refused = member.patch(DRESDEN, "*", &patch).await.problem(422, "validation_failed");
        assert_eq!(refused["errors"][0]["pointer"], "/working_areas/1");
        assert!(first_detail(&refused).contains("Did you mean `non-revenue-water`?"), "{refused:#}");
        let body = merged(&partnership("Zxq"), &json!({"working_areas": ["zzzzzzzzzz"]}));
        let refused = office.post(PARTNERSHIPS, &body).await.problem(422, "validation_failed");
        assert_eq!(first_detail(&refused), "Unknown value `zzzzzzzzzz`.");

        // A filter accepts any well-formed code.
        assert_eq!(office.all(&format!("{PARTNERSHIPS}?working_area=zzzzzzzzzz")).await, [Value::Null; 0]);
        let faults = office.get(&format!("{PARTNERSHIPS}?working_area=No%20Code")).await;
        assert_eq!(faults.faults(400, "invalid_parameters"), ["working_area invalid_format"]);
    }

    async fn every_unknown_code_is_reported(app: TestApp) {
        let mut codes: Vec<_> = (1..1_000).map(|number| format!("area-{number}")).collect();
        codes.push("gis".into());
        let utility = merged(&municipal("Zxq"), &json!({"expertise": codes}));
        let faults = app.coordinator().post(UTILITIES, &utility).await.faults(422, "validation_failed");
        assert_eq!(faults.len(), 999);
        assert!(faults.iter().all(|fault| fault.starts_with("/expertise/") && fault.ends_with(" unknown_value")));
    }

    async fn a_working_area_in_use_cannot_be_deleted(app: TestApp) {
        let office = app.coordinator();
        create(&office, AREAS, &area("Neu", "New one")).await;
        let path = format!("{AREAS}/new-one");
        let utility = merged(&municipal("Zxq"), &json!({"slug": "zxq", "needs": ["new-one"]}));
        create(&office, UTILITIES, &utility).await;
        let body = merged(&partnership("Zxq bund"), &json!({"slug": "zxq-bund", "working_areas": ["new-one"]}));
        create(&office, PARTNERSHIPS, &body).await;

        let interests = |code: &str| json!({"utility": "zxq-werk", "interests": {"working_areas": ["gis", code]}});
        let member = merged(&municipal("Zxq werk"), &json!({"slug": "zxq-werk"}));
        create(&office, UTILITIES, &member).await;
        let refused = office.post(MEMBERS, &interests("new-on")).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/interests/working_areas/1 unknown_value"]);
        let member = location(&create(&office, MEMBERS, &interests("new-one")).await);

        let refused = office.delete(&path, "*").await.problem(409, "has_dependents");
        let named = refused["dependents"].as_array().unwrap().iter();
        let named: Vec<_> = named.map(|it| (it["resource"].as_str().unwrap(), it["name"].as_str().unwrap())).collect();
        assert_eq!(named, [("utility", "Zxq"), ("partnership", "Zxq bund"), ("member", "Zxq werk")]);
        delete(&office, &member).await;

        // Deleted resources do not use the code, and cannot be restored while the code is deleted.
        delete(&office, &format!("{PARTNERSHIPS}/zxq-bund")).await;
        office.delete(&path, "*").await.problem(409, "has_dependents");
        office.patch(&format!("{UTILITIES}/zxq"), "*", &json!({"needs": null})).await.ok();
        delete(&office, &path).await;
        office.get(&path).await.problem(404, "not_found");
        let restored = post_nothing(&office, &format!("{PARTNERSHIPS}/zxq-bund/restore")).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/working_areas/0 unknown_value"]);
        let patch = json!({"needs": ["new-one"]});
        let refused = office.patch(&format!("{UTILITIES}/zxq"), "*", &patch).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/needs/0 unknown_value"]);

        post_nothing(&office, &format!("{path}/restore")).await.ok();
        post_nothing(&office, &format!("{PARTNERSHIPS}/zxq-bund/restore")).await.ok();
        office.patch(&format!("{UTILITIES}/zxq"), "*", &patch).await.ok();
    }

    async fn a_code_is_fixed_and_its_labels_can_change(app: TestApp) {
        let office = app.coordinator();
        let path = format!("{AREAS}/gis");
        for slug in [json!("geo"), json!("pumps"), Value::Null] {
            let refused = office.patch(&path, "*", &json!({"slug": slug})).await;
            assert_eq!(refused.faults(422, "validation_failed"), ["/slug fixed"]);
        }
        let refused = office.patch(&path, "*", &json!({"code": "geo"})).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/code read_only"]);
        let patched = office.patch(&path, "*", &json!({"slug": "gis", "label": {"de": "Geodaten", "fr": "SIG"}})).await;
        let label = json!({"de": "Geodaten", "en": "Geographic information systems (GIS)", "fr": "SIG"});
        assert_eq!(patched.ok().json()["label"], label);
        let whole = office.get(&path).await.ok().json();
        assert_eq!((&whole["label"], &whole["version"]), (&label, &json!(2)));
        assert_eq!(office.patch(&path, "*", &whole).await.ok().json(), whole);
    }

    async fn labels_are_required_in_both_languages(app: TestApp) {
        let office = app.coordinator();
        let long = "a".repeat(60);
        for (body, faults) in [
            (json!({}), &["/label required"][..]),
            (json!({"label": {"en": "New"}}), &["/label/de required"]),
            (json!({"label": {"fr": "Neuf"}}), &["/label/de required", "/label/en required"]),
            (json!({"label": {"de": "Zwei\nZeilen", "en": "New"}}), &["/label/de invalid_format"]),
            (json!({"slug": "a", "label": {"de": "A", "en": "A"}}), &["/slug wrong_length"]),
            (json!({"slug": "Neu", "label": {"de": "A", "en": "A"}}), &["/slug invalid_format"]),
            (json!({"label": {"de": "A", "en": "A"}}), &["/slug required"]),
            (json!({"label": {"de": "A", "en": long}}), &["/slug required"]),
            (json!({"code": "new", "label": {"de": "A", "en": "New"}}), &["/code read_only"]),
            (json!({"name": "New", "label": {"de": "A", "en": "New"}}), &["/name unknown_member"]),
        ] {
            assert_eq!(office.post(AREAS, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
        office.patch(&format!("{AREAS}/gis"), "*", &json!({"label": {"de": null}})).await.problem(422, "validation_failed");
        let taken = merged(&area("Neu", "New"), &json!({"slug": "pumps"}));
        office.post(AREAS, &taken).await.problem(409, "slug_taken");
        let second = create(&office, AREAS, &area("Kompost", "Composting")).await.json();
        assert_eq!(second["code"], "composting-2");
    }

    /// The initial working areas are in the change log too, so that followers from the start get all of them.
    async fn the_log_contains_the_initial_working_areas(app: TestApp) {
        let areas = app.anonymous().all(&format!("{AREAS}?limit=200")).await;
        let mut changes = changes_after(&app.store, 0).await;
        changes.retain(|change| change.request_id == SCHEMA);
        assert_eq!(changes.len(), areas.len());
        for (change, area) in changes.iter().zip(&areas) {
            assert_eq!(&change.state, area);
            assert_eq!((change.resource_id, change.version), (area["id"].as_str().unwrap().parse::<Uuid>().unwrap(), 1));
            assert_eq!(change.resource_id.get_version_num(), 7);
        }
    }
}
