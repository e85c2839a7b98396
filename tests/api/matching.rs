//! Matching: which utilities suit each other, the reasons, and that it reveals nothing hidden.

use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::member::Member;
use vku_domain::utility::Utility;
use vku_persistence::kernel::transaction::Writer;

use super::changes::write;
use super::fixtures::{
    MEMBERS, PARTNERSHIPS, UTILITIES, abroad, create, merged, municipal, participant, partnership,
};
use crate::harness::{Caller, TestApp, on_both};

/// The number of created pairs.
const PAIRS: usize = 50;

const AREAS: [&str; 12] = [
    "gis",
    "pumps",
    "laboratory",
    "composting",
    "tariffs",
    "digitalisation",
    "disinfection",
    "benchmarking",
    "human-resources",
    "billing-and-collection",
    "energy-efficiency",
    "landfill-operation",
];
const COUNTRIES: [&str; 7] = ["ZM", "UA", "MA", "JO", "TZ", "ZA", "MD"];

/// Up to three working areas, which differ for each number.
fn three(number: usize) -> Value {
    let place = |step: usize| AREAS[(number + step * (1 + number / AREAS.len())) % AREAS.len()];
    let mut all = vec![place(0), place(1), place(2)];
    all.sort_unstable();
    all.dedup();
    json!(all)
}

async fn matches(caller: &Caller, utility: &str, query: &str) -> Value {
    let found = caller.get(&format!("{UTILITIES}/{utility}/matches{query}")).await.ok().json();
    for item in found["items"].as_array().unwrap() {
        let parts = item["parts"].as_array().unwrap();
        let sum: u64 = parts.iter().map(|part| part["points"].as_u64().unwrap()).sum();
        assert_eq!(item["score"], sum, "{item:#}");
        assert!(parts.iter().all(|part| part["points"].as_u64() <= part["weight"].as_u64()), "{item:#}");
        assert_eq!(parts.len(), 8);
    }
    found
}

fn slugs(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|it| it["utility"]["slug"].as_str().unwrap()).collect()
}

/// The points of each part of a match.
fn points(found: &Value, slug: &str) -> Vec<(String, u64)> {
    let items = found["items"].as_array().unwrap();
    let item = items.iter().find(|it| it["utility"]["slug"] == slug).unwrap();
    let parts = item["parts"].as_array().unwrap().iter();
    parts.map(|it| (it["name"].as_str().unwrap().to_owned(), it["points"].as_u64().unwrap())).collect()
}

fn point(found: &Value, slug: &str, part: &str) -> u64 {
    points(found, slug).into_iter().find(|(name, _)| name == part).unwrap().1
}

fn reason(found: &Value, slug: &str) -> Option<String> {
    let mut excluded = found["excluded"].as_array().unwrap().iter();
    let it = excluded.find(|it| it["utility"]["slug"] == slug)?;
    assert!(
        !it["detail"]["de"].as_str().unwrap().is_empty() && !it["detail"]["en"].as_str().unwrap().is_empty()
    );
    Some(it["reason"].as_str().unwrap().to_owned())
}

/// Creates pairs that match perfectly, and as many utilities that do not.
async fn create_data(app: &TestApp) {
    let add = async |tx: &mut Writer<'_>| {
        for number in 0..PAIRS {
            let country = COUNTRIES[number % COUNTRIES.len()];
            let elsewhere = COUNTRIES[(number + 1) % COUNTRIES.len()];
            let people = 20_000 + 50_000 * number;
            let zone = ["Cfb", "Dfb", "Aw"][number % 3];
            let language = ["en", "fr", "uk"][number % 3];
            let sectors = if number % 2 == 0 { ["water", "waste"] } else { ["energy", "wastewater"] };
            let base = json!({
                "sectors": sectors, "climate_zone": zone, "languages": [language],
                "population_served": {"value": people},
            });
            let (needs, expertise) = (three(number), three(number + 5));
            let one = json!({"slug": format!("m-{number}"), "needs": needs, "expertise": expertise});
            let other = json!({
                "slug": format!("p-{number}"), "needs": expertise, "expertise": needs, "country": country
            });
            tx.create::<Utility>(None, merged(&merged(&municipal("One"), &base), &one)).await?;
            tx.create::<Utility>(None, merged(&merged(&abroad("Other"), &base), &other)).await?;
            let member = json!({
                "utility": format!("m-{number}"), "status": "active", "interests": {"countries": [country]}
            });
            tx.create::<Member>(None, member).await?;
            let noise = json!({
                "slug": format!("n-{number}"), "needs": three(number + 3), "expertise": three(number + 8),
                "country": elsewhere, "climate_zone": "Csa",
            });
            tx.create::<Utility>(None, merged(&merged(&abroad("Noise"), &base), &noise)).await?;
        }
        Ok(())
    };
    Box::pin(write(&app.store, InputSource::Import, add)).await.unwrap();
}

