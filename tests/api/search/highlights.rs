//! Highlights: which members of the rows of a list match.

use serde_json::{Value, json};

use super::super::fixtures::bodies::municipal_utility;
use super::super::visibility::hidden::{create_resource, with};
use crate::harness::on_both;

on_both! {
    async fn lists_say_which_members_match(app: TestApp) {
        let caller = app.anonymous();
        let created = create_resource(&app, "/api/v1/utilities", with(
            municipal_utility("Zxqwerk", "public"),
            json!({"aliases": ["Zxqbetrieb"], "city": "Zxqstadt", "sectors": ["waste"], "description": {"de": "Das Zxqwerk entsorgt."}}),
        )).await;
        let highlights = async |query: &str| caller.get(&format!("/api/v1/{query}&highlight=true")).await.ok().json()["highlights"].clone();
        let matches = |member: &str, excerpt: &str| json!({"member": member, "excerpt": excerpt});
        for (q, expected) in [
            ("zxqwerk", vec![matches("name", "Zxqwerk"), matches("description", "Das Zxqwerk entsorgt.")]),
            ("zxqbetrieb", vec![matches("aliases", "Zxqbetrieb")]),
            ("zxqstadt Müll", vec![matches("city", "Zxqstadt"), matches("sectors", "Waste management and street cleaning")]),
            ("zxqstadt Deutschland", vec![matches("city", "Zxqstadt"), matches("country", "Deutschland")]),
        ] {
            for more in ["", "&fields=name"] {
                let found = highlights(&format!("utilities?q={q}{more}")).await;
                assert_eq!(found, json!([{"id": created["id"], "matches": expected}]), "{q}{more}");
            }
        }
        let found = highlights("partnerships?q=windhoek&limit=1").await;
        assert!(found[0]["matches"].as_array().unwrap().iter().any(|it| it["member"] == "participants"), "{found}");
        assert_eq!(highlights("utilities?q=zxqnothing").await, json!([]));
        for without in ["/api/v1/utilities?q=zxqwerk", "/api/v1/utilities?highlight=true"] {
            assert_eq!(caller.get(without).await.ok().json()["highlights"], Value::Null, "{without}");
        }
        let document = caller.get("/openapi.json").await.ok().json();
        let staff = app.admin();
        let mut lists = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let names = item["get"]["parameters"].as_array().into_iter().flatten();
            if names.filter_map(|it| it["name"].as_str()).any(|name| name == "highlight") && !path.contains('{') {
                let body = staff.get(&format!("{path}?q=e&highlight=true")).await.ok().json();
                assert_eq!(body["items"].as_array().unwrap().len(), body["highlights"].as_array().unwrap().len(), "{path}");
                lists += 1;
            }
        }
        assert!(lists > 8, "{lists}");
    }

    async fn highlights_show_nothing_hidden(app: TestApp) {
        app.coordinator().patch("/api/v1/members/hamburg-wasser", "*", &json!({"note": "Zxqnotiz"})).await.ok();
        for (_, caller) in app.everybody().into_iter().skip(1) {
            let body = caller.get("/api/v1/members?q=hamburg&highlight=true").await.ok().text();
            assert!(!body.split("\"highlights\"").nth(1).unwrap().contains("Zxqnotiz"));
        }
    }
}
