//! Lists reveal nothing of hidden resources: every query gets the same response as before they were created.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::hidden::{HiddenResources, PUBLIC, Restriction, filled, text};
use super::plain;
use crate::api::fixtures::fixture_of;
use crate::harness::{Caller, TestApp, on_both};

/// The response to a URL. With `limit=7` all pages of it.
async fn read(caller: &Caller, url: &str) -> String {
    let mut answer = caller.get(url).await;
    let mut all = plain(&answer);
    while url.contains("limit=7") && answer.status == 200 {
        let Some(next) = answer.json()["next"].as_str().map(str::to_owned) else { break };
        answer = caller.get(&next).await;
        all += &plain(&answer);
    }
    all
}

/// The values of a parameter that find the hidden resources, or would if they were visible.
fn values(parameter: &Value, schemas: &Value, restrictions: &[Restriction]) -> Vec<String> {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let slugs =
        |what: &str| restrictions.iter().map(|it| format!("{}-{what}", it.word())).collect::<Vec<_>>();
    let name = parameter["name"].as_str().unwrap();
    // A filter by the parent is that of its list.
    match name.split_once('.').map_or(name, |(_, of_parent)| of_parent) {
        "status" => list(&["preparation", "active", "proposed", "published"]),
        "organiser" => [slugs("werk"), list(&["vku"])].concat(),
        "member" => list(&["hamburg-wasser"]),
        "partnership" => [slugs("bund"), list(&["hamburg-kyiv"])].concat(),
        "session" => slugs("sitzung"),
        "country" => list(&["MN"]),
        "sector" => list(&["telecommunications"]),
        "language" => list(&["mn"]),
        "climate_zone" => list(&["Dwc"]),
        "working_area" | "expertise" => list(&["composting"]),
        "need" | "code" => list(&["pumps"]),
        "sdg_target" => list(&["12.5"]),
        "proposed_by" => slugs("werk"),
        "utility" => [slugs("werk"), slugs("vodokanal")].concat(),
        "lead" | "reported_by" => slugs("werk"),
        "regional_group" => list(&["Zxq"]),
        "has_active_partnership" | "is_primary" | "disabled" | "enabled" => list(&["true", "false"]),
        "q" => restrictions.iter().map(|it| it.word().to_owned()).chain(["zxq".to_owned()]).collect(),
        "name" => restrictions.iter().map(|it| it.word().to_owned()).collect(),
        "organisation" => list(&["vku", "zxqdeleted-verein"]),
        "funder" => list(&["bmz", "zxqdeleted-verein"]),
        "programme" => list(&["betreiberplattform-2024-2027", "zxqdeleted-programm"]),
        "visibility" => list(&["members", "internal"]),
        "start_from" | "start_to" | "starts_from" | "starts_to" | "published_from" | "published_to" => {
            list(&["2031"])
        }
        "end_from" => list(&["2032"]),
        "end_to" => list(&["2033"]),
        "among" => list(&["municipal", "partner"]),
        "climate" => list(&["different"]),
        "excluded" => list(&["true"]),
        weight if weight.starts_with("weight_") => list(&["1000"]),
        "resource_id" | "parent_id" | "actor" | "result" | "topic" => vec![uuid::Uuid::nil().to_string()],
        "at_from" | "at_to" => list(&["2020-01-01T00:00:00Z", "NOW"]),
        "updated_since" => list(&["2020-01-01T00:00:00Z", "NOW"]),
        "deleted" | "count" => list(&["true"]),
        "format" => list(&["csv", "ndjson"]),
        "highlight" => list(&["true&q=zxq"]),
        "csv_dialect" => list(&["excel_de&format=csv"]),
        "columns" => list(&["all&format=csv"]),
        "fields" | "expand" => {
            let schema = text(&parameter["schema"]["items"], "$ref");
            let words = schemas[schema.rsplit('/').next().unwrap()]["enum"].as_array().unwrap();
            vec![words.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(",")]
        }
        "to" => restrictions.iter().map(|it| format!("{}@zxq.example", it.word())).collect(),
        "limit" | "cursor" => list(&["7"]),
        "sort" => {
            let about = text(parameter, "description");
            let keys = about.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next());
            let keys: Vec<_> = keys.map(|key| format!("-{key}")).collect();
            assert!(!keys.is_empty(), "{about}");
            keys
        }
        name => {
            let schema = parameter["schema"]["items"]["$ref"].as_str().unwrap_or_default();
            let schema = &schemas[schema.rsplit('/').next().unwrap()]["enum"];
            let words = schema.as_array().unwrap_or_else(|| panic!("`{name}`: which value finds all?"));
            words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        }
    }
}

/// A query of a list.
struct Question {
    path: String,
    parameter: String,
    url: String,
}

