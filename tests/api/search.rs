//! Full-text search: the parameter `q` of lists.

mod index_consistency;
mod model;
mod own_name;
mod plans;
mod relevance;

use serde_json::{Value, json};

use super::fixtures::bodies::{contact, municipal_utility, partnership};
use super::visibility::hidden::{create_resource, with};
use crate::harness::{Caller, on_both};

/// The slugs that a search finds, in order, or family names for resources without a slug.
async fn found(caller: &Caller, query: &str) -> Vec<String> {
    let name =
        |item: &Value| item["slug"].as_str().or(item["family_name"].as_str()).unwrap_or_default().to_owned();
    caller.all(&format!("/api/v1/{query}")).await.iter().map(name).collect()
}

on_both! {
    async fn search_accepts_spellings_parts_and_typos(app: TestApp) {
        let caller = app.anonymous();
        create_resource(&app, "/api/v1/utilities", with(
            municipal_utility("Zxqmünster Straßenwerke", "public"),
            json!({"slug": "zxq", "aliases": ["Zxqlemberg"], "description": {"de": "Abwasserzxqverband", "uk": "Зкськанал"}}),
        )).await;
        for q in [
            "zxqmünster", "ZXQMUENSTER", "zxqmunster", "strassenwerke zxqmünster", "zxqmünstr", "münster straßen zxq",
            "lemberg zxqmünster", "zxqverband", "ЗКСЬ", "ськанал", "zxqmunstre", "zx", "Zxqmünster-Straßenwerke",
        ] {
            assert_eq!(found(&caller, &format!("utilities?q={q}")).await, ["zxq"], "{q}");
        }
        for q in ["zxqmünster zxqköln", "zxqmnstr", "xq"] {
            assert_eq!(found(&caller, &format!("utilities?q={q}")).await, Vec::<String>::new(), "{q}");
        }
    }

    async fn search_ranks_exact_names_first(app: TestApp) {
        let utility = |slug: &str, name: &str, alias: &str, text: &str| with(
            municipal_utility(name, "public"),
            json!({"slug": slug, "aliases": [alias], "description": {"de": text}}),
        );
        // Created in the reverse order of their rank.
        for body in [
            utility("typo", "Zxqwasset", "A", "a"),
            utility("text-part", "H", "H", "abzxqwasser"),
            utility("text", "G", "G", "zxqwasser"),
            utility("alias-part", "F", "Abzxqwasser", "f"),
            utility("alias", "E", "Zxqwasser", "e"),
            utility("part", "Abzxqwasserwerk", "D", "d"),
            utility("beginning", "Zxqwasserwerk", "C", "c"),
            utility("name-later", "Zxqwasser B", "B", "b"),
            utility("name", "Zxqwasser Aa", "A", "a"),
        ] {
            create_resource(&app, "/api/v1/utilities", body).await;
        }
        let ranked = [
            "name-later", "name", "beginning", "part", "alias", "alias-part", "text", "text-part", "typo",
        ];
        let caller = app.anonymous();
        assert_eq!(found(&caller, "utilities?q=zxqwasser").await, ranked);
        assert_eq!(found(&caller, "utilities?q=zxqwasser&limit=2").await, ranked, "page by page");
        let mut sorted = ranked;
        sorted.sort_unstable();
        assert_eq!(found(&caller, "utilities?q=zxqwasser&sort=slug&limit=4").await, sorted, "the sort wins");
        assert_eq!(found(&caller, "utilities?q=zxqwasser%20werk").await, ["beginning", "part"]);
        let page = caller.get("/api/v1/utilities?q=zxqwasser&limit=3&count=true&country=DE").await.ok().json();
        assert_eq!(page["total"], 9);
        let middle = caller.get(page["next"].as_str().unwrap()).await.ok().json();
        assert_eq!(middle["items"][0]["slug"], "part");
        let back = caller.get(middle["prev"].as_str().unwrap()).await.ok().json();
        assert_eq!(back["items"][0]["slug"], "name-later");
        assert_eq!(found(&caller, "utilities?q=zxqwasser&country=UA").await, Vec::<String>::new());
        for (format, lines) in [("csv", 10), ("ndjson", 9)] {
            let text = caller.get(&format!("/api/v1/utilities?q=zxqwasser&format={format}")).await.ok().text();
            assert_eq!(text.lines().count(), lines, "{format}");
        }
    }

    async fn search_follows_every_write_at_once(app: TestApp) {
        let (caller, staff) = (app.anonymous(), app.coordinator());
        let (path, list) = ("/api/v1/utilities/zxq", "utilities?q=zxqeins");
        create_resource(&app, "/api/v1/utilities", with(municipal_utility("Zxqeins", "public"), json!({"slug": "zxq"}))).await;
        assert_eq!(found(&caller, list).await, ["zxq"]);
        let patch = json!({"name": "Zxqzwei"});
        staff.patch(&format!("{path}?dry_run=true"), "*", &patch).await.ok();
        assert_eq!(found(&caller, list).await, ["zxq"]);
        staff.patch(path, "*", &patch).await.ok();
        assert_eq!(found(&caller, list).await, Vec::<String>::new());
        assert_eq!(found(&caller, "utilities?q=zxqzwei").await, ["zxq"]);
        staff.delete(path, "*").await.expect(204);
        assert_eq!(found(&caller, "utilities?q=zxqzwei").await, Vec::<String>::new());
        assert_eq!(found(&staff, "utilities?q=zxqzwei&deleted=true").await, ["zxq"]);
        staff.post(&format!("{path}/restore"), &json!({})).await.ok();
        assert_eq!(found(&caller, "utilities?q=zxqzwei").await, ["zxq"]);
    }

    async fn resources_are_found_by_the_names_of_their_references(app: TestApp) {
        let (caller, staff) = (app.reader(), app.coordinator());
        let members = found(&caller, "members?q=dresden").await;
        assert_eq!(members, ["stadtentwaesserung-dresden"]);
        assert!(!found(&caller, "partnerships?q=lemberg").await.is_empty());
        staff.patch("/api/v1/utilities/stadtentwaesserung-dresden", "*", &json!({"name": "Zxqneu"})).await.ok();
        assert_eq!(found(&caller, "members?q=zxqneu").await, members);
        assert!(!found(&caller, "partnerships?q=zxqneu").await.is_empty());
    }

    async fn search_finds_only_visible_resources(app: TestApp) {
        create_resource(&app, "/api/v1/utilities", municipal_utility("Zxqversteck", "internal")).await;
        let title = "Zxqversteck und andere";
        create_resource(&app, "/api/v1/partnerships", partnership(title, "hamburg-wasser", "lvivvodokanal", "members")).await;
        create_resource(&app, "/api/v1/members/hamburg-wasser/contacts", contact("zxqversteck", false)).await;
        app.coordinator().patch("/api/v1/members/hamburg-wasser", "*", &json!({"note": "Zxqversteck"})).await.ok();
        for (list, seen) in [
            ("utilities", [0, 0, 0, 0, 1, 1]),
            ("partnerships", [0, 1, 1, 1, 1, 1]),
            ("members", [0, 0, 0, 0, 0, 0]),
        ] {
            for ((who, caller), seen) in app.everybody().into_iter().zip(seen) {
                for q in ["zxqversteck", "versteck", "zxqverstekc"] {
                    let answer = caller.get(&format!("/api/v1/{list}?q={q}&count=true")).await;
                    if (who, list) == ("public", "members") {
                        answer.problem(401, "unauthenticated");
                        continue;
                    }
                    assert_eq!(answer.ok().json()["total"], seen, "{who}: {list} {q}");
                }
            }
        }
    }

    async fn legal_forms_articles_and_invisible_characters_are_ignored(app: TestApp) {
        let caller = app.anonymous();
        let dresden = ["stadtentwaesserung-dresden"];
        for q in [
            "Stadtentwässerung Dresden GmbH", "Stadtentwaesserung Dresden A.ö.R.", "Stadtentwässerung Dresden AöR",
            "die Stadtentwässerung in Dresden", "Stadtentwässerung Dresden GmbH %26 Co. KG",
            "Stadtentwässerung Dresden e. V.", "the Stadtentwässerung of Dresden, Ltd.", "Stadt\u{ad}entwässerung\u{200b} Dresden\u{202e}",
        ] {
            assert_eq!(found(&caller, &format!("utilities?q={q}")).await, dresden, "{q}");
        }
        // Alone, such a word is searched for.
        assert!(found(&caller, "utilities?q=die").await.contains(&"bremer-stadtreinigung".to_owned()));
        assert!(found(&caller, "utilities?q=und").await.contains(&"zwav-vogtland".to_owned()));
        assert!(found(&caller, "utilities?q=GmbH").await.contains(&"hansewasser-bremen".to_owned()));
        let all = found(&caller, "utilities").await;
        for nothing in ["-", "%20-%20!", "%F0%9F%92%A7"] {
            assert_eq!(found(&caller, &format!("utilities?q={nothing}")).await, all, "{nothing}");
        }
    }

    async fn all_words_of_a_long_title_are_searched(app: TestApp) {
        let title = (1..60).map(|number| format!("W{number}")).collect::<Vec<_>>().join(" ");
        create_resource(&app, "/api/v1/partnerships", with(
            partnership(&title, "hamburg-wasser", "lvivvodokanal", "public"), json!({"slug": "zxq"}),
        )).await;
        assert_eq!(found(&app.anonymous(), &format!("partnerships?q={title}")).await, ["zxq"]);
    }

    async fn resources_are_found_by_country_names(app: TestApp) {
        let staff = app.coordinator();
        for (q, code) in [
            ("Ukraine", "UA"), ("Sambia", "ZM"), ("Zambia", "ZM"), ("Südafrika", "ZA"), ("South Africa", "ZA"),
            ("Jordanien", "JO"), ("Україна", "UA"),
        ] {
            for list in ["utilities", "partnerships", "funding-programmes"] {
                let mut meant = found(&staff, &format!("{list}?country={code}")).await;
                let found = found(&staff, &format!("{list}?q={q}")).await;
                meant.retain(|slug| !found.contains(slug));
                assert_eq!(meant, Vec::<String>::new(), "{list} of {q}");
            }
        }
        assert!(!found(&staff, "partnerships?q=Sambia").await.is_empty());
    }

    async fn lists_without_texts_refuse_q(app: TestApp) {
        let staff = app.coordinator();
        let session = staff.all("/api/v1/sessions?limit=1").await[0]["slug"].as_str().unwrap().to_owned();
        let funding = "/api/v1/partnerships/hamburg-kyiv/funding";
        for path in [funding, &format!("/api/v1/sessions/{session}/registrations")] {
            let faults = staff.get(&format!("{path}?q=hamburg")).await.faults(400, "invalid_parameters");
            assert_eq!(faults, ["q unknown_parameter"], "{path}");
            staff.get(path).await.ok();
        }
        let document = staff.get("/openapi.json").await.ok().json();
        for (path, item) in document["paths"].as_object().unwrap() {
            let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
            let names: Vec<_> = parameters.filter_map(|it| it["name"].as_str()).collect();
            let without = path.ends_with("/funding") || path.ends_with("/registrations") && path.contains("/sessions/");
            assert!(!(without && names.contains(&"q")), "{path}");
        }
    }

    async fn invalid_searches_are_refused(app: TestApp) {
        let caller = app.anonymous();
        for (q, code) in [
            ("", "empty"),
            (&"a".repeat(2_001), "too_long"),
            ("a&q=b", "repeated"),
        ] {
            let faults = caller.get(&format!("/api/v1/utilities?q={q}")).await.faults(400, "invalid_parameters");
            assert_eq!(faults, [format!("q {code}")], "{q}");
        }
        let page = caller.get("/api/v1/utilities?q=stadtwerke&limit=1").await.ok().json();
        let next = page["next"].as_str().unwrap().replace("q=stadtwerke", "q=wasser");
        assert_eq!(caller.get(&next).await.faults(400, "invalid_parameters"), ["cursor invalid_cursor"]);
        caller.get("/api/v1/health?q=a").await.expect(404);
    }
}
