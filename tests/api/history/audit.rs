//! The audit log: the whole change log, for the coordination office.

use serde_json::{Value, json};

use super::{pointers, summaries};
use crate::api::changes::changes_after;
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{
    ORGANISATIONS, PARTNERSHIPS, UTILITIES, abroad, create, merged, partnership, post_nothing,
};
use crate::harness::on_both;

const AUDIT: &str = "/api/v1/audit";

on_both! {
    async fn the_audit_log_has_all_changes_newest_first(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, UTILITIES, &abroad("Zxq")).await.header("location");
        office.delete(&at, "*").await.expect(204);
        for limit in [7, 200] {
            let audit = office.all(&format!("{AUDIT}?limit={limit}")).await;
            let mut log = changes_after(&app.store, 0).await;
            // Only administrators see users.
            log.retain(|change| change.resource != "user");
            log.reverse();
            assert_eq!(audit.len(), log.len());
            for (entry, change) in audit.iter().zip(&log) {
                assert_eq!(entry["resource_id"], change.resource_id.to_string());
                assert_eq!((&entry["version"], &entry["resource"]), (&json!(change.version), &json!(change.resource)));
                assert_eq!(entry["action"], change.action.as_str());
                assert_eq!(entry["visibility"], change.visibility.as_str());
                assert_eq!(entry["request_id"], change.request_id);
                assert_eq!(entry.get("actor").cloned(), change.actor.map(|id| json!(id)));
                assert_eq!(entry.get("parent_id").cloned(), change.parent_id.map(|id| json!(id)));
                assert!(entry.get("state").or(entry.get("position")).is_none(), "{entry:#}");
            }
        }
    }

    async fn an_audit_entry_has_actor_request_and_changes(app: TestApp) {
        let (office, admin) = (app.coordinator(), app.admin());
        let me = async |caller: &crate::harness::Caller| caller.get("/api/v1/me").await.ok().json()["id"].clone();
        let (coordinator, administrator) = (me(&office).await, me(&admin).await);
        let body = merged(&partnership("Zxq"), &json!({"visibility": "internal"}));
        let created = create(&office, PARTNERSHIPS, &body).await;
        let at = created.header("location");
        admin.patch(&at, "*", &json!({"start": "2020"})).await.ok();
        let to = json!({"to": "preparation", "reason": "Agreed."});
        let led = office.post(&format!("{at}/transitions"), &to).await.ok();
        let phase = create(&office, &format!("{at}/funding"), &json!({"kind": "grant"})).await;
        let id = created.json()["id"].clone();

        let audit = admin.get(&format!("{AUDIT}?limit=4")).await.ok().json()["items"].as_array().unwrap().clone();
        assert_eq!(summaries(&audit)[..3], [
            r#"1 created /kind >"grant""#,
            r#"3 transitioned /status "idea">"preparation""#,
            r#"2 updated /start >"2020""#,
        ]);
        let whole = json!({
            "at": led.json()["updated_at"], "actor": coordinator, "request_id": led.header("x-request-id"),
            "resource": "partnership", "resource_id": id, "action": "transitioned", "version": 3,
            "visibility": "internal",
            "status_change": {"from": "idea", "to": "preparation", "reason": "Agreed."},
            "changes": [{"pointer": "/status", "from": "idea", "to": "preparation"}]
        });
        assert_eq!(audit[1], whole);
        assert_eq!((&audit[0]["parent_id"], &audit[0]["resource_id"]), (&id, &phase.json()["id"]));
        assert_eq!(audit[2]["actor"], administrator);
        assert!(pointers(&audit[3]).contains(&"/participants"));
    }

    async fn audit_filters_find_matching_entries(app: TestApp) {
        let office = app.coordinator();
        let one = create(&office, PARTNERSHIPS, &partnership("Zxq")).await;
        let (at, id) = (one.header("location"), one.json()["id"].as_str().unwrap().to_owned());
        let middle = office.patch(&at, "*", &json!({"start": "2020"})).await.ok().json()["updated_at"].clone();
        let middle = middle.as_str().unwrap();
        create(&office, &format!("{at}/funding"), &json!({"kind": "grant"})).await;
        app.admin().delete(&at, "*").await.expect(204);
        post_nothing(&office, &format!("{at}/restore")).await.ok();
        let verein = create(&office, ORGANISATIONS, &json!({"name": "Zxq", "kind": "ngo"})).await.json();
        let actor = app.admin().get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().to_owned();

        let all = office.all(&format!("{AUDIT}?limit=200")).await;
        let is = |name: &'static str, words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| json!(word)).collect();
            move |entry: &Value| words.contains(&entry[name])
        };
        type Is = Box<dyn Fn(&Value) -> bool>;
        let verein = verein["id"].as_str().unwrap();
        let (before, after) = (middle.to_owned(), middle.to_owned());
        let filters: Vec<(String, Is)> = vec![
            ("resource=funding".into(), Box::new(is("resource", &["funding"]))),
            (
                "resource=organisation&resource=utility".into(),
                Box::new(is("resource", &["organisation", "utility"])),
            ),
            (format!("resource_id={id}"), Box::new(is("resource_id", &[&id]))),
            (format!("resource_id={id}&resource_id={verein}"), Box::new(is("resource_id", &[&id, verein]))),
            (format!("parent_id={id}"), Box::new(is("parent_id", &[&id]))),
            (format!("actor={actor}"), Box::new(is("actor", &[&actor]))),
            ("action=deleted&action=restored".into(), Box::new(is("action", &["deleted", "restored"]))),
            (format!("at_from={middle}"), Box::new(move |it| it["at"].as_str().unwrap() >= &*after)),
            (format!("at_to={middle}"), Box::new(move |it| it["at"].as_str().unwrap() <= &*before)),
            (
                format!("at_from={middle}&at_to={middle}&resource=partnership"),
                Box::new(is("at", &[middle])),
            ),
        ];
        for (query, holds) in filters {
            let expected: Vec<_> = all.iter().filter(|entry| holds(entry)).cloned().collect();
            assert!(!expected.is_empty() && expected.len() < all.len(), "{query} tells nothing apart");
            assert_eq!(office.all(&format!("{AUDIT}?limit=3&{query}")).await, expected, "{query}");
        }
        let none = office.all(&format!("{AUDIT}?resource=funding&resource_id={id}")).await;
        assert_eq!(none, [] as [Value; 0], "different filters mean all of them");
    }

    async fn only_coordinators_and_administrators_read_the_audit_log(app: TestApp) {
        for (role, caller) in app.everybody() {
            let answer = caller.get(&format!("{AUDIT}?limit=1")).await;
            match role {
                "public" => drop(answer.problem(401, "unauthenticated")),
                "coordinator" | "admin" => drop(answer.ok()),
                _ => drop(answer.problem(403, "forbidden")),
            }
            let wrong = caller.get(&format!("{AUDIT}?nothing=1")).await;
            let status = match role {
                "public" => 401,
                "coordinator" | "admin" => 400,
                _ => 403,
            };
            wrong.expect(status);
        }
    }

    async fn invalid_audit_parameters_are_refused(app: TestApp) {
        let office = app.coordinator();
        for (query, fault) in [
            ("resource=partnershp", "resource unknown_value"),
            ("resource_id=hamburg-kyiv", "resource_id invalid_format"),
            ("parent_id=x", "parent_id invalid_format"),
            ("actor=x", "actor invalid_format"),
            ("action=made", "action unknown_value"),
            ("at_from=2020", "at_from invalid_format"),
            ("at_to=yesterday", "at_to invalid_format"),
            ("limit=201", "limit out_of_range"),
            ("cursor=zxq", "cursor invalid_cursor"),
            ("deleted=true", "deleted unknown_parameter"),
        ] {
            assert_eq!(office.get(&format!("{AUDIT}?{query}")).await.faults(400, "invalid_parameters"), [fault]);
        }
        let next = office.get(&format!("{AUDIT}?limit=1")).await.ok().json()["next"].as_str().unwrap().to_owned();
        office.get(&format!("{next}&resource=utility")).await.problem(400, "invalid_parameters");
        office.get(&next.replace("limit=1", "limit=2")).await.ok();
    }

    async fn audit_entries_of_members_and_contacts_are_never_public(app: TestApp) {
        let office = app.coordinator();
        create(&office, "/api/v1/members/hamburg-wasser/contacts", &contact("zxq", true)).await;
        let audit = office.all(&format!("{AUDIT}?resource=contact&resource=member&limit=200")).await;
        assert!(audit.iter().any(|entry| entry["resource"] == "contact"));
        assert!(audit.iter().all(|entry| entry["visibility"] == "members"), "{audit:#?}");
    }

    async fn the_audit_log_has_no_personal_data_and_honours_etags(app: TestApp) {
        let office = app.coordinator();
        let text = format!("{:?}", office.all(&format!("{AUDIT}?limit=200")).await);
        for account in app.store.accounts().await.unwrap() {
            for personal in [account.data.email.as_str(), account.data.name.as_str()] {
                assert!(!text.contains(personal), "{personal} stands in the audit");
            }
        }
        let answer = office.get(AUDIT).await.ok();
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let known = office.request(reqwest::Method::GET, AUDIT).header("If-None-Match", answer.tag());
        office.send(known).await.expect(304);
        assert_eq!(office.head(AUDIT).await.ok().tag(), answer.tag());
    }
}
