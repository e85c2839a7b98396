//! The files of tables: all formats, all columns, and sheets.

use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Xlsx};
use serde_json::{Value, json};

use super::{parts, rows, table};
use crate::api::fixtures::{create, create_samples};
use crate::api::imports::{counts, import};
use crate::harness::{Caller, Response, on_both};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const FUNDING: &str = "/api/v1/partnership-funding";
const BELOW: &str = "/api/v1/partnerships/hamburg-kyiv/funding";

fn records(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn sheet(answer: &Response) -> Range<Data> {
    let mut book = Xlsx::new(Cursor::new(answer.body.clone())).unwrap();
    let name = book.sheet_names()[0].clone();
    book.worksheet_range(&name).unwrap()
}

/// The cells of a row by the names of their columns.
fn cell<'a>(sheet: &'a Range<Data>, name: &str, row: &'a [Data]) -> &'a Data {
    let header = sheet.rows().next().unwrap();
    let column = header.iter().position(|it| *it == Data::String(name.to_owned()));
    &row[column.unwrap_or_else(|| panic!("no {name} in {header:?}"))]
}

async fn header(caller: &Caller, path: &str) -> String {
    let csv = caller.get(path).await.ok().text();
    csv.lines().next().unwrap().to_owned()
}

on_both! {
    async fn every_format_of_a_table_has_the_same_rows(app: TestApp) {
        create_samples(&app, &["Zxq one", "Zxq two"]).await;
        let staff = app.coordinator();
        for fixture in parts() {
            let path = table(fixture);
            let ids: Vec<_> = staff.all(&format!("{path}?limit=200")).await;
            let ids: Vec<_> = ids.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
            assert!(!ids.is_empty());
            let csv = records(&staff.get(&format!("{path}?format=csv&columns=all")).await.ok().text());
            assert_eq!(csv[1..].iter().map(|it| it[0].clone()).collect::<Vec<_>>(), ids, "{path}");
            let lines = staff.get(&format!("{path}?format=ndjson")).await.ok().text();
            let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            assert_eq!(lines.map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), ids, "{path}");
            let xlsx = sheet(&staff.get(&format!("{path}?format=xlsx&columns=all")).await.ok());
            let first = xlsx.rows().skip(1).map(|row| row[0].to_string());
            assert_eq!(first.collect::<Vec<_>>(), ids, "{path}");
        }
    }

    async fn all_columns_have_ids_times_derived_members_and_the_parts_of_dates(app: TestApp) {
        let staff = app.coordinator();
        assert_eq!(
            header(&staff, "/api/v1/partnership-funding?format=csv&columns=all").await,
            "id,partnership,partnership.id,partnership.title,programme,programme.id,programme.name,programme.kind,kind,\
             amount.amount,amount.currency,from,from_earliest,from_latest,from_year,to,to_earliest,to_latest,to_year,created_at,updated_at,version,deleted_at"
        );
        for path in ["/api/v1/partnership-funding", "/api/v1/utilities", "/api/v1/members"] {
            let usual = header(&staff, &format!("{path}?format=csv")).await;
            assert_eq!(header(&staff, &format!("{path}?format=csv&columns=import")).await, usual);
            let all = header(&staff, &format!("{path}?format=csv&columns=all")).await;
            for column in usual.split(',').chain(["id", "version", "created_at", "updated_at"]) {
                assert_eq!(all.split(',').filter(|it| *it == column).count(), 1, "{path}: {column} in {all}");
            }
            assert!(all.len() > usual.len());
        }
        let german = header(&staff, "/api/v1/partnership-funding?format=csv&columns=all&csv_dialect=excel_de").await;
        assert!(german.contains(";Partnerschaft;Partnerschaft (ID);"), "{german}");
        assert!(german.contains(";Von;Von (frühestens);Von (spätestens);Von (Jahr);"), "{german}");
        // `fields` selects among them.
        let some = header(&staff, "/api/v1/partnership-funding?format=csv&columns=all&fields=partnership,to").await;
        assert_eq!(some, "partnership,partnership.id,partnership.title,to,to_earliest,to_latest,to_year");
    }

    async fn all_columns_have_what_get_returns(app: TestApp) {
        let staff = app.coordinator();
        for from in ["2023", "2024", "2024-02", "2024-05", "2024-05-14"] {
            create(&staff, BELOW, &json!({"kind": "in_kind", "from": from})).await;
        }
        let path = "/api/v1/partnership-funding";
        let known = rows(&staff, &format!("{path}?limit=200")).await;
        let table = records(&staff.get(&format!("{path}?format=csv&columns=all")).await.ok().text());
        let column = |name: &str| table[0].iter().position(|it| it == name).unwrap();
        let (mut years, mut months, mut days) = (0, 0, 0);
        for row in &table[1..] {
            let item = &known[&row[column("id")]];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            assert_eq!(row[column("partnership")], text(&item["partnership"]["slug"]));
            assert_eq!(row[column("partnership.id")], text(&item["partnership"]["id"]));
            assert_eq!(row[column("updated_at")], text(&item["updated_at"]));
            assert_eq!(row[column("version")], item["version"].to_string());
            let from = text(&item["from"]);
            let (first, last) = (&row[column("from_earliest")], &row[column("from_latest")]);
            assert!(first.starts_with(&from) && last.starts_with(&from), "{from}: {first} {last}");
            assert_eq!(row[column("from_year")], from.get(..4).unwrap_or_default());
            match from.len() {
                4 => {
                    assert!(first.ends_with("-01-01") && last.ends_with("-12-31"), "{first} {last}");
                    years += 1;
                }
                7 => {
                    assert!(first.ends_with("-01") && last > first, "{first} {last}");
                    months += 1;
                }
                _ => {
                    assert_eq!(first, last);
                    days += usize::from(!from.is_empty());
                }
            }
        }
        assert!(years > 1 && months > 1 && days > 0, "{years} {months} {days}");
    }

    async fn columns_are_only_for_csv_and_xlsx(app: TestApp) {
        let anyone = app.anonymous();
        for (query, fault) in [
            ("columns=all", "columns not_in_format"),
            ("format=ndjson&columns=import", "columns not_in_format"),
            ("format=geojson&columns=all", "columns not_in_format"),
            ("format=csv&columns=some", "columns unknown_value"),
            ("format=csv&columns=all&columns=all", "columns repeated"),
        ] {
            let answer = anyone.get(&format!("/api/v1/partnerships?{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault], "{query}");
        }
        let problem = anyone.get("/api/v1/partnerships?format=csv&columns=some").await;
        let problem = problem.problem(400, "invalid_parameters");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("`import`, `all`"), "{detail}");
    }

    /// Days and numbers are such where they are exact; the rest is text.
    async fn sheets_have_days_and_numbers(app: TestApp) {
        let staff = app.coordinator();
        for (from, amount) in [("2024-02-29", "1.50"), ("2024-02", "2.50"), ("1899-12-31", "3.50")] {
            let body = json!({"kind": "in_kind", "from": from, "amount": {"amount": amount, "currency": "EUR"}});
            create(&staff, BELOW, &body).await;
        }
        let answer = staff.get(&format!("{FUNDING}?partnership=hamburg-kyiv&format=xlsx&columns=all")).await.ok();
        let sheet = sheet(&answer);
        let day = |data: &Data| match data {
            Data::DateTime(day) => {
                let (year, month, day, ..) = day.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}")
            }
            other => format!("text {other}"),
        };
        for (amount, from, earliest, latest, year) in [
            (1.5, "2024-02-29", "2024-02-29", "2024-02-29", 2024.0),
            (2.5, "text 2024-02", "2024-02-01", "2024-02-29", 2024.0),
            (3.5, "text 1899-12-31", "text 1899-12-31", "text 1899-12-31", 1899.0),
        ] {
            let row = sheet.rows().find(|row| *cell(&sheet, "amount.amount", row) == Data::Float(amount)).unwrap();
            let of = |name: &str| cell(&sheet, name, row);
            assert_eq!(day(of("from")), from);
            assert_eq!(day(of("from_earliest")), earliest);
            assert_eq!(day(of("from_latest")), latest);
            assert_eq!(*of("from_year"), Data::Float(year), "{from}");
            assert_eq!(*of("version"), Data::Float(1.0), "{from}");
        }
        // The header is frozen and has a filter over all rows.
        let mut archive = zip::ZipArchive::new(Cursor::new(&answer.body)).unwrap();
        let mut xml = String::new();
        archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut xml).unwrap();
        assert!(xml.contains("state=\"frozen\""), "{xml}");
        let range = xml.split_once("<autoFilter ref=\"A1:").unwrap().1.split_once('"').unwrap().0;
        assert!(range.ends_with(&sheet.height().to_string()), "{range}");
    }

    async fn importing_a_sheet_with_days_changes_nothing(app: TestApp) {
        let staff = app.coordinator();
        for from in ["2024-02-29", "2024-02", "2024", "1900-01-01", "1900-03-01"] {
            create(&staff, BELOW, &json!({"kind": "in_kind", "from": from})).await;
        }
        let sheet = staff.get(&format!("{FUNDING}?format=xlsx")).await.ok().body;
        let done = import(&staff, "resource=partnership-funding&mode=upsert", XLSX, sheet).await;
        let [created, changed, unchanged, ..] = counts(&done);
        assert!(created == 0 && changed == 0 && unchanged > 5, "{done:#}");
    }
}
