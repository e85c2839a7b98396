//! Every row struct fits its table: live and deleted rows can be read on both databases.

use serde_json::json;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use super::changes::changes_after;
use super::fixtures::bodies::{contact, policy_update, topic};
use super::interests::{confirmed, interest, path};
use crate::harness::on_both;

/// All live rows of a resource, or all deleted ones.
pub(super) async fn all_rows<T: Table>(store: &Store, deleted: bool) -> Vec<Stored<T>> {
    let operator = Actor::operator(store.now());
    let (mut items, mut query) = (Vec::new(), Query::<T>::all());
    query.deleted = deleted;
    loop {
        let page = store.read(&operator).await.unwrap().list_everywhere(&query).await.unwrap();
        items.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return items,
        }
    }
}

/// The numbers of live and of deleted rows.
struct Count<'a>(&'a Store);

impl Visitor for Count<'_> {
    type Answer = (usize, usize);

    async fn visit<T: Table>(self) -> Self::Answer {
        (all_rows::<T>(self.0, false).await.len(), all_rows::<T>(self.0, true).await.len())
    }
}

on_both! {
    async fn rows_of_every_table_can_be_read(app: TestApp) {
        let coordinator = app.coordinator();
        for (collection, body) in [
            ("funding", json!({"kind": "in_kind"})),
            ("activities", json!({"kind": "study", "title": "Gone", "starts_on": "2024-01-01"})),
            (
                "results",
                json!({"name": "Gone", "unit": "%", "values": [
                    {"on": "2024-01-01", "value": "-0.5", "reported_by": "kyivvodokanal"},
                    {"on": "2025-01-01", "value": "1"},
                ]}),
            ),
            (
                "documents",
                json!({"title": "Gone", "url": "https://gone.example", "kind": "mou", "language": "uk"}),
            ),
        ] {
            let parts = format!("/api/v1/partnerships/hamburg-kyiv/{collection}");
            coordinator.post(&parts, &body).await.expect(201);
            let part = coordinator.post(&parts, &body).await.expect(201).json();
            coordinator.delete(&format!("{parts}/{}", part["id"].as_str().unwrap()), "*").await.expect(204);
        }
        for (path, body) in [
            ("organisations", json!({"slug": "gone", "name": "Gone", "kind": "ngo"})),
            (
                "utilities",
                json!({
                    "slug": "gone", "name": "Gone", "kind": "partner", "country": "UA", "sectors": ["water"],
                }),
            ),
            ("sessions", json!({"slug": "gone", "title": "Gone", "kind": "exchange", "starts_on": "2040-01-01"})),
            ("funding-programmes", json!({"slug": "gone", "name": "Gone", "kind": "grant"})),
            ("reference/working-areas", json!({"slug": "gone", "label": {"de": "Fort", "en": "Gone"}})),
            (
                "partnerships",
                json!({"slug": "gone", "title": "Gone", "sectors": ["waste"], "participants": [
                    {"role": "lead", "party": {"utility": "hamburg-wasser"}},
                    {"role": "partner", "party": {"utility": "lvivvodokanal"}},
                    {"role": "supporting", "party": {"organisation": "giz"}},
                ]}),
            ),
        ] {
            coordinator.post(&format!("/api/v1/{path}"), &body).await.expect(201);
            coordinator.delete(&format!("/api/v1/{path}/gone"), "*").await.expect(204);
        }

        let utility = json!({
            "slug": "left", "name": "Left", "kind": "municipal", "country": "DE", "sectors": ["water"]
        });
        coordinator.post("/api/v1/utilities", &utility).await.expect(201);
        coordinator.post("/api/v1/members", &json!({"utility": "left"})).await.expect(201);
        coordinator.delete("/api/v1/members/left", "*").await.expect(204);
        let contacts = "/api/v1/members/hamburg-wasser/contacts";
        let person = coordinator.post(contacts, &contact("gone", true)).await.expect(201).json();
        coordinator.delete(&format!("{contacts}/{}", person["id"].as_str().unwrap()), "*").await.expect(204);

        let gone = confirmed(&app, &interest("Gone")).await;
        coordinator.delete(&path(&gone), "*").await.expect(204);
        confirmed(&app, &interest("Here")).await;
        let user = json!({"email": "gone@zxq.example", "name": "Gone", "role": "reader"});
        let user = app.admin().post("/api/v1/users", &user).await.expect(201).json();
        app.admin().delete(&format!("/api/v1/users/{}", user["id"].as_str().unwrap()), "*").await.expect(204);

        coordinator.post("/api/v1/topics", &topic("There", "hamburg-wasser")).await.expect(201);
        let body = topic("Gone", "hamburg-wasser");
        let gone = coordinator.post("/api/v1/topics", &body).await.expect(201).json();
        coordinator.delete(&format!("/api/v1/topics/{}", gone["id"].as_str().unwrap()), "*").await.expect(204);

        let updates = "/api/v1/policy-updates";
        coordinator.post(updates, &policy_update("There")).await.expect(201);
        let update = coordinator.post(updates, &policy_update("Gone")).await.expect(201).json();
        coordinator.delete(&format!("{updates}/{}", update["id"].as_str().unwrap()), "*").await.expect(204);
        for (session, part, body) in [
            ("example-exchange", "guests", json!({"name": "Gone"})),
            ("example-exchange", "agenda", json!({"kind": "break", "title": "Gone", "duration_minutes": 5})),
            ("example-exchange", "registrations", json!({
                "member": "hamburg-wasser", "name": "Gone", "email": "gone@zxq.example", "attendance": "online"
            })),
            ("bmz-vku-workshop-2018", "minutes", json!({"text": {"de": "Fort"}})),
        ] {
            let path = format!("/api/v1/sessions/{session}/{part}");
            let gone = coordinator.post(&path, &body).await.expect(201).json();
            coordinator.delete(&format!("{path}/{}", gone["id"].as_str().unwrap()), "*").await.expect(204);
            coordinator.post(&path, &body).await.expect(201);
        }

        for collection in collections() {
            let (live, deleted) = visit(&collection, Count(&app.store)).await.unwrap();
            assert!(live > 0, "there is no row of {collection}");
            assert_eq!(deleted, 1, "deleted {collection}");
        }
        assert_eq!(app.store.accounts().await.unwrap().len(), 5);
        assert!(!changes_after(&app.store, 0).await.is_empty());
    }
}
