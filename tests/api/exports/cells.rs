//! The cells of CSV files and of sheets.

use std::collections::BTreeSet;

use calamine::Data;
use serde_json::{Value, json};

use super::{exported, records, sheet};
use crate::api::fixtures::{FUNDING, PROGRAMMES, UTILITIES, abroad, create, location, merged};
use crate::api::imports::{CSV, counts, faults, import};
use crate::api::sessions::{SESSIONS, session};
use crate::harness::{Caller, on_both};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Texts that a spreadsheet would run as formulas or that start with an apostrophe, and their cells in CSV.
const FORMULAS: [(&str, &str); 6] = [
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("@SUM(1+1)", "'@SUM(1+1)"),
    ("+49 351", "'+49 351"),
    ("-1", "'-1"),
    ("'=1", "''=1"),
    ("'quoted'", "'quoted'"),
];

async fn create_rows(staff: &Caller) -> Vec<Value> {
    let mut planted = Vec::new();
    for (text, _) in FORMULAS {
        let more = json!({
            "country": "TV", "city": text, "aliases": [text, "a;b"], "description": { "en": text, "tv": null },
            "location": { "latitude": -8.5, "longitude": 179.25 }, "population_served": { "value": 11_000 }
        });
        planted.push(create(staff, UTILITIES, &merged(&abroad(&format!("{text} x")), &more)).await.json());
    }
    planted
}

