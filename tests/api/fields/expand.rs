//! `expand`: references are replaced by the resources that they refer to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Resource, create_sub_resources, lines, resources, sparse};
use crate::api::fixtures::{DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, create, merged, partnership};
use crate::api::visibility::hidden::{Restriction, text};
use crate::harness::{Caller, on_both};

/// The values at the end of a path such as `participants[]`, `party`, `utility`.
fn at<'a>(path_in_item: &[String], value: &'a mut Value) -> Vec<&'a mut Value> {
    let Some((member, rest)) = path_in_item.split_first() else { return vec![value] };
    let (name, each) = member.strip_suffix("[]").map_or((member.as_str(), false), |name| (name, true));
    let Some(value) = value.get_mut(name) else { return Vec::new() };
    match each {
        true => value.as_array_mut().unwrap().iter_mut().flat_map(|entry| at(rest, entry)).collect(),
        false => at(rest, value),
    }
}

/// The collection that has the resources of a schema.
fn collection(resources: &[Resource], schema: &str) -> String {
    let kebab = |name: &str| {
        let words = name.chars().map(|it| match it {
            'A'..='Z' => format!("-{}", it.to_ascii_lowercase()),
            other => other.to_string(),
        });
        words.collect::<String>().trim_start_matches('-').to_owned()
    };
    let stem = kebab(schema);
    let stem = stem.strip_suffix('y').unwrap_or(&stem);
    let found = resources.iter().find(|it| it.path.rsplit('/').next().unwrap().starts_with(stem));
    found.unwrap_or_else(|| panic!("where are `{schema}`s?")).path.clone()
}

/// The expected items: each reference is replaced by what `GET` returns to this caller, or stays as it is.
async fn expanded(
    caller: &Caller,
    from: &str,
    path_in_item: &[String],
    mut items: Value,
    got: &mut BTreeMap<String, Option<Value>>,
) -> (Value, usize) {
    let mut count = 0;
    for item in items.as_array_mut().unwrap() {
        for reference in at(path_in_item, item) {
            let id = text(reference, "id");
            if !got.contains_key(&id) {
                let answer = caller.get(&format!("{from}/{id}")).await;
                got.insert(id.clone(), (answer.status == 200).then(|| answer.json()));
            }
            if let Some(whole) = &got[&id] {
                *reference = whole.clone();
                count += 1;
            }
        }
    }
    (items, count)
}

