//! Lists by country, which are read from an index that is kept as a table: for every role, in every order and with
//! any other filter they are what the unfiltered list has, and the table is right after each kind of write.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::api::fixtures::{PARTNERSHIPS, UTILITIES};
use crate::api::imports::{CSV, import};
use crate::harness::{Caller, TestApp, ask, on_both};

/// The rows of the table.
pub(in crate::api) async fn by_country(app: &TestApp) -> Vec<String> {
    let rows = "SELECT country || ' ' || value || ' ' || coalesce(status, '-') || ' ' || visibility || ' ' || \
                start_first || ' ' || title_key || ' ' || version || CASE WHEN deleted_at IS NULL THEN '' ELSE ' deleted' END FROM partnership_country ORDER BY owner_id, country, value";
    ask(app, rows).await
}

/// The rows that it should have.
async fn expected(app: &TestApp) -> Vec<String> {
    let rows = "SELECT country || ' ' || value || ' ' || coalesce(status, '-') || ' ' || visibility || ' ' || \
                start_first || ' ' || title_key || ' ' || version || CASE WHEN deleted_at IS NULL THEN '' ELSE ' deleted' END FROM (SELECT DISTINCT p.id, u.country, s.value, p.status, p.visibility, \
                p.start_first, p.title_key, p.version, p.deleted_at FROM partnership p JOIN partnership_party y ON y.owner_id = p.id \
                JOIN utility u ON u.id = y.utility_id CROSS JOIN (SELECT DISTINCT value FROM partnership_set UNION SELECT '') s \
                WHERE y.field = 'partner' AND (s.value = '' OR EXISTS (SELECT 1 \
                FROM partnership_set e WHERE e.owner_id = p.id AND e.field = 'sectors' AND e.value = s.value))) AS naive \
                ORDER BY id, country, value";
    ask(app, rows).await
}

const SORTS: [&str; 8] =
    ["", "-start", "start,title", "title", "-status,-start", "-end", "-updated_at", "slug"];

/// Countries, sectors and statuses, each as the parameters of a query.
const COUNTRIES: [&[&str]; 4] = [&["UA"], &["JO", "ZM"], &["PL"], &["UA", "JO", "ZA", "TZ", "PL", "UA"]];
const SECTORS: [&[&str]; 4] =
    [&[], &["wastewater"], &["water", "wastewater"], &["public_transport", "waste"]];
const STATUSES: [&[&str]; 4] = [&[], &["active"], &["completed", "active"], &["unknown"]];

