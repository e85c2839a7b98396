//! A file without readable rows is never imported silently, whatever its format and wherever reading stops.

use rust_xlsxwriter::Workbook;
use serde_json::json;

use super::{CSV, counts, faults, import, still};
use crate::harness::on_both;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

/// A workbook with one sheet. Empty texts become absent cells.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, text) in (0..).zip(*cells).filter(|(_, text)| !text.is_empty()) {
            sheet.write(row, column, *text).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn csv(rows: &[&[&str]]) -> Vec<u8> {
    rows.iter().map(|cells| cells.join(",") + "\n").collect::<String>().into_bytes()
}

on_both! {
    async fn faults_of_the_header_are_reported_for_csv_and_workbooks(app: TestApp) {
        let caller = app.coordinator();
        let row: &[&str] = &["Zxq", "ngo", "DE"];
        for (resource, rows, wanted) in [
            ("organisations", [&["name", "kimd", "country"][..], row], &["1 kimd unknown_column"][..]),
            ("organisations", [&["name", "kind", "nothing"], row], &["1 nothing unknown_column"]),
            ("organisations", [&["name", "kind", "name"], row], &["1 name duplicate"]),
            ("organisations", [&["name", "", "kind"], row], &["1 - unknown_column"]),
            ("organisations", [&["Organisations of 2026"], &["name", "kind", "country"]],
             &["1 Organisations of 2026 unknown_column"]),
            ("partnership-funding", [&["kind", "from"], &["grant", "2026"]],
             &["1 partnership required"]),
        ] {
            for (media, file) in [(CSV, csv(&rows)), (XLSX, workbook(&rows))] {
                for more in ["", "&dry_run=true", "&mode=upsert&on_error=skip", "&on_error=skip&dry_run=true"] {
                    let query = format!("resource={resource}{more}");
                    let done = still(&app, async || import(&caller, &query, media, file.clone()).await).await;
                    assert_eq!((faults(&done), counts(&done)), (wanted.iter().map(|it| (*it).to_owned()).collect(), [0; 5]));
                    assert_eq!(done["status"], "failed", "{media} {query}");
                    assert!(done.get("plan_token").is_none());
                    assert_eq!(done["report"]["source"]["header_row"], 1);
                }
            }
        }
    }

    async fn a_file_without_rows_fails(app: TestApp) {
        let caller = app.coordinator();
        for (media, file) in [
            (CSV, b"name,kind\n".to_vec()),
            (CSV, b"name,kind".to_vec()),
            (XLSX, workbook(&[&["name", "kind"]])),
            (JSON, b"[]".to_vec()),
            (JSON, b"{\"items\": []}".to_vec()),
            (NDJSON, b"\n\n".to_vec()),
        ] {
            for more in ["", "&dry_run=true&on_error=skip"] {
                let query = format!("resource=organisations{more}");
                let done = still(&app, async || import(&caller, &query, media, file.clone()).await).await;
                assert_eq!((faults(&done), &done["status"]), (vec!["1 - no_rows".into()], &json!("failed")), "{media}");
                assert!(done.get("plan_token").is_none());
            }
        }
        for (format, file) in [("csv", b"\n\n".to_vec()), ("xlsx", workbook(&[])), ("json", b" ".to_vec())] {
            let (query, media) = (format!("resource=organisations&format={format}"), "application/octet-stream");
            let done = still(&app, async || import(&caller, &query, media, file.clone()).await).await;
            assert_eq!((faults(&done).len(), &done["status"]), (1, &json!("failed")), "{format}");
        }
    }

    async fn faults_before_an_unreadable_end_are_reported(app: TestApp) {
        let caller = app.coordinator();
        let file = "[{\"name\": \"Zxq\", \"kind\": \"beer\"}, {\"name\": ";
        let done = import(&caller, "resource=organisations&format=json", "application/octet-stream", file).await;
        assert_eq!(faults(&done), ["1 /kind unknown_value", "2 - malformed_json"]);
        let mut rows = vec![vec!["name", "kind"]];
        rows.resize(100_002, vec!["Zxq", "beer"]);
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        // `refused.rs` tests the same with CSV.
        let done = import(&caller, "resource=organisations&on_error=skip", XLSX, workbook(&rows)).await;
        assert_eq!((&done["status"], &done["report"]["faults_total"]), (&json!("failed"), &json!(100_001)));
    }
}
