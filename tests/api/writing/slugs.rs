//! Slugs: generated from names, unique, and never given to another resource.

use serde_json::json;

use crate::api::fixtures::{
    DRESDEN, PARTNERSHIPS, UTILITIES, abroad, assert_nothing_written, create, delete, location, merged,
    municipal, participant, partnership,
};
use crate::api::imports::{CSV, counts, faults, import};
use crate::api::sessions::SESSIONS;
use crate::harness::on_both;

on_both! {
    async fn a_slug_is_generated_from_the_name(app: TestApp) {
        let staff = app.coordinator();
        for (name, slug) in [
            ("Stadtwerke Übersee & Söhne (GmbH)", "stadtwerke-uebersee-soehne-gmbh"),
            ("Stadtwerke Übersee & Söhne (GmbH)", "stadtwerke-uebersee-soehne-gmbh-2"),
            ("Stadtwerke – Übersee / Söhne: GmbH!", "stadtwerke-uebersee-soehne-gmbh-3"),
            ("Hamburg Wasser", "hamburg-wasser-2"),
            ("Львівський водоканал", "lvivskyi-vodokanal"),
            ("КП «Zxq Єнакієво»", "kp-zxq-yenakiievo"),
            ("Горводоканал Элиста", "gorvodokanal-elista"),
            ("Ύδρευση", "ydrefsi"),
            ("Stadt\u{ad}werke\u{200b}Zxq", "stadtwerkezxq"),
            ("🚰", "unnamed"),
            ("🚰🚰", "unnamed-2"),
            ("0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60", "x-0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60"),
        ] {
            assert_eq!(create(&staff, UTILITIES, &municipal(name)).await.json()["slug"], slug, "{name}");
        }
        assert_eq!(
            create(&staff, PARTNERSHIPS, &partnership("Hamburg Wasser")).await.json()["slug"],
            "hamburg-wasser"
        );
    }

    async fn renaming_keeps_the_slug(app: TestApp) {
        let staff = app.coordinator();
        let path = "/api/v1/utilities/hamburg-wasser";
        let renamed = staff.patch(path, "*", &json!({"name": "Elbwasser"})).await.ok().json();
        assert_eq!(renamed["slug"], "hamburg-wasser");
        let cleared = staff.patch(path, "*", &json!({"slug": null})).await.ok().json();
        assert_eq!(cleared["slug"], "elbwasser", "made from the name again");
        let again = staff.patch(path, "*", &json!({"slug": null})).await.ok().json();
        assert_eq!((&again["slug"], &again["version"]), (&json!("elbwasser"), &cleared["version"]));
    }

    async fn a_former_slug_still_finds_its_resource(app: TestApp) {
        let staff = app.coordinator();
        let (old, new) = ("/api/v1/utilities/lvivvodokanal", "/api/v1/utilities/lemberg-wasser");
        let id = staff.get(old).await.ok().json()["id"].clone();
        staff.patch(old, "*", &json!({"slug": "lemberg-wasser"})).await.ok();
        let read = staff.get(new).await.ok();
        assert_eq!((&read.json()["id"], &read.json()["slug"]), (&id, &json!("lemberg-wasser")));
        assert_eq!(staff.get(old).await.ok().body, read.body);
        // In references and filters too.
        let body = merged(
            &partnership("Alt"),
            &json!({"participants": [participant("lead", "oowv"), participant("partner", "lvivvodokanal")]}),
        );
        assert_eq!(
            create(&staff, PARTNERSHIPS, &body).await.json()["participants"][1]["party"]["utility"]["id"],
            id
        );
        let by_old = staff.all(&format!("{PARTNERSHIPS}?utility=lvivvodokanal")).await;
        let by_new = staff.all(&format!("{PARTNERSHIPS}?utility=lemberg-wasser")).await;
        assert!(!by_old.is_empty() && by_old == by_new);
        let dresden = staff.get(DRESDEN).await.ok().text();
        assert!(dresden.contains("lemberg-wasser") && !dresden.contains("\"lvivvodokanal\""));
        // No other resource can have it, but its former owner can.
        staff
            .post(UTILITIES, &merged(&abroad("X"), &json!({"slug": "lvivvodokanal"})))
            .await
            .problem(409, "slug_taken");
        staff
            .patch("/api/v1/utilities/ternopilvodokanal", "*", &json!({"slug": "lvivvodokanal"}))
            .await
            .problem(409, "slug_taken");
        assert_eq!(create(&staff, UTILITIES, &abroad("Lvivvodokanal")).await.json()["slug"], "lvivvodokanal-2");
        staff.patch(new, "*", &json!({"slug": "lvivvodokanal"})).await.ok();
        assert_eq!(staff.get(new).await.ok().json()["slug"], "lvivvodokanal");
    }

    async fn the_slug_of_a_deleted_resource_stays_taken(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&create(&staff, UTILITIES, &municipal("Gewesen")).await);
        delete(&staff, &path).await;
        assert_nothing_written(&app, async || {
            let body = merged(&municipal("X"), &json!({"slug": "gewesen"}));
            staff.post(UTILITIES, &body).await.problem(409, "slug_taken");
        })
        .await;
        assert_eq!(create(&staff, UTILITIES, &municipal("Gewesen")).await.json()["slug"], "gewesen-2");
    }

    async fn refused_writes_and_dry_runs_take_no_slug(app: TestApp) {
        let staff = app.coordinator();
        let body = merged(&municipal("Probe"), &json!({"sectors": []}));
        staff.post(UTILITIES, &body).await.problem(422, "validation_failed");
        staff.post(&format!("{UTILITIES}?dry_run=true"), &municipal("Probe")).await.expect(201);
        assert_eq!(create(&staff, UTILITIES, &municipal("Probe")).await.json()["slug"], "probe");
    }

    /// Slugs are claimed before the rules of sessions are checked: a future session needs times to be published.
    async fn a_refused_row_of_an_import_takes_no_slug(app: TestApp) {
        let staff = app.coordinator();
        let head = "title,kind,starts_on,status\n";
        let row = |status: &str| format!("Zxq Sitzung,exchange,2040-06-12,{status}\n");
        let file = format!("{head}{}{}{}{}", row("published"), row("draft"), row("published"), row("draft"));
        let done = import(&staff, "resource=sessions&on_error=skip", CSV, file).await;
        let missing = ["end_time required", "format required", "start_time required"];
        let refused = |number: u64| missing.map(|fault| format!("{number} {fault}"));
        let mut found = faults(&done);
        found.sort();
        assert_eq!((found, counts(&done)), ([refused(2), refused(4)].concat(), [2, 0, 0, 2, 2]), "{done:#}");
        let sessions = staff.all(&format!("{SESSIONS}?status=draft&sort=slug")).await;
        let slugs: Vec<_> = sessions.iter().map(|it| it["slug"].as_str().unwrap()).filter(|it| it.starts_with("zxq")).collect();
        assert_eq!(slugs, ["zxq-sitzung", "zxq-sitzung-2"]);
    }
}
