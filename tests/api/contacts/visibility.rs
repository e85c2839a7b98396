//! Who sees which contacts. A member has two: one has agreed to be listed in the directory, the other has not. The
//! tests check what each role learns of them, in every way to ask.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;

use super::{OTHER, OWN};
use crate::api::changes::changes_after;
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{MEMBERS, create, delete, merged, post_nothing};
use crate::api::visibility::hidden::text;
use crate::harness::{Caller, TestApp, on_both};

/// The contacts that a caller may see, by a word that all their personal members contain.
const BOTH: &[&str] = &["zxqopen", "zxqstill"];
const OPEN: &[&str] = &["zxqopen"];

/// A contact whose personal members all begin with this word.
fn person(word: &str, in_directory: bool) -> Value {
    let mailings = json!({"given_at": "2026-03-03T09:00:00Z", "text_version": "2026-03"});
    merged(
        &contact(word, in_directory),
        &json!({
            "given_name": format!("{word} given"), "family_name": format!("{word} family"), "function": "Zxqfunction",
            "phone": if in_directory { "+976 7777777" } else { "+976 8888888" }, "consents": {"mailings": mailings}
        }),
    )
}

/// Creates and changes both contacts. Returns their ids.
async fn create_contacts(app: &TestApp) -> [String; 2] {
    let office = app.coordinator();
    let mut ids = Vec::new();
    for (word, in_directory) in [("zxqopen", true), ("zxqstill", false)] {
        let made = create(&office, OTHER, &person(word, in_directory)).await.json();
        let id = text(&made, "id");
        let name = json!({"family_name": format!("{word} family, too")});
        office.patch(&format!("{OTHER}/{id}"), "*", &name).await.ok();
        ids.push(id);
    }
    ids.try_into().unwrap()
}

