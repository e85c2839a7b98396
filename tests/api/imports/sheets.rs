//! Which sheet of a workbook is imported, and the parameter `sheet`.

use rust_xlsxwriter::Workbook;
use serde_json::json;

use super::{CSV, commit, counts, faults, import, send, still};
use crate::api::fixtures::{ORGANISATIONS, UTILITIES};
use crate::harness::on_both;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const JSON: &str = "application/json";

/// A workbook with these sheets. Each has one organisation with the name of the sheet as its slug.
fn workbook(sheets: &[&str]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for name in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (row, cells) in [(0, ["slug", "name", "kind"]), (1, [name, name, "ngo"])] {
            sheet.write_row(row, 0, cells).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

on_both! {
    async fn a_workbook_with_several_sheets_needs_the_sheet_parameter(app: TestApp) {
        let caller = app.coordinator();
        let file = workbook(&["one", "two"]);
        let query = "resource=organisations";
        let refused = still(&app, async || import(&caller, query, XLSX, file.clone()).await).await;
        assert_eq!((faults(&refused), &refused["status"]), (vec!["1 - ambiguous_sheet".into()], &json!("failed")));
        let detail = refused["report"]["faults"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("`one`, `two`"), "{detail}");

        let plan = import(&caller, &format!("{query}&dry_run=true&sheet=two"), XLSX, file.clone()).await;
        let read = json!({ "sheet": "two", "header_row": 1 });
        assert_eq!((counts(&plan), &plan["report"]["source"]), ([1, 0, 0, 0, 0], &read));
        let committed = commit(&caller, &plan).await.ok().json();
        assert_eq!((&committed["status"], &committed["report"]["source"]), (&json!("committed"), &read));
        caller.get(&format!("{ORGANISATIONS}/two")).await.ok();
        caller.get(&format!("{ORGANISATIONS}/one")).await.expect(404);

        let unknown = import(&caller, &format!("{query}&sheet=three"), XLSX, file).await;
        let detail = unknown["report"]["faults"][0]["detail"].as_str().unwrap();
        assert_eq!(faults(&unknown), ["1 - unknown_sheet"]);
        assert!(detail.contains("`three`") && detail.contains("`one`, `two`"), "{detail}");
    }

    async fn the_sheet_parameter_is_refused_for_other_formats(app: TestApp) {
        let caller = app.coordinator();
        for (media, file) in [(CSV, "name,kind\nZxq,ngo\n"), (JSON, "[{\"name\": \"Zxq\", \"kind\": \"ngo\"}]")] {
            let refused = send(&caller, "resource=organisations&sheet=one", media, file).await;
            assert_eq!(refused.faults(400, "invalid_parameters"), ["sheet not_applicable"], "{media}");
        }
    }

    async fn the_report_has_delimiter_and_header_row(app: TestApp) {
        let caller = app.coordinator();
        for (file, delimiter) in [("slug,name,kind\nzxq,Zxq,ngo\n", ","), ("slug;name;kind\nzxq;Zxq;ngo\n", ";")] {
            let done = import(&caller, "resource=organisations&mode=upsert", CSV, file).await;
            let source = &done["report"]["source"];
            assert_eq!((&source["delimiter"], &source["header_row"]), (&json!(delimiter), &json!(1)));
        }
    }

    /// A number without a fraction is an integer, however it is written (JSON Schema, 4.2.3).
    async fn numbers_without_a_fraction_are_integers(app: TestApp) {
        let caller = app.coordinator();
        let body = |slug: &str, people: &str| {
            format!(
                "{{\"slug\": \"{slug}\", \"name\": \"Zxq\", \"kind\": \"partner\", \"country\": \"UA\", \
                 \"sectors\": [\"water\"], \"population_served\": {{\"value\": {people}}}}}"
            )
        };
        for (slug, people, wanted) in [("zxq-1", "5.0", 5), ("zxq-2", "1e3", 1_000), ("zxq-3", "2.50E+2", 250)] {
            let request = caller.request(reqwest::Method::POST, UTILITIES).header("Content-Type", JSON);
            let made = caller.send(request.body(body(slug, people))).await.expect(201).json();
            assert_eq!(made["population_served"]["value"], wanted);
        }
        for (slug, people, wanted) in [("zxq-4", "5.0", 5), ("zxq-5", "1e3", 1_000)] {
            let rows = [
                (JSON, format!("[{}]", body(slug, people))),
                ("application/x-ndjson", body(slug, people)),
                (CSV, format!("slug,name,kind,country,sectors,population_served.value\n{slug},Zxq,partner,UA,water,{people}\n")),
            ];
            for (media, file) in rows {
                let done = import(&caller, "resource=utilities&mode=upsert", media, file).await;
                assert_eq!(faults(&done), [""; 0], "{media} {people}");
                let made = caller.get(&format!("{UTILITIES}/{slug}")).await.ok().json();
                assert_eq!(made["population_served"]["value"], wanted);
            }
        }
        let request = caller.request(reqwest::Method::POST, UTILITIES).header("Content-Type", JSON);
        caller.send(request.body(body("zxq-6", "5.5"))).await.expect(422);
    }
}