/// All queries of all lists. The newest rows come first, so that a few rows are enough.
async fn questions(app: &TestApp, restrictions: &[Restriction]) -> Vec<Question> {
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let now = app.store.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut questions = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        // What the change feed reveals is tested in `feed/hidden.rs`.
        let is_feed = path == "/api/v1/changes";
        if is_feed || !parameters.iter().any(|parameter| parameter["name"] == "limit") {
            continue;
        }
        // Histories are read of public resources. The hidden resources beside them must not appear there.
        let of = fixture_of(path).map(|it| it.parent_path().and_then(fixture_of).unwrap_or(it));
        let public = of.map_or(PUBLIC, |it| it.visible[0]);
        // These have no results without a search.
        let needed =
            if ["/api/v1/search", "/api/v1/suggest"].contains(&path.as_str()) { "q=zxq&" } else { "" };
        let path = filled(path, public, public);
        let sorted = parameters.iter().any(|parameter| parameter["name"] == "sort");
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = text(parameter, "name");
            if name == "q" && !needed.is_empty() {
                continue;
            }
            for value in values(parameter, &document["components"]["schemas"], restrictions) {
                let value = value.replace("NOW", &now);
                let url = match name.as_str() {
                    "limit" | "cursor" => format!("{path}?{needed}limit={value}"),
                    "sort" => format!("{path}?limit=200&sort={value}"),
                    _ if !sorted => format!("{path}?{needed}limit=3&{name}={value}"),
                    _ => format!("{path}?limit=3&sort=-created_at&{name}={value}"),
                };
                questions.push(Question { path: path.clone(), parameter: name.clone(), url });
            }
        }
    }
    assert!(questions.len() > 80, "the document has lists");
    questions
}

/// The responses to all queries, by role and URL.
async fn answers<'a>(
    callers: &[(&'static str, Caller)],
    questions: &'a [Question],
) -> HashMap<(&'static str, &'a str), String> {
    let mut answers = HashMap::new();
    for (role, caller) in callers {
        let asked = stream::iter(questions)
            .map(|it| async { ((*role, it.url.as_str()), read(caller, &it.url).await) });
        answers.extend(asked.buffered(4).collect::<Vec<_>>().await);
    }
    answers
}

/// Creates hidden resources and asserts that the responses stay the same.
async fn lists_stay_the_same(app: TestApp, restrictions: &[Restriction]) {
    let hidden_from = restrictions[0].hidden_from();
    let mut callers = app.everybody();
    callers.retain(|(role, _)| *role == "coordinator" || hidden_from.contains(role));
    let questions = questions(&app, restrictions).await;
    let before = answers(&callers, &questions).await;
    let mut resources = Vec::new();
    for it in restrictions {
        resources.push(it.create(&app).await);
    }
    let after = answers(&callers, &questions).await;
    for it in resources.iter().filter(|it| it.restriction != Restriction::Deleted) {
        it.change(&app).await;
    }
    callers.retain(|(role, _)| *role != "coordinator");
    let changed = answers(&callers, &questions).await;
    let ids: Vec<_> = resources.iter().flat_map(HiddenResources::ids).collect();
    for (place, then) in &before {
        let (role, url) = place;
        if *role == "coordinator" {
            continue;
        }
        for now in [&after[place], &changed[place]] {
            assert!(then == now, "{role} gets something else at {url}:\n{then}\n\n{now}");
            assert!(!ids.iter().any(|id| now.contains(id)), "{role} {url}: {now}");
        }
    }
    // The test is only meaningful if the office finds the hidden resources by each parameter.
    for Question { path, parameter, .. } in
        questions.iter().filter(|it| WITH_VISIBILITY.contains(&it.path.as_str()))
    {
        let mut alike = questions.iter().filter(|it| (&it.path, &it.parameter) == (path, parameter));
        let moved = alike.any(|it| {
            let place = ("coordinator", it.url.as_str());
            before[&place] != after[&place]
        });
        let never = parameter == "deleted" && !restrictions.contains(&Restriction::Deleted);
        assert!(moved != never, "the office, too, sees nothing new by `{parameter}` in {path}");
    }
}

/// The lists of resources that have a visibility.
const WITH_VISIBILITY: [&str; 5] =
    ["/api/v1/partnerships", "/api/v1/utilities", "/api/v1/members", "/api/v1/topics", "/api/v1/sessions"];

on_both! {
    async fn lists_reveal_no_members_only_resources_to_the_public(app: TestApp) {
        lists_stay_the_same(app, &[Restriction::Members]).await;
    }

    async fn lists_reveal_no_internal_or_deleted_resources(app: TestApp) {
        lists_stay_the_same(app, &[Restriction::Internal, Restriction::Deleted]).await;
    }
}
