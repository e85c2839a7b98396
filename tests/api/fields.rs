//! `fields` and `expand`, for every resource in the document, single and in lists, for every role.

mod expand;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::fixtures::bodies::contact;
use super::fixtures::{DRESDEN, FUNDING, HELD, PARTNERSHIPS, UTILITIES, create, create_samples};
use super::visibility::hidden::{PUBLIC, filled, text};
use crate::harness::{TestApp, on_both};

/// A collection of the document, with its fields and expansions.
struct Resource {
    /// The path of the collection.
    path: String,
    fields: Vec<String>,
    /// The name, the path and the schema of each, as the document describes them.
    expansions: Vec<(String, Vec<String>, String)>,
}

/// The values of a parameter's enumeration, each with its description.
fn described_values(document: &Value, parameters: &[Value], name: &str) -> Vec<(String, String)> {
    let Some(parameter) = parameters.iter().find(|it| it["name"] == name) else { return Vec::new() };
    assert_eq!((&parameter["style"], &parameter["explode"]), (&json!("form"), &json!(false)), "{name}");
    let schema = text(&parameter["schema"]["items"], "$ref");
    let schema = document.pointer(schema.trim_start_matches('#')).unwrap();
    let description = text(schema, "description");
    let words = schema["enum"].as_array().unwrap().iter().map(|word| {
        let word = word.as_str().unwrap().to_owned();
        let start = format!("- `{word}`: ");
        let line = description.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        assert!(!line.is_empty(), "{word} is not described");
        (word, line.to_owned())
    });
    words.collect()
}

/// The resources of the document.
async fn resources(app: &TestApp) -> Vec<Resource> {
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let paths = document["paths"].as_object().unwrap();
    let mut resources = Vec::new();
    for (path, item) in paths {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        // Logs are lists too, but nothing in them is deleted or restored.
        if !parameters.iter().any(|it| it["name"] == "deleted")
            || !paths.contains_key(&format!("{path}/{{id}}"))
        {
            continue;
        }
        let one = &paths[&format!("{path}/{{id}}")]["get"]["parameters"];
        let one = one.as_array().unwrap();
        let fields = described_values(&document, &parameters, "fields");
        let expansions = described_values(&document, &parameters, "expand");
        assert!(!fields.is_empty(), "{path}");
        assert_eq!(described_values(&document, one, "fields"), fields);
        assert_eq!(described_values(&document, one, "expand"), expansions);
        let expansions = expansions.into_iter().map(|(name, about)| {
            let words: Vec<_> = about.split('`').collect();
            (name, words[1].split('.').map(str::to_owned).collect(), words[3].to_owned())
        });
        resources.push(Resource {
            path: filled(path, parent(path), ""),
            fields: fields.into_iter().map(|(word, _)| word).collect(),
            expansions: expansions.collect(),
        });
    }
    assert!(resources.len() >= 5);
    resources
}

/// The member of the demo accounts. It sees its own registrations.
const MEMBER: &str = "stadtentwaesserung-dresden";

/// The parent of a collection of sub-resources.
fn parent(path: &str) -> &'static str {
    match path.split('/').nth(3) {
        Some("members") => MEMBER,
        Some("sessions") => HELD,
        _ => PUBLIC,
    }
}

/// Creates the kinds of sub-resources that the demo data lacks.
async fn create_sub_resources(app: &TestApp) {
    let staff = app.admin();
    let phase = json!({"kind": "grant", "programme": "newza"});
    create(&staff, &format!("{PARTNERSHIPS}/{PUBLIC}/funding"), &phase).await;
    create_samples(app, &["Zxq"]).await;
    create(&staff, &format!("/api/v1/members/{MEMBER}/contacts"), &contact("zxq", true)).await;
}

