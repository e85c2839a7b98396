//! Lists: every page of every list in the document, in every order and in both directions.

mod interleaving;
mod plans;
mod statements;
mod totals;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::value::PartialDate;

use super::fixtures::bodies::contact;
use super::fixtures::create_samples;
use super::visibility::hidden::with;
use crate::harness::{Caller, on_both};

/// A list of the document: its path and its sort keys.
struct List {
    path: String,
    keys: Vec<String>,
}

/// The lists of the document. For sub-resources, the list of the parent that has the most.
async fn lists(caller: &Caller) -> Vec<List> {
    let document = caller.get("/openapi.json").await.ok().json();
    let mut lists = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        // Rows without an id, in the order of other resources, are tested in `tables/unnested.rs`.
        let has_ids = parameters.iter().any(|it| it["name"] == "fields");
        let Some(sort) = parameters.iter().find(|it| has_ids && it["name"] == "sort") else { continue };
        let about = sort["description"].as_str().unwrap();
        let keys =
            about.lines().filter_map(|line| Some(line.strip_prefix("- `")?.split_once('`')?.0.to_owned()));
        let keys = keys.collect();
        let path = match path.split_once("/{").zip(path.split_once("}/")) {
            Some(((parents, _), (_, part))) => below_the_fullest(caller, parents, part).await,
            None => path.clone(),
        };
        lists.push(List { path, keys });
    }
    lists
}

async fn below_the_fullest(caller: &Caller, parents: &str, part: &str) -> String {
    let mut fullest = (0, String::new());
    for parent in caller.all(&format!("{parents}?limit=200")).await {
        let path = format!("{parents}/{}/{part}", parent["id"].as_str().unwrap());
        let total = caller.get(&format!("{path}?limit=1&count=true")).await.ok().json()["total"].as_u64();
        fullest = fullest.max((total.unwrap(), path));
    }
    fullest.1
}

/// The sort value of a row. Absent values sort first.
fn sort_value(item: &Value, key: &str) -> String {
    // Texts in several languages are sorted by the English one.
    let text = item[key].as_str().or_else(|| item[key]["en"].as_str());
    // A guest without a name is sorted by that of the party.
    let of_party = || ["utility", "organisation"].iter().find_map(|kind| item["party"][kind][key].as_str());
    let text = text.or_else(of_party).unwrap_or_default();
    let date = || text.parse::<PartialDate>().ok();
    match key {
        "name" | "title" | "utility_name" | "city" | "family_name" | "given_name" => collation_key(text),
        // Sessions are sorted by the instant of their start, if it is known.
        "start" if item["starts_on"].is_string() => {
            let at = item["starts_at"].as_str().map(|at| format!("{}Z", &at[..16]));
            at.unwrap_or_else(|| item["starts_on"].as_str().unwrap().to_owned())
        }
        // The arrival is not in the response, but it has the order of creation.
        "arrival" => item["created_at"].as_str().unwrap().to_owned(),
        "start" | "from" => date().map(|date| date.first_day().to_string()).unwrap_or_default(),
        "end" => date().map(|date| date.last_day().to_string()).unwrap_or_default(),
        _ => item[key].as_u64().map_or_else(|| text.to_owned(), |number| format!("{number:020}")),
    }
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

/// The ids in the documented order.
fn in_order(items: &[Value], sort: &str) -> Vec<String> {
    let compare = |one: &Value, other: &Value| {
        sort.split(',').fold(Ordering::Equal, |so_far, key| {
            let name = key.trim_start_matches('-');
            let order = sort_value(one, name).cmp(&sort_value(other, name));
            so_far.then(if key.starts_with('-') { order.reverse() } else { order })
        })
    };
    let mut items: Vec<&Value> = items.iter().collect();
    items.sort_by(|one, other| compare(one, other).then_with(|| id(one).cmp(&id(other))));
    items.into_iter().map(id).collect()
}

/// Each key in both directions, and two combinations of keys.
fn sorts(keys: &[String]) -> Vec<String> {
    let [first, .., last] = keys else { panic!("a list has at least two keys: {keys:?}") };
    let each = keys.iter().flat_map(|key| [key.clone(), format!("-{key}")]);
    each.chain([format!("-{first},{last}"), format!("{last},-{first}")]).collect()
}

/// A filter that matches only a few of the rows, and these rows.
fn a_few(rows: &[Value]) -> (String, Vec<Value>) {
    let filters = [
        "kind",
        "country",
        "status",
        "visibility",
        "language",
        "role",
        "code",
        "sdg_target",
        "level",
        "as_role",
    ]
    .into_iter()
    .flat_map(|name| {
        let values: BTreeSet<_> = rows.iter().filter_map(|row| row[name].as_str()).collect();
        values.into_iter().map(move |value| (name, value))
    });
    let few = filters.map(|(name, value)| {
        let matching: Vec<_> = rows.iter().filter(|row| row[name] == value).cloned().collect();
        (format!("&{name}={value}"), matching)
    });
    few.min_by_key(|(_, rows)| rows.len().abs_diff(6)).unwrap()
}

/// The pages from `path` on in the direction `turn`. Checks that `Link` matches the body.
async fn pages(caller: &Caller, path: &str, turn: &str) -> Vec<Value> {
    let (mut pages, mut path) = (Vec::new(), Some(path.to_owned()));
    while let Some(here) = path {
        let answer = caller.get(&here).await.ok();
        let page = answer.json();
        let link = |relation: &str| Some(format!("<{}>; rel=\"{relation}\"", page[relation].as_str()?));
        let links: Vec<_> = ["next", "prev"].into_iter().filter_map(link).collect();
        assert_eq!(answer.header("link"), links.join(", "), "{here}");
        path = page[turn].as_str().map(str::to_owned);
        pages.push(page);
    }
    pages
}

fn ids<'a>(pages: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    pages.into_iter().flat_map(|page| page["items"].as_array().unwrap()).map(id).collect()
}

