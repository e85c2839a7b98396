//! `import` and `export`: importing an export restores the same data, and an import is all or nothing.

mod invalid_files;

use std::collections::BTreeMap;

use rust_xlsxwriter::Workbook;
use vku_persistence::collections;

use self::invalid_files::{INVALID_FILES, InvalidFile};
use super::crash::{DirectConnection, runtime};
use super::{Home, fixture, on_empty};
use crate::api::fixtures::FIXTURES;

/// The collections with a file of demo data, in the order in which they can be imported.
fn files() -> impl Iterator<Item = String> {
    let has_file = |name: &String| {
        let said = FIXTURES.iter().any(|it| it.collection == name && it.has_demo_file);
        assert_eq!(fixture(name).exists(), said, "{name}: `has_demo_file`");
        said
    };
    collections().into_iter().filter(has_file)
}

/// Imports the demo data.
fn import_all(home: &Home) {
    for collection in files() {
        let rows = rows(&std::fs::read_to_string(fixture(&collection)).unwrap()).len();
        let out = home.run(&["import", &collection, fixture(&collection).to_str().unwrap()]).ok();
        assert_eq!(out, format!("{collection}: {rows} created, 0 updated, 0 unchanged\n"));
    }
}

fn export(home: &Home, collection: &str) -> String {
    home.run(&["export", collection, "--format", "csv"]).ok()
}

/// The rows of a CSV text, by column names.
fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

/// The cells of a row in these columns. Numbers are normalised, so that `10` equals `10.0`.
fn cells(row: &BTreeMap<String, String>, columns: &[String]) -> Vec<String> {
    let cell = |column| row.get(column).unwrap_or_else(|| panic!("the export has no column `{column}`"));
    let value =
        |cell: &String| cell.parse::<f64>().map_or_else(|_| cell.clone(), |number| number.to_string());
    columns.iter().map(|column| value(cell(column))).collect()
}

const ORGANISATIONS: &str = "slug,name,kind\nfirst,The first,ngo\nsecond,The second,agency\n";