/// All callers and the contacts that they may see; `None` if they may not read contacts at all.
async fn callers(app: &TestApp) -> Vec<(&'static str, Caller, Option<&'static [&'static str]>)> {
    let mut callers = Vec::new();
    for (role, caller) in app.everybody() {
        callers.push((
            role,
            caller,
            match role {
                "coordinator" | "admin" => Some(BOTH),
                "member" => Some(OPEN),
                _ => None,
            },
        ));
    }
    callers.push(("their own member", app.account(Role::Member, "hamburg-wasser").await, Some(BOTH)));
    callers.push(("third member", app.account(Role::Member, "bav").await, Some(OPEN)));
    callers
}

/// Asserts that the text mentions the contacts that the caller may see, and no others.
#[track_caller]
fn assert_mentions(role: &str, path: &str, text: &str, sees: &[&str], ids: &[String; 2]) {
    let text = text.to_lowercase();
    for (word, id) in BOTH.iter().zip(ids) {
        assert_eq!(text.contains(word), sees.contains(word), "{role} {path} {word}: {text}");
        assert!(sees.contains(word) || !text.contains(id), "{role} {path} {word}: {text}");
    }
    assert!(sees.contains(&"zxqstill") || !text.contains("8888888"), "{role} {path}: {text}");
}

on_both! {
    async fn lists_contain_only_visible_contacts(app: TestApp) {
        let ids = create_contacts(&app).await;
        let fields = "fields=id,given_name,family_name,email,phone,function,language,is_primary,consents,member,version";
        for (role, caller, sees) in callers(&app).await {
            let Some(sees) = sees else {
                let (status, code) = if role == "public" { (401, "unauthenticated") } else { (403, "forbidden") };
                for path in [
                    OTHER.to_owned(), format!("{OTHER}/{}", ids[0]), format!("{OTHER}/{}/history", ids[0]),
                    format!("{OTHER}?format=csv"), format!("{OTHER}?format=ndjson"), format!("{OTHER}?name=zxq"),
                    format!("{OTHER}?count=true&fields=id"), format!("{OWN}/{}", ids[0]),
                    "/api/v1/members/nobody/contacts".into(),
                ] {
                    caller.get(&path).await.problem(status, code);
                }
                continue;
            };
            for (filter, found) in [
                ("name=zxq", sees.len()), ("name=ZXQ%20GIVEN", 0), ("name=zxqopen%20given%20zxqopen", 1),
                ("name=zxqstill", sees.len() - 1), ("name=still%20family", sees.len() - 1),
                ("name=zxq.example", 0), ("name=7777777", 0), ("name=%25", 0), ("name=_", 0),
                ("language=mn", sees.len()), ("language=mn&is_primary=false", sees.len()),
                ("language=mn&is_primary=true", 0), ("name=zxq&updated_since=2020-01-01T00:00:00Z", sees.len()),
                ("name=zxq&updated_since=2100-01-01T00:00:00Z", 0),
            ] {
                let path = format!("{OTHER}?{filter}&count=true");
                let answer = caller.get(&path).await.ok();
                let page = answer.json();
                let shown = page["items"].as_array().unwrap().len();
                assert_eq!((&page["total"], shown), (&json!(found), found), "{role} {filter}");
            }
            let paths = [
                OTHER.to_owned(), format!("{OTHER}?{fields}"), format!("{OTHER}?expand=member"),
                format!("{OTHER}?expand=member&{fields}"), format!("{OTHER}?format=csv"),
                format!("{OTHER}?format=csv&{fields}"), format!("{OTHER}?format=ndjson"),
                format!("{OTHER}?format=ndjson&expand=member"), format!("{OTHER}?name=zxq&format=csv"),
                format!("{OTHER}?name=zxq&format=ndjson"),
            ];
            for path in paths {
                let answer = caller.get(&path).await.ok();
                assert_mentions(role, &path, &answer.text(), sees, &ids);
                // Other members do not see that a person has agreed to mailings.
                assert_eq!(answer.text().contains("2026-03-03"), sees == BOTH, "{role} {path}");
            }
            for key in ["family_name", "given_name", "created_at", "updated_at"] {
                for sort in [key.to_owned(), format!("-{key}")] {
                    let path = format!("{OTHER}?name=zxq&limit=1&sort={sort}");
                    let found = caller.all(&path).await;
                    assert_eq!(found.len(), sees.len(), "{role} {path}");
                    assert_mentions(role, &path, &json!(found).to_string(), sees, &ids);
                }
            }
            caller.get(&format!("{OTHER}?email=zxqopen@zxq.example")).await.problem(400, "invalid_parameters");
        }
    }

    async fn a_hidden_contact_looks_like_an_unknown_one(app: TestApp) {
        let ids = create_contacts(&app).await;
        let nobody = format!("{OTHER}/{}", uuid::Uuid::now_v7());
        for (role, caller, sees) in callers(&app).await {
            let Some(sees) = sees else { continue };
            for (word, id) in BOTH.iter().zip(&ids) {
                let path = format!("{OTHER}/{id}");
                for suffix in ["", "?expand=member", "?fields=email,consents", "/history"] {
                    let (path, nobody) = (format!("{path}{suffix}"), format!("{nobody}{suffix}"));
                    let answer = caller.get(&path).await;
                    if sees.contains(word) {
                        let text = answer.ok().text();
                        assert_eq!(text.contains("2026-03-03"), sees == BOTH, "{role} {path}: {text}");
                    } else {
                        let problem = answer.problem(404, "not_found");
                        let other = caller.get(&nobody).await.problem(404, "not_found");
                        assert_eq!((&problem["title"], &problem["detail"]), (&other["title"], &other["detail"]));
                    }
                }
            }
        }
    }

    async fn personal_data_appears_in_contacts_only(app: TestApp) {
        let ids = create_contacts(&app).await;
        let office = app.coordinator();
        delete(&office, &format!("{OTHER}/{}", ids[1])).await;
        post_nothing(&office, &format!("{OTHER}/{}/restore", ids[1])).await.ok();
        let personal = ["zxqopen", "zxqstill", "7777777", "8888888", "Mustermann", "mustermann@"];
        for (role, caller, _) in callers(&app).await {
            for path in [
                MEMBERS.to_owned(), format!("{MEMBERS}/hamburg-wasser"), format!("{MEMBERS}?format=csv"),
                format!("{MEMBERS}?format=ndjson"), format!("{MEMBERS}?expand=utility&limit=200"),
                format!("{MEMBERS}/hamburg-wasser/history"), "/api/v1/audit?limit=200".into(),
                "/api/v1/audit?resource=contact&limit=200".into(), format!("/api/v1/audit?resource_id={}", ids[0]),
                format!("{OTHER}/{}/history", ids[0]), format!("{OTHER}/{}/history", ids[1]),
                "/api/v1/utilities/hamburg-wasser".into(), "/api/v1/utilities/hamburg-wasser/history".into(),
            ] {
                let text = caller.get(&path).await.text();
                assert!(!personal.iter().any(|word| text.contains(word)), "{role} {path}: {text}");
            }
        }
        let log = changes_after(&app.store, 0).await;
        assert_eq!(log.iter().filter(|it| ids.contains(&it.resource_id.to_string())).count(), 6);
        for change in log {
            let text = format!("{change:?}");
            assert!(!personal.iter().any(|word| text.contains(word)), "{text}");
            let is_contact = change.resource == "contact";
            for member in ["given_name", "family_name", "email", "phone"] {
                assert!(!is_contact || change.state.get(member).is_none(), "{member}: {change:?}");
            }
        }
    }

    /// URLs are logged everywhere on the way, so a cursor must not contain personal data.
    async fn urls_contain_no_personal_data(app: TestApp) {
        create_contacts(&app).await;
        for sort in ["family_name", "given_name", "-family_name,given_name"] {
            let page = app.coordinator().get(&format!("{OTHER}?name=x&limit=1&sort={sort}")).await.ok().json();
            let next = text(&page, "next");
            let token = next.split(['?', '&']).find_map(|it| it.strip_prefix("cursor=")).unwrap();
            let inside = String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(token).unwrap()).to_lowercase();
            assert!(!inside.contains("zxq"), "{inside}");
        }
        let made = create(&app.coordinator(), OTHER, &person("zxqopen", true)).await;
        assert!(!made.header("location").contains("zxq"));
    }

    async fn api_keys_need_a_scope_for_personal_data(app: TestApp) {
        let ids = create_contacts(&app).await;
        let own = app.account(Role::Member, "hamburg-wasser").await;
        let key = async |scopes: &[&str]| {
            let body = json!({"name": "Script", "scopes": scopes});
            let made = create(&own, "/api/v1/api-keys", &body).await.json();
            own.with_token(made["key"].as_str().unwrap())
        };
        let one = format!("{OTHER}/{}", ids[0]);
        let paths = [
            OTHER.to_owned(), one.clone(), format!("{one}/history"), format!("{OTHER}?format=csv"),
            format!("{OTHER}?format=ndjson"), format!("{OTHER}?expand=member"), format!("{OTHER}?fields=id"),
        ];
        let narrow = key(&["members:read", "members:write"]).await;
        narrow.get(MEMBERS).await.ok();
        for path in &paths {
            let refused = narrow.get(path).await.problem(403, "insufficient_scope");
            assert_eq!(refused["allowed"], json!(["personal_data:read"]), "{path}");
        }
        let wide = key(&["members:read", "personal_data:read"]).await;
        for path in &paths {
            wide.get(path).await.ok();
        }
        let alone = key(&["personal_data:read"]).await;
        for path in &paths {
            alone.get(path).await.problem(403, "insufficient_scope");
        }
        // The response of a write does not show what the key may not read either.
        let function = json!({"function": "Zxq"});
        for answer in [
            narrow.patch(&one, "*", &function).await, narrow.patch(&one, "*", &json!({})).await,
            narrow.patch(&one, "\"9-0000000000000000\"", &function).await,
            narrow.post(OTHER, &person("zxqnew", true)).await,
        ] {
            assert!(!answer.text().contains("zxqopen"), "{}", answer.text());
        }
    }
}