/// Pages through a list to its end and back to its beginning.
async fn there_and_back(caller: &Caller, path: &str, limit: usize, expected: &[String]) {
    let there = pages(caller, path, "next").await;
    assert_eq!(ids(&there), expected, "{path}");
    let (last, full) = there.split_last().unwrap();
    assert!(there[0]["prev"].is_null() && last["next"].is_null(), "{path}");
    assert!(full.iter().all(|page| page["items"].as_array().unwrap().len() == limit), "{path}");

    let mut back = match last["prev"].as_str() {
        Some(prev) => pages(caller, prev, "prev").await,
        None => Vec::new(),
    };
    back.reverse();
    assert!(back.first().is_none_or(|first| first["prev"].is_null()), "{path}");
    assert_eq!(ids(back.iter().chain([last])), expected, "{path}, backwards");
}

/// The country of rows that a test creates for a list of its own.
const ASIDE: &str = "LI";

async fn organisation(caller: &Caller, name: &str) -> Value {
    let body = json!({"name": name, "kind": "ngo", "country": ASIDE});
    caller.post("/api/v1/organisations", &body).await.expect(201).json()
}

/// Names that databases and languages sort differently.
const HARD_TO_SORT: &[&str] = &[
    "Ärzte",
    "arzt",
    "Arzt",
    "Zürich",
    "Ztest",
    "zulu",
    "Łódź",
    "Lodz",
    "lodž",
    "Київ",
    "київ",
    "Кам'янець",
    "ґанок",
    "Єнакієве",
    "Œuvre",
    "oe",
    "ß",
    "ss",
    "SS",
    "ẞ",
    "İzmir",
    "ızmir",
    "a b",
    "a-b",
    "a_b",
    "ab",
    "A",
    "a",
    "~tilde",
    "é",
    "e\u{301}",
    "ﬁn",
    "fin",
    "１２",
    "12",
    "𝔄bc",
    "ｚ",
    "日本",
    "🚰",
    "ñandú",
    "Ñu",
    "þing",
    "Øre",
    "Đakovo",
    "ё",
];

