//! Tables: the lists of the sub-resources of all parents.

mod export_tags;
mod files;
mod unnested;
mod unnested_files;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::fixtures::{FIXTURES, Fixture, create, create_samples};
use super::visibility::hidden::{OWN, PUBLIC, Restriction, text};
use crate::harness::{Caller, TestApp, on_both};

/// The fixtures of sub-resources.
fn parts() -> impl Iterator<Item = &'static Fixture> {
    FIXTURES.iter().filter(|it| it.parent_path().is_some())
}

/// The name of the parent in rows and in parameters.
fn parent_name(fixture: &Fixture) -> &'static str {
    fixture.collection.split('-').next().unwrap()
}

fn table(fixture: &Fixture) -> String {
    format!("/api/v1/{}", fixture.collection)
}

/// The rows of all pages, by id.
async fn rows(caller: &Caller, path: &str) -> BTreeMap<String, Value> {
    let all = caller.all(path).await;
    let (count, rows) = (all.len(), all.into_iter().map(|row| (text(&row, "id"), row)));
    let rows: BTreeMap<_, _> = rows.collect();
    assert_eq!(rows.len(), count, "{path}: a row comes twice");
    rows
}

/// Creates resources of all kinds: public ones, and ones that are hidden from some callers or deleted.
async fn create_world(app: &TestApp) {
    create_samples(app, &["Zxq one", "Zxq two"]).await;
    for restriction in [Restriction::Members, Restriction::Internal, Restriction::Deleted] {
        restriction.create(app).await;
    }
}