on_both! {
    async fn cells_are_never_run_as_formulas(app: TestApp) {
        let staff = app.coordinator();
        create_rows(&staff).await;
        let path = format!("{UTILITIES}?country=TV&sort=created_at");
        for (dialect, separator) in [("rfc4180", b','), ("excel_de", b';')] {
            let csv = exported(&staff, &path, &format!("csv&csv_dialect={dialect}")).await.text();
            let table = records(&csv, separator);
            let column = |names: [&str; 2]| {
                let found = table[0].iter().position(|name| names.contains(&name.as_str()));
                found.unwrap_or_else(|| panic!("{names:?} in {:?}", table[0]))
            };
            let (city, aliases, text) =
                (column(["city", "Ort"]), column(["aliases", "Weitere Namen"]), column(["description.en", "Beschreibung (Englisch)"]));
            for (row, (_, defused)) in table[1..].iter().zip(FORMULAS) {
                assert_eq!([&row[city], &row[text]], [defused; 2]);
                assert_eq!(row[aliases], format!(r"{defused};a\;b"));
            }
            assert_eq!(table.len(), FORMULAS.len() + 1);
        }
        let sheet = sheet(&exported(&staff, &path, "xlsx").await);
        let header: Vec<_> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let column = |name: &str| header.iter().position(|it| it == name).unwrap();
        // Text cells of a sheet are never run, so they keep their text.
        for (row, (text, _)) in sheet.rows().skip(1).zip(FORMULAS) {
            assert_eq!(row[column("city")], Data::String(text.to_owned()));
            assert_eq!(row[column("location.latitude")], Data::Float(-8.5));
            assert_eq!(row[column("population_served.value")], Data::Float(11_000.0));
            assert_eq!(row[column("climate_zone")], Data::Empty);
        }
        assert_eq!(sheet.height(), FORMULAS.len() + 1);
    }

    async fn importing_an_exported_sheet_changes_nothing(app: TestApp) {
        let staff = app.coordinator();
        create_rows(&staff).await;
        let sheet = exported(&staff, &format!("{UTILITIES}?country=TV"), "xlsx").await.body;
        let done = import(&staff, "resource=utilities&mode=upsert", XLSX, sheet).await;
        assert_eq!(counts(&done), [0, 0, FORMULAS.len() as u64, 0, 0], "{done:#}");
    }

    async fn a_cell_that_is_too_long_does_not_prevent_the_export(app: TestApp) {
        let staff = app.coordinator();
        let calls: Vec<_> = (0..100).map(|number| json!({
            "title": format!("{number} {}", "Aufruf ".repeat(40).trim_end()),
            "url": format!("https://zxq.example/{number}/{}", "aufruf/".repeat(10))
        })).collect();
        let long = json!({"name": "Zxq long", "kind": "grant", "calls": calls});
        let long = create(&staff, PROGRAMMES, &long).await.json();
        let file = exported(&app.anonymous(), PROGRAMMES, "xlsx").await;
        let sheet = sheet(&file);
        let header: Vec<_> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let column = |name: &str| header.iter().position(|it| it == name).unwrap();
        let row = sheet.rows().find(|row| row[column("slug")] == Data::String(long["slug"].as_str().unwrap().into())).unwrap();
        let Data::String(cell) = &row[column("calls")] else { panic!("{row:?}") };
        assert!(cell.starts_with("#TOO_LONG! ") && cell.ends_with("use format=csv"), "{cell}");
        // The note in the long cell does not replace the data when the file is imported.
        let done = import(&staff, "resource=funding-programmes&mode=upsert&on_error=skip", XLSX, file.body).await;
        assert!(matches!(&faults(&done)[..], [one] if one.ends_with(" calls too_long")), "{done:#}");
        let csv = exported(&staff, PROGRAMMES, "csv").await;
        let done = import(&staff, "resource=funding-programmes&mode=upsert", CSV, csv.body).await;
        assert_eq!(counts(&done)[..2], [0, 0], "{done:#}");
    }

    async fn exported_registrations_have_the_names_of_participants(app: TestApp) {
        let (staff, member) = (app.coordinator(), app.member());
        let body = json!({"status": "published", "starts_on": "2031-03-04", "visibility": "members"});
        let path = location(&create(&staff, SESSIONS, &merged(&session("Zxq who"), &body)).await);
        let contacts = "/api/v1/members/stadtentwaesserung-dresden/contacts";
        let contact = member.all(contacts).await.swap_remove(0);
        let name = format!("{} {}", contact["given_name"].as_str().unwrap(), contact["family_name"].as_str().unwrap());
        for who in [json!({"contact": contact["id"]}), json!({"name": "Zxq Guest", "email": "guest@zxq.example"})] {
            let body = json!({"member": "stadtentwaesserung-dresden", "attendance": "online"});
            create(&member, &format!("{path}/registrations"), &merged(&body, &who)).await;
        }
        let registrations = format!("{path}/registrations");
        let csv = exported(&staff, &registrations, "csv").await;
        let table = records(&csv.text(), b',');
        let column = table[0].iter().position(|name| name == "person.name").unwrap();
        let names: BTreeSet<_> = table[1..].iter().map(|row| row[column].as_str()).collect();
        assert_eq!(names, BTreeSet::from([name.as_str(), "Zxq Guest"]));
        // Imports ignore the columns that only inform people.
        let sheet = exported(&staff, &registrations, "xlsx").await.body;
        for (media, file) in [(CSV, csv.body), (XLSX, sheet)] {
            let done = import(&staff, "resource=session-registrations&dry_run=true", media, file).await;
            assert!(faults(&done).iter().all(|fault| !fault.contains("person")), "{done:#}");
        }
    }

    async fn the_excel_de_dialect_has_german_headings_and_numbers(app: TestApp) {
        let staff = app.coordinator();
        create_rows(&staff).await;
        let path = format!("{UTILITIES}?country=TV&fields=slug,location,population_served,updated_at");
        let csv = exported(&staff, &path, "csv&csv_dialect=excel_de").await.text();
        let csv = csv.strip_prefix('\u{feff}').unwrap();
        let table = records(csv, b';');
        assert_eq!(
            table[0],
            [
                "Kürzel", "Geografische Breite", "Geografische Länge", "Versorgte Einwohner",
                "Versorgte Einwohner (Stand)", "Versorgte Einwohner (Quelle)", "Geändert am"
            ]
        );
        assert_eq!(table[1][1..4], ["-8,5", "179,25", "11000"]);
        let plain = exported(&staff, &path, "csv").await.text();
        assert!(plain.starts_with("slug,location.latitude,") && plain.contains(",-8.5,179.25,11000,"));
    }

    async fn amounts_are_number_cells_and_dates_are_text_cells(app: TestApp) {
        let staff = app.coordinator();
        let phase = json!({ "kind": "grant", "amount": { "amount": "1250.50", "currency": "EUR" }, "from": "2031-05" });
        create(&staff, FUNDING, &phase).await;
        let huge = json!({ "kind": "grant", "amount": { "amount": "99999999999999.99", "currency": "EUR" }, "from": "2032" });
        create(&staff, FUNDING, &huge).await;
        let path = format!("{FUNDING}?sort=-from");
        let sheet = sheet(&exported(&staff, &path, "xlsx").await);
        let rows: Vec<_> = sheet.rows().collect();
        let column = |name: &str| rows[0].iter().position(|it| *it == *name).unwrap();
        let (amount, from) = (column("amount.amount"), column("from"));
        // Excel keeps fifteen significant digits.
        assert_eq!(rows[1][amount], Data::String("99999999999999.99".into()));
        assert_eq!(rows[2][amount], Data::Float(1250.5));
        assert_eq!(rows[2][from], Data::String("2031-05".into()));
        let german = exported(&staff, &path, "csv&csv_dialect=excel_de").await.text();
        assert!(german.contains(";1250,50;EUR;2031-05;"), "{german}");
    }

    async fn each_language_that_occurs_has_a_column(app: TestApp) {
        let staff = app.coordinator();
        let programme = json!({
            "name": "Xq", "kind": "grant", "description": { "de": "x", "uk": "х" },
            "rules": { "who_may_apply": { "en": "All", "fr": "Tous" } }
        });
        create(&staff, "/api/v1/funding-programmes", &programme).await;
        let area = json!({ "slug": "xq", "label": { "de": "x", "en": "x", "pt": "x" } });
        create(&staff, "/api/v1/reference/working-areas", &area).await;
        for (path, has, has_not) in [
            ("/api/v1/funding-programmes", &["description.uk", "rules.who_may_apply.fr", "rules.who_may_apply.en"][..], "description.pt"),
            ("/api/v1/funding-programmes?sector=energy", &["description.de"][..], "description.uk"),
            ("/api/v1/reference/working-areas", &["label.pt"][..], "label.uk"),
            (UTILITIES, &["description.en"][..], "description.pt"),
        ] {
            let csv = exported(&staff, path, "csv").await.text();
            let header = &records(&csv, b',')[0];
            assert!(has.iter().all(|name| header.iter().any(|it| it == name)), "{path}: {header:?}");
            assert!(!header.iter().any(|it| it == has_not), "{path}: {header:?}");
        }
        let german = exported(&staff, "/api/v1/reference/working-areas", "csv&csv_dialect=excel_de").await.text();
        assert!(german.contains("Bezeichnung (Deutsch);Bezeichnung (Englisch);Bezeichnung (pt)"));
    }
}
