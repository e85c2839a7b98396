//! Deletion is soft: a deleted resource is hidden from everybody but the coordination office, which can restore it.

use reqwest::Method;
use serde_json::json;

use crate::api::fixtures::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, abroad, assert_nothing_written,
    create, delete, location, log_end, merged, municipal, participant, partnership, post_nothing,
};
use crate::harness::on_both;

on_both! {
    async fn a_deleted_resource_is_hidden_and_can_be_restored(app: TestApp) {
        let staff = app.coordinator();
        for (collection, body) in [
            (UTILITIES, municipal("Kurzlebig")),
            (ORGANISATIONS, json!({"name": "Kurzlebig", "kind": "ngo"})),
            (PARTNERSHIPS, partnership("Kurzlebig")),
            (PROGRAMMES, json!({"name": "Kurzlebig", "kind": "grant"})),
            (FUNDING, json!({"kind": "grant"})),
        ] {
            let made = create(&staff, collection, &body).await;
            let (path, id) = (location(&made), made.json()["id"].clone());
            let (count, log) = (staff.all(collection).await.len(), log_end(&app).await);
            let gone = staff.delete(&path, &made.tag()).await.expect(204);
            assert!(gone.body.is_empty() && gone.tag().is_empty(), "{path}");
            assert_eq!((staff.all(collection).await.len(), log_end(&app).await), (count - 1, log + 1));

            for (role, caller) in app.everybody() {
                caller.get(&path).await.problem(404, "not_found");
                caller.head(&path).await.expect(404);
                assert!(caller.all(collection).await.iter().all(|item| item["id"] != id), "{role}");
                let staff = matches!(role, "coordinator" | "admin");
                for found in [
                    caller.get(&format!("{path}?deleted=true")).await,
                    caller.get(&format!("{collection}?deleted=true")).await,
                ] {
                    match role {
                        "public" => drop(found.problem(401, "unauthenticated")),
                        _ if staff => assert!(found.ok().text().contains("\"deleted_at\"")),
                        _ => drop(found.problem(403, "forbidden")),
                    }
                }
            }
            assert_nothing_written(&app, async || {
                staff.delete(&path, "*").await.problem(404, "not_found");
                staff.patch(&path, "*", &json!({"source_url": null})).await.problem(404, "not_found");
                staff.get(&format!("{DRESDEN}?deleted=true")).await.problem(404, "not_found");
            })
            .await;

            let back = post_nothing(&staff, &format!("{path}/restore")).await.ok();
            assert_eq!((&back.json()["version"], back.json().get("deleted_at")), (&json!(3), None));
            assert_eq!(staff.get(&path).await.ok().body, back.body);
            let same =
                |text: &serde_json::Value| merged(text, &json!({"version": null, "updated_at": null}));
            assert_eq!(same(&back.json()), same(&made.json()));
            assert_nothing_written(&app, async || {
                post_nothing(&staff, &format!("{path}/restore")).await.problem(409, "not_deleted");
            })
            .await;
        }
        post_nothing(&staff, &format!("{UTILITIES}/nothing/restore")).await.problem(404, "not_found");
    }

    async fn a_restore_honours_if_match(app: TestApp) {
        let staff = app.coordinator();
        let made = create(&staff, UTILITIES, &municipal("Genau")).await;
        let path = location(&made);
        staff.delete(&path, &made.tag()).await.expect(204);
        let restore = |tag: &str| {
            staff.send(staff.request(Method::POST, &format!("{path}/restore")).header("If-Match", tag))
        };
        restore(&made.tag()).await.problem(412, "precondition_failed");
        let current = staff.get(&format!("{path}?deleted=true")).await.ok().tag();
        restore(&current).await.ok();
    }

    async fn only_the_coordination_office_may_delete_and_restore(app: TestApp) {
        assert_nothing_written(&app, async || {
            for (role, caller) in
                app.everybody().into_iter().filter(|(role, _)| !matches!(*role, "coordinator" | "admin"))
            {
                for answer in [
                    caller.delete(DRESDEN, "*").await,
                    post_nothing(&caller, &format!("{DRESDEN}/restore")).await,
                ] {
                    match role {
                        "public" => answer.problem(401, "unauthenticated"),
                        _ => answer.problem(403, "forbidden"),
                    };
                }
            }
        })
        .await;
    }

    async fn restoring_needs_the_referenced_resources(app: TestApp) {
        let staff = app.coordinator();
        let utility = location(&create(&staff, UTILITIES, &abroad("Flüchtig")).await);
        let programme =
            location(&create(&staff, PROGRAMMES, &json!({"name": "Flüchtig", "kind": "grant"})).await);
        let participants =
            json!({"participants": [participant("lead", "oowv"), participant("partner", "fluechtig")]});
        let partnership =
            location(&create(&staff, PARTNERSHIPS, &merged(&partnership("Flüchtig"), &participants)).await);
        let funding =
            location(&create(&staff, FUNDING, &json!({"kind": "grant", "programme": "fluechtig"})).await);
        for (one, other, pointer) in
            [(&partnership, &utility, "/participants/1/party/utility"), (&funding, &programme, "/programme")]
        {
            delete(&staff, one).await;
            delete(&staff, other).await;
            assert_nothing_written(&app, async || {
                let answer = post_nothing(&staff, &format!("{one}/restore")).await;
                assert_eq!(answer.faults(409, "reference_gone"), [format!("{pointer} unknown_reference")]);
                staff.get(&format!("{one}?deleted=true")).await.ok();
            })
            .await;
            post_nothing(&staff, &format!("{other}/restore")).await.ok();
            post_nothing(&staff, &format!("{one}/restore")).await.ok();
        }
    }

    async fn restoring_checks_the_current_rules(app: TestApp) {
        let staff = app.coordinator();
        let utility = location(&create(&staff, UTILITIES, &abroad("Scheu")).await);
        let participants =
            json!({"participants": [participant("lead", "oowv"), participant("partner", "scheu")]});
        let partnership =
            location(&create(&staff, PARTNERSHIPS, &merged(&partnership("Scheu"), &participants)).await);
        delete(&staff, &partnership).await;
        staff.patch(&utility, "*", &json!({"visibility": "internal"})).await.ok();
        let answer = post_nothing(&staff, &format!("{partnership}/restore")).await;
        assert_eq!(answer.faults(409, "reference_gone"), ["/participants/1/party wider_than_party"]);
    }

    async fn restoring_needs_the_references_of_sub_resources(app: TestApp) {
        let staff = app.coordinator();
        let programme = json!({"name": "Getragen", "kind": "grant"});
        let programme = location(&create(&staff, PROGRAMMES, &programme).await);
        let partnership = location(&create(&staff, PARTNERSHIPS, &partnership("Getragen")).await);
        let funding = json!({"kind": "grant", "programme": "getragen"});
        let funding = location(&create(&staff, &format!("{partnership}/funding"), &funding).await);
        delete(&staff, &partnership).await;
        staff.get(&funding).await.problem(404, "not_found");
        delete(&staff, &programme).await;
        assert_nothing_written(&app, async || {
            let answer = post_nothing(&staff, &format!("{partnership}/restore")).await;
            let problem = answer.problem(409, "reference_gone");
            assert_eq!(problem["dependents"][0]["slug"], "getragen", "{problem:#}");
        })
        .await;
        post_nothing(&staff, &format!("{programme}/restore")).await.ok();
        post_nothing(&staff, &format!("{partnership}/restore")).await.ok();
        assert_eq!(staff.get(&funding).await.ok().json()["programme"]["slug"], "getragen");
    }
}