on_both! {
    async fn fifty_perfect_pairs_match_each_other_first(app: TestApp) {
        create_data(&app).await;
        let (office, reader) = (app.coordinator(), app.reader());
        for number in 0..PAIRS {
            let (one, other) = (format!("m-{number}"), format!("p-{number}"));
            let found = matches(&reader, &one, "?limit=3").await;
            assert_eq!((slugs(&found["items"])[0], found["items"][0]["score"].as_u64()), (other.as_str(), Some(950)));
            assert!(found["items"][1]["score"].as_u64() < Some(950), "{found:#}");
            assert_eq!(matches(&reader, &one, "?limit=3").await, found);
            let back = matches(&office, &other, "?limit=1").await;
            assert_eq!((slugs(&back["items"])[0], back["items"][0]["score"].as_u64()), (one.as_str(), Some(950)));
            assert_eq!((&back["among"], &found["among"]), (&json!("municipal"), &json!("partner")));
        }

        // A missing offer lowers the points of that part only.
        let before = matches(&office, "m-0", "?limit=1").await;
        let whole = office.get(&format!("{UTILITIES}/p-0")).await.ok().json();
        let mut expertise = whole["expertise"].as_array().unwrap().clone();
        let all = expertise.len() as u64;
        expertise.pop();
        office.patch(&format!("{UTILITIES}/p-0"), "*", &json!({"expertise": expertise})).await.ok();
        let after = matches(&office, "m-0", "?limit=1").await;
        for ((name, before), (_, after)) in points(&before, "p-0").into_iter().zip(points(&after, "p-0")) {
            let less = if name == "needs" { 200 - 200 * (all - 1) / all } else { 0 };
            assert_eq!(before - after, less, "{name}");
        }
    }

    async fn matches_of_the_demo_data_have_ties(app: TestApp) {
        let office = app.coordinator();
        let found = matches(&office, "hamburg-wasser", "?excluded=true&limit=200").await;
        assert_eq!(found["utility"]["name"], "HAMBURG WASSER");
        assert_eq!(reason(&found, "kyivvodokanal").as_deref(), Some("already_partners"));
        assert!(!slugs(&found["items"]).contains(&"kyivvodokanal"));
        assert_eq!(found["total"].as_u64().unwrap() as usize, slugs(&found["items"]).len());
        // Hamburg works in Ukraine.
        assert_eq!(point(&found, "lvivvodokanal", "ties"), 25);
        assert!(found["items"].as_array().unwrap().iter().all(|it| it["utility"]["kind"] == "partner"));
        assert_eq!(matches(&office, "hamburg-wasser", "").await.get("excluded"), None);

        // Peers are other German utilities, without the utility itself.
        let peers = matches(&office, "hamburg-wasser", "?among=municipal&limit=200").await;
        let kinds = peers["items"].as_array().unwrap().iter().map(|it| it["utility"]["kind"].as_str().unwrap());
        assert!(kinds.into_iter().all(|kind| kind == "municipal"));
        assert!(!slugs(&peers["items"]).contains(&"hamburg-wasser"));
        // Dresden works in Ukraine too.
        assert_eq!(point(&peers, "stadtentwaesserung-dresden", "ties"), 25);
        let back = matches(&office, "lvivvodokanal", "?limit=200&excluded=true").await;
        assert_eq!(reason(&back, "stadtentwaesserung-dresden").as_deref(), Some("already_partners"));
        assert_eq!(point(&back, "hamburg-wasser", "ties"), 25);
    }

    async fn ended_partnerships_are_ties_and_do_not_exclude(app: TestApp) {
        let office = app.coordinator();
        for (slug, kind) in [("zxq-one", municipal("One")), ("zxq-other", abroad("Other"))] {
            create(&office, UTILITIES, &merged(&kind, &json!({"slug": slug}))).await;
        }
        let tied = async |query: &str| {
            let found = matches(&office, "zxq-one", &format!("?excluded=true&limit=200{query}")).await;
            match reason(&found, "zxq-other") {
                Some(reason) => reason,
                None => point(&found, "zxq-other", "ties").to_string(),
            }
        };
        assert_eq!(tied("").await, "0");
        let parts = [participant("lead", "zxq-one"), participant("partner", "zxq-other")];
        let body = merged(&partnership("Zxq"), &json!({"participants": parts, "status": "active", "start": "2020"}));
        let at = create(&office, PARTNERSHIPS, &body).await.header("location");
        assert_eq!(tied("").await, "already_partners");
        office.patch(&at, "*", &json!({"end": "2021"})).await.ok();
        assert_eq!(tied("").await, "50");
        office.patch(&at, "*", &json!({"end": null})).await.ok();
        assert_eq!(tied("").await, "already_partners");
        office.post(&format!("{at}/transitions"), &json!({"to": "cancelled"})).await.ok();
        assert_eq!(tied("").await, "50");
        assert_eq!(tied("&weight_ties=7").await, "7");
        office.delete(&at, "*").await.expect(204);
        assert_eq!(tied("").await, "0");
        office.patch(&format!("{UTILITIES}/zxq-other"), "*", &json!({"sectors": ["telecommunications"]})).await.ok();
        assert_eq!(tied("").await, "no_common_sector");
    }

    async fn supporting_participants_count_as_partners(app: TestApp) {
        let office = app.coordinator();
        for (slug, body) in [("zxq-one", municipal("One")), ("zxq-other", abroad("Other")), ("zxq-third", abroad("Third"))] {
            create(&office, UTILITIES, &merged(&body, &json!({"slug": slug}))).await;
        }
        let parts = [("lead", "zxq-one"), ("partner", "zxq-other"), ("supporting", "zxq-third")];
        let parts = parts.map(|(role, slug)| participant(role, slug));
        let body = json!({"participants": parts, "status": "active", "start": "2020"});
        create(&office, PARTNERSHIPS, &merged(&partnership("Zxq"), &body)).await;
        let one = matches(&office, "zxq-one", "?excluded=true&limit=200").await;
        let third = matches(&office, "zxq-third", "?excluded=true&limit=200").await;
        for (found, other) in [(&one, "zxq-other"), (&one, "zxq-third"), (&third, "zxq-one")] {
            assert_eq!(reason(found, other).as_deref(), Some("already_partners"), "{other}");
        }
    }

    async fn weights_and_climate_follow_the_parameters(app: TestApp) {
        let office = app.coordinator();
        let zone = |slug: &str, zone: &str| json!({"slug": slug, "climate_zone": zone});
        create(&office, UTILITIES, &merged(&municipal("One"), &zone("zxq-one", "Cfb"))).await;
        create(&office, UTILITIES, &merged(&abroad("Near"), &zone("zxq-near", "Cfb"))).await;
        create(&office, UTILITIES, &merged(&abroad("Far"), &zone("zxq-far", "Aw"))).await;
        let only = "weight_sectors=0&weight_needs=0&weight_expertise=0&weight_languages=0&weight_size=0\
                    &weight_countries=0&weight_ties=0&limit=200";
        for (climate, points) in [("", (50, 0)), ("&climate=similar", (50, 0)), ("&climate=different", (0, 50))] {
            let found = matches(&office, "zxq-one", &format!("?{only}{climate}")).await;
            assert_eq!((point(&found, "zxq-near", "climate"), point(&found, "zxq-far", "climate")), points);
            let total = found["items"].as_array().unwrap().iter().map(|it| it["score"].as_u64().unwrap()).max();
            assert_eq!(total, Some(50));
        }
        for (query, fault) in [
            ("climate=cold", "climate unknown_value"),
            ("among=peers", "among unknown_value"),
            ("weight_size=1001", "weight_size out_of_range"),
            ("weight_size=-1", "weight_size out_of_range"),
            ("weight_size=0.5", "weight_size out_of_range"),
            ("limit=0", "limit out_of_range"),
            ("limit=201", "limit out_of_range"),
            ("limit=1&limit=2", "limit repeated"),
            ("excluded=maybe", "excluded unknown_value"),
            ("weight=1", "weight unknown_parameter"),
        ] {
            let faults = office.get(&format!("{UTILITIES}/zxq-one/matches?{query}")).await;
            assert_eq!(faults.faults(400, "invalid_parameters"), [fault]);
        }
    }

    async fn matches_reveal_no_hidden_resources(app: TestApp) {
        let (office, reader) = (app.coordinator(), app.reader());
        app.anonymous().get(&format!("{UTILITIES}/hamburg-wasser/matches")).await.problem(401, "unauthenticated");
        let hidden = merged(&abroad("Hidden"), &json!({"slug": "zxq-hidden", "visibility": "internal"}));
        let before = reader.get(&format!("{UTILITIES}/hamburg-wasser/matches?excluded=true")).await.ok();
        let hidden = create(&office, UTILITIES, &hidden).await.json();
        let waste = json!({"slug": "zxq-waste", "visibility": "internal", "sectors": ["telecommunications"]});
        create(&office, UTILITIES, &merged(&abroad("Hidden"), &waste)).await;
        let after = reader.get(&format!("{UTILITIES}/hamburg-wasser/matches?excluded=true")).await.ok();
        assert_eq!((before.body, before.headers["etag"].clone()), (after.body, after.headers["etag"].clone()));
        let seen = matches(&office, "hamburg-wasser", "?limit=200&excluded=true").await;
        assert!(slugs(&seen["items"]).contains(&"zxq-hidden") && reason(&seen, "zxq-waste").is_some());
        let id = hidden["id"].as_str().unwrap();
        for caller in [app.reader(), app.member(), app.partner()] {
            caller.get(&format!("{UTILITIES}/{id}/matches")).await.problem(404, "not_found");
        }

        // Hidden partnerships are no ties, and the interests of hidden members do not count.
        let parts = [participant("lead", "harzwasserwerke"), participant("partner", "lvivvodokanal")];
        let body = json!({"participants": parts, "visibility": "internal", "status": "active", "start": "2020"});
        create(&office, PARTNERSHIPS, &merged(&partnership("Zxq"), &body)).await;
        let of = async |caller: &Caller| matches(caller, "harzwasserwerke", "?limit=200&excluded=true").await;
        assert_eq!(reason(&of(&office).await, "lvivvodokanal").as_deref(), Some("already_partners"));
        assert_eq!(reason(&of(&reader).await, "lvivvodokanal"), None);
        let interests = json!({"interests": {"countries": ["UA"]}});
        office.patch(&format!("{MEMBERS}/hamburg-wasser"), "*", &interests).await.ok();
        let interest = async |caller: &Caller| {
            point(&matches(caller, "lvivvodokanal", "?limit=200").await, "hamburg-wasser", "countries")
        };
        assert_eq!((interest(&app.partner()).await, interest(&reader).await), (75, 75));
        let to = json!({"to": "paused"});
        office.post(&format!("{MEMBERS}/hamburg-wasser/transitions"), &to).await.ok();
        assert_eq!((interest(&app.partner()).await, interest(&reader).await), (0, 75));
        let key = json!({"name": "Narrow", "scopes": ["utilities:read"]});
        let key = office.post("/api/v1/api-keys", &key).await.expect(201).json();
        let script = app.anonymous().with_token(key["key"].as_str().unwrap());
        assert_eq!(interest(&script).await, 0);
        // Without the scope for partnerships there are no ties.
        let ties = async |caller: &Caller| {
            let found = matches(caller, "lvivvodokanal", "?limit=200").await;
            slugs(&found["items"]).into_iter().map(|slug| point(&found, slug, "ties")).max()
        };
        assert_eq!((ties(&script).await, ties(&office).await), (Some(0), Some(25)));
        // A member that has left is excluded, for callers who may know its status.
        office.post(&format!("{MEMBERS}/hamburg-wasser/transitions"), &json!({"to": "left"})).await.ok();
        let found = matches(&reader, "lvivvodokanal", "?limit=200&excluded=true").await;
        assert_eq!(reason(&found, "hamburg-wasser").as_deref(), Some("has_left"));
        assert_eq!(interest(&app.partner()).await, 0);
        let stranger = app.account(Role::Member, "harzwasserwerke").await;
        assert_eq!(reason(&of(&stranger).await, "lvivvodokanal").as_deref(), Some("already_partners"));
    }
}
