//! What callers see of members: the note, the partnerships, and whether a member exists.

use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::resource::ETag;

use super::{OWN, lead, member};
use crate::api::changes::changes_after;
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{MEMBERS, PARTNERSHIPS, UTILITIES, create, location, merged, partnership};
use crate::harness::on_both;

on_both! {
    /// Not even whether there is a note: an entity tag is a hash of the body, and could be compared.
    async fn only_the_office_sees_notes(app: TestApp) {
        let office = app.coordinator();
        let contacts = format!("{OWN}/contacts");
        create(&office, &contacts, &contact("zxq", true)).await;
        let guesses = [json!({"note": null}), json!({"note": "Zxqgeheim"}), json!({"note": ""}), json!({"note": []})];
        let mut refusals = Vec::new();
        for note in [None, Some("Zxqgeheim")] {
            office.patch(OWN, "*", &json!({"note": note})).await.ok();
            for guess in &guesses {
                let refused = app.member().patch(OWN, "*", guess).await.problem(403, "forbidden");
                refusals.push(refused["errors"].clone());
            }
        }
        assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:#?}");
        assert_eq!(office.get(OWN).await.ok().json()["note"], "Zxqgeheim");

        let fields = "fields=note,regional_group,version";
        let paths = [
            OWN.to_owned(), format!("{OWN}?{fields}"), format!("{OWN}/history"), format!("{contacts}?expand=member"),
            format!("{MEMBERS}?limit=200"), format!("{MEMBERS}?limit=200&{fields}"),
            format!("{MEMBERS}?format=csv"), format!("{MEMBERS}?format=csv&{fields}"),
            format!("{MEMBERS}?format=ndjson"), format!("{MEMBERS}?format=ndjson&{fields}"),
        ];
        for (role, caller) in app.everybody() {
            let staff = ["coordinator", "admin"].contains(&role);
            for path in &paths {
                let answer = caller.get(path).await;
                let text = answer.text();
                assert_eq!(text.contains("Zxqgeheim"), staff && answer.status == 200, "{role} {path}: {text}");
            }
            let filtered = caller.get(&format!("{MEMBERS}?note=Zxqgeheim")).await;
            match role {
                "public" => filtered.problem(401, "unauthenticated"),
                _ => filtered.problem(400, "invalid_parameters"),
            };
        }
        for caller in [app.reader(), app.member(), app.partner()] {
            let read = caller.get(OWN).await.ok();
            let tag = ETag::of(read.json()["version"].as_i64().unwrap(), &read.body);
            assert_eq!(read.tag(), tag.to_string(), "the tag is of what was read");
        }
        let own = app.member();
        let read = own.get(OWN).await.ok().tag();
        let patch = json!({"regional_group": "Ost"});
        assert_eq!(own.patch(OWN, "\"1-0000000000000000\"", &patch).await.expect(412).tag(), read);
        let request = own.request(reqwest::Method::PATCH, OWN).header("Content-Type", "application/merge-patch+json");
        assert_eq!(own.send(request.json(&patch)).await.expect(428).tag(), read);
        own.patch(OWN, &read, &patch).await.ok();
    }

    async fn only_visible_partnerships_count_as_active(app: TestApp) {
        let office = app.coordinator();
        let path = member(&app, "zxq", &json!({"status": "active"})).await;
        let body = partnership("Zxqbund").to_string().replace("hamburg-wasser", "zxq");
        let body = merged(
            &serde_json::from_str(&body).unwrap(),
            &json!({"visibility": "internal", "status": "active", "start": "2020"}),
        );
        let bund = location(&create(&office, PARTNERSHIPS, &body).await);
        // Lviv takes part in the partnership, and the other account belongs to the member.
        let own = app.account(Role::Member, "zxq").await;
        let see = |role: &str| ["coordinator", "admin", "own", "partner"].contains(&role);
        let mut callers = app.everybody();
        callers.retain(|(role, _)| *role != "public");
        callers.push(("own", own));
        for (role, caller) in &callers {
            assert_eq!(caller.get(&path).await.ok().json()["has_active_partnership"], see(role), "{role}");
            for wanted in [true, false] {
                let list = format!("{MEMBERS}?utility=zxq&count=true&has_active_partnership={wanted}");
                let page = caller.get(&list).await.ok().json();
                let found = usize::from(wanted == see(role));
                assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(found), found), "{role}");
            }
            let history = caller.get(&format!("{path}/history")).await.ok().text();
            assert!(!history.contains("has_active_partnership"), "{role}: {history}");
        }
        office.patch(&bund, "*", &json!({"visibility": "members"})).await.ok();
        for (role, caller) in &callers {
            assert_eq!(caller.get(&path).await.ok().json()["has_active_partnership"], true, "{role}");
        }
        office.patch(&path, "*", &json!({"regional_group": "Ost"})).await.ok();
        let log = changes_after(&app.store, 0).await;
        let mut log = log.iter().filter(|change| change.resource == "member");
        assert!(log.all(|change| change.state.get("has_active_partnership").is_none()));
        // A suspended partnership is not active.
        lead(&office, &bund, "suspended").await.ok();
        assert_eq!(office.get(&path).await.ok().json()["has_active_partnership"], false);
    }

    /// Members of internal utilities are hidden from others, and partners see active members only.
    async fn hidden_members_are_not_counted(app: TestApp) {
        let office = app.coordinator();
        for (slug, status) in [("zxq-a", "active"), ("zxq-p", "paused"), ("zxq-i", "interested"), ("zxq-h", "active")] {
            member(&app, slug, &json!({"status": status, "regional_group": "Zxq"})).await;
        }
        office.patch(&format!("{UTILITIES}/zxq-h"), "*", &json!({"visibility": "internal"})).await.ok();
        for (role, caller) in app.everybody() {
            let sees: &[&str] = match role {
                "public" => {
                    caller.get(MEMBERS).await.problem(401, "unauthenticated");
                    continue;
                }
                "partner" => &["zxq-a"],
                "member" | "reader" => &["zxq-a", "zxq-i", "zxq-p"],
                _ => &["zxq-a", "zxq-h", "zxq-i", "zxq-p"],
            };
            for slug in ["zxq-a", "zxq-h", "zxq-i", "zxq-p"] {
                let status = if sees.contains(&slug) { 200 } else { 404 };
                caller.get(&format!("{MEMBERS}/{slug}")).await.expect(status);
                caller.get(&format!("{MEMBERS}/{slug}/history")).await.expect(status);
                let found = caller.all(&format!("{MEMBERS}?utility={slug}")).await;
                assert_eq!(found.len(), usize::from(status == 200), "{role} {slug}");
            }
            let slugs = |items: &[Value]| {
                let mut slugs: Vec<_> = items.iter().map(|it| it["slug"].as_str().unwrap().to_owned()).collect();
                slugs.sort();
                slugs
            };
            let group = format!("{MEMBERS}?regional_group=Zxq");
            assert_eq!(slugs(&caller.all(&group).await), sees, "{role}");
            assert_eq!(caller.get(&format!("{group}&count=true")).await.ok().json()["total"], sees.len());
            for key in ["name", "status", "joined_on", "regional_group", "created_at", "updated_at"] {
                for sort in [key.to_owned(), format!("-{key}")] {
                    let walked = caller.all(&format!("{group}&limit=1&sort={sort}")).await;
                    assert_eq!(slugs(&walked), sees, "{role} {sort}");
                }
            }
            let paused = caller.get(&format!("{MEMBERS}?status=paused&count=true")).await.ok().json();
            assert_eq!(paused["total"], usize::from(role != "partner"), "{role}");
            for format in ["csv", "ndjson"] {
                let text = caller.get(&format!("{group}&format={format}")).await.ok().text();
                for slug in ["zxq-a", "zxq-h", "zxq-i", "zxq-p"] {
                    assert_eq!(text.contains(slug), sees.contains(&slug), "{role} {format} {slug}: {text}");
                }
            }
        }
    }
}
