//! CSV as spreadsheets write it: encodings (also of JSON), line breaks, blank rows, delimiters, headings.

use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use super::{CSV, IMPORTS, commit, counts, ended, faults, import, send};
use crate::api::fixtures::{ORGANISATIONS, UTILITIES};
use crate::harness::on_both;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const QUERY: &str = "resource=organisations&dry_run=true";

fn source(import: &Value) -> [&str; 3] {
    ["encoding", "encoding_source", "delimiter"]
        .map(|name| import["report"]["source"][name].as_str().unwrap_or_else(|| panic!("{import:#}")))
}

/// The bytes of a text, with this byte in place of each `~`.
fn with(text: &str, byte: u8) -> Vec<u8> {
    text.bytes().map(|it| if it == b'~' { byte } else { it }).collect()
}

on_both! {
    async fn a_declared_charset_is_used(app: TestApp) {
        let caller = app.coordinator();
        let cyrillic = b"slug,name,kind\nzxq,\xcb\xfc\xe2\xb3\xe2,ngo\n";
        let mac = with("slug,name,kind\nzxq,M~nchen,ngo\n", 0x9F);
        let polish = with("slug,name,kind\nzxq,Wroc~aw,ngo\n", 0xB3);
        let turkish = with("slug,name,kind\nzxq,Be~ikta~,ngo\n", 0xFE);
        let slug = "resource=organisations&mode=upsert";
        for (query, media, file, name, charset) in [
            ("", "text/csv; charset=windows-1251", cyrillic.to_vec(), "Львів", "windows-1251"),
            ("&charset=cp1251", CSV, cyrillic.to_vec(), "Львів", "windows-1251"),
            ("&charset=macintosh", "text/csv; charset=windows-1251", mac.clone(), "München", "macintosh"),
            ("", "text/csv; charset=\"windows-1250\"", polish.clone(), "Wrocław", "windows-1250"),
            ("&charset=iso-8859-9", CSV, turkish.clone(), "Beşiktaş", "windows-1254"),
        ] {
            let done = import(&caller, &format!("{slug}{query}"), media, file).await;
            assert_eq!((&done["status"], source(&done)), (&json!("committed"), [charset, "declared", ","]), "{done:#}");
            assert_eq!(caller.get(&format!("{ORGANISATIONS}/zxq")).await.ok().json()["name"], name);
        }
        // The plan is committed with the encoding of the dry run.
        let other = b"slug,name,kind\nzxq-2,\xca\xe8\xbf\xe2,ngo\n".to_vec();
        let plan = import(&caller, &format!("{QUERY}&charset=windows-1251"), CSV, other).await;
        let done = commit(&caller, &plan).await.ok().json();
        assert_eq!((&done["status"], source(&done)[..2].to_vec()), (&json!("committed"), vec!["windows-1251", "declared"]));
        assert_eq!(caller.get(&format!("{ORGANISATIONS}/zxq-2")).await.ok().json()["name"], "Київ");

        // Without a declared charset, these encodings cannot be guessed.
        for file in [cyrillic.to_vec(), mac, polish, turkish, with("slug,name,kind\nzxq,M~rz,ngo\n", 0x84)] {
            let done = import(&caller, QUERY, CSV, file).await;
            assert_eq!((faults(&done), &done["status"]), (vec!["2 - invalid_encoding".to_owned()], &json!("failed")));
        }
        let done = import(&caller, QUERY, "text/csv; charset=utf-8", with("name,kind\nM~nster,ngo\n", 0xFC)).await;
        assert_eq!(faults(&done), ["2 - invalid_encoding"]);
        let done = import(&caller, QUERY, "text/csv; charset=iso-8859-1", "name,kind\nMünster,ngo\n").await;
        assert_eq!(faults(&done), ["1 - invalid_encoding"]);
        for (file, expected) in [
            (with("name,kind\nM~nster,ngo\n", 0xFC), ["windows-1252", "guessed", ","]),
            ("name;kind\nMünster;ngo\n".into(), ["UTF-8", "guessed", ";"]),
            ("\u{feff}name\tkind\nMünster\tngo\n".into(), ["UTF-8", "byte_order_mark", "\t"]),
        ] {
            assert_eq!(source(&import(&caller, QUERY, CSV, file).await), expected);
        }
    }

    async fn a_declared_charset_is_used_for_json(app: TestApp) {
        let caller = app.coordinator();
        let object = |slug: &str| json!({ "slug": slug, "name": "M~nchen", "kind": "ngo" }).to_string();
        let array = |slug: &str| format!("[{}]", object(slug));
        let form = "--zxq\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rows.json\"\r\n\
            Content-Type: application/json; charset=macintosh\r\n\r\n".to_owned() + &array("zxq-5") + "\r\n--zxq--\r\n";
        let mut imports = Vec::new();
        for (query, media, file) in [
            ("", "application/x-ndjson; charset=macintosh", object("zxq-1")),
            ("&charset=macintosh", "application/x-ndjson", object("zxq-2")),
            ("&format=json", "application/octet-stream; charset=macintosh", array("zxq-3")),
            ("&format=json&charset=macintosh", "application/octet-stream", array("zxq-4")),
            ("", "multipart/form-data; boundary=zxq", form),
        ] {
            imports.push(import(&caller, &format!("resource=organisations{query}"), media, with(&file, 0x9F)).await);
        }
        // Not by `send`, which checks that the body is JSON in UTF-8.
        let request = caller.request(Method::POST, &format!("{IMPORTS}?resource=organisations"));
        let request = request.header("Content-Type", "application/json; charset=macintosh");
        let begun = request.body(with(&array("zxq-6"), 0x9F)).send().await.unwrap();
        let begun: Value = begun.json().await.unwrap();
        imports.push(ended(&caller, begun["id"].as_str().unwrap_or_else(|| panic!("{begun:#}"))).await);
        for (number, done) in (1..).zip(&imports) {
            let source = &done["report"]["source"];
            let encoding = (&source["encoding"], &source["encoding_source"]);
            assert_eq!(encoding, (&json!("macintosh"), &json!("declared")), "{number} {done:#}");
            assert_eq!((counts(done), &done["status"]), ([1, 0, 0, 0, 0], &json!("committed")), "{number} {done:#}");
            let made = caller.get(&format!("{ORGANISATIONS}/zxq-{number}")).await.ok().json();
            assert_eq!(made["name"], "München", "{number}");
        }
        // Without a declared charset, this encoding cannot be guessed.
        let file = with(&object("zxq-7"), 0x9F);
        let done = import(&caller, "resource=organisations", "application/x-ndjson", file).await;
        assert_eq!(faults(&done), ["1 - invalid_encoding"]);
    }

    async fn an_unsupported_charset_is_refused(app: TestApp) {
        let caller = app.coordinator();
        let file = "name,kind\nZxq,ngo\n";
        let refused = send(&caller, QUERY, "text/csv; charset=cp850", file).await;
        let problem = refused.problem(415, "unsupported_media_type");
        assert!(problem["detail"].as_str().unwrap().contains("windows-1251"), "{problem:#}");
        let refused = send(&caller, &format!("{QUERY}&charset=cp437"), CSV, file).await;
        assert_eq!(refused.faults(400, "invalid_parameters"), ["charset unknown_value"]);
        let form = "--zxq\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rows.csv\"\r\n\
            Content-Type: text/csv; charset=zxq\r\n\r\nname,kind\nZxq,ngo\n\r\n--zxq--\r\n";
        let refused = send(&caller, QUERY, "multipart/form-data; boundary=zxq", form).await;
        refused.problem(415, "unsupported_media_type");
    }

    async fn lost_letters_do_not_overwrite_text(app: TestApp) {
        let caller = app.coordinator();
        for slug in ["zxq-1", "zxq-2", "zxq-3", "zxq-4"] {
            let known = json!({ "slug": slug, "name": "Львів Wasser", "aliases": ["Köln"], "kind": "ngo" });
            caller.post(ORGANISATIONS, &known).await.expect(201);
        }
        let upsert = "resource=organisations&mode=upsert&on_error=skip&dry_run=true";
        let file = "slug,name,aliases\nzxq-1,????? Wasser,Köln\nzxq-2,L\u{fffd}viv,Köln\nzxq-3,Львів Wasser,K?ln\n\
            zxq-4,Wasser?,Köln\n";
        for file in [file.to_owned(), file.replace(',', ";")] {
            let done = import(&caller, upsert, CSV, file).await;
            let expected = ["2 name invalid_encoding", "3 name invalid_encoding", "4 aliases invalid_encoding"];
            assert_eq!((faults(&done), counts(&done)), (expected.map(str::to_owned).into(), [0, 1, 0, 3, 3]), "{done:#}");
        }
        let line = json!({ "slug": "zxq-1", "name": "????? Wasser" }).to_string();
        let done = import(&caller, "resource=organisations&mode=upsert", "application/x-ndjson", line).await;
        assert_eq!(faults(&done), ["1 /name invalid_encoding"]);
        let done = import(&caller, "resource=organisations", CSV, "name,kind\n????,ngo\n").await;
        assert_eq!(faults(&done), ["2 name invalid_encoding"]);
    }

    async fn row_numbers_match_the_lines_of_the_file(app: TestApp) {
        let caller = app.coordinator();
        let lines = ["slug;name;kind", "zxq-1;Zxq;ngo", ";;", "zxq-2;Zxq;beer", "\u{a0};  ;", "", "zxq-3;\"two", "lines\";ngo", "zxq-4;;ngo", ";;"];
        for end in ["\n", "\r\n", "\r"] {
            let done = import(&caller, &format!("{QUERY}&on_error=skip"), CSV, lines.join(end)).await;
            let expected = ["4 kind unknown_value", "7 name invalid_format", "9 name required"];
            assert_eq!((faults(&done), counts(&done)), (expected.map(str::to_owned).into(), [1, 0, 0, 3, 3]), "{end:?} {done:#}");
            assert_eq!(done["progress"], json!({ "done": 4, "total": 4 }));
        }
        let blank = "name;kind;website\r\nZxq;ngo;\r\n".to_owned() + &";;\r\n".repeat(5_000);
        let done = import(&caller, QUERY, CSV, blank).await;
        assert_eq!((counts(&done), faults(&done)), ([1, 0, 0, 0, 0], Vec::new()));
    }

    async fn headings_ignore_case_whitespace_and_normalisation(app: TestApp) {
        let caller = app.coordinator();
        for header in [
            "slug ,name,kind",
            "Slug,NAME,Kind",
            "\u{a0}slug,na\u{200b}me,\u{feff}kind",
            "Ku\u{308}rzel,Name,Art",
            "KÜRZEL\u{a0},\"Name\n\",Art",
            "slug,name,kind,,",
        ] {
            let fill = ",".repeat(header.matches(',').count() - 2);
            let done = import(&caller, QUERY, CSV, format!("{header}\nzxq,Zxq,ngo{fill}\n")).await;
            assert_eq!((counts(&done), &done["status"]), ([1, 0, 0, 0, 0], &json!("rehearsed")), "{header:?} {done:#}");
        }
        let done = import(&caller, QUERY, CSV, "name,,kind\nZxq,,ngo\n").await;
        assert_eq!(faults(&done), ["1 - unknown_column"]);
        let done = import(&caller, QUERY, CSV, "name, Name ,kind\nZxq,,ngo\n").await;
        assert_eq!(faults(&done), ["1 Name duplicate"]);
        let done = import(&caller, QUERY, CSV, "name,kind,\nZxq,ngo,beyond\n").await;
        assert_eq!(faults(&done), ["2 - malformed_row"]);
    }

    /// Workbooks are read like CSV with the same rows.
    async fn headings_and_blank_rows_of_workbooks_are_read_like_csv(app: TestApp) {
        let caller = app.coordinator();
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let rows = [
            ["Slug\u{a0}", " NA\u{200b}ME", "Art\n", ""],
            ["\u{a0}", " ", "", ""],
            ["\u{a0}zxq-1 ", "Zxq\u{a0}", " ngo", " "],
            ["zxq-2", "L\u{fffd}viv", "ngo", ""],
            ["zxq-3", "?????", "ngo", "\u{a0}"],
        ];
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write(row, column, cell).unwrap();
            }
        }
        let done = import(&caller, &format!("{QUERY}&on_error=skip"), XLSX, workbook.save_to_buffer().unwrap()).await;
        let expected = ["4 NA\u{200b}ME invalid_encoding", "5 NA\u{200b}ME invalid_encoding"];
        assert_eq!((counts(&done), faults(&done)), ([1, 0, 0, 2, 2], expected.map(str::to_owned).into()), "{done:#}");
    }

    async fn every_delimiter_is_detected(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=utilities&dry_run=true";
        let rows = "slug|name|kind|country|sectors|location.latitude|location.longitude\nzxq|Zxq|partner|UA|water|49@84|24@03\n";
        for (file, delimiter, row) in [
            (rows.replace('|', ",").replace('@', "."), ",", 1),
            (rows.replace('|', ";").replace('@', ","), ";", 1),
            (rows.replace('|', "\t").replace('@', ","), "\t", 1),
            (rows.replace('|', "\t").replace('@', "."), "\t", 1),
            (rows.replace('@', "."), "|", 1),
            ("sep=;\r\n".to_owned() + &rows.replace('|', ";").replace('@', ","), ";", 2),
            ("sep=,\n".to_owned() + &rows.replace('|', ",").replace('@', "."), ",", 2),
            // Quoted text and blank rows above the header do not count.
            (";;;;;;\n".to_owned() + &rows.replace('|', ";").replace('@', ",").replace(";Zxq;", ";\"Z,x,q,,,,,\";"), ";", 2),
            (rows.replace('|', ",").replace('@', ".").replace("slug,name", "\"slug\",\"name\""), ",", 1),
        ] {
            let done = import(&caller, query, CSV, file.clone()).await;
            assert_eq!((counts(&done), &done["status"]), ([1, 0, 0, 0, 0], &json!("rehearsed")), "{file} {done:#}");
            let details = &done["report"]["source"];
            assert_eq!((&details["delimiter"], &details["header_row"]), (&json!(delimiter), &json!(row)), "{file}");
        }
        let tabs = rows.replace('|', "\t").replace('@', ".");
        for (query, media) in [(query, "text/tab-separated-values"), (&format!("{query}&format=csv"), "application/octet-stream")] {
            assert_eq!(counts(&import(&caller, query, media, tabs.clone()).await), [1, 0, 0, 0, 0]);
        }
        let form = format!("--zxq\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rows.tsv\"\r\n\r\n{tabs}\r\n--zxq--\r\n");
        assert_eq!(counts(&import(&caller, query, "multipart/form-data; boundary=zxq", form).await), [1, 0, 0, 0, 0]);
        // 1.234 is ambiguous if nothing else in the file tells decimals from thousands.
        let done = import(&caller, query, CSV, tabs.replace("49.84", "49.842")).await;
        assert_eq!(faults(&done), ["2 location.latitude invalid_format"]);
        // Only the header decides on the delimiter, not the rows below it.
        let done = import(&caller, "resource=organisations&dry_run=true", CSV, "name,kind\n\"a;b;c\",ngo\n").await;
        assert_eq!((counts(&done), source(&done)[2]), ([1, 0, 0, 0, 0], ","));
        caller.get(&format!("{UTILITIES}/zxq")).await.problem(404, "not_found");
    }

    async fn times_and_booleans_of_spreadsheets_are_accepted(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=sessions&mode=upsert";
        let file = "slug;title;kind;starts_on;start_time;end_time;capacity;waiting_list\n\
            zxq-1;Zxq;exchange;2026-12-01;10:00:00;12:30;5;WAHR\nzxq-2;Zxq;exchange;2026-12-01;9:05;;5;Falsch\n\
            zxq-3;Zxq;exchange;2026-12-01; 10:00:00\u{a0};;5;ja\nzxq-4;Zxq;exchange;2026-12-01;;;5;TRUE\n";
        for file in [file.to_owned(), file.replace(';', ",")] {
            let done = import(&caller, query, CSV, file).await;
            assert_eq!((&done["status"], counts(&done)[3]), (&json!("committed"), 0), "{done:#}");
            for (slug, time, waits) in [
                ("zxq-1", json!("10:00"), true),
                ("zxq-2", json!("09:05"), false),
                ("zxq-3", json!("10:00"), true),
                ("zxq-4", Value::Null, true),
            ] {
                let stored = caller.get(&format!("/api/v1/sessions/{slug}")).await.ok().json();
                let stored_time = stored.get("start_time").cloned().unwrap_or_default();
                assert_eq!((stored_time, &stored["waiting_list"]), (time, &json!(waits)), "{slug}");
            }
        }
        let done = import(&caller, query, CSV, "slug,start_time\nzxq-1,10:00:30\n").await;
        assert_eq!(faults(&done), ["2 start_time invalid_format"]);
    }
}
