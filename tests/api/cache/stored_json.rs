//! Stored JSON is what the rows say, after each write and whoever has written it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::any::AnyStored;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use crate::api::fixtures::{DRESDEN, FIXTURES};
use crate::harness::database::ask;
use crate::harness::{TestApp, on_both};

/// The first page of a collection as its rows say for an actor, if its JSON is stored.
struct FirstPage<'a>(&'a Store, &'a Actor);

impl Visitor for FirstPage<'_> {
    type Output = Option<Vec<String>>;

    async fn visit<T: Table>(self) -> Self::Output {
        if !T::STORES_JSON {
            return None;
        }
        let reader = self.0.read(self.1).await.unwrap();
        let page = reader.list(&Query::<T> { limit: 200, ..Query::all() }, None).await.unwrap();
        let json = |item: &dyn AnyStored| String::from_utf8(item.to_json().unwrap()).unwrap();
        Some(page.items.iter().map(|item| json(item)).collect())
    }
}

/// Whether the JSON of a collection is stored.
struct StoresJson;

impl Visitor for StoresJson {
    type Output = bool;

    async fn visit<T: Table>(self) -> bool {
        T::STORES_JSON
    }
}

/// Returns a list that differs from the rows, and the number of compared resources: as an administrator and as the
/// public read them. `step` makes paths of it that were never requested.
pub(super) async fn difference(app: &TestApp, step: usize) -> (Option<String>, usize) {
    let (operator, public) = (Actor::operator(app.store.now()), Actor::public(app.store.now()));
    let mut count = 0;
    for (caller, actor) in [(app.admin(), &operator), (app.anonymous(), &public)] {
        for collection in collections() {
            let Some(Some(items)) = visit(&collection, FirstPage(&app.store, actor)).await else { continue };
            let path = format!("/api/v1/{collection}?limit=200{}", "&".repeat(step + 1));
            let body = caller.get(&path).await.ok().text();
            let expected = format!("{{\"items\":[{}]", items.join(","));
            if !body.starts_with(&expected) {
                return (Some(format!("{path} as {:?}\n{body}\n{expected}", actor.role)), count);
            }
            count += items.len();
        }
    }
    (None, count)
}

/// Compares lists with the rows. Returns the number of compared resources.
pub(super) async fn equals_rows(app: &TestApp, what: &str, step: usize) -> usize {
    let (difference, count) = difference(app, step).await;
    assert!(difference.is_none(), "{what}: {}", difference.unwrap_or_default());
    count
}

