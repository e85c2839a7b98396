//! Suggestions while a search is typed.

use reqwest::Method;
use serde_json::json;

use super::super::fixtures::bodies::{contact, municipal_utility, partnership};
use super::super::visibility::hidden::{create_resource, with};
use crate::harness::{Caller, on_both};

async fn suggested(caller: &Caller, query: &str) -> Vec<String> {
    let body = caller.get(&format!("/api/v1/suggest?{query}")).await.ok().json();
    body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn names_are_suggested_by_the_beginnings_of_their_words(app: TestApp) {
        let caller = app.anonymous();
        create_resource(&app, "/api/v1/utilities", municipal_utility("Stadtwerke Zxqmünster", "public")).await;
        create_resource(&app, "/api/v1/utilities", with(
            municipal_utility("Zxqwerk", "public"), json!({"aliases": ["Zxqmeer"]}),
        )).await;
        create_resource(&app, "/api/v1/partnerships", partnership("Zxqmünster – Kyjiw", "hamburg-wasser", "lvivvodokanal", "public")).await;
        let (both, utility, title) =
            (["Zxqmünster – Kyjiw", "Stadtwerke Zxqmünster"], ["Stadtwerke Zxqmünster"], ["Zxqmünster – Kyjiw"]);
        for q in ["zxqm", "ZXQMÜ", "zxqmunster"] {
            assert_eq!(suggested(&caller, &format!("q={q}")).await, both, "{q}");
        }
        // Found by another spelling, but not as the beginning of a name.
        assert_eq!(suggested(&caller, "q=zxqmue").await, ["Stadtwerke Zxqmünster", "Zxqmünster – Kyjiw"]);
        for q in ["stadt zxqm", "zxqm stadtwerke", "zxqm&kind=utility"] {
            assert_eq!(suggested(&caller, &format!("q={q}")).await, utility, "{q}");
        }
        for q in ["zxqm kyj", "zxqm&limit=1"] {
            assert_eq!(suggested(&caller, &format!("q={q}")).await, title, "{q}");
        }
        for q in ["xqm", "zxqmeer", "zxqmunsterx", "zxqm bonn", "-", "zxqmünzter"] {
            assert_eq!(suggested(&caller, &format!("q={q}")).await, Vec::<String>::new(), "{q}");
        }
        assert_eq!(suggested(&caller, "q=s&limit=50").await.len(), 50);
        let tag = caller.get("/api/v1/suggest?q=zxqm").await.ok().tag();
        let again = caller.request(Method::GET, "/api/v1/suggest?q=zxqm").header("If-None-Match", tag);
        caller.send(again).await.expect(304);
    }

    async fn only_visible_names_are_suggested(app: TestApp) {
        create_resource(&app, "/api/v1/utilities", municipal_utility("Zxqversteck intern", "internal")).await;
        create_resource(&app, "/api/v1/partnerships", partnership("Zxqversteck gemeinsam", "hamburg-wasser", "lvivvodokanal", "members")).await;
        create_resource(&app, "/api/v1/members/hamburg-wasser/contacts", contact("zxqversteck", false)).await;
        for ((who, caller), count) in app.everybody().into_iter().zip([0, 1, 1, 1, 2, 2]) {
            assert_eq!(suggested(&caller, "q=zxqv").await.len(), count, "{who}");
        }
        let deleted = create_resource(&app, "/api/v1/utilities", municipal_utility("Zxqgelöscht", "public")).await;
        assert_eq!(suggested(&app.anonymous(), "q=zxqg").await, ["Zxqgelöscht"]);
        app.coordinator().delete(&format!("/api/v1/utilities/{}", deleted["slug"].as_str().unwrap()), "*").await.expect(204);
        assert_eq!(suggested(&app.anonymous(), "q=zxqg").await, Vec::<String>::new());
    }
}
