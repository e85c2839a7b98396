//! Sub-resources: found only under their parent, each with its own version.

use serde_json::json;

use crate::api::fixtures::{
    DRESDEN, FUNDING, UTILITIES, assert_nothing_written, create, location, log_end, post_nothing,
};
use crate::harness::on_both;

on_both! {
    async fn a_sub_resource_has_its_own_version(app: TestApp) {
        let staff = app.coordinator();
        let (parent, log) = (staff.get(DRESDEN).await.ok().json(), log_end(&app).await);
        let made =
            create(&staff, FUNDING, &json!({"kind": "grant", "programme": "newza", "from": "2024"})).await;
        assert_eq!(made.json()["partnership"]["slug"], "dresden-lviv-ternopil-nadvirna");
        let path = location(&made);
        let patched = staff.patch(&path, &made.tag(), &json!({"to": "2026"})).await.ok();
        assert_eq!(patched.json()["version"], 2);
        staff.patch(&path, &made.tag(), &json!({"to": "2027"})).await.problem(412, "precondition_failed");

        let after = staff.get(DRESDEN).await.ok().json();
        for member in ["version", "updated_at"] {
            assert_eq!(after[member], parent[member]);
        }
        assert_eq!(log_end(&app).await, log + 2, "no change of the parent");
        let programmes = after["programmes"].as_array().unwrap().iter();
        assert!(
            programmes.map(|it| &it["slug"]).any(|slug| slug == "newza"),
            "what is derived follows at once"
        );
    }

    async fn a_sub_resource_is_found_only_under_its_parent(app: TestApp) {
        let staff = app.coordinator();
        let made = create(&staff, FUNDING, &json!({"kind": "grant"})).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let parent_id = made.json()["partnership"]["id"].as_str().unwrap().to_owned();
        staff.get(&format!("/api/v1/partnerships/{parent_id}/funding/{id}")).await.ok();
        assert_nothing_written(&app, async || {
            for parent in ["hamburg-bremen-miyahuna", "nothing", &id, "hamburg-wasser"] {
                let path = format!("/api/v1/partnerships/{parent}/funding/{id}");
                staff.get(&path).await.problem(404, "not_found");
                staff.get(&format!("{path}?deleted=true")).await.problem(404, "not_found");
                staff.patch(&path, "*", &json!({"to": "2030"})).await.problem(404, "not_found");
                staff.delete(&path, "*").await.problem(404, "not_found");
                post_nothing(&staff, &format!("{path}/restore")).await.problem(404, "not_found");
            }
            for parent in ["nothing", &id] {
                let path = format!("/api/v1/partnerships/{parent}/funding");
                staff.get(&path).await.problem(404, "not_found");
                staff.post(&path, &json!({"kind": "grant"})).await.problem(404, "not_found");
            }
            staff.get(&format!("{UTILITIES}/hamburg-wasser/funding/{id}")).await.problem(404, "not_found");
        })
        .await;
    }

    async fn amounts_keep_the_decimals_of_their_currency(app: TestApp) {
        let staff = app.coordinator();
        for (given, currency, shown) in [
            ("999999999999999.99", "EUR", "999999999999999.99"),
            ("0.1", "EUR", "0.10"),
            ("0", "EUR", "0.00"),
            ("1.05", "JOD", "1.050"),
            ("1000", "UGX", "1000"),
        ] {
            let body = json!({"kind": "grant", "amount": {"amount": given, "currency": currency}});
            let made = create(&staff, FUNDING, &body).await;
            let read = staff.get(&location(&made)).await.ok().json();
            assert_eq!(read["amount"], json!({"amount": shown, "currency": currency}));
            let only_amount = json!({"amount": {"amount": "2"}});
            let patched = staff.patch(&location(&made), &made.tag(), &only_amount).await.ok().json();
            assert_eq!(patched["amount"]["currency"], currency);
        }
    }

    async fn a_reference_is_changed_by_its_slug(app: TestApp) {
        let staff = app.coordinator();
        let made = create(&staff, FUNDING, &json!({"kind": "grant", "programme": "newza"})).await;
        let other = json!({"programme": {"slug": "nakopa"}});
        let patched = staff.patch(&location(&made), &made.tag(), &other).await.ok().json();
        assert_eq!(patched["programme"]["slug"], "nakopa");
    }
}