on_both! {
    /// A part is visible in the table exactly if it is visible below its parent.
    async fn a_table_is_the_union_of_the_lists_below_the_parents(app: TestApp) {
        create_world(&app).await;
        let (mut compared, mut different) = (0, BTreeSet::new());
        for fixture in parts() {
            let parents = app.admin().all(&format!("{}?limit=200", fixture.parent_path().unwrap())).await;
            let mut seen = Vec::new();
            for (role, caller) in app.everybody() {
                let (mut union, mut statuses) = (BTreeMap::new(), BTreeSet::new());
                for parent in &parents {
                    let path = fixture.list_below(&text(parent, "id"));
                    let status = caller.get(&path).await.status.as_u16();
                    statuses.insert(status);
                    if status == 200 {
                        union.extend(rows(&caller, &format!("{path}?limit=200")).await);
                    }
                }
                let path = table(fixture);
                if let Some(refusal) = statuses.iter().find(|status| [401, 403].contains(*status)) {
                    assert_eq!(statuses.len(), 1, "{role} {path}");
                    caller.get(&path).await.expect(*refusal);
                    continue;
                }
                assert_eq!(rows(&caller, &format!("{path}?limit=7")).await, union, "{role} {path}");
                let counted = caller.get(&format!("{path}?count=true&limit=1")).await.ok().json();
                assert_eq!(counted["total"], union.len(), "{role} {path}");
                compared += union.len();
                seen.push(union.len());
            }
            assert!(seen.iter().all(|count| *count > 0), "{}: {seen:?}", fixture.collection);
            if seen.first() != seen.last() {
                different.insert(fixture.collection);
            }
        }
        assert!(compared > 300, "{compared}");
        assert!(different.len() > 5, "{different:?}");
    }

    async fn each_row_names_its_parent(app: TestApp) {
        create_world(&app).await;
        let caller = app.coordinator();
        for fixture in parts() {
            let parents = rows(&caller, &format!("{}?limit=200", fixture.parent_path().unwrap())).await;
            for row in rows(&caller, &format!("{}?limit=200", table(fixture))).await.values() {
                let named = &row[parent_name(fixture)];
                let parent = &parents[&text(named, "id")];
                assert_eq!(named["slug"], parent["slug"], "{}", fixture.collection);
                let label = if fixture.path.contains("/members/") { "name" } else { "title" };
                assert!(named[label].is_string(), "{}: {named}", fixture.collection);
            }
        }
    }

    /// A parameter of the parent selects the rows of those parents that its own list has with that filter.
    async fn tables_are_filtered_by_the_parent(app: TestApp) {
        create_world(&app).await;
        let queries = |parent: &str| match parent {
            "partnership" => vec![
                "status=active&status=preparation", "country=UA", "sector=water&sector=waste", "country=UA&sector=waste",
                "utility=hamburg-wasser", "organisation=giz", "lead=stadtentwaesserung-dresden", "visibility=members",
                "programme=betreiberplattform-2024-2027", "start_from=2020", "start_to=2019&country=UA&country=ZM",
                "updated_since=2150-01-01T00:00:00Z", "sdg_target=12.5", "working_area=composting",
            ],
            "session" => vec!["status=held", "kind=training&kind=exchange", "sector=telecommunications", "organiser=vku"],
            _ => vec!["status=active", "utility=stadtentwaesserung-dresden", "regional_group=Zxq",
                      "has_active_partnership=true"],
        };
        let (mut some, mut none) = (0, 0);
        for fixture in parts() {
            let (parent, path) = (parent_name(fixture), table(fixture));
            for (role, caller) in [("public", app.anonymous()), ("member", app.member()), ("coordinator", app.coordinator())] {
                if caller.get(&path).await.status != 200 {
                    continue;
                }
                let all = rows(&caller, &format!("{path}?limit=200")).await;
                for query in queries(parent) {
                    let parents = rows(&caller, &format!("{}?limit=200&{query}", fixture.parent_path().unwrap())).await;
                    let wanted: BTreeSet<_> = all.iter()
                        .filter(|(_, row)| parents.contains_key(row[parent]["id"].as_str().unwrap()))
                        .map(|(id, _)| id.clone())
                        .collect();
                    let of_parent: Vec<_> = query.split('&').map(|pair| format!("{parent}.{pair}")).collect();
                    let query = format!("{path}?limit=200&count=true&{}", of_parent.join("&"));
                    let page = caller.get(&query).await.ok().json();
                    let found: BTreeSet<_> =
                        page["items"].as_array().unwrap().iter().map(|row| text(row, "id")).collect();
                    assert_eq!(found, wanted, "{role} {query}");
                    assert_eq!(page["total"], wanted.len(), "{role} {query}");
                    *(if wanted.is_empty() || wanted.len() == all.len() { &mut none } else { &mut some }) += 1;
                }
            }
        }
        assert!(some > 80 && none > 0, "{some} {none}");
    }

    async fn tables_are_filtered_by_the_keys_of_parents_and_by_their_own_filters(app: TestApp) {
        let caller = app.coordinator();
        let below = async |slug: &str, query: &str| {
            rows(&caller, &format!("/api/v1/partnerships/{slug}/funding?limit=200&{query}")).await
        };
        let (one, other) = (below(PUBLIC, "").await, below(OWN, "").await);
        assert!(!one.is_empty() && !other.is_empty());
        let both: BTreeMap<_, _> = one.clone().into_iter().chain(other).collect();
        let id = text(&caller.get(&format!("/api/v1/partnerships/{OWN}")).await.ok().json(), "id");
        let path = "/api/v1/partnership-funding";
        assert_eq!(rows(&caller, &format!("{path}?partnership={PUBLIC}&partnership={id}")).await, both);
        let grants: BTreeMap<_, _> = both.into_iter().filter(|(_, row)| row["kind"] == "grant").collect();
        let query = format!("{path}?partnership={PUBLIC}&partnership={OWN}&kind=grant&limit=1");
        assert_eq!(rows(&caller, &query).await, grants);
        let query = format!("{path}?partnership={PUBLIC}&partnership.lead=stadtentwaesserung-dresden");
        assert!(rows(&caller, &query).await.is_empty());
    }

    /// A hidden parent is like one that does not exist, in each parameter that names or describes it.
    async fn hidden_parents_select_nothing(app: TestApp) {
        let internal = Restriction::Internal.create(&app).await;
        let (partnership, utility) = (internal.partnership(), internal.municipal());
        for (role, caller) in app.everybody() {
            let sees = ["coordinator", "admin"].contains(&role);
            for value in [text(partnership, "id"), text(partnership, "slug")] {
                let page = caller.get(&format!("/api/v1/partnership-funding?count=true&partnership={value}")).await;
                let page = page.ok().json();
                assert_eq!(page["total"] != 0, sees, "{role} {page}");
            }
            for query in [
                format!("partnership.utility={}", text(utility, "slug")), "partnership.visibility=internal".to_owned(),
                "partnership.sector=telecommunications".to_owned(),
            ] {
                let page = caller.get(&format!("/api/v1/partnership-funding?count=true&{query}")).await.ok().json();
                assert_eq!(page["total"] != 0, sees, "{role} {query}");
            }
        }
    }

    async fn mistakes_in_parameters_of_the_parent_are_located(app: TestApp) {
        let anyone = app.anonymous();
        let path = "/api/v1/partnership-activities";
        for (query, fault) in [
            ("partnership.colour=red", "partnership.colour unknown_parameter"),
            ("partnership.sort=title", "partnership.sort unknown_parameter"),
            ("session.kind=training", "session.kind unknown_parameter"),
            ("partnership.=x", "partnership. unknown_parameter"),
            ("partnership.status=lively", "partnership.status unknown_value"),
            ("partnership.start_from=soon", "partnership.start_from invalid_format"),
            ("partnership=not%20a%20key", "partnership invalid_format"),
            (
                "partnership.start_from=2020&partnership.start_from=2021",
                "partnership.start_from repeated",
            ),
        ] {
            let answer = anyone.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault], "{query}");
        }
        let problem = anyone.get(&format!("{path}?partnership.contry=UA")).await.problem(400, "invalid_parameters");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("Did you mean `partnership.country`?"), "{detail}");
        for allowed in ["`kind`", "`partnership`", "`partnership.lead`", "`columns`"] {
            assert!(detail.contains(allowed), "{detail}");
        }
        // Below a parent, there is only one.
        for query in ["partnership=hamburg-kyiv", "partnership.status=active"] {
            let answer = anyone.get(&format!("/api/v1/partnerships/{PUBLIC}/activities?{query}")).await;
            let fault = format!("{} unknown_parameter", query.split('=').next().unwrap());
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault]);
        }
    }

    /// A cursor is valid only in the list that it comes from.
    async fn a_table_and_the_lists_below_the_parents_have_different_cursors(app: TestApp) {
        let anyone = app.anonymous();
        for _ in 0..2 {
            create(&app.coordinator(), &format!("/api/v1/partnerships/{OWN}/funding"), &json!({"kind": "in_kind"})).await;
        }
        let cursor = async |path: &str| {
            let page = anyone.get(&format!("{path}?limit=1")).await.ok().json();
            text(&page, "next").split_once("cursor=").unwrap().1.to_owned()
        };
        let (table, below) = ("/api/v1/partnership-funding", format!("/api/v1/partnerships/{OWN}/funding"));
        let (of_table, of_parent) = (cursor(table).await, cursor(&below).await);
        for (path, query) in [
            (table, format!("limit=1&cursor={of_parent}")),
            (below.as_str(), format!("limit=1&cursor={of_table}")),
            (table, format!("limit=1&partnership.status=active&cursor={of_table}")),
        ] {
            let answer = anyone.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters").len(), 1, "{path}?{query}");
        }
    }

    async fn tables_are_only_read(app: TestApp) {
        let staff = app.admin();
        for fixture in parts() {
            let path = table(fixture);
            staff.post(&path, &json!({})).await.expect(405);
            staff.delete(&path, "*").await.expect(405);
            staff.get(&format!("{path}/0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a41")).await.expect(404);
        }
    }
}