on_both! {
    /// For every role, with hidden resources that some roles do not see.
    async fn expand_inserts_what_get_returns(app: TestApp) {
        for restriction in [Restriction::Members, Restriction::Internal, Restriction::Deleted] {
            restriction.create(&app).await;
        }
        let participants = json!([
            { "role": "lead", "party": { "utility": "zxqmembers-werk" } },
            { "role": "partner", "party": { "utility": "zxqinternal-vodokanal" } },
            { "role": "supporting", "party": { "organisation": "giz" } },
            { "role": "partner", "party": { "utility": "lvivvodokanal" } },
        ]);
        let mixed = merged(&partnership("Gemischt"), &json!({"participants": participants, "visibility": "internal"}));
        let mixed = create(&app.coordinator(), PARTNERSHIPS, &mixed).await.json();
        create(
            &app.coordinator(),
            "/api/v1/funding-programmes",
            &json!({"name": "Gemischt", "kind": "grant", "funders": [{"utility": "hamburg-wasser"}, {"organisation": "bmz"}],
                    "implementers": [{"utility": "lvivvodokanal"}, {"organisation": "giz"}]}),
        )
        .await;
        create_sub_resources(&app).await;
        let own = app.account(vku_domain::kernel::access::actor::Role::Partner, "zxqinternal-vodokanal").await;
        let mut callers = app.everybody();
        callers.push(("own", own));
        let resources = resources(&app).await;
        let mut tried = 0;
        for (role, caller) in callers {
            let mut got = BTreeMap::new();
            for Resource { path, expansions, .. } in &resources {
                let plain = caller.get(&format!("{path}?limit=200")).await;
                if [401, 403].contains(&plain.status.as_u16()) {
                    continue;
                }
                let plain = plain.ok().json()["items"].clone();
                let mut all = plain.clone();
                for (name, path_in_item, target) in expansions {
                    let from = collection(&resources, target);
                    let (expected, count) = expanded(&caller, &from, path_in_item, plain.clone(), &mut got).await;
                    let may_read = caller.get(&from).await.status == 200;
                    assert_eq!(count > 0, may_read, "{role} {path}: `{name}`");
                    let page = caller.get(&format!("{path}?limit=200&expand={name}")).await.ok().json();
                    assert_eq!(page["items"], expected, "{role} {path} {name}");
                    let text = caller.get(&format!("{path}?format=ndjson&expand={name}")).await.ok().text();
                    assert_eq!(json!(lines(&text)), expected, "{role} {path} {name}");
                    all = expanded(&caller, &from, path_in_item, all, &mut got).await.0;
                    tried += 1;
                }
                let names: Vec<_> = expansions.iter().map(|it| it.0.as_str()).collect();
                if names.is_empty() {
                    continue;
                }
                let query = format!("expand={}", names.join(","));
                let page = caller.get(&format!("{path}?limit=200&{query}")).await.ok().json();
                assert_eq!(page["items"], all, "{role} {path}");
                for item in all.as_array().unwrap().iter().take(3) {
                    let one = format!("{path}/{}?{query}", text(item, "id"));
                    assert_eq!(&caller.get(&one).await.ok().json(), item, "{role} {one}");
                }
                // Members that `fields` leaves out are not expanded.
                let top = expansions[0].1[0].trim_end_matches("[]");
                let some: Vec<_> = all.as_array().unwrap().iter().map(|it| sparse(it, &["id", top])).collect();
                let page = caller.get(&format!("{path}?limit=200&fields={top},id&expand={}", names[0])).await;
                let (only, _) = {
                    let from = collection(&resources, &expansions[0].2);
                    let thin = plain.as_array().unwrap().iter().map(|it| sparse(it, &["id", top])).collect();
                    expanded(&caller, &from, &expansions[0].1, thin, &mut got).await
                };
                assert_eq!(page.ok().json()["items"], only, "{role} {path}");
                let page = caller.get(&format!("{path}?limit=200&fields=id&{query}")).await.ok().json();
                let ids: Vec<_> = some.iter().map(|it| sparse(it, &["id"])).collect();
                assert_eq!(page["items"], json!(ids), "{role} {path}");
            }
            let mixed = caller.get(&format!("{PARTNERSHIPS}/{}?expand=participants.utility", text(&mixed, "id"))).await;
            if role == "own" {
                let mixed = mixed.ok().json();
                let whole = |index: usize| mixed["participants"][index]["party"]["utility"]["version"].is_i64();
                assert!(whole(0) && whole(3), "{mixed:#}");
            }
        }
        assert!(tried > 50, "{tried}");
    }

    /// A deleted partnership still refers to its deleted utilities, which `GET` no longer returns.
    async fn expand_keeps_references_that_cannot_be_read(app: TestApp) {
        let it = Restriction::Deleted.create(&app).await;
        let staff = app.admin();
        staff.get(&format!("{UTILITIES}/{}", text(it.partner(), "id"))).await.problem(404, "not_found");
        let path = format!("{PARTNERSHIPS}/{}?deleted=true", text(it.partnership(), "id"));
        let plain = staff.get(&path).await.ok().json();
        let query = "expand=participants.utility,participants.organisation";
        let shown = staff.get(&format!("{path}&{query}")).await.ok().json();
        assert_eq!(shown["participants"][1], plain["participants"][1]);
        assert_eq!(shown["participants"][2]["party"]["organisation"]["version"], Value::Null);
        let list = staff.get(&format!("{PARTNERSHIPS}?deleted=true&{query}")).await.ok().json();
        assert_eq!(list["items"], json!([shown]));
        staff.post(&format!("/api/v1/organisations/{}/restore", text(it.organisation(), "id")), &json!({})).await.ok();
        let shown = staff.get(&format!("{path}&{query}")).await.ok().json();
        assert_eq!(shown["participants"][1], plain["participants"][1]);
        assert!(shown["participants"][2]["party"]["organisation"]["version"].is_i64());
    }

    async fn an_expanded_resource_can_be_patched_back_unchanged(app: TestApp) {
        let staff = app.admin();
        create_sub_resources(&app).await;
        for Resource { path, expansions, .. } in resources(&app).await {
            let names: Vec<_> = expansions.iter().map(|it| it.0.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            for item in staff.all(&format!("{path}?expand={}", names.join(","))).await.iter().take(5) {
                let one = format!("{path}/{}", text(item, "id"));
                let before = staff.get(&one).await.ok();
                let after = staff.patch(&one, &before.tag(), item).await.ok();
                assert_eq!((after.text(), after.tag()), (before.text(), before.tag()), "nothing was changed");
            }
        }
        let mut whole = staff.get(&format!("{DRESDEN}?expand=participants.utility,programmes")).await.ok().json();
        whole["participants"][0]["party"]["utility"]["nmae"] = json!("x");
        let faults = staff.patch(DRESDEN, "*", &whole).await.faults(422, "validation_failed");
        assert_eq!(faults, ["/participants/0/party/utility/nmae unknown_member"]);
        let phase = staff.get(&format!("{FUNDING}?expand=partnership")).await.ok().json()["items"][0].clone();
        let other = merged(&phase, &json!({"partnership": {"title": "Other"}}));
        let faults = staff.patch(&format!("{FUNDING}/{}", text(&phase, "id")), "*", &other).await;
        assert_eq!(faults.faults(422, "validation_failed"), ["/partnership read_only"]);
    }
}
