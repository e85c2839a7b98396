//! The shortest test of everything: a list, a resource, and a conditional change.

use serde_json::json;

use crate::harness::on_both;

on_both! {
    async fn the_demo_partnerships_can_be_read_and_changed(app: TestApp) {
        let page = app.anonymous().get("/api/v1/partnerships?country=ZM&count=true").await.ok().json();
        assert_eq!(page["total"], 5);
        let one = app.anonymous().get("/api/v1/partnerships/dresden-lviv-ternopil-nadvirna").await.ok();
        let tag = one.tag();
        let path = "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna";
        let changed = app.coordinator().patch(path, &tag, &json!({"end": "2030"})).await.ok();
        assert_eq!(changed.json()["version"], 2);
        app.coordinator().patch(path, &tag, &json!({"end": "2031"})).await.problem(412, "precondition_failed");
    }
}
