//! Full-text search: the parameter `q` of lists.

mod everything;
mod highlights;
mod index_consistency;
mod model;
mod own_name;
mod plans;
mod relevance;
mod suggestions;

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

    async fn names_in_other_scripts_are_found_by_their_transliterations(app: TestApp) {
        let staff = app.coordinator();
        for (name, slug, searches) in [
            ("Житомирводоканал", "zhytomyrvodokanal", ["Житомирводоканал", "Zhytomyrvodokanal", "Schytomyrwodokanal", "Zhitomirvodokanal"]),
            ("Горэлектросеть", "gorelektroset", ["горэлектросеть", "Gorelektroset", "Horelektroset", "ГОРЭЛЕКТРО"]),
            ("Ύδρευση Θεσσαλονίκης", "ydrefsi-thessalonikis", ["Θεσσαλονίκης", "Thessaloniki", "ΘΕΣΣΑΛΟΝΙΚΗΣ", "Ydrefsi"]),
        ] {
            let created = create_resource(&app, "/api/v1/utilities", municipal_utility(name, "public")).await;
            let created = created["slug"].as_str().unwrap();
            assert!(created == slug || created == format!("{slug}-2"), "{created}");
            for q in searches {
                assert!(found(&staff, &format!("utilities?q={q}")).await.contains(&created.to_owned()), "{q}");
            }
        }
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
        for nothing in ["-", "%20-%20!", "%F0%9F%92%A7"] {
            let page = caller.get(&format!("/api/v1/utilities?q={nothing}&count=true")).await.ok().json();
            assert_eq!((&page["items"], &page["total"]), (&json!([]), &json!(0)), "{nothing}");
        }
        // Among equals, those with the word in their name come first.
        for slug in ["one", "two"] {
            let name = if slug == "one" { "Zxqwerk" } else { "Zxqwerk GmbH" };
            create_resource(&app, "/api/v1/utilities", with(municipal_utility(name, "public"), json!({"slug": slug}))).await;
        }
        assert_eq!(found(&caller, "utilities?q=Zxqwerk").await, ["one", "two"]);
        assert_eq!(found(&caller, "utilities?q=die Zxqwerk GmbH").await, ["two", "one"]);
        for slug in ["one", "two"] {
            app.coordinator().post("/api/v1/members", &json!({"utility": slug})).await.expect(201);
        }
        assert_eq!(found(&app.reader(), "members?q=die Zxqwerk GmbH").await, ["two", "one"]);
    }

    async fn all_words_of_a_long_title_are_searched(app: TestApp) {
        let title = (1..60).map(|number| format!("W{number}")).collect::<Vec<_>>().join(" ");
        create_resource(&app, "/api/v1/partnerships", with(
            partnership(&title, "hamburg-wasser", "lvivvodokanal", "public"), json!({"slug": "zxq"}),
        )).await;
        assert_eq!(found(&app.anonymous(), &format!("partnerships?q={title}")).await, ["zxq"]);
        let long = format!("{title}{}Zxqnowhere", " ".repeat(2_000));
        assert_eq!(found(&app.anonymous(), &format!("partnerships?q={long}")).await, ["zxq"], "it is cut");
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

    async fn resources_are_found_by_the_labels_of_their_codes(app: TestApp) {
        let (staff, path) = (app.coordinator(), "/api/v1/partnerships/zxq");
        create_resource(&app, "/api/v1/partnerships", with(
            partnership("Zxqwerk", "hamburg-wasser", "lvivvodokanal", "public"),
            json!({"slug": "zxq", "sectors": ["public_transport"], "sdg_targets": ["11.2"], "working_areas": ["faecal-sludge-management"]}),
        )).await;
        let funding = json!({"programme": "newza", "kind": "grant"});
        let funding = staff.post(&format!("{path}/funding"), &funding).await.expect(201).json();
        create_resource(&app, "/api/v1/utilities", with(
            municipal_utility("Zxqwerk", "public"),
            json!({"slug": "zxq", "sectors": ["telecommunications"], "climate_zone": "Cfb", "expertise": ["smart-metering"]}),
        )).await;
        staff.post("/api/v1/members", &json!({"utility": "zxq", "interests": {"countries": ["NP"], "sectors": ["energy"], "working_areas": ["gis"]}})).await.expect(201);
        staff.post("/api/v1/topics", &json!({
            "slug": "zxq", "title": {"de": "Zxqthema"}, "proposed_by": "zxq", "sectors": ["energy"]
        })).await.expect(201);
        let found_by = [
            ("partnerships", vec![
                "Nahverkehr", "public transport", "ÖPNV", "SDG 11", "sdg 11.2", "Nachhaltige Städte", "Fäkalschlamm",
                "faecal sludge", "NEWZA", "Nexus Energy", "Ukraine", "Lemberg",
            ]),
            ("utilities", vec!["Glasfaser", "telecommunication", "ozeanisch", "Cfb", "Deutschland", "smart meter"]),
            ("members", vec!["Glasfaser", "Cfb", "Germany", "Nepal", "Strom", "GIS", "Zxqwerk"]),
            ("topics", vec!["Strom", "energy"]),
        ];
        for (list, searches) in &found_by {
            for q in searches {
                assert_eq!(found(&staff, &format!("{list}?q=Zxq {q}")).await, ["zxq"], "{list}: {q}");
            }
            for q in ["Trinkwasser", "SDG 1", "SDG 11.1", "Brasilien", "tundra", "Leckage"] {
                assert_eq!(found(&staff, &format!("{list}?q=Zxq {q}")).await, Vec::<String>::new(), "{list}: {q}");
            }
        }
        let funding = format!("{path}/funding/{}", funding["id"].as_str().unwrap());
        staff.delete(&funding, "*").await.expect(204);
        assert_eq!(found(&staff, "partnerships?q=Zxq NEWZA").await, Vec::<String>::new());
        staff.patch(path, "*", &json!({"sectors": ["waste"], "sdg_targets": [], "working_areas": []})).await.ok();
        for q in ["Nahverkehr", "SDG 11", "Fäkalschlamm"] {
            assert_eq!(found(&staff, &format!("partnerships?q=Zxq {q}")).await, Vec::<String>::new(), "{q}");
        }
        assert_eq!(found(&staff, "partnerships?q=Zxq Müllabfuhr").await, ["zxq"]);
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
            ("%C2%A0%E2%80%8B", "empty"),
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
