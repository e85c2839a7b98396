//! Empty cells: each clears the member that its column names, and nothing beside it.

use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use super::{CSV, counts, faults, import};
use crate::api::fixtures::{
    MEMBERS, PARTNERSHIPS, PROGRAMMES, UTILITIES, abroad, create, merged, partnership,
};
use crate::harness::{Caller, on_both};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A table as CSV and as a workbook.
fn tables(header: &[&str], row: &[&str]) -> [(&'static str, Vec<u8>); 2] {
    let csv = format!("{}\n{}\n", header.join(","), row.join(","));
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (number, cells) in [(0, header), (1, row)] {
        for (column, cell) in (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(number, column, *cell).unwrap();
        }
    }
    [(CSV, csv.into_bytes()), (XLSX, workbook.save_to_buffer().unwrap())]
}

/// The resource at the path, without the members that every write changes.
async fn read(caller: &Caller, path: &str) -> Value {
    let unchanged = json!({"version": null, "updated_at": null});
    merged(&caller.get(path).await.ok().json(), &unchanged)
}

/// A resource with nested members: its collection, its path, and the cells of its key.
struct Thing {
    collection: &'static str,
    path: String,
    key: Vec<(&'static str, String)>,
    whole: Value,
}

impl Thing {
    /// Imports empty cells in these columns, checks the result, and restores the resource.
    async fn clear(&self, caller: &Caller, columns: &[&str], (media, wanted): (&str, &Value)) {
        let header: Vec<_> = self.key.iter().map(|(name, _)| *name).chain(columns.iter().copied()).collect();
        let row: Vec<_> =
            self.key.iter().map(|(_, cell)| cell.as_str()).chain(columns.iter().map(|_| "")).collect();
        let file = tables(&header, &row).into_iter().find(|(known, _)| *known == media).unwrap().1;
        let query = format!("resource={}&mode=upsert", self.collection);
        let done = import(caller, &query, media, file).await;
        let what = format!("{} {columns:?} {media}: {done:#}", self.collection);
        assert_eq!((counts(&done), &done["status"]), ([0, 1, 0, 0, 0], &json!("committed")), "{what}");
        assert_eq!(read(caller, &self.path).await, merged(&self.whole, wanted), "{what}");
        // Restore it for the next columns.
        let again = merged(&self.whole, &json!({"id": null, "slug": null}));
        caller.patch(&self.path, "*", &again).await.ok();
        assert_eq!(read(caller, &self.path).await, self.whole, "{what}");
    }
}

async fn things(caller: &Caller) -> Vec<Thing> {
    let texts = json!({"de": "Deutsch", "en": "English", "uk": "Українська"});
    let figure = json!({"value": 5, "as_of": "2020", "source_url": "https://zxq.example/"});
    let utility = merged(
        &abroad("Zxq"),
        &json!({
            "slug": "zxq", "description": texts, "location": {"latitude": 1.5, "longitude": 2.5},
            "population_served": figure, "employees": figure
        }),
    );
    create(caller, UTILITIES, &utility).await;
    let based_on = json!({"kind": "town_twinning", "name": "Zxq"});
    let joint = json!({"slug": "zxq", "summary": texts, "based_on": based_on});
    create(caller, PARTNERSHIPS, &merged(&partnership("Zxq"), &joint)).await;
    let money = json!({"amount": "5.00", "currency": "EUR"});
    let programme = json!({
        "slug": "zxq", "name": "Zxq", "kind": "grant", "volume": money, "description": texts,
        "rules": {"who_may_apply": texts, "max_grant": money, "goods_max": money, "max_months": 5}
    });
    create(caller, PROGRAMMES, &programme).await;
    let interests = json!({"sectors": ["water"], "countries": ["UA"], "working_areas": ["gis"]});
    caller.patch(&format!("{MEMBERS}/hamburg-wasser"), "*", &json!({ "interests": interests })).await.ok();
    let consent = json!({"given_at": "2026-01-15T09:00:00Z", "text_version": "2026-01"});
    let contacts = format!("{MEMBERS}/hamburg-wasser/contacts");
    let contact = json!({
        "given_name": "Zxq", "family_name": "Zxq", "email": "zxq@zxq.example", "language": "de",
        "consents": {"directory": consent, "mailings": consent}
    });
    let contact = create(caller, &contacts, &contact).await.json();
    let slug = vec![("slug", "zxq".to_owned())];
    let text = str::to_owned;
    let mut things = Vec::new();
    for (collection, path, key) in [
        ("utilities", format!("{UTILITIES}/zxq"), slug.clone()),
        ("partnerships", format!("{PARTNERSHIPS}/zxq"), slug.clone()),
        ("funding-programmes", format!("{PROGRAMMES}/zxq"), slug),
        ("members", format!("{MEMBERS}/hamburg-wasser"), vec![("utility", text("hamburg-wasser"))]),
        (
            "member-contacts",
            format!("{contacts}/{}", contact["id"].as_str().unwrap()),
            vec![
                ("member", text("hamburg-wasser")),
                ("given_name", text("Zxq")),
                ("family_name", text("Zxq")),
                ("email", text("zxq@zxq.example")),
                ("language", text("de")),
            ],
        ),
    ] {
        let whole = read(caller, &path).await;
        things.push(Thing { collection, path, key, whole });
    }
    things
}

on_both! {
    async fn an_empty_cell_clears_the_member_of_its_column(app: TestApp) {
        let caller = app.coordinator();
        let things = things(&caller).await;
        for (collection, columns, wanted) in [
            ("utilities", &["description.de"][..], json!({"description": {"de": null}})),
            ("utilities", &["description.uk", "description.en"], json!({"description": {"uk": null, "en": null}})),
            ("utilities", &["description.de", "description.en", "description.uk"], json!({"description": null})),
            ("utilities", &["location.latitude", "location.longitude"], json!({"location": null})),
            ("utilities", &["population_served.as_of"], json!({"population_served": {"as_of": null}})),
            ("utilities", &["employees.source_url"], json!({"employees": {"source_url": null}})),
            ("partnerships", &["summary.en"], json!({"summary": {"en": null}})),
            ("partnerships", &["based_on.kind", "based_on.name"], json!({"based_on": null})),
            ("funding-programmes", &["rules.who_may_apply.de"], json!({"rules": {"who_may_apply": {"de": null}}})),
            ("funding-programmes", &["rules.max_months"], json!({"rules": {"max_months": null}})),
            ("funding-programmes", &["rules.max_grant.amount", "rules.max_grant.currency"], json!({"rules": {"max_grant": null}})),
            ("funding-programmes", &["volume.amount", "volume.currency"], json!({"volume": null})),
            ("members", &["interests.sectors"], json!({"interests": {"sectors": []}})),
            (
                "member-contacts",
                &["consents.mailings.given_at", "consents.mailings.text_version"],
                json!({"consents": {"mailings": null}}),
            ),
        ] {
            let thing = things.iter().find(|it| it.collection == collection).unwrap();
            for media in [CSV, XLSX] {
                thing.clear(&caller, columns, (media, &wanted)).await;
            }
        }
    }

    /// A member that is required beside others cannot be cleared alone. The fault is reported and nothing changes.
    async fn a_required_nested_member_is_not_cleared_alone(app: TestApp) {
        let caller = app.coordinator();
        let things = things(&caller).await;
        for (collection, column, fault) in [
            ("utilities", "location.latitude", "2 location.latitude required"),
            ("utilities", "population_served.value", "2 population_served.value required"),
            ("partnerships", "based_on.name", "2 based_on.name required"),
            ("funding-programmes", "volume.currency", "2 volume.currency required"),
            ("member-contacts", "consents.directory.given_at", "2 consents.directory.given_at required"),
        ] {
            let thing = things.iter().find(|it| it.collection == collection).unwrap();
            let header: Vec<_> = thing.key.iter().map(|(name, _)| *name).chain([column]).collect();
            let row: Vec<_> = thing.key.iter().map(|(_, cell)| cell.as_str()).chain([""]).collect();
            for (media, file) in tables(&header, &row) {
                let query = format!("resource={collection}&mode=upsert");
                let done = import(&caller, &query, media, file).await;
                assert_eq!((faults(&done), &done["status"]), (vec![fault.to_owned()], &json!("failed")));
                assert_eq!(read(&caller, &thing.path).await, thing.whole);
            }
        }
    }

    async fn german_dates_are_accepted(app: TestApp) {
        let caller = app.coordinator();
        let path = format!("{PARTNERSHIPS}/eglv-lusaka");
        for (cell, start) in [("1.2.2024", "2024-02-01"), ("31.12.2023", "2023-12-31"), ("5.2024", "2024-05")] {
            for (media, file) in tables(&["slug", "start"], &["eglv-lusaka", cell]) {
                let done = import(&caller, "resource=partnerships&mode=upsert", media, file).await;
                assert_eq!(done["status"], "committed", "{cell} {media}: {done:#}");
                assert_eq!(caller.get(&path).await.ok().json()["start"], start, "{cell} {media}");
            }
        }
        for cell in ["31.12.23", "12/31/2023", "12.31.2023", "30.2.2023"] {
            for (media, file) in tables(&["slug", "start"], &["eglv-lusaka", cell]) {
                let failed = import(&caller, "resource=partnerships&mode=upsert", media, file).await;
                let [fault] = faults(&failed).try_into().unwrap();
                assert!(fault.starts_with("2 start invalid_"), "{cell} {media}: {fault}");
            }
        }
    }
}