on_both! {
    async fn json_is_stored_for_every_resource_and_read(app: TestApp) {
        app.store.write_missing_json().await.unwrap();
        let (operator, mut count) = (Actor::operator(app.store.now()), 0);
        for collection in collections() {
            let items = visit(&collection, FirstPage(&app.store, &operator)).await.flatten();
            count += items.map_or(0, |items| items.len());
        }
        assert!(equals_rows(&app, "stored", 1).await > count);
        let current = "SELECT CAST(count(*) AS text) FROM resource_json WHERE version > 0";
        assert_eq!(ask(&app, current).await, [count.to_string()]);
        // What is in the table is what a read returns.
        let mark = r#"UPDATE resource_json SET json = replace(json, '"title":"', '"title":"Zxq ') RETURNING json"#;
        ask(&app, mark).await;
        let anyone = app.anonymous();
        let is_marked = |item: &Value| item["title"].as_str().unwrap().starts_with("Zxq ");
        assert!(is_marked(&anyone.get(&format!("{DRESDEN}?&")).await.ok().json()));
        let list = anyone.get("/api/v1/partnerships?limit=5&&").await.ok().json();
        assert!(list["items"].as_array().unwrap().iter().all(is_marked), "{list:#}");
        let export = anyone.get("/api/v1/partnerships?format=ndjson&&").await.ok().text();
        assert!(export.lines().all(|line| is_marked(&serde_json::from_str(line).unwrap())), "{export}");
        // Other representations are made from the rows.
        let sparse = anyone.get("/api/v1/partnerships?limit=1&fields=title").await.ok().json();
        assert!(!is_marked(&sparse["items"][0]), "{sparse:#}");
    }

    /// What a request creates needs no second read: its JSON is stored with it, and is what its rows say.
    async fn json_of_a_new_resource_is_stored_by_the_request(app: TestApp) {
        let (server, _) = app.recorded_instance();
        app.stop_writing_json().await;
        let remove_all = "DELETE FROM resource_json RETURNING json";
        let all = "SELECT resource || ' ' || version || coalesce(day, '') || json FROM resource_json";
        ask(&app, remove_all).await;
        let mut created = 0;
        for fixture in FIXTURES {
            if visit(fixture.collection, StoresJson).await == Some(true) {
                fixture.create(&server, "Zxq").await;
                created += 1;
            }
        }
        let stored = ask(&app, all).await;
        assert!(created > 0 && stored.len() == created, "{created}: {stored:#?}");
        ask(&app, remove_all).await;
        app.store.write_missing_json().await.unwrap();
        let of_rows = ask(&app, all).await;
        let different: Vec<_> = stored.iter().filter(|json| !of_rows.contains(json)).collect();
        assert!(different.is_empty(), "{different:#?}\n{of_rows:#?}");
    }

    async fn json_of_another_build_or_day_does_not_count(app: TestApp) {
        app.store.write_missing_json().await.unwrap();
        let spoil = |set: &str| format!("UPDATE resource_json SET json = '{{}}', {set} RETURNING json");
        for set in ["build = 'other'", "day = '2001-01-01'", "version = 0", "version = version + 1"] {
            ask(&app, &spoil(set)).await;
            equals_rows(&app, set, set.len()).await;
            ask(&app, "DELETE FROM resource_json RETURNING json").await;
            app.store.write_missing_json().await.unwrap();
        }
    }

    /// Partnerships are created and read while their utility is renamed.
    async fn json_never_has_an_old_name(app: TestApp) {
        let staff = app.coordinator();
        staff.post(&format!("{DRESDEN}/funding"), &json!({"kind": "grant"})).await.expect(201);
        for round in 0..15 {
            let name = json!({"name": format!("Zxq {round}")});
            let participants = json!([
                {"role": "lead", "party": {"utility": "hamburg-wasser"}},
                {"role": "partner", "party": {"utility": "lvivvodokanal"}},
            ]);
            let partnership = json!({"title": format!("Zxq {round}"), "sectors": ["water"], "participants": participants});
            let title = json!({"title": format!("Dresden {round}")});
            let (renamed, created, changed, written) = tokio::join!(
                staff.patch("/api/v1/utilities/hamburg-wasser", "*", &name),
                staff.post("/api/v1/partnerships", &partnership),
                staff.patch(DRESDEN, "*", &title),
                app.store.write_missing_json(),
            );
            renamed.ok();
            created.expect(201);
            changed.ok();
            written.unwrap();
            equals_rows(&app, "beside", round).await;
            app.store.write_missing_json().await.unwrap();
            equals_rows(&app, "after", round + 20).await;
        }
    }

    /// The day of the last activity is the current one as long as the activity lasts.
    async fn json_that_depends_on_the_day_is_stored_with_it(app: TestApp) {
        let staff = app.coordinator();
        let activity = json!({"kind": "mission", "title": "Zxq", "starts_on": "2020-01-01", "ends_on": "2099-01-01"});
        staff.post(&format!("{DRESDEN}/activities"), &activity).await.expect(201);
        app.store.write_missing_json().await.unwrap();
        let with_day = "SELECT CAST(count(*) AS text) FROM resource_json WHERE day IS NOT NULL";
        assert_ne!(ask(&app, with_day).await, ["0"]);
        let last = async || app.anonymous().get(&format!("{DRESDEN}?&")).await.ok().json()["last_activity_on"].clone();
        let before = last().await;
        app.clock.advance(TimeDelta::days(1));
        assert_ne!(last().await, before);
    }
}