on_both! {
    /// A client may write the name of a parameter with percent signs (RFC 3986, 2.1).
    async fn encoded_parameter_names_are_recognised(app: TestApp) {
        let caller = app.anonymous();
        let first = caller.get("/api/v1/utilities?limit=1").await.ok().json();
        let cursor = first["next"].as_str().unwrap().split("cursor=").nth(1).unwrap().to_owned();
        let second = caller.get(&format!("/api/v1/utilities?limit=1&%63ursor={cursor}")).await.ok().json();
        assert_eq!(second["next"].as_str().unwrap().matches("ursor=").count(), 1);
        let request = caller.request(reqwest::Method::GET, "/api/v1/utilities?%66ields=slug");
        let sparse = caller.send(request.header("Accept", "application/vnd.vku.sparse+json")).await.ok();
        assert_eq!(sparse.header("content-type"), "application/vnd.vku.sparse+json");
    }

    async fn every_list_can_be_paged_in_every_order_and_direction(app: TestApp) {
        let caller = app.admin();
        for from in ["2021", "", "2021-01-01", "2020-05", "", "2022", "2021", ""] {
            let from = (!from.is_empty()).then_some(from);
            let kind = if from.is_some() { "grant" } else { "in_kind" };
            let funding = json!({"kind": kind, "from": from});
            caller.post("/api/v1/partnerships/hamburg-kyiv/funding", &funding).await.expect(201);
        }
        create_samples(&app, &HARD_TO_SORT[..9]).await;
        for (number, name) in ["Ärzte", "zulu", "Ztest", "arzt", "Łódź", "a", "Ä", "b", "Ö"].iter().enumerate() {
            let person = contact(&format!("zxq{number}"), number % 2 == 0);
            let named = with(person, json!({"family_name": name, "given_name": HARD_TO_SORT[number]}));
            caller.post("/api/v1/members/hamburg-wasser/contacts", &named).await.expect(201);
        }
        for (number, name) in HARD_TO_SORT.iter().enumerate().take(9) {
            let user = json!({"email": format!("zxq{number}@zxq.example"), "name": name, "role": "reader"});
            caller.post("/api/v1/users", &user).await.expect(201);
        }
        for list in lists(&caller).await {
            let whole = caller.all(&format!("{}?limit=200", list.path)).await;
            let total = caller.get(&format!("{}?limit=1&count=true", list.path)).await.ok().json();
            assert!(whole.len() > 8, "{} has too few rows to be a test", list.path);
            assert_eq!(total["total"], whole.len(), "{}", list.path);
            assert_eq!(whole.iter().map(id).collect::<BTreeSet<_>>().len(), whole.len(), "{}", list.path);
            let walk = async |filter: String, rows: &[Value], limit: usize, sort: String| {
                let path = format!("{}?sort={sort}&limit={limit}{filter}", list.path);
                there_and_back(&caller, &path, limit, &in_order(rows, &sort)).await;
            };
            // One row per page is slow: the whole list is read so in one order only, and a few rows in all orders.
            walk(String::new(), &whole, 1, format!("{},-{}", list.keys[1], list.keys[0])).await;
            let (filter, part) = a_few(&whole);
            stream::iter(sorts(&list.keys))
                .for_each_concurrent(4, async |sort| {
                    walk(filter.clone(), &part, 1, sort.clone()).await;
                    walk(String::new(), &whole, 7, sort.clone()).await;
                    walk(String::new(), &whole, 200, sort).await;
                })
                .await;
        }
    }

    async fn names_of_all_scripts_are_sorted_alike(app: TestApp) {
        let caller = app.admin();
        let mut made = Vec::new();
        for name in HARD_TO_SORT {
            made.push(organisation(&caller, name).await);
        }
        for sort in ["name", "-name", "slug", "name,-created_at"] {
            let path = format!("/api/v1/organisations?country={ASIDE}&limit=4&sort={sort}");
            there_and_back(&caller, &path, 4, &in_order(&made, sort)).await;
        }
    }
}
