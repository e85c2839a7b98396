//! Several filters at once, and values that have changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Caller, on_both};

on_both! {
    async fn repeated_filters_match_any_and_different_filters_match_all(app: TestApp) {
        let caller = app.coordinator();
        let sectors =
            |item: &Value, wanted: &str| item["sectors"].as_array().unwrap().contains(&json!(wanted));
        let utilities = caller.all("/api/v1/utilities?limit=200").await;
        let wanted = |fits: &dyn Fn(&Value) -> bool| {
            utilities.iter().filter(|it| fits(it)).map(id).collect::<BTreeSet<_>>()
        };

        let either = wanted(&|it| sectors(it, "waste") || sectors(it, "energy"));
        assert_eq!(found(&caller, "utilities?sector=waste&sector=energy").await, either);
        let both = wanted(&|it| sectors(it, "waste") && it["country"] == "UA");
        assert!(!both.is_empty() && both.len() < either.len());
        assert_eq!(found(&caller, "utilities?sector=waste&country=UA").await, both);
        let mixed = wanted(&|it| {
            (sectors(it, "waste") || sectors(it, "energy"))
                && (it["country"] == "UA" || it["country"] == "DE")
        });
        assert_eq!(found(&caller, "utilities?country=DE&sector=waste&country=UA&sector=energy").await, mixed);
        let since = "updated_since=2026-01-01T00:00:00Z";
        let faults = caller.get(&format!("/api/v1/utilities?{since}&{since}")).await;
        assert_eq!(faults.faults(400, "invalid_parameters"), ["updated_since repeated"]);
    }

    async fn partnerships_are_found_by_country_and_sector_after_each_change_of_either(app: TestApp) {
        let caller = app.coordinator();
        let check = async |step: &str| {
            let mut hits = 0;
            for country in ["UA", "JO", "PL"] {
                let of_country = found(&caller, &format!("partnerships?country={country}")).await;
                for sector in ["water", "wastewater", "waste", "public_transport"] {
                    let of_sector = found(&caller, &format!("partnerships?sector={sector}")).await;
                    let both = found(&caller, &format!("partnerships?sector={sector}&country={country}")).await;
                    assert_eq!(both, &of_country & &of_sector, "{step}: {country}, {sector}");
                    hits += both.len();
                }
            }
            hits
        };
        let before = check("imported").await;
        assert!(before > 0);
        let partnership = "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna";
        caller.patch(partnership, "*", &json!({"sectors": ["public_transport"]})).await.ok();
        assert!(check("other sectors").await < before);
        caller.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"country": "PL"})).await.ok();
        check("another country").await;
        let only = json!([
            {"role": "lead", "party": {"utility": "stadtentwaesserung-dresden"}},
            {"role": "partner", "party": {"utility": "lvivvodokanal"}},
        ]);
        caller.patch(partnership, "*", &json!({"participants": only})).await.ok();
        check("other participants").await;
        let polish = found(&caller, "partnerships?country=PL&sector=public_transport").await;
        assert_eq!(polish.len(), 1);
        let new = json!({"title": "Zxq", "sectors": ["waste", "public_transport"], "participants": only});
        caller.post("/api/v1/partnerships", &new).await.expect(201);
        check("created").await;
        assert_eq!(found(&caller, "partnerships?country=PL&sector=public_transport").await.len(), 2);
    }

    async fn a_filter_accepts_a_former_slug(app: TestApp) {
        let caller = app.coordinator();
        let before = found(&caller, "partnerships?utility=lvivvodokanal").await;
        assert!(!before.is_empty());
        caller.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"slug": "lviv-water"})).await.ok();
        for name in ["lvivvodokanal", "lviv-water"] {
            assert_eq!(found(&caller, &format!("partnerships?utility={name}")).await, before, "{name}");
        }
    }
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

async fn found(caller: &Caller, query: &str) -> BTreeSet<String> {
    caller.all(&format!("/api/v1/{query}&limit=200")).await.iter().map(id).collect()
}
