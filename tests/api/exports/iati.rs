//! IATI: partnerships as activities. `tests/iati/check.py` validates files by the official schema and rules; these
//! tests check what is in them.

mod file;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use self::file::File;
use crate::api::fixtures::bodies::sub_resource;
use crate::api::fixtures::{
    DRESDEN, PARTNERSHIPS, PROGRAMMES, UTILITIES, abroad, create, location, merged, partnership,
};
use crate::harness::on_both;

fn slug(item: &Value) -> String {
    item["slug"].as_str().unwrap().to_owned()
}

/// The sum of all percentages, in hundredths of a per cent.
fn hundredths(told: &[String]) -> u32 {
    let share = |it: &String| {
        let share = it.split("percentage=").nth(1).unwrap().split(' ').next().unwrap();
        share.replace('.', "").parse::<u32>().unwrap()
    };
    told.iter().map(share).sum()
}

on_both! {
    async fn callers_get_the_activities_that_they_may_see(app: TestApp) {
        let staff = app.coordinator();
        for (title, visibility) in [("Zxq members", "members"), ("Zxq internal", "internal")] {
            let body = json!({"title": title, "visibility": visibility, "start": "2024"});
            create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &body)).await;
        }
        let mut counts = BTreeSet::new();
        for (role, caller) in app.everybody() {
            let all = caller.all(&format!("{PARTNERSHIPS}?limit=200")).await;
            let (begun, unknown): (Vec<_>, Vec<_>) = all.iter().partition(|it| it["start"].is_string());
            let file = File::of(&caller, "").await;
            assert_eq!(file.slugs(), begun.into_iter().map(slug).collect(), "{role}");
            // The slugs of all activities that are left out stand in one comment, in the order of the list.
            let unknown: Vec<_> = unknown.into_iter().map(slug).collect();
            assert!(!unknown.is_empty());
            let left_out: Vec<_> = file.comments.iter().filter(|it| it.starts_with("Left out")).collect();
            assert_eq!(left_out, [&format!("Left out, because no start is known: {}", unknown.join(", "))], "{role}");
            counts.insert(file.activities.len());
        }
        assert_eq!(counts.len(), 3, "the public, accounts, the office: {counts:?}");
        let few = File::of(&staff, "?country=ZM&status=active").await;
        assert_eq!(few.activities.len(), 3);
        let accept = staff.request(Method::GET, PARTNERSHIPS).header("Accept", "application/xml");
        assert_eq!(staff.send(accept).await.ok().header("content-type"), "application/xml");
        let accept = staff.request(Method::GET, UTILITIES).header("Accept", "application/xml");
        staff.send(accept).await.problem(406, "not_acceptable");
        // A browser's `Accept` prefers XML to JSON, but gets JSON.
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let accept = staff.request(Method::GET, PARTNERSHIPS).header("Accept", browser);
        assert_eq!(staff.send(accept).await.ok().header("content-type"), "application/json");
        assert_eq!(staff.head(&format!("{PARTNERSHIPS}?format=iati")).await.status, 200);
    }

    async fn percentages_of_an_activity_add_up_to_100(app: TestApp) {
        let file = File::of(&app.admin(), "").await;
        let mut split = 0;
        for slug in file.slugs() {
            let sectors = file.contents(&slug, "sector");
            let (purposes, areas): (Vec<_>, Vec<_>) =
                sectors.into_iter().partition(|it| it.starts_with("vocabulary=1 "));
            assert!(!purposes.is_empty(), "{slug}");
            for shares in [purposes, areas, file.contents(&slug, "recipient-country")] {
                match &shares[..] {
                    [] => {}
                    [one] => assert!(!one.contains("percentage"), "{slug}: {one}"),
                    _ => {
                        split += 1;
                        assert_eq!(hundredths(&shares), 10_000, "{slug}: {shares:?}");
                    }
                }
            }
            assert!(file.contents(&slug, "participating-org").iter().any(|it| it.contains("role=2")), "{slug}");
        }
        assert!(split > 10);
    }

    async fn an_activity_has_all_elements_of_its_partnership(app: TestApp) {
        let staff = app.coordinator();
        let zambia = create(&staff, UTILITIES, &abroad("Zxq <Lusaka> & \"Süd\"")).await.json();
        let programme = json!({
            "name": "Zxq fund", "kind": "grant", "funders": [{"organisation": "bmz"}],
            "implementers": [{"organisation": "giz"}]
        });
        let programme = create(&staff, PROGRAMMES, &programme).await.json();
        let body = json!({
            "title": "Zxq one", "start": "2023-05", "end": "2025", "status": "active",
            "sectors": ["water", "wastewater", "waste"], "working_areas": ["gis", "pumps", "composting"],
            "sdg_targets": ["6.3"], "summary": {"de": "Über <alles>", "en": "All & more"},
            "participants": [
                {"role": "lead", "party": {"utility": "hamburg-wasser"}},
                {"role": "associate", "party": {"utility": "stadtentwaesserung-dresden"}},
                {"role": "partner", "party": {"utility": "lvivvodokanal"}},
                {"role": "partner", "party": {"utility": zambia["id"]}},
                {"role": "supporting", "party": {"organisation": "giz"}}
            ]
        });
        let path = location(&create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &body)).await);
        let others = json!({
            "name": "Zxq others", "kind": "grant", "funders": [{"organisation": "kfw"}]
        });
        let others = create(&staff, PROGRAMMES, &others).await.json();
        let euros = |amount: &str| json!({"amount": amount, "currency": "EUR"});
        for phase in [
            json!({"kind": "grant", "programme": programme["id"], "from": "2023-07", "to": "2025-06", "amount": euros("100.00")}),
            // Overlaps a year of the first phase in the same currency, so both are one budget.
            json!({"kind": "third_party", "from": "2024-02", "to": "2024-03", "amount": euros("12.00")}),
            json!({"kind": "grant", "from": "2024", "to": "2024", "amount": {"amount": "7", "currency": "USD"}}),
            // Not the money of the programme's funder.
            json!({"kind": "own_contribution", "programme": others["id"], "from": "2024", "to": "2024", "amount": euros("500")}),
            json!({"kind": "grant", "amount": {"amount": "1000", "currency": "UGX"}, "from": "2024"}),
            json!({"kind": "grant", "from": "2024", "to": "2024"}),
        ] {
            create(&staff, &format!("{path}/funding"), &phase).await;
        }
        let result = json!({
            "name": "Losses", "unit": "%", "baseline": "41.5", "target": "30", "sdg_target": "6.4", "values": [
                {"on": "2024-12-31", "value": "35"},
                {"on": "2023-12-31", "value": "40", "reported_by": "lvivvodokanal"}
            ]
        });
        create(&staff, &format!("{path}/results"), &result).await;
        let document = json!({"url": "https://zxq.example/a.pdf?b=1&c=2", "language": "uk"});
        let document = merged(&sub_resource("documents", "Zxq & Co"), &document);
        create(&staff, &format!("{path}/documents"), &document).await;

        let file = File::of(&app.anonymous(), "?sort=-created_at").await;
        let told = |path: &str| file.contents("zxq-one", path);
        assert_eq!(told("reporting-org"), ["ref=XI-TEST type=22"]);
        assert_eq!(told("title/narrative"), ["Zxq one"]);
        assert_eq!(told("description/narrative"), ["xml:lang=de Über <alles>", "xml:lang=en All & more"]);
        let bmz = staff.get("/api/v1/organisations/bmz").await.ok().json();
        let known = |it: &Value| it["iati_identifier"].as_str().map(|it| format!("ref={it} ")).unwrap_or_default();
        let giz = staff.get("/api/v1/organisations/giz").await.ok().json();
        assert_eq!(told("participating-org"), [
            format!("{}type=10 role=1", known(&bmz)),
            "type=15 role=2".into(),
            format!("{}type=15 role=3", known(&giz)),
            "type=15 role=4".into(),
            "type=15 role=4".into(),
            "type=15 role=4".into(),
            "type=15 role=4".into(),
            format!("{}type=15 role=4", known(&giz)),
        ]);
        assert!(told("participating-org/narrative").contains(&"Zxq <Lusaka> & \"Süd\"".to_owned()));
        assert_eq!(told("activity-status"), ["code=2"]);
        assert_eq!(told("activity-date"), ["type=2 iso-date=2023-05-01", "type=3 iso-date=2025-12-31"]);
        assert_eq!(told("activity-date/narrative"), ["xml:lang=en Known as 2023-05", "xml:lang=en Known as 2025"]);
        assert_eq!(told("recipient-country"), ["code=UA percentage=50.00", "code=ZM percentage=50.00"]);
        assert_eq!(told("location/point/pos"), ["49.84 24.03"]);
        assert_eq!(told("sector"), [
            "vocabulary=1 code=14021 percentage=33.34",
            "vocabulary=1 code=14022 percentage=33.33",
            "vocabulary=1 code=14050 percentage=33.33",
            "vocabulary=99 code=gis percentage=33.34",
            "vocabulary=99 code=pumps percentage=33.33",
            "vocabulary=99 code=composting percentage=33.33",
        ]);
        assert!(told("sector/narrative").contains(&"xml:lang=de Kompostierung".to_owned()));
        assert_eq!(told("tag"), ["vocabulary=2 code=6", "vocabulary=3 code=6.3", "vocabulary=3 code=6.4"]);
        assert_eq!(told("budget/period-start"), [
            "iso-date=2023-07-01", "iso-date=2024-01-01", "iso-date=2024-01-01", "iso-date=2025-01-01",
        ]);
        assert_eq!(told("budget/period-end"), [
            "iso-date=2023-12-31", "iso-date=2024-12-31", "iso-date=2024-12-31", "iso-date=2025-06-30",
        ]);
        assert_eq!(told("budget/value"), [
            "currency=EUR value-date=2023-07-01 25.17",
            "currency=EUR value-date=2024-01-01 62.06",
            "currency=USD value-date=2024-01-01 7.00",
            "currency=EUR value-date=2025-01-01 24.77",
        ]);
        assert_eq!(told("document-link"), ["url=https://zxq.example/a.pdf?b=1&c=2 format=application/pdf"]);
        let phases = |why: &str| file.comments.iter().find(|it| it.contains(why)).map_or(0, |it| it.matches("zxq-one ").count());
        assert_eq!([phases("is not known"), phases("own contributions")], [2, 1], "{:?}", file.comments);
        assert_eq!(told("document-link/title/narrative"), ["xml:lang=uk Zxq & Co"]);
        assert_eq!(told("document-link/category"), ["code=A09"]);
        assert_eq!(told("document-link/language"), ["code=uk"]);
        assert_eq!(told("result/indicator"), ["measure=2 ascending=false"]);
        assert_eq!(told("result/indicator/title/narrative"), ["Losses (%)"]);
        assert_eq!(told("result/indicator/baseline"), ["year=2023 value=41.5"]);
        assert_eq!(told("result/indicator/period/period-start"), [
            "iso-date=2023-05-01", "iso-date=2024-01-01", "iso-date=2023-05-01",
        ]);
        assert_eq!(told("result/indicator/period/period-end"), [
            "iso-date=2023-12-31", "iso-date=2024-12-31", "iso-date=2025-12-31",
        ]);
        assert_eq!(told("result/indicator/period/actual"), ["value=40", "value=35"]);
        assert_eq!(told("result/indicator/period/actual/comment/narrative"), ["xml:lang=en Reported by Lvivvodokanal"]);
        assert_eq!(told("result/indicator/period/target"), ["value=30"]);
    }

    async fn narratives_name_their_language(app: TestApp) {
        let staff = app.coordinator();
        for (title, summary, language) in [
            ("Zxq de", json!({"de": "Nur deutsch"}), "de"),
            ("Zxq uk", json!({"uk": "Лише українською"}), "uk"),
            ("Zxq both", json!({"de": "Beides", "en": "Both"}), "en"),
        ] {
            let body = json!({"title": title, "start": "2024", "summary": summary});
            let made = create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &body)).await.json();
            let file = File::of(&staff, &format!("?q={title}")).await;
            let told = file.contents(&slug(&made), "");
            assert!(told[0].contains(&format!("xml:lang={language}")), "{told:?}");
        }
    }

    async fn an_api_key_needs_all_scopes_for_the_file(app: TestApp) {
        let staff = app.coordinator();
        let all = ["partnerships:read", "funding-programmes:read", "organisations:read", "working-areas:read"];
        let with = async |scopes: &[&str]| {
            let made = create(&staff, "/api/v1/api-keys", &json!({"name": "IATI", "scopes": scopes})).await.json();
            app.anonymous().with_token(made["key"].as_str().unwrap())
        };
        assert_eq!(File::of(&with(&all).await, "").await.slugs(), File::of(&staff, "").await.slugs());
        for lacking in all {
            let others: Vec<_> = all.into_iter().filter(|it| *it != lacking).collect();
            let refused = with(&others).await.get(&format!("{PARTNERSHIPS}?format=iati")).await;
            refused.problem(403, "insufficient_scope");
        }
    }

    async fn status_and_date_types_follow_from_the_partnership(app: TestApp) {
        let staff = app.coordinator();
        for (number, (status, end, code, dates)) in [
            ("idea", "2150", "1", ["1", "3"]),
            ("preparation", "2150", "1", ["1", "3"]),
            ("active", "2150", "2", ["2", "3"]),
            ("suspended", "2150", "6", ["2", "3"]),
            ("completed", "2021", "4", ["2", "4"]),
            ("cancelled", "2021", "5", ["2", "4"]),
        ]
        .into_iter()
        .enumerate()
        {
            let body = json!({"title": format!("Zxq {number}"), "status": status, "start": "2020", "end": end});
            create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &body)).await;
            let file = File::of(&staff, "?sort=-created_at").await;
            let slug = format!("zxq-{number}");
            assert_eq!(file.contents(&slug, "activity-status"), [format!("code={code}")], "{status}");
            let [start, end_type] = dates;
            let day = if end == "2150" { "2150-12-31" } else { "2021-12-31" };
            assert_eq!(
                file.contents(&slug, "activity-date"),
                [format!("type={start} iso-date=2020-01-01"), format!("type={end_type} iso-date={day}")]
            );
        }
        // The identifier does not change with the slug.
        let dresden = staff.get(DRESDEN).await.ok().json();
        let known = [format!("XI-TEST-{}", dresden["id"].as_str().unwrap())];
        let identifier = async |slug: &str| File::of(&staff, "").await.contents(slug, "iati-identifier");
        assert_eq!(identifier("dresden-lviv-ternopil-nadvirna").await, known);
        staff.patch(DRESDEN, "*", &json!({"slug": "dresden-ukraine"})).await.ok();
        assert_eq!(identifier("dresden-ukraine").await, known);
        staff.get(&format!("{PARTNERSHIPS}/dresden-ukraine?format=iati")).await.problem(400, "invalid_parameters");
    }
}
