//! Every format and encoding, and importing what `GET` returned.

use reqwest::Method;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};

use super::{CSV, counts, faults, import, send, still};
use crate::api::fixtures::{ORGANISATIONS, PARTNERSHIPS, UTILITIES};
use crate::harness::on_both;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

on_both! {
    async fn every_encoding_is_detected(app: TestApp) {
        let caller = app.coordinator();
        let text = "slug,name,kind\nzxq,Wasser – Münster,ngo\n";
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let one_by_one = text.replace('–', "\u{1}").replace('ü', "\u{2}").into_bytes();
        let latin = one_by_one.into_iter().map(|byte| match byte { 1 => 0x96, 2 => 0xFC, byte => byte });
        let other = "slug,name,kind\nzxq,Zxq,ngo\n";
        for file in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
            latin.collect(),
            text.replace(',', ";").into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
        ] {
            import(&caller, "resource=organisations&mode=upsert", CSV, other).await;
            let done = import(&caller, "resource=organisations&mode=upsert", CSV, file).await;
            assert_eq!((counts(&done), &done["status"]), ([0, 1, 0, 0, 0], &json!("committed")));
            assert_eq!(caller.get(&format!("{ORGANISATIONS}/zxq")).await.ok().json()["name"], "Wasser – Münster");
        }
        for (file, fault) in [
            (b"slug,name,kind\nzxq,M\xfcnster M\xc3\xbcnster,ngo\n".to_vec(), "2 - invalid_encoding"),
            (b"slug,name,kind\nzxq,M\x81\xfc,ngo\n".to_vec(), "2 - invalid_encoding"),
            (b"\xff\xfes\0l\0u\0g\0\n\0\x00\xd8\n\0".to_vec(), "2 - invalid_encoding"),
            (utf16(text, u16::to_le_bytes), "1 - invalid_encoding"),
        ] {
            let done = import(&caller, "resource=organisations", CSV, file).await;
            assert_eq!((faults(&done), &done["status"]), (vec![fault.to_owned()], &json!("failed")));
        }
    }

    /// As German Excel saves it.
    async fn german_headings_and_decimal_commas_are_accepted(app: TestApp) {
        let caller = app.coordinator();
        let file = "\u{feff}slug;name;kind;country;sectors;location.latitude;location.longitude\r\n\
            zxq;Zxq;partner;UA;\"water;waste\";49,84;24,03\r\n";
        let done = import(&caller, "resource=utilities", CSV, file).await;
        assert_eq!((counts(&done), &done["status"]), ([1, 0, 0, 0, 0], &json!("committed")), "{done:#}");
        let made = caller.get(&format!("{UTILITIES}/zxq")).await.ok().json();
        assert_eq!(made["location"], json!({ "latitude": 49.84, "longitude": 24.03 }));

        let request = caller.request(Method::GET, &format!("{UTILITIES}?format=csv&csv_dialect=excel_de"));
        let exported = caller.send(request).await;
        if exported.status.is_success() {
            let done = import(&caller, "resource=utilities&mode=upsert&dry_run=true", CSV, exported.body).await;
            assert_eq!(counts(&done)[..2], [0, 0], "{done:#}");
        }
        let german = "Name;Art\nZxq;ngo\n";
        let done = import(&caller, "resource=organisations", CSV, german).await;
        assert_eq!((counts(&done), &done["status"]), ([1, 0, 0, 0, 0], &json!("committed")), "{done:#}");
    }

    async fn workbooks_are_imported(app: TestApp) {
        let caller = app.coordinator();
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let (day, header) = (Format::new().set_num_format("yyyy-mm-dd"), [
            "slug", "title", "participants", "sectors", "start", "end", "summary.de",
        ]);
        for (column, name) in (0..).zip(header) {
            sheet.write(0, column, name).unwrap();
        }
        let participants = "lead:utility:hamburg-wasser;partner:utility:lvivvodokanal";
        for (row, start) in [(1_u32, 2019.0), (2, 2020.0)] {
            for (column, text) in (0..).zip([&format!("zxq-{row}"), "Zxq", participants, "water;waste"]) {
                sheet.write(row, column, text).unwrap();
            }
            sheet.write(row, 4, start).unwrap();
        }
        sheet.write_with_format(1, 5, ExcelDateTime::from_ymd(2023, 5, 14).unwrap(), &day).unwrap();
        sheet.write(2, 6, "Kühl").unwrap();
        sheet.write(4, 0, "zxq-3").unwrap();
        sheet.write(4, 8, "beyond").unwrap();
        let done = import(&caller, "resource=partnerships&on_error=skip", XLSX, workbook.save_to_buffer().unwrap()).await;
        assert_eq!((counts(&done), faults(&done)), ([2, 0, 0, 1, 1], vec!["5 - malformed_row".to_owned()]), "{done:#}");
        let made = caller.get(&format!("{PARTNERSHIPS}/zxq-1")).await.ok().json();
        assert_eq!((&made["start"], &made["end"]), (&json!("2019"), &json!("2023-05-14")));
        let made = caller.get(&format!("{PARTNERSHIPS}/zxq-2")).await.ok().json();
        assert_eq!((&made["summary"], &made["sectors"]), (&json!({ "de": "Kühl" }), &json!(["water", "waste"])));

        for torn in [b"PK".to_vec(), b"name,kind\n".to_vec(), workbook.save_to_buffer().unwrap()[..2_000].to_vec()] {
            let done = import(&caller, "resource=partnerships", XLSX, torn).await;
            assert_eq!((faults(&done), &done["status"]), (vec!["1 - malformed_file".into()], &json!("failed")));
        }
    }

    /// Importing what was read changes nothing.
    async fn importing_a_get_response_changes_nothing(app: TestApp) {
        let caller = app.admin();
        for (collection, path) in [
            ("partnerships", PARTNERSHIPS),
            ("utilities", UTILITIES),
            ("members", "/api/v1/members"),
            ("organisations", ORGANISATIONS),
            ("partnership-funding", "/api/v1/partnerships/hamburg-kyiv/funding"),
            ("member-contacts", "/api/v1/members/hamburg-wasser/contacts"),
            ("users", "/api/v1/users"),
        ] {
            let query = format!("resource={collection}&mode=upsert");
            let list = caller.get(path).await.ok();
            let items = list.json()["items"].as_array().unwrap().clone();
            let rows = items.len() as u64;
            let lines = items.iter().map(|item| format!("{item}\n")).collect::<String>();
            for (media, file) in [
                (JSON, list.text()),
                (JSON, Value::from(items).to_string()),
                (NDJSON, lines),
            ] {
                let done = still(&app, async || import(&caller, &query, media, file).await).await;
                assert_eq!((counts(&done), &done["status"]), ([0, 0, rows, 0, 0], &json!("committed")), "{collection}: {done:#}");
            }
        }
    }

    async fn faults_in_json_have_pointers(app: TestApp) {
        let caller = app.coordinator();
        let known = caller.get(&format!("{ORGANISATIONS}/bmz")).await.ok().json();
        let mut stale = known.clone();
        stale["version"] = 99.into();
        let file = json!([
            { "name": "Zxq", "kind": "beer" },
            { "name": "Zxq", "kind": "ngo", "nam": 1 },
            "zxq",
            stale,
            { "name": "Zxq", "kind": "ngo", "aliases": vec!["x"; 1_001] },
            { "name": "Zxq", "kind": "ngo", "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70", "version": 7 }
        ]);
        let query = "resource=organisations&mode=upsert&on_error=skip";
        let done = import(&caller, query, JSON, file.to_string()).await;
        assert_eq!(
            (faults(&done), counts(&done)),
            (
                vec![
                    "1 /kind unknown_value".to_owned(),
                    "2 /nam unknown_member".to_owned(),
                    "3 - wrong_type".to_owned(),
                    "4 /version read_only".to_owned(),
                    "5 /aliases too_many".to_owned(),
                ],
                [1, 0, 0, 5, 5]
            )
        );
        let twice = import(&caller, "resource=organisations&mode=create", JSON, json!([known]).to_string()).await;
        assert_eq!(faults(&twice), ["1 /id duplicate"]);
        let done = import(&caller, "resource=partnership-funding", "application/ndjson", "\n{\"kind\": \"grant\"}\nzxq\n{\"kind\": -1e400}\n").await;
        assert_eq!(faults(&done), ["2 /partnership required", "3 - malformed_json", "4 - out_of_range"]);
        for (file, fault) in [
            ("{\"items\": [{\"name\": \"Zxq\"", "1 - malformed_json"),
            ("{\"rows\": []}", "1 - malformed_json"),
            ("\"zxq\"", "1 - malformed_json"),
            ("[] x", "1 - malformed_json"),
            ("[{\"name\": 1e99999}]", "1 - out_of_range"),
        ] {
            let done = import(&caller, "resource=organisations&format=json", "application/octet-stream", file).await;
            assert_eq!((faults(&done), &done["status"]), (vec![fault.to_owned()], &json!("failed")), "{file}");
        }
    }

    async fn files_can_be_sent_as_multipart_forms(app: TestApp) {
        let caller = app.coordinator();
        let form = |name: &str, file: &str, head: &str| {
            format!(
                "--zxq\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n{head}\r\n\
                 name,kind\nZxq,ngo\n\r\n--zxq--\r\n"
            )
        };
        let media = "multipart/form-data; boundary=zxq";
        let query = "resource=organisations&dry_run=true";
        for (file, head, more) in [
            ("rows.csv", "", ""),
            ("rows", "Content-Type: text/csv\r\n", ""),
            ("rows.bin", "Content-Type: application/octet-stream\r\n", "&format=csv"),
        ] {
            let done = import(&caller, &format!("{query}{more}"), media, form("file", file, head)).await;
            assert_eq!((counts(&done), &done["format"]), ([1, 0, 0, 0, 0], &json!("csv")));
        }
        let refused = send(&caller, query, media, form("fil", "rows.csv", "")).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/fil unknown_member"]);
        assert_eq!(send(&caller, query, media, "--zxq--\r\n").await.faults(422, "validation_failed"), ["/file required"]);
        send(&caller, query, media, form("file", "rows.bin", "")).await.problem(415, "unsupported_media_type");
        send(&caller, query, media, "zxq").await.problem(400, "bad_request");
        send(&caller, query, "multipart/form-data", form("file", "rows.csv", "")).await.problem(400, "bad_request");
    }
}