/// Other filters, with the rows that meet them.
type Other = (&'static str, fn(&Value) -> bool);
const OTHERS: [Other; 6] = [
    ("", |_| true),
    ("&visibility=public", |item| item["visibility"] == "public"),
    ("&start_from=2021", |item| item["start"].as_str().is_some_and(|start| start >= "2021")),
    ("&end_to=2027-12-31", |item| item["end"].as_str().is_some_and(|end| end <= "2027-12-31")),
    ("&utility=lvivvodokanal", |item| names(item, "lvivvodokanal")),
    ("&working_area=tariffs", |item| has(&item["working_areas"], "tariffs")),
];

fn has(set: &Value, wanted: &str) -> bool {
    set.as_array().is_some_and(|set| set.iter().any(|word| word == wanted))
}

fn names(item: &Value, utility: &str) -> bool {
    let participants = item["participants"].as_array().unwrap();
    participants.iter().any(|participant| participant["party"]["utility"]["slug"] == utility)
}

/// Whether the item has one of the values; any will do if there are none.
fn meets(wanted: &[&str], has: impl Fn(&str) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(|value| has(value))
}

fn parameters(name: &str, values: &[&str]) -> String {
    values.iter().map(|value| format!("&{name}={value}")).collect()
}

/// Compares lists by country with the unfiltered list; returns how many rows they have.
async fn compare(caller: &Caller, sorts: &[&str], deleted: bool, step: &str) -> usize {
    let deleted = if deleted { "&deleted=true" } else { "" };
    let mut rows = 0;
    for (turn, sort) in sorts.iter().enumerate() {
        let sort = if sort.is_empty() { String::new() } else { format!("&sort={sort}") };
        let all = caller.all(&format!("{PARTNERSHIPS}?limit=200{sort}{deleted}")).await;
        for (index, countries) in COUNTRIES.iter().enumerate() {
            for (sectors, statuses) in SECTORS.iter().flat_map(|it| STATUSES.map(|statuses| (it, statuses))) {
                let (other, fits) = OTHERS[(turn + index + sectors.len() + statuses.len()) % OTHERS.len()];
                let status =
                    |item: &Value, wanted: &str| item["status"].as_str().unwrap_or("unknown") == wanted;
                let wanted: Vec<_> = all
                    .iter()
                    .filter(|item| meets(countries, |wanted| has(&item["countries"], wanted)))
                    .filter(|item| meets(sectors, |wanted| has(&item["sectors"], wanted)))
                    .filter(|item| meets(statuses, |wanted| status(item, wanted)))
                    .filter(|item| fits(item))
                    .collect();
                let filter = [("country", *countries), ("sector", sectors), ("status", statuses)];
                let filter: String = filter.iter().map(|(name, values)| parameters(name, values)).collect();
                let path = format!("{PARTNERSHIPS}?count=true{filter}{other}{sort}{deleted}");
                let first = caller.get(&format!("{path}&limit=200")).await.ok().json();
                assert_eq!(first["total"], wanted.len(), "{step}: {path}");
                let found: Vec<_> = first["items"].as_array().unwrap().iter().collect();
                assert_eq!(found, wanted, "{step}: {path}");
                if index == turn % COUNTRIES.len() {
                    let paged = caller.all(&format!("{path}&limit=3")).await;
                    assert_eq!(paged.iter().collect::<Vec<_>>(), wanted, "{step}: {path}");
                }
                rows += wanted.len();
            }
        }
    }
    rows
}

on_both! {
    async fn lists_by_country_are_a_part_of_the_whole_list_for_every_role(app: TestApp) {
        let office = app.coordinator();
        let bodies = [
            json!({"visibility": "members", "start": "2021-05"}),
            json!({"visibility": "internal", "start": null}),
            json!({"sectors": ["waste", "public_transport"], "start": "2021-05"}),
        ];
        let listed = office.all(&format!("{PARTNERSHIPS}?country=UA&country=ZM&limit=200")).await;
        for (item, body) in listed.iter().zip(bodies.iter().cycle()) {
            office.patch(&format!("{PARTNERSHIPS}/{}", item["id"].as_str().unwrap()), "*", body).await.ok();
        }
        for item in listed.iter().skip(2).step_by(3) {
            let transitions = format!("{PARTNERSHIPS}/{}/transitions", item["id"].as_str().unwrap());
            office.post(&transitions, &json!({"to": "completed"})).await;
        }
        for item in listed.iter().skip(1).step_by(4) {
            office.delete(&format!("{PARTNERSHIPS}/{}", item["id"].as_str().unwrap()), "*").await.expect(204);
        }
        let callers = [app.anonymous(), app.member(), app.partner(), app.coordinator()];
        let mut rows = BTreeSet::new();
        for (number, caller) in callers.iter().enumerate() {
            rows.insert(compare(caller, &SORTS, false, &format!("caller {number}")).await);
        }
        assert!(rows.len() > 2 && rows.first() > Some(&100), "{rows:?}");
        assert!(compare(&office, &SORTS[..2], true, "deleted").await > 0);
        let found = office.get(&format!("{PARTNERSHIPS}?q=lviv&country=UA&sector=water&count=true")).await.ok().json();
        let all = office.all(&format!("{PARTNERSHIPS}?q=lviv&limit=200")).await;
        let wanted = all.iter().filter(|item| has(&item["countries"], "UA") && has(&item["sectors"], "water")).count();
        assert!(found["total"] == wanted && wanted > 0, "{found}");
    }

    async fn the_index_of_countries_is_right_after_each_kind_of_write(app: TestApp) {
        let office = app.coordinator();
        let check = async |step: &str| {
            let rows = by_country(&app).await;
            assert_eq!(rows, expected(&app).await, "{step}");
            compare(&office, &["-start"], false, step).await;
            rows
        };
        let mut before = check("imported").await;
        assert!(before.len() > 100);
        let mut changed = async |step: &str| {
            let rows = check(step).await;
            assert_ne!(rows, before, "{step}");
            before = rows;
        };
        let at = format!("{PARTNERSHIPS}/dresden-lviv-ternopil-nadvirna");
        let only = json!([
            {"role": "lead", "party": {"utility": "stadtentwaesserung-dresden"}},
            {"role": "partner", "party": {"utility": "lvivvodokanal"}},
        ]);
        for body in [
            json!({"sectors": ["waste"]}),
            json!({"title": "Zxq"}),
            json!({"start": "2001-04"}),
            json!({"end": "2025-12"}),
            json!({"visibility": "members"}),
            json!({"participants": only}),
        ] {
            office.patch(&at, "*", &body).await.ok();
            changed(&body.to_string()).await;
        }
        office.post(&format!("{at}/transitions"), &json!({"to": "completed"})).await.ok();
        changed("a transition").await;
        office.patch(&format!("{UTILITIES}/lvivvodokanal"), "*", &json!({"country": "PL"})).await.ok();
        changed("another country").await;
        office.delete(&at, "*").await.expect(204);
        changed("deleted").await;
        office.patch(&format!("{UTILITIES}/lvivvodokanal"), "*", &json!({"country": "MD"})).await.ok();
        check("another country of a deleted one").await;
        office.post(&format!("{at}/restore"), &json!({})).await.ok();
        changed("restored").await;
        let new = json!({"title": "Zxq 2", "sectors": ["waste", "water"], "participants": only});
        office.post(&format!("{PARTNERSHIPS}?dry_run=true"), &new).await.expect(201);
        check("a dry run").await;
        office.post(PARTNERSHIPS, &new).await.expect(201);
        changed("created").await;
        let file = |rows: std::ops::Range<u32>, sectors: &str| {
            let row = |number| {
                format!("zxq-i{number},Zxq {number},lead:utility:stadtentwaesserung-dresden;partner:utility:lvivvodokanal;\
                         partner:utility:miyahuna,{sectors},active,public\n")
            };
            "slug,title,participants,sectors,status,visibility\n".to_owned() + &rows.map(row).collect::<String>()
        };
        for (step, rows, sectors, mode) in [
            ("a small import", 0..5, "water", "create"),
            ("an import that changes rows", 3..9, "wastewater;energy", "upsert"),
            ("a staged import", 20..1_220, "water;waste", "create"),
            ("a staged import that changes rows", 1_000..2_200, "wastewater", "upsert"),
        ] {
            let query = format!("resource=partnerships&mode={mode}");
            let done = import(&office, &query, CSV, file(rows, sectors)).await;
            assert_eq!(done["status"], "committed", "{step}: {done:#}");
            let rows = by_country(&app).await;
            assert_eq!(rows, expected(&app).await, "{step}");
        }
        let utilities = "slug,name,country\nlvivvodokanal,Lvivvodokanal,UA\n".to_owned();
        let done = import(&office, "resource=utilities&mode=upsert", CSV, utilities).await;
        assert_eq!(done["status"], "committed", "{done:#}");
        let rows = by_country(&app).await;
        assert_eq!(rows, expected(&app).await, "imported utilities");
        let of_ukraine = rows.iter().filter(|row| row.starts_with("UA ")).count();
        assert!(of_ukraine > 4_000, "{of_ukraine} of {}", rows.len());
    }

    /// On PostgreSQL, writers of one partnership and of its utilities wait for each other only in part.
    async fn the_index_of_countries_is_right_after_concurrent_writes(app: TestApp) {
        let office = app.coordinator();
        for round in 0..12 {
            let [one, other] = if round % 2 == 0 { ["PL", "MD"] } else { ["RO", "UA"] };
            let sectors = if round % 3 == 0 { json!(["waste"]) } else { json!(["water", "energy"]) };
            let writes = [
                (format!("{UTILITIES}/lvivvodokanal"), json!({ "country": one })),
                (format!("{UTILITIES}/ternopilvodokanal"), json!({ "country": other })),
                (format!("{PARTNERSHIPS}/dresden-lviv-ternopil-nadvirna"), json!({ "sectors": sectors })),
            ];
            for written in join_all(writes.iter().map(|(path, body)| office.patch(path, "*", body))).await {
                written.ok();
            }
            assert_eq!(by_country(&app).await, expected(&app).await, "round {round}");
        }
    }
}
