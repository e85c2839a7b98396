//! The report of a dry run, and that committing its plan does exactly what the report says.

use serde_json::json;

use super::{CSV, IMPORTS, commit, counts, faults, import, still};
use crate::api::changes::changes_after;
use crate::api::fixtures::{UTILITIES, assert_nothing_written};
use crate::harness::on_both;

const HEADER: &str = "slug,name,kind,country,sectors,website,expertise,location.latitude,location.longitude,\
    population_served.value,languages,source_url";

/// A thousand rows, of which those with these numbers are invalid, each in another way.
fn planted() -> (String, Vec<String>) {
    let wrong: [(usize, &str, &str); 12] = [
        (17, "u-17,,partner,UA,water,,,,,,,", "name required"),
        (101, "u-101,U,partner,XX,water,,,,,,,", "country unknown_value"),
        (203, "u-203,U,partner,UA,water;beer,,,,,,,", "sectors unknown_value"),
        (256, "u-256,U,partner,UA,water,nowhere,,,,,,", "website invalid_format"),
        (300, "u-300,U,partner,UA,water,,pump,,,,,", "expertise unknown_value"),
        (404, "u-404,U,partner,UA,water,,,49.8,,,,", "location.longitude required"),
        (500, "u-500,U,partner,UA,water,,,,,many,,", "population_served.value invalid_format"),
        (601, "u-601,U,partner,UA", "- malformed_row"),
        (702, "u-1,U,partner,UA,water,,,,,,,", "slug slug_taken"),
        (803, "hamburg-wasser,U,partner,UA,water,,,,,,,", "slug slug_taken"),
        (905, "u-905,U,partner,DE,water,,,,,,,", "country inconsistent"),
        (1000, "u-1000,U,partner,UA,water;water,,,,,,,", "sectors duplicate"),
    ];
    let mut file = HEADER.to_owned() + "\n";
    for number in 1..=1_000 {
        match wrong.iter().find(|(planted, ..)| *planted == number) {
            Some((_, row, _)) => file += row,
            None => {
                file += &format!(
                    "u-{number},Utility {number},partner,UA,water;waste,,pumps,49.8,24.0,{number},uk,"
                )
            }
        }
        file += "\n";
    }
    // Line 1 is the header.
    (file, wrong.iter().map(|(number, _, fault)| format!("{} {fault}", number + 1)).collect())
}