/// The object with only these members.
fn sparse(item: &Value, fields: &[&str]) -> Value {
    let members = item.as_object().unwrap().iter().filter(|(name, _)| fields.contains(&name.as_str()));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SPARSE: &str = "application/vnd.vku.sparse+json";

on_both! {
    /// Objects that lack required members have a media type and a schema of their own.
    async fn sparse_responses_have_their_own_media_type(app: TestApp) {
        let anyone = app.anonymous();
        let ask = async |path: &str, accept: &str| {
            let request = anyone.request(Method::GET, path);
            anyone.send(if accept.is_empty() { request } else { request.header("Accept", accept) }).await
        };
        for path in [PARTNERSHIPS, DRESDEN] {
            let whole = ["", "?expand=participants.utility"].map(|query| format!("{path}{query}"));
            let some = ["?fields=id", "?fields=id,participants&expand=participants.utility"];
            let some = some.map(|query| format!("{path}{query}"));
            for accept in ["", "*/*", "application/json", "application/*"] {
                for path in &whole {
                    assert_eq!(ask(path, accept).await.ok().header("content-type"), "application/json", "{accept}");
                }
                for path in &some {
                    assert_eq!(ask(path, accept).await.ok().header("content-type"), SPARSE, "{accept}");
                }
            }
            assert_eq!(ask(&some[0], SPARSE).await.ok().header("content-type"), SPARSE);
            ask(&whole[0], SPARSE).await.problem(406, "not_acceptable");
            // 304 has no `Content-Type`.
            let tag = anyone.get(&some[0]).await.tag();
            let known = anyone.request(Method::GET, &some[0]).header("If-None-Match", tag);
            assert_eq!(anyone.send(known).await.expect(304).header("content-type"), "");
        }
    }

    async fn fields_selects_members(app: TestApp) {
        let staff = app.admin();
        create_sub_resources(&app).await;
        for Resource { path, fields, .. } in resources(&app).await {
            let whole = staff.get(&format!("{path}?limit=3")).await.ok().json()["items"].clone();
            let first = whole[0].clone();
            let one = format!("{path}/{}", text(&first, "id"));
            let ask = async |chosen: &[&str]| {
                let named = chosen.join(",");
                let item = staff.get(&format!("{one}?fields={named}")).await.ok();
                assert_eq!(item.json(), sparse(&first, chosen), "{one} {named}");
                let page = staff.get(&format!("{path}?limit=3&fields={named}")).await.ok().json();
                let items: Vec<_> = whole.as_array().unwrap().iter().map(|it| sparse(it, chosen)).collect();
                assert_eq!(page["items"], json!(items), "{path} {named}");
                (item.text(), items)
            };
            for field in &fields {
                ask(&[field]).await;
            }
            let all: Vec<_> = fields.iter().map(String::as_str).collect();
            let plain = staff.get(&one).await.ok();
            assert_eq!(ask(&all).await.0, plain.text(), "all members, in their order");
            for member in first.as_object().unwrap().keys() {
                assert!(fields.contains(member), "{path} does not offer `{member}`");
            }
            let backwards: Vec<_> = all.iter().rev().copied().collect();
            assert_eq!(ask(&backwards).await.0, plain.text());
            let (_, items) = ask(&all[1..]).await;
            let every = staff.get(&format!("{path}?format=ndjson&fields={}", all[1..].join(","))).await.ok();
            assert_eq!(lines(&every.text())[..items.len()], items, "{path}");
        }
    }

    async fn fields_selects_columns(app: TestApp) {
        let staff = app.admin();
        create_sub_resources(&app).await;
        let header = async |path: &str| {
            let text = staff.get(path).await.ok().text();
            text.split("\r\n").next().unwrap().to_owned()
        };
        for Resource { path, fields, .. } in resources(&app).await {
            // The header names the columns, so no rows are needed.
            let path = format!("{path}?updated_since=2100-01-01T00:00:00Z&format=csv");
            let usual = header(&path).await;
            let every = header(&format!("{path}&fields={}", fields.join(","))).await;
            let kept: Vec<_> = every.split(',').filter(|name| usual.split(',').any(|it| it == *name)).collect();
            assert_eq!(kept.join(","), usual, "all columns, in their order");
            for field in fields {
                let columns = header(&format!("{path}&fields={field}")).await;
                let belongs = |name: &&str| name.split('.').next().unwrap() == field;
                assert!(columns.split(',').all(|name| belongs(&name)), "{path} {field}: {columns}");
                assert_eq!(columns.split(',').count(), every.split(',').filter(belongs).count());
            }
        }
        let text = staff.get(&format!("{UTILITIES}?format=csv&fields=name,slug,version&sort=slug")).await.ok().text();
        let rows: Vec<_> = text.lines().take(2).collect();
        assert_eq!(rows[0], "slug,name,version");
        assert!(rows[1].ends_with(",1"), "{rows:?}");
    }

    async fn unknown_fields_and_expansions_are_refused(app: TestApp) {
        let staff = app.admin();
        create_sub_resources(&app).await;
        for Resource { path, fields, expansions } in resources(&app).await {
            let first = text(&staff.get(&format!("{path}?limit=1&fields=id")).await.ok().json()["items"][0], "id");
            let mut parameters = vec![("fields", fields)];
            match expansions.is_empty() {
                true => {
                    let faults = staff.get(&format!("{path}?expand=id")).await.faults(400, "invalid_parameters");
                    assert_eq!(faults, ["expand unknown_parameter"]);
                }
                false => parameters.push(("expand", expansions.into_iter().map(|it| it.0).collect())),
            }
            for (parameter, known) in parameters {
                for place in [path.clone(), format!("{path}/{first}")] {
                    let faults = async |value: &str| {
                        let answer = staff.get(&format!("{place}?{parameter}={value}")).await;
                        answer.faults(400, "invalid_parameters")
                    };
                    for word in &known {
                        let typo = format!("{word}x");
                        let problem = staff.get(&format!("{place}?{parameter}={typo}")).await;
                        let problem = problem.problem(400, "invalid_parameters");
                        let fault = &problem["errors"][0];
                        assert_eq!((&fault["parameter"], &fault["code"]), (&json!(parameter), &json!("unknown_value")));
                        let detail = text(fault, "detail");
                        assert!(detail.contains(&format!("Did you mean `{word}`?")), "{detail}");
                    }
                    let word = &known[0];
                    assert_eq!(faults("").await, [format!("{parameter} unknown_value")]);
                    let twice = faults(&format!("{word},{word}")).await;
                    let expected = if known.len() == 1 { "too_many" } else { "repeated" };
                    assert_eq!(twice, [format!("{parameter} {expected}")]);
                    let parts = faults(&format!("{word}&{parameter}={word}")).await;
                    assert_eq!(parts, [format!("{parameter} repeated")]);
                    let many = vec!["zxq"; known.len() + 1].join(",");
                    assert_eq!(faults(&many).await, [format!("{parameter} too_many")]);
                }
            }
        }
        for path in [format!("{PARTNERSHIPS}?fields=zxq,id,zxr&expand=zxq"), format!("{DRESDEN}?fields=zxq,id,zxr&expand=zxq")] {
            let faults = staff.get(&path).await.faults(400, "invalid_parameters");
            assert_eq!(faults, ["expand unknown_value", "fields unknown_value", "fields unknown_value"]);
        }
        for path in [format!("{PARTNERSHIPS}?format=csv&expand=programmes"), format!("{FUNDING}?format=csv&expand=programme")] {
            assert_eq!(staff.get(&path).await.faults(400, "invalid_parameters"), ["expand not_in_format"]);
        }
    }

    async fn entity_tags_depend_on_the_view_and_are_valid_for_writes(app: TestApp) {
        let staff = app.admin();
        let views = ["", "?fields=id", "?fields=id,title", "?expand=participants.utility", "?fields=programmes&expand=programmes"];
        let mut tags = Vec::new();
        for view in views {
            let path = format!("{DRESDEN}{view}");
            let answer = staff.get(&path).await.ok();
            let tag = answer.tag();
            assert!(tag.starts_with("\"1-") && !tags.contains(&tag), "{view}: {tag} in {tags:?}");
            assert_eq!(staff.get(&path).await.tag(), tag);
            assert_eq!(staff.head(&path).await.ok().tag(), tag);
            assert_eq!(answer.header("vary"), staff.get(DRESDEN).await.header("vary"));
            let again = staff.send(staff.request(Method::GET, &path).header("If-None-Match", &tag)).await.expect(304);
            assert_eq!((again.tag(), again.body.len()), (tag.clone(), 0));
            tags.push(tag);
        }
        for (view, tag) in views.iter().zip(&tags) {
            for other in tags.iter().filter(|other| *other != tag) {
                let request = staff.request(Method::GET, &format!("{DRESDEN}{view}"));
                staff.send(request.header("If-None-Match", other)).await.ok();
            }
            let list = format!("{PARTNERSHIPS}{view}");
            let known = staff.get(&list).await.ok().tag();
            staff.send(staff.request(Method::GET, &list).header("If-None-Match", &known)).await.expect(304);
        }
        // An expanded resource changes the tag of the response, but not the version of what refers to it.
        staff.patch(&format!("{UTILITIES}/lvivvodokanal"), "*", &json!({"city": "Lemberg"})).await.ok();
        let moved = |index: usize| (format!("{DRESDEN}{}", views[index]), tags[index].clone());
        for (index, same) in [(0, true), (1, true), (3, false)] {
            let (path, tag) = moved(index);
            assert_eq!(staff.get(&path).await.tag() == tag, same, "{path}");
        }
        for view in views {
            let tag = staff.get(&format!("{DRESDEN}{view}")).await.ok().tag();
            let year = 2040 + views.iter().position(|it| *it == view).unwrap();
            staff.patch(DRESDEN, &tag, &json!({"end": year.to_string()})).await.ok();
            staff.patch(DRESDEN, &tag, &json!({"end": "2030"})).await.problem(412, "precondition_failed");
        }
    }

    async fn next_and_prev_keep_fields_and_expand(app: TestApp) {
        let staff = app.admin();
        let view = "fields=id,participants&expand=participants.utility";
        let whole = staff.get(&format!("{PARTNERSHIPS}?limit=200&{view}")).await.ok().json()["items"].clone();
        assert_eq!(json!(staff.all(&format!("{PARTNERSHIPS}?limit=7&{view}")).await), whole);
        let page = staff.get(&format!("{PARTNERSHIPS}?limit=7&{view}")).await.ok().json();
        let next = staff.get(&text(&page, "next")).await.ok().json();
        assert!(text(&next, "prev").contains(view) && text(&page, "next").contains(view));
        // A cursor is a position; `fields` and `expand` may change between pages.
        let turned = text(&page, "next").replace(&format!("{view}&"), "");
        let plain = staff.get(&turned).await.ok().json();
        assert_eq!(plain["items"][0]["id"], next["items"][0]["id"]);
        assert!(plain["items"][0]["title"].is_string());
        let sparse = staff.get(&format!("{}&fields=id", text(&plain, "next"))).await.ok().json();
        assert_eq!(sparse["items"][0].as_object().unwrap().len(), 1);
    }
}
