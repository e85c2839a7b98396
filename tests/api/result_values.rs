//! The values of results, and who reported them.

use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;

use super::fixtures::bodies::sub_resource;
use super::fixtures::{DRESDEN, create, location, merged};
use super::visibility::hidden::{LVIV, text};
use crate::harness::{Caller, TestApp, on_both};

pub(super) fn value(on: &str, value: &str) -> Value {
    json!({"on": on, "value": value})
}

/// The path of a new result of the partnership that Dresden leads, with a value reported by the office.
async fn result(app: &TestApp) -> String {
    let body = merged(&sub_resource("results", "Zxq"), &json!({"values": [value("2020-12-31", "40")]}));
    location(&create(&app.coordinator(), &format!("{DRESDEN}/results"), &body).await)
}

/// The values of a result with who reported them, as `value slug`.
pub(super) async fn reported(caller: &Caller, path: &str) -> Vec<String> {
    let result = caller.get(path).await.ok().json();
    let values = result["values"].as_array().unwrap().iter();
    let lines = values
        .map(|it| format!("{} {}", text(it, "value"), it["reported_by"]["slug"].as_str().unwrap_or("-")));
    lines.collect()
}

on_both! {
    async fn a_partner_may_change_only_the_values_that_it_reported(app: TestApp) {
        let (partner, path) = (app.partner(), result(&app).await);
        let office = value("2020-12-31", "40");
        let own = value("2021-12-31", "38.5");
        let answer = partner.patch(&path, "*", &json!({"values": [office, own]})).await.ok();
        assert_eq!(answer.json()["values"][1]["reported_by"]["slug"], LVIV);
        assert_eq!(reported(&app.anonymous(), &path).await, ["40 -", "38.5 lvivvodokanal"]);

        // The partner may correct its own value, and send back the whole result.
        let mut there = partner.get(&path).await.ok().json();
        there["values"][1]["value"] = json!("39");
        partner.patch(&path, &answer.tag(), &there).await.ok();
        assert_eq!(reported(&partner, &path).await, ["40 -", "39 lvivvodokanal"]);

        let dresden = json!({"on": "2022-12-31", "value": "1", "reported_by": "stadtentwaesserung-dresden"});
        for (values, faults) in [
            (json!([own]), vec!["/values not_writable"]),
            (json!([value("2020-12-31", "41")]), vec!["/values not_writable", "/values not_writable"]),
            (json!([office, own, dresden]), vec!["/values/2/reported_by not_writable"]),
        ] {
            let mut faults = faults;
            let told = partner.patch(&path, "*", &json!({"values": values})).await;
            let told = told.faults(403, "forbidden");
            if told.len() != faults.len() {
                faults.dedup();
            }
            assert_eq!(told, faults, "{values}");
        }
        assert_eq!(
            partner.patch(&path, "*", &json!({"name": "Zxq other"})).await.faults(403, "forbidden"),
            ["/name not_writable"]
        );
        partner.delete(&path, "*").await.problem(403, "forbidden");
        partner.post(&format!("{DRESDEN}/results"), &sub_resource("results", "Zxq")).await.problem(403, "forbidden");

        // The partner may withdraw its value.
        partner.patch(&path, "*", &json!({"values": [office]})).await.ok();
        assert_eq!(reported(&partner, &path).await, ["40 -"]);
    }

    async fn an_account_with_several_utilities_has_to_name_the_reporting_one(app: TestApp) {
        let path = result(&app).await;
        let both = app.account(Role::Partner, LVIV).await;
        let (staff, id) = (app.admin(), both.get("/api/v1/me").await.ok().json()["id"].clone());
        let user = format!("/api/v1/users/{}", id.as_str().unwrap());
        staff.patch(&user, "*", &json!({"utilities": [LVIV, "kyivvodokanal"]})).await.ok();
        let office = value("2020-12-31", "40");
        let answer = both.patch(&path, "*", &json!({"values": [office, value("2024-01-01", "1")]})).await;
        assert_eq!(answer.faults(403, "forbidden"), ["/values/1/reported_by not_writable"]);
        let named = json!({"on": "2024-01-01", "value": "1", "reported_by": LVIV});
        both.patch(&path, "*", &json!({"values": [office, named]})).await.ok();
        // One of the account's utilities, but no participant of this partnership.
        let named = json!({"on": "2024-01-01", "value": "1", "reported_by": "kyivvodokanal"});
        let answer = both.patch(&path, "*", &json!({"values": [office, named]})).await;
        assert_eq!(answer.faults(422, "validation_failed"), ["/values/1/reported_by not_a_participant"]);
    }

    async fn a_participant_that_reported_a_value_cannot_be_removed(app: TestApp) {
        let staff = app.coordinator();
        let path = result(&app).await;
        let lviv = json!({"on": "2024-01-01", "value": "1", "reported_by": LVIV});
        staff.patch(&path, "*", &json!({"values": [lviv]})).await.ok();
        let there = staff.get(DRESDEN).await.ok().json();
        let mut participants = there["participants"].as_array().unwrap().clone();
        participants.retain(|it| it["party"]["utility"]["slug"] != LVIV);
        let without = json!({"participants": participants});
        let problem = staff.patch(DRESDEN, "*", &without).await.problem(409, "conflicts_with_dependents");
        assert_eq!(problem["dependents"][0]["resource"], "result");
        staff.delete(&path, "*").await.expect(204);
        staff.patch(DRESDEN, "*", &without).await.ok();
        // The restored result would refer to a utility that is no participant.
        let restored = staff.post(&format!("{path}/restore"), &json!({})).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/values/0/reported_by not_a_participant"]);
    }
}