on_both! {
    async fn a_dry_run_reports_all_faults_and_writes_nothing(app: TestApp) {
        let (file, planted) = planted();
        let caller = app.coordinator();
        let plan = still(&app, async || {
            import(&caller, "resource=utilities&dry_run=true", CSV, file.clone()).await
        })
        .await;
        assert_eq!((faults(&plan), &plan["status"]), (planted.clone(), &json!("rehearsed")));
        assert_eq!(counts(&plan), [988, 0, 0, 12, 0]);
        assert_eq!(plan["progress"], json!({ "done": 1_000, "total": 1_000 }));
        // With `on_error=abort`, a file with faults has no plan to commit.
        assert!(plan.get("plan_token").is_none());
        let path = format!("{IMPORTS}/{}/commit", plan["id"].as_str().unwrap());
        caller.post(&path, &json!({ "plan_token": "x" })).await.problem(409, "nothing_to_commit");

        let failed = still(&app, async || {
            import(&caller, "resource=utilities&on_error=abort", CSV, file.clone()).await
        })
        .await;
        assert_eq!((faults(&failed), &failed["status"]), (planted.clone(), &json!("failed")));

        let plan = still(&app, async || {
            import(&caller, "resource=utilities&on_error=skip&dry_run=true", CSV, file.clone()).await
        })
        .await;
        assert_eq!((faults(&plan), counts(&plan)), (planted.clone(), [988, 0, 0, 12, 12]));
        let before = caller.all(UTILITIES).await.len();
        let committed = commit(&caller, &plan).await.ok().json();
        assert_eq!((&committed["status"], faults(&committed)), (&json!("committed"), planted));
        assert_eq!(committed["report"]["counts"], plan["report"]["counts"]);
        assert_eq!(caller.all(UTILITIES).await.len(), before + 988);
        for (slug, status) in [("u-16", 200), ("u-17", 404), ("u-1000", 404), ("u-999", 200)] {
            caller.get(&format!("{UTILITIES}/{slug}")).await.expect(status);
        }
        let again = still(&app, async || commit(&caller, &plan).await.ok().json()).await;
        assert_eq!(again, committed);
        let log = changes_after(&app.store, 0).await;
        assert_eq!(log.iter().filter(|change| change.resource == "utility" && change.version == 1).filter(|change| change.actor.is_some()).count(), 988);
    }

    async fn a_plan_is_refused_after_another_edit_of_its_resources(app: TestApp) {
        let caller = app.coordinator();
        let file = "slug,legal_form\nhamburg-wasser,Zxq\nlvivvodokanal,Zxq\n";
        let query = "resource=utilities&mode=upsert&dry_run=true";
        let hamburg = format!("{UTILITIES}/hamburg-wasser");
        for (edited, edit) in [
            (&hamburg, json!({ "legal_form": "Other" })),
            (&hamburg, json!({ "city": "Altona" })),
            (&format!("{UTILITIES}/lvivvodokanal"), json!({ "slug": "lviv-vodokanal" })),
        ] {
            let plan = import(&caller, query, CSV, file).await;
            assert_eq!(counts(&plan), [0, 2, 0, 0, 0]);
            app.admin().patch(edited, "*", &edit).await.ok();
            assert_nothing_written(&app, async || {
                commit(&caller, &plan).await.problem(409, "plan_moved");
            })
            .await;
        }
        // Changes to other resources do not invalidate the plan.
        let plan = import(&caller, query, CSV, file).await;
        app.admin().patch(&format!("{UTILITIES}/harzwasserwerke"), "*", &json!({ "city": "Zxq" })).await.ok();
        assert_eq!(commit(&caller, &plan).await.ok().json()["status"], "committed");
        assert_eq!(caller.get(&hamburg).await.ok().json()["legal_form"], "Zxq");
    }

    async fn a_plan_is_refused_if_its_slug_was_taken(app: TestApp) {
        let caller = app.coordinator();
        let file = "name,kind\nZxq Stiftung,foundation\n";
        let plan = import(&caller, "resource=organisations&dry_run=true", CSV, file).await;
        assert_eq!(counts(&plan), [1, 0, 0, 0, 0]);
        caller.post("/api/v1/organisations", &json!({ "name": "Zxq Stiftung", "kind": "ngo" })).await.expect(201);
        commit(&caller, &plan).await.problem(409, "plan_moved");
    }

    async fn a_wrong_plan_token_is_refused(app: TestApp) {
        let caller = app.coordinator();
        let file = "name,kind\nZxq,foundation\n";
        let mut plan = import(&caller, "resource=organisations&dry_run=true", CSV, file).await;
        plan["plan_token"] = "0".repeat(64).into();
        assert_eq!(commit(&caller, &plan).await.faults(422, "validation_failed"), ["/plan_token unknown_value"]);
        let path = format!("{IMPORTS}/{}/commit", plan["id"].as_str().unwrap());
        assert_eq!(caller.post(&path, &json!({})).await.faults(422, "validation_failed"), ["/plan_token required"]);
        let nowhere = format!("{IMPORTS}/0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70/commit");
        caller.post(&nowhere, &json!({ "plan_token": "x" })).await.problem(404, "not_found");
    }

    async fn a_dry_run_lists_the_changes_of_each_member(app: TestApp) {
        let caller = app.coordinator();
        let hamburg = caller.get(&format!("{UTILITIES}/hamburg-wasser")).await.ok().json();
        let file = "slug,name,legal_form,website\nhamburg-wasser,Hamburg Wasser neu,Zxq,\nlvivvodokanal,,,\n";
        let plan = import(&caller, "resource=utilities&mode=upsert&dry_run=true&on_error=skip", CSV, file).await;
        assert_eq!(faults(&plan), ["3 name required"]);
        let change = &plan["report"]["changes"][0];
        assert_eq!(plan["report"]["changes_total"], 1);
        assert_eq!(
            (&change["row"], &change["id"], &change["slug"], &change["version"]),
            (&json!(2), &hamburg["id"], &json!("hamburg-wasser"), &hamburg["version"])
        );
        let changes = change["changes"].as_array().unwrap();
        let pointers: Vec<_> = changes.iter().map(|it| it["pointer"].as_str().unwrap()).collect();
        assert!(pointers.contains(&"/legal_form") && pointers.contains(&"/name"), "{pointers:?}");
        let name = changes.iter().find(|it| it["pointer"] == "/name").unwrap();
        assert_eq!((&name["from"], &name["to"]), (&hamburg["name"], &json!("Hamburg Wasser neu")));
    }

    async fn likely_duplicates_have_a_score(app: TestApp) {
        let caller = app.coordinator();
        let known = json!({
            "slug": "zxq-vodokanal", "name": "Zxq Vodokanal", "aliases": ["Zxqer Wasserkanal"], "kind": "partner",
            "country": "UA", "sectors": ["water"], "website": "https://www.zxq.example/de", "visibility": "internal"
        });
        let known = caller.post(UTILITIES, &known).await.expect(201).json();
        let file = "name,kind,country,sectors,website\n\
            ZXQ VODOKANAL GmbH,partner,UA,water,https://zxq.example\nzxqer wasserkanal,partner,UA,water,\n\
            Anders,partner,UA,water,http://zxq.example/en\nZxq Vodokanal,partner,ZM,water,\nNeu,partner,UA,water,\n";
        let plan = import(&caller, "resource=utilities&dry_run=true", CSV, file).await;
        let found = plan["report"]["duplicates"].as_array().unwrap();
        let scores: Vec<_> = found.iter().map(|it| (it["row"].as_u64().unwrap(), it["score"].as_f64().unwrap())).collect();
        assert_eq!(scores, [(2, 1.0), (3, 0.85), (4, 0.75)], "{found:#?}");
        assert_eq!(plan["report"]["duplicates_total"], 3);
        for it in found {
            assert_eq!((&it["existing"]["id"], &it["existing"]["slug"]), (&known["id"], &known["slug"]));
        }
        assert_eq!(found[0]["alike"], json!(["name", "website", "country"]));
    }

    async fn likely_duplicates_are_found_for_variants_of_a_name(app: TestApp) {
        let caller = app.coordinator();
        let known = [
            ("stadtentwaesserung-dresden", "Stadtentwaesserung Dresden"),
            ("stadtentwaesserung-dresden", "STADTENTWÄSSERUNG DRESDEN GmbH"),
            ("stadtentwaesserung-dresden", "Stadt\u{ad}entwa\u{308}sserung\u{200b} Dresden A.ö.R."),
            ("hansewasser-bremen", "Hanse-Wasser Bremen"),
            ("hansewasser-bremen", "hanse Wasser Bremen gGmbH"),
            ("bremer-stadtreinigung", "Bremer Stadtreinigung"),
        ];
        let rows: String = known.iter().map(|(_, name)| format!("{name},municipal,DE,water\n")).collect();
        let file = format!("name,kind,country,sectors\n{rows}");
        let plan = import(&caller, "resource=utilities&dry_run=true", CSV, file).await;
        let found = plan["report"]["duplicates"].as_array().unwrap();
        let slugs: Vec<_> = found.iter().map(|it| it["existing"]["slug"].as_str().unwrap()).collect();
        assert_eq!(slugs, known.map(|(slug, _)| slug), "{found:#?}");
    }

    /// Slugs are generated as for requests, also if rows of the same file have the same name.
    async fn rows_without_a_slug_get_unique_slugs(app: TestApp) {
        let caller = app.coordinator();
        let file = "slug,name,kind\nzxq,Zxq,ngo\n,Same name,ngo\n,Same name,ngo\nsame-name-3,x,ngo\n,Same name,ngo\n";
        let done = import(&caller, "resource=organisations&mode=upsert", CSV, file).await;
        assert_eq!((counts(&done), &done["status"]), ([5, 0, 0, 0, 0], &json!("committed")));
        for (slug, name) in [("zxq", "Zxq"), ("same-name", "Same name"), ("same-name-2", "Same name"),
                             ("same-name-3", "x"), ("same-name-4", "Same name")] {
            assert_eq!(caller.get(&format!("/api/v1/organisations/{slug}")).await.ok().json()["name"], name);
        }
    }

    async fn faults_are_available_in_german(app: TestApp) {
        let caller = app.coordinator();
        let done = import(&caller, "resource=organisations", CSV, "name,kin\nx,ngo\n").await;
        assert_eq!((faults(&done), &done["status"]), (vec!["1 kin unknown_column".into()], &json!("failed")));
        let path = format!("{IMPORTS}/{}", done["id"].as_str().unwrap());
        let german = caller.request(reqwest::Method::GET, &path).header("Accept-Language", "de");
        let german = caller.send(german).await.ok().json();
        let detail = german["report"]["faults"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("Es gibt keine Spalte `kin`. Meinten Sie `kind`?"), "{detail}");
    }
}