on_empty! {
    fn exports_equal_the_imported_files(home: Home) {
        import_all(&home);
        let log = home.changes().len();
        for collection in files() {
            let file = std::fs::read_to_string(fixture(&collection)).unwrap();
            let exported = export(&home, &collection);
            let columns: Vec<_> = rows(&file)[0].keys().cloned().collect();
            let sorted = |csv: &str| {
                let mut all: Vec<_> = rows(csv).iter().map(|row| cells(row, &columns)).collect();
                all.sort();
                all
            };
            assert_eq!(sorted(&exported), sorted(&file), "{collection}");

            let again = home.write(&format!("{collection}.csv"), &exported);
            let out = home.run(&["import", &collection, again.to_str().unwrap(), "--mode", "upsert"]).ok();
            let rows = rows(&file).len();
            assert_eq!(out, format!("{collection}: 0 created, 0 updated, {rows} unchanged\n"));
            let lines = home.run(&["export", &collection, "--format", "ndjson"]).ok();
            assert_eq!(lines.lines().count(), rows, "{collection}");
        }
        assert_eq!(home.changes().len(), log, "nothing changed, and yet the log grew");
    }

    fn exports_support_every_format(home: Home) {
        import_all(&home);
        let count = rows(&export(&home, "utilities")).len();
        let german = home.run(&["export", "utilities", "--csv-dialect", "excel_de"]).ok();
        assert!(german.starts_with("\u{feff}Kürzel;Name;"), "{german}");
        let map = home.run(&["export", "utilities", "--format", "geojson"]).ok();
        let map: serde_json::Value = serde_json::from_str(&map).unwrap();
        assert_eq!(map["features"].as_array().unwrap().len(), count);
        let sheet = home.command(&["export", "utilities", "--format", "xlsx"]).output().unwrap().stdout;
        let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(sheet)).unwrap();
        let sheet = calamine::Reader::worksheet_range(&mut book, "utilities").unwrap();
        assert_eq!(sheet.height(), count + 1);
        let calendar = home.run(&["export", "sessions", "--format", "ics"]).ok();
        assert_eq!(calendar.matches("BEGIN:VEVENT").count(), rows(&export(&home, "sessions")).len());
        for (arguments, sentence) in [
            (&["export", "members", "--format", "ics"][..], "members cannot be exported as ics: they have no dates"),
            (&["export", "members", "--format", "geojson"], "members cannot be exported as geojson: they have no locations"),
            (&["export", "members", "--format", "xlsx", "--csv-dialect", "excel_de"], "`--csv-dialect` is only for `--format csv`"),
            (&["export", "utilities", "--format", "xlsx", "--xlsx-rows", "3"], "use `format=csv`"),
        ] {
            let err = home.run(arguments).fails();
            assert!(err.contains(sentence), "{err}");
        }
    }

    fn phases_with_different_amounts_are_different_rows(home: Home) {
        import_all(&home);
        let phases = "partnership,kind,amount.amount,amount.currency\n\
            eglv-lusaka,own_contribution,1000,EUR\neglv-lusaka,own_contribution,2000,EUR\n";
        let file = home.write("phases.csv", phases);
        let import = || home.run(&["import", "partnership-funding", file.to_str().unwrap(), "--mode", "upsert"]).ok();
        assert_eq!(import(), "partnership-funding: 2 created, 0 updated, 0 unchanged\n");
        assert_eq!(import(), "partnership-funding: 0 created, 0 updated, 2 unchanged\n");
    }

    fn check_config_changes_nothing(home: Home) {
        let out = home.run(&["check-config"]).ok();
        assert!(out.contains("migrations behind"), "{out}");
        let out = home.run(&["check-config"]).ok();
        assert!(out.contains("migrations behind"), "{out}");
    }

    fn a_dry_run_import_writes_nothing(home: Home) {
        let file = fixture("organisations");
        let out = home.run(&["import", "organisations", file.to_str().unwrap(), "--dry-run"]).ok();
        assert!(out.contains("23 created") && out.contains("nothing was written"), "{out}");
        assert_eq!(rows(&export(&home, "organisations")), []);
        assert!(home.changes().is_empty());
    }

    fn imports_come_from_files_with_and_without_bom_and_from_standard_input(home: Home) {
        let file = home.write("bom.csv", format!("\u{feff}{ORGANISATIONS}"));
        home.run(&["import", "organisations", file.to_str().unwrap()]).ok();
        let changed = ORGANISATIONS.replace("The second", "Another");
        let out = home.run_with(&["import", "organisations", "-", "--mode", "upsert"], &changed).ok();
        assert_eq!(out, "organisations: 0 created, 1 updated, 1 unchanged\n");
        let crlf = changed.replace('\n', "\r\n");
        let out = home.run_with(&["import", "organisations", "-", "--mode", "upsert"], &crlf).ok();
        assert_eq!(out, "organisations: 0 created, 0 updated, 2 unchanged\n");
        let versions: Vec<_> = home.changes().iter().map(|change| change.version).collect();
        assert_eq!(versions, [1, 1, 2]);
    }

    fn invalid_rows_are_reported_and_nothing_is_written(home: Home) {
        home.run_with(&["import", "organisations", "-"], ORGANISATIONS).ok();
        let before = (home.changes(), export(&home, "organisations"));
        for InvalidFile { collection, create, csv, faults } in INVALID_FILES {
            let file = home.write("wrong.csv", csv);
            let mode = if *create { "create" } else { "upsert" };
            let err = home.run(&["import", collection, file.to_str().unwrap(), "--mode", mode]).fails();
            let messages: Vec<_> = err.lines().filter_map(|line| line.strip_prefix(file.to_str()?)).collect();
            assert_eq!(messages.len(), faults.len(), "{err}");
            for (message, (place, code)) in messages.iter().zip(*faults) {
                let code = format!("[{code}]");
                assert!(message.starts_with(place) && message.ends_with(&code), "{place} {code}: {message}");
            }
            let end = match faults.len() {
                1 => "vku-partnerships: 1 error; nothing was written\n".to_owned(),
                many => format!("vku-partnerships: {many} errors; nothing was written\n"),
            };
            assert!(err.ends_with(&end), "{err}");
        }
        assert_eq!((home.changes(), export(&home, "organisations")), before);
        assert_eq!(rows(&export(&home, "utilities")), []);
        assert_eq!(rows(&export(&home, "partnerships")), []);
    }

    fn a_fault_in_the_header_of_a_workbook_is_reported(home: Home) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, cells) in [(0, ["slug", "nam", "kind"]), (1, ["third", "The third", "ngo"])] {
            sheet.write_row(row, 0, cells).unwrap();
        }
        let file = home.write("wrong.xlsx", workbook.save_to_buffer().unwrap());
        let import = ["import", "organisations", file.to_str().unwrap()];
        for more in [&["--on-error", "skip"][..], &["--dry-run"], &[]] {
            let err = home.run(&[&import[..], more].concat()).fails();
            let place = format!("{}:1: column `nam`: Unknown column `nam`.", file.display());
            assert!(err.contains(&place) && err.contains("[unknown_column]"), "{err}");
            assert!(err.ends_with(": 1 error; nothing was written\n"), "{err}");
        }
        assert_eq!(rows(&export(&home, "organisations")), []);
    }

    /// The default is the same as over HTTP.
    fn existing_rows_are_changed_only_by_upsert(home: Home) {
        home.run_with(&["import", "organisations", "-"], ORGANISATIONS).ok();
        let err = home.run_with(&["import", "organisations", "-"], ORGANISATIONS).fails();
        assert!(err.contains("column `slug`: ") && err.contains("[slug_taken]"), "{err}");
        let out = home.run_with(&["import", "organisations", "-", "--mode", "upsert"], ORGANISATIONS).ok();
        assert_eq!(out, "organisations: 0 created, 0 updated, 2 unchanged\n");
    }

    fn invalid_rows_can_be_skipped(home: Home) {
        let file = home.write("some.ndjson", "{\"name\": \"Zxq\", \"kind\": \"ngo\"}\n{\"name\": \"Zxq\"}\n");
        let ran = home.run(&["import", "organisations", file.to_str().unwrap(), "--on-error", "skip"]);
        assert!(ran.err.contains(":2: /kind: `kind` is required. [required]"), "{ran:#?}");
        assert_eq!(ran.ok(), "organisations: 1 created, 0 updated, 0 unchanged, 1 left out\n");
        assert_eq!(rows(&export(&home, "organisations")).len(), 1);
        let file = home.write("some.csv", "name,kind\nZxq,ngo\nZxq,\n");
        let err = home.run(&["import", "organisations", file.to_str().unwrap()]).fails();
        assert!(err.contains(":3: column `kind`: ") && err.ends_with(": 1 error; nothing was written\n"), "{err}");
        let same = home.run(&["import", "organisations", file.to_str().unwrap(), "--format", "json"]).fails();
        assert!(same.contains(":1: Reading stopped at line 1, column 2"), "{same}");
        assert_eq!(rows(&export(&home, "organisations")).len(), 1);
    }

    fn files_without_rows_fail_and_the_detected_format_is_printed(home: Home) {
        for (name, content) in [("a.csv", "slug,name,kind\n"), ("a.json", "[]"), ("a.ndjson", "\n"), ("b.csv", "")] {
            let file = home.write(name, content);
            let err = home.run(&["import", "organisations", file.to_str().unwrap()]).fails();
            assert!(err.contains(": 1 error; nothing was written"), "{name}: {err}");
        }
        let ran = home.run_with(&["import", "organisations", "-"], ORGANISATIONS);
        assert!(ran.err.contains("delimiter `,`, header in row 1"), "{}", ran.err);
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/office/openpyxl-two-sheets.xlsx");
        let arguments = ["import", "organisations", file.to_str().unwrap(), "--sheet"];
        let err = home.run(&arguments[..3]).fails();
        assert!(err.contains("`Tabelle1`, `Zweites`") && err.contains("[ambiguous_sheet]"), "{err}");
        let ran = home.run(&[&arguments[..], &["Zweites"]].concat());
        assert!(ran.err.contains("sheet `Zweites`, header in row 1"), "{}", ran.err);
        assert_eq!(ran.ok(), "organisations: 1 created, 0 updated, 0 unchanged\n");
        let file = home.write("organisations.csv", ORGANISATIONS);
        let err = home.run(&["import", "organisations", file.to_str().unwrap(), "--sheet", "x"]).fails();
        assert!(err.contains("`--sheet` is only for `--format xlsx`"), "{err}");
    }

    fn unknown_resources_and_files_are_reported_in_one_line(home: Home) {
        let err = home.run(&["import", "utilites", "x.csv"]).fails();
        assert!(err.contains("`utilites`") && err.contains("utilities"), "{err}");
        let err = home.run(&["import", "utilities", "nowhere.csv"]).fails();
        assert!(err.starts_with("vku-partnerships: nowhere.csv cannot be read"), "{err}");
        let err = home.run(&["export", "meetings"]).fails();
        assert!(err.contains("there is no resource `meetings`"), "{err}");
    }

    /// Rows that a killed import has staged are removed when the database is opened again.
    fn a_killed_import_leaves_nothing(home: Home) {
        const STAGED: &str = "SELECT count(*) FROM import_change";
        const LEFT: &str = "SELECT (SELECT count(*) FROM import_change) + (SELECT count(*) FROM organisation) \
                            + (SELECT count(*) FROM slug WHERE slug LIKE 'zxq-%')";
        home.run(&["migrate"]).ok();
        let row = |number| format!("zxq-{number},Organisation number {number},ngo\n");
        let rows = "slug,name,kind\n".to_owned() + &(0..20_000).map(row).collect::<String>();
        let file = home.write("organisations.csv", rows);
        let import = ["import", "organisations", file.to_str().unwrap()];
        let mut importing = home.command(&import).spawn().unwrap();
        runtime().block_on(async {
            let mut beside = DirectConnection::open(&home).await;
            beside.until(STAGED).await;
            importing.kill().unwrap();
            importing.wait().unwrap();
            assert!(beside.counts(LEFT).await >= 2_000);
        });
        let one = home.write("one.csv", "slug,name,kind\nzxq-0,The first,ngo\n");
        home.run(&["import", "organisations", one.to_str().unwrap()]).ok();
        assert_eq!(runtime().block_on(async { DirectConnection::open(&home).await.counts(LEFT).await }), 2);
    }
}
