//! Histories and the audit log: who may see which changes.

mod audit;
mod paging;
mod visibility;

use serde_json::{Value, json};

use super::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, abroad, create, merged, participant, partnership, post_nothing,
};
use crate::harness::{Caller, on_both};

/// The whole history of the resource at the path, newest first.
async fn history(caller: &Caller, path: &str) -> Vec<Value> {
    caller.all(&format!("{path}/history")).await
}

/// A summary of each entry: version, action and changes, newest first.
fn summaries(history: &[Value]) -> Vec<String> {
    let told = history.iter().map(|entry| {
        let changes = entry["changes"].as_array().unwrap().iter().map(|it| {
            let side = |name: &str| it.get(name).map(Value::to_string).unwrap_or_default();
            format!(" {} {}>{}", it["pointer"].as_str().unwrap(), side("from"), side("to"))
        });
        format!("{} {}{}", entry["version"], entry["action"].as_str().unwrap(), changes.collect::<String>())
    });
    told.collect()
}

/// The JSON pointers that an entry changed.
fn pointers(entry: &Value) -> Vec<&str> {
    entry["changes"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect()
}

on_both! {
    async fn a_history_lists_the_changes_of_each_member(app: TestApp) {
        let office = app.coordinator();
        let path = format!("{UTILITIES}/zxq");
        create(&office, UTILITIES, &merged(&abroad("Zxq"), &json!({"slug": "zxq"}))).await;
        let patch = json!({"city": "Lusaka", "sectors": ["water", "waste"], "description": {"en": "A"}});
        office.patch(&path, "*", &patch).await.ok();
        let patch = json!({"name": "Zxq 2", "city": null, "description": {"de": "B", "en": "C"}});
        office.patch(&path, "*", &patch).await.ok();
        office.delete(&path, "*").await.expect(204);
        post_nothing(&office, &format!("{path}/restore")).await.ok();

        let expected = [
            "5 restored",
            "4 deleted",
            r#"3 updated /city "Lusaka"> /description/de >"B" /description/en "A">"C" /name "Zxq">"Zxq 2""#,
            r#"2 updated /city >"Lusaka" /description >{"en":"A"} /sectors ["water"]>["water","waste"]"#,
            r#"1 created /aliases >[] /country >"ZM" /expertise >[] /kind >"partner" /languages >[] /name >"Zxq" /needs >[] /sectors >["water"] /slug >"zxq" /visibility >"public""#,
        ];
        for (role, caller) in app.everybody() {
            let found = history(&caller, &path).await;
            assert_eq!(summaries(&found), expected, "{role}");
            let times: Vec<_> = found.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
            assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
        }
        let id = office.get(&path).await.ok().json()["id"].as_str().unwrap().to_owned();
        assert_eq!(history(&office, &format!("{UTILITIES}/{id}")).await.len(), 5, "by id as by slug");
    }

    async fn a_transition_has_its_reason_beside_the_changes(app: TestApp) {
        let office = app.coordinator();
        let patch = json!({"participants": [
            merged(&participant("lead", "hamburg-wasser"), &json!({"from": "2020"})),
            participant("partner", "lvivvodokanal"),
        ]});
        let at = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        office.patch(&at, "*", &patch).await.ok();
        let to = json!({"to": "preparation", "reason": "Agreed."});
        office.post(&format!("{at}/transitions"), &to).await.ok();
        let turned = json!({"participants": [patch["participants"][1], patch["participants"][0]]});
        office.patch(&at, "*", &turned).await.ok();

        let found = history(&app.anonymous(), &at).await;
        let [reordered, led, from, created] = &found[..] else { panic!("{found:#?}") };
        assert_eq!(pointers(reordered), ["/participants"]);
        assert_eq!(reordered["changes"][0]["from"][0]["party"]["utility"]["slug"], "hamburg-wasser");
        assert_eq!(reordered["changes"][0]["to"][1]["from"], "2020");
        assert_eq!((&led["from"], &led["to"]), (&json!("idea"), &json!("preparation")));
        assert_eq!((&led["action"], &led["reason"]), (&json!("transitioned"), &json!("Agreed.")));
        assert_eq!(summaries(std::slice::from_ref(led)), [r#"3 transitioned /status "idea">"preparation""#]);
        assert_eq!(summaries(std::slice::from_ref(from)), [r#"2 updated /participants/0/from >"2020""#]);
        for entry in [reordered, from, created] {
            assert!(entry.get("from").or(entry.get("to")).or(entry.get("reason")).is_none(), "{entry:#}");
        }
        for derived in ["/countries", "/locations", "/programmes", "/id", "/version", "/created_at"] {
            assert!(!pointers(created).contains(&derived), "{derived}");
        }
        assert_eq!(pointers(created), [
            "/participants", "/sdg_targets", "/sectors", "/slug", "/status", "/title", "/visibility",
            "/working_areas",
        ]);
    }

    async fn a_sub_resource_has_its_own_history(app: TestApp) {
        let office = app.coordinator();
        let before = history(&office, DRESDEN).await;
        let phase = create(&office, FUNDING, &json!({"kind": "grant", "from": "2020"})).await.header("location");
        let money = json!({"amount": {"amount": "5.00", "currency": "EUR"}});
        office.patch(&phase, "*", &money).await.ok();
        office.patch(&phase, "*", &json!({"amount": {"amount": "6.00"}})).await.ok();
        let expected = [
            r#"3 updated /amount/amount "5.00">"6.00""#,
            r#"2 updated /amount >{"amount":"5.00","currency":"EUR"}"#,
            r#"1 created /from >"2020" /kind >"grant""#,
        ];
        assert_eq!(summaries(&history(&app.anonymous(), &phase).await), expected);
        assert_eq!(history(&office, DRESDEN).await, before, "and moves no other");
        let elsewhere = phase.replace("dresden-lviv-ternopil-nadvirna", "hamburg-kyiv");
        office.get(&format!("{elsewhere}/history")).await.problem(404, "not_found");
    }

    async fn only_the_audit_log_names_actors(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, UTILITIES, &abroad("Zxq")).await.header("location");
        let request = office.request(reqwest::Method::PATCH, &at).header("If-Match", "*");
        let request = request.header("X-Request-Id", "zxq-request").json(&json!({"city": "Lusaka"}));
        office.send(request).await.ok();
        let me = office.get("/api/v1/me").await.ok().json();
        for (_, caller) in app.everybody() {
            let text = caller.get(&format!("{at}/history")).await.ok().text();
            for hidden in ["actor", "request_id", "zxq-request", "position", me["id"].as_str().unwrap()] {
                assert!(!text.contains(hidden), "{hidden}: {text}");
            }
        }
        let newest = &office.all("/api/v1/audit?limit=200").await[0];
        assert_eq!((&newest["actor"], &newest["request_id"]), (&me["id"], &json!("zxq-request")));
    }
}
