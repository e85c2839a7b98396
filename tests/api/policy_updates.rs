//! Policy updates: public, written by the coordination office, found by level, date and words.

use serde_json::{Value, json};

use super::fixtures::{POLICY_UPDATES, assert_nothing_written, create, delete, location, merged};
use crate::harness::on_both;

/// A policy update with all its members.
fn update() -> Value {
    json!({
        "title": {"de": "Zxq-Richtlinie", "en": "Zxq directive", "fr": "Directive zxq"},
        "summary": {"de": "Mehr Energie aus Abwasser.", "en": "More energy from wastewater."},
        "level": "eu",
        "published_on": "2024-12-12",
        "source_url": "https://zxq.example/eu/1",
        "sectors": ["wastewater", "energy"],
        "working_areas": ["energy-efficiency"],
    })
}

fn titles(items: &[Value]) -> Vec<&str> {
    items.iter().map(|it| it["title"]["en"].as_str().unwrap()).collect()
}

on_both! {
    async fn only_the_office_writes_policy_updates_and_everybody_reads_them(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, POLICY_UPDATES, &update()).await);
        for (_, caller) in app.everybody() {
            let read = caller.get(&at).await.ok().json();
            assert_eq!(merged(&read, &update()), read);
            assert_eq!(caller.all(POLICY_UPDATES).await, [read]);
        }
        for caller in [app.member(), app.partner(), app.reader()] {
            caller.post(POLICY_UPDATES, &update()).await.problem(403, "forbidden");
            caller.patch(&at, "*", &json!({"level": "state"})).await.problem(403, "forbidden");
            caller.delete(&at, "*").await.problem(403, "forbidden");
        }
        let patch = json!({"title": {"fr": null}, "sectors": null, "published_on": "2025-01-01"});
        let patched = office.patch(&at, "*", &patch).await.ok().json();
        assert_eq!(patched["title"], json!({"de": "Zxq-Richtlinie", "en": "Zxq directive"}));
        assert_eq!((&patched["sectors"], &patched["version"]), (&json!([]), &json!(2)));
        delete(&office, &at).await;
        app.anonymous().get(&at).await.problem(404, "not_found");
    }

    async fn invalid_policy_updates_report_all_faults(app: TestApp) {
        let office = app.coordinator();
        assert_nothing_written(&app, async || {
            for (patch, faults) in [
                (json!({"title": null, "level": null}), &["/level required", "/title required"][..]),
                (json!({"title": "Zxq"}), &["/title wrong_type"]),
                (json!({"title": {"de": "Zwei\nZeilen"}}), &["/title/de invalid_format"]),
                (json!({"summary": {"xx": "Zxq"}}), &["/summary/xx unknown_value"]),
                (json!({"level": "city", "published_on": "2024-02-30"}), &[
                    "/level unknown_value", "/published_on invalid_format",
                ]),
                (json!({"published_on": "2024-02"}), &["/published_on invalid_format"]),
                (json!({"source_url": "javascript:alert(1)"}), &["/source_url invalid_format"]),
                (json!({"source_url": null}), &["/source_url required"]),
                (json!({"sectors": ["water", "water"], "working_areas": ["gsi"]}), &[
                    "/sectors/1 duplicate", "/working_areas/0 unknown_value",
                ]),
                (json!({"visibility": "members"}), &["/visibility unknown_member"]),
            ] {
                let body = merged(&update(), &patch);
                assert_eq!(office.post(POLICY_UPDATES, &body).await.faults(422, "validation_failed"), faults, "{body}");
            }
        }).await;
    }

    async fn policy_updates_are_sorted_by_date_and_can_be_searched(app: TestApp) {
        let (office, anybody) = (app.coordinator(), app.anonymous());
        for (title, level, day, sectors) in [
            ("Älteres Gesetz", "federal", "2019-12-31", json!(["water"])),
            ("Zwischenbericht", "international", "2020-01-01", json!([])),
            ("Neues Programm", "state", "2024-02-29", json!(["waste", "water"])),
        ] {
            let patch = json!({
                "title": {"de": title, "en": title}, "level": level, "published_on": day, "sectors": sectors
            });
            create(&office, POLICY_UPDATES, &merged(&update(), &patch)).await;
        }
        let all = anybody.all(POLICY_UPDATES).await;
        assert_eq!(titles(&all), ["Neues Programm", "Zwischenbericht", "Älteres Gesetz"]);
        for (query, found) in [
            ("sort=title", &["Älteres Gesetz", "Neues Programm", "Zwischenbericht"][..]),
            ("level=state&level=federal", &["Neues Programm", "Älteres Gesetz"]),
            ("sector=water", &["Neues Programm", "Älteres Gesetz"]),
            ("published_from=2020", &["Neues Programm", "Zwischenbericht"]),
            ("published_to=2019-12", &["Älteres Gesetz"]),
            ("published_from=2020&published_to=2020-01-01", &["Zwischenbericht"]),
            ("working_area=gis", &[]),
            ("q=alteres", &["Älteres Gesetz"]),
            ("q=energie%20programm", &["Neues Programm"]),
        ] {
            assert_eq!(titles(&anybody.all(&format!("{POLICY_UPDATES}?{query}")).await), found, "{query}");
        }
        let csv = anybody.get(&format!("{POLICY_UPDATES}?format=csv&level=state")).await.ok().text();
        assert!(csv.starts_with("level,published_on,source_url,sectors,working_areas,title.de,title.en,title.fr,"), "{csv}");
        let faults = anybody.get(&format!("{POLICY_UPDATES}?level=city")).await;
        assert_eq!(faults.faults(400, "invalid_parameters"), ["level unknown_value"]);
    }
}
