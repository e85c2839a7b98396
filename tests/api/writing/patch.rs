//! JSON Merge Patch (RFC 7396), and sending back what was read.

use serde_json::{Value, json};

use crate::api::fixtures::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, abroad, assert_nothing_written,
    create, location, merged, participant, partnership,
};
use crate::harness::on_both;

const LVIV: &str = "/api/v1/utilities/lvivvodokanal";

on_both! {
    async fn nested_members_are_merged(app: TestApp) {
        let staff = app.coordinator();
        let whole = json!({
            "location": {"latitude": -15.4, "longitude": 28.3},
            "employees": {"value": 400, "as_of": "2023", "source_url": "https://example.org"},
            "description": {"de": "Wasser", "en": "Water"},
            "sectors": ["water", "waste"],
            "aliases": ["A", "B"],
        });
        let path = location(&create(&staff, UTILITIES, &merged(&abroad("Merge"), &whole)).await);
        for (version, (patch, member, result)) in (2..).zip([
            (
                json!({"location": {"latitude": -15.5}}),
                "location",
                json!({"latitude": -15.5, "longitude": 28.3}),
            ),
            (
                json!({"employees": {"value": 410, "as_of": null}}),
                "employees",
                json!({"value": 410, "source_url": "https://example.org"}),
            ),
            (
                json!({"description": {"de": null, "fr": "Eau"}}),
                "description",
                json!({"en": "Water", "fr": "Eau"}),
            ),
            (json!({"sectors": ["wastewater"]}), "sectors", json!(["wastewater"])),
            (json!({"aliases": null}), "aliases", json!([])),
            (json!({"location": null}), "location", Value::Null),
            (json!({"employees": null, "city": "Lusaka"}), "employees", Value::Null),
            (json!({"visibility": null}), "visibility", json!("members")),
        ]) {
            let after = staff.patch(&path, "*", &patch).await.ok().json();
            assert_eq!((&after[member], &after["version"]), (&result, &json!(version)), "{patch}");
            assert_eq!(after.get(member).is_none(), result.is_null(), "what is cleared is absent");
            assert_eq!(staff.get(&path).await.json(), after);
        }
        let mut null = abroad("Null");
        for member in ["city", "location", "slug", "aliases", "visibility"] {
            null[member] = Value::Null;
        }
        let made = create(&staff, UTILITIES, &null).await.json();
        assert!(made.get("city").is_none() && made["slug"] == "null", "in a POST, null is absent");
    }

    async fn null_for_an_unknown_member_is_refused(app: TestApp) {
        let staff = app.coordinator();
        for (path, patch, faults) in [
            (LVIV, json!({"webste": null}), vec!["/webste unknown_member"]),
            (LVIV, json!({"location": {"lattitude": null}}), vec!["/location/lattitude unknown_member"]),
            (LVIV, json!({"description": {"xx": null}}), vec!["/description/xx unknown_value"]),
            (LVIV, json!({"a/b~": null, "nothing": {"below": null}}), vec!["/a~1b~0 unknown_member", "/nothing unknown_member"]),
            (
                LVIV,
                json!({"webste": null, "website": "nowhere", "sectors": []}),
                vec!["/sectors too_few", "/website invalid_format", "/webste unknown_member"],
            ),
            (DRESDEN, json!({"based_on": {"nam": null}}), vec!["/based_on/nam unknown_member"]),
        ] {
            let answer = staff.patch(path, "*", &patch).await;
            let found = answer.faults(422, "validation_failed");
            assert!(faults.iter().all(|fault| found.contains(&(*fault).to_owned())), "{patch}: {found:?}");
        }
        let mut wrong = abroad("Falsch");
        wrong["webste"] = Value::Null;
        wrong["location"] = json!({"latitude": 1, "longitude": 2, "altitude": null});
        let found = staff.post(UTILITIES, &wrong).await.faults(422, "validation_failed");
        assert_eq!(found, ["/location/altitude unknown_member", "/webste unknown_member"]);
        // Known members that are not set may be cleared, and read-only members too.
        for patch in [
            json!({"website": null, "location": null, "deleted_at": null}),
            json!({"employees": {"value": 1, "as_of": null}, "description": {"en": "Water"}}),
            json!({"description": {"fr": null}}),
        ] {
            staff.patch(LVIV, "*", &patch).await.ok();
        }
    }

    async fn sending_back_what_was_read_changes_nothing(app: TestApp) {
        let staff = app.coordinator();
        let whole = json!({
            "slug": "alles-dran",
            "summary": {"de": "Ein\nText"},
            "status": "suspended",
            "start": "2020-05",
            "end": "2026-05-14",
            "working_areas": ["gis"],
            "sdg_targets": ["6.a"],
            "based_on": {"kind": "town_twinning", "name": "Köln – Lviv"},
            "source_url": "https://example.org/?a=b#c",
        });
        create(&staff, PARTNERSHIPS, &merged(&partnership("Alles dran"), &whole)).await;
        let amount = json!({"amount": "5", "currency": "EUR"});
        let phase = json!({"kind": "grant", "amount": amount, "from": "2020", "programme": "newza"});
        create(&staff, FUNDING, &phase).await;
        assert_nothing_written(&app, async || {
            for collection in [UTILITIES, ORGANISATIONS, PROGRAMMES, PARTNERSHIPS, FUNDING] {
                for item in staff.all(&format!("{collection}?limit=200")).await {
                    let path = format!("{collection}/{}", item["id"].as_str().unwrap());
                    let read = staff.get(&path).await.ok();
                    assert_eq!(read.json(), item);
                    let sent = staff.patch(&path, &read.tag(), &item).await.ok();
                    assert_eq!((sent.tag(), &sent.body), (read.tag(), &read.body));
                    let nothing = staff.patch(&path, &read.tag(), &json!({})).await.ok();
                    assert_eq!(nothing.tag(), read.tag());
                }
            }
        })
        .await;
    }

    async fn changes_of_read_only_members_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let funding = format!("{FUNDING}/{}", staff.all(FUNDING).await[0]["id"].as_str().unwrap());
        for (path, member, value) in [
            (DRESDEN, "id", json!("0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60")),
            (DRESDEN, "version", json!(7)),
            (DRESDEN, "version", json!("1")),
            (DRESDEN, "created_at", json!("2020-01-01T00:00:00Z")),
            (DRESDEN, "updated_at", json!(null)),
            (DRESDEN, "deleted_at", json!("2020-01-01T00:00:00Z")),
            (DRESDEN, "countries", json!([])),
            (DRESDEN, "locations", json!([])),
            (DRESDEN, "programmes", json!(null)),
            (&funding, "partnership", json!("gelsenwasser-lukanga")),
        ] {
            let read = staff.get(path).await.ok();
            let alone = staff.patch(path, &read.tag(), &json!({member: value})).await;
            assert_eq!(
                alone.faults(422, "validation_failed"),
                [format!("/{member} read_only")],
                "{member}: {value}"
            );
            // The same with all other members as they were read.
            let mut whole = read.json();
            whole[member] = value;
            let answer = staff.patch(path, &read.tag(), &whole).await;
            assert_eq!(answer.faults(422, "validation_failed"), [format!("/{member} read_only")]);
            assert_eq!(staff.get(path).await.body, read.body);
        }
    }

    async fn references_can_be_given_as_id_slug_or_object(app: TestApp) {
        let staff = app.coordinator();
        let read = staff.get(LVIV).await.ok().json();
        let id = read["id"].clone();
        let shown = json!({
            "id": id, "slug": "lvivvodokanal", "name": read["name"], "kind": "partner", "country": "UA",
        });
        for lviv in [
            id.clone(),
            json!("lvivvodokanal"),
            json!({"id": id}),
            json!({"slug": "lvivvodokanal"}),
            shown.clone(),
            merged(&shown, &json!({"name": "Lemberg", "country": "PL"})),
        ] {
            let participants =
                [participant("lead", "oowv"), json!({"role": "partner", "party": {"utility": lviv}})];
            let body = merged(&partnership("Drei Wege"), &json!({"participants": participants}));
            let made = create(&staff, PARTNERSHIPS, &body).await.json();
            assert_eq!(made["participants"][1]["party"]["utility"], shown);
            assert_eq!(made["countries"], json!(["UA"]));
        }
        for programme in
            [json!("newza"), staff.get("/api/v1/funding-programmes/newza").await.json()["id"].clone()]
        {
            let made = create(&staff, FUNDING, &json!({"kind": "grant", "programme": programme})).await.json();
            assert_eq!(made["programme"]["slug"], "newza");
        }
    }

    async fn values_are_stored_without_loss(app: TestApp) {
        let staff = app.coordinator();
        let whole = json!({
            "aliases": ["Lwiw", "Lemberg", "Львів"],
            "legal_form": "КП",
            "region": "Львівська область",
            "city": "Lviv",
            "location": {"latitude": 49.842957, "longitude": -0.000001},
            "climate_zone": "Dfb",
            "sectors": ["wastewater", "water"],
            "languages": ["uk", "en", "de"],
            "population_served": {"value": 9_007_199_254_740_991_u64, "as_of": "2024-02-29"},
            "website": "https://example.org/ä?b=%20",
            "description": {"uk": "Рядок\nдругий\t!", "de": "Ö"},
            "expertise": ["tariffs", "gis"],
            "needs": ["gis", "pumps"],
        });
        let made = create(&staff, UTILITIES, &merged(&abroad("Verlustfrei ß"), &whole)).await;
        let read = staff.get(&location(&made)).await.ok().json();
        for (member, value) in whole.as_object().unwrap() {
            assert_eq!(&read[member], value, "{member}");
        }
    }
}
