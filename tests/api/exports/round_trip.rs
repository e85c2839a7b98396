//! Importing an export restores the same data, and exporting again gives the same bytes.

use std::io::Write;
use std::ops::ControlFlow;

use serde_json::json;
use vku_domain::import::{ImportMode, OnError, Order};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::WriteContext;
use vku_persistence::tables;
use vku_transfer::export::{Export, ReportingOrg, XlsxLimits};
use vku_transfer::format::Format;
use vku_transfer::import::{Plan, run};

use crate::api::fixtures::bodies::sub_resource;
use crate::api::fixtures::{DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, abroad, create, merged, partnership};
use crate::harness::database::{self};
use crate::harness::on_both;

/// Exports a whole collection as CSV.
async fn export(store: &Store, table: &'static AnyTable, dialect: CsvDialect) -> String {
    let export = Export {
        store: store.clone(),
        actor: Actor::operator(store.now()),
        table,
        query: table.all(),
        parent: None,
        format: Format::Csv,
        columns: ColumnSet::Import,
        dialect,
        sheets: XlsxLimits::limited_to(0),
        reporter: ReportingOrg::default(),
    };
    let mut whole = Vec::new();
    let written = export.write(async |piece| {
        whole.extend_from_slice(&piece);
        ControlFlow::Continue(())
    });
    written.await.unwrap();
    String::from_utf8(whole).unwrap()
}

/// Imports a whole collection and returns the number of created rows.
async fn import(store: &Store, table: &'static AnyTable, csv: &str) -> usize {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(csv.as_bytes()).unwrap();
    let order = Order {
        resource: table.collection(),
        mode: ImportMode::Upsert,
        on_error: OnError::Abort,
        format: "csv".into(),
        sheet: None,
        charset: None,
    };
    let operator = Actor::operator(store.now());
    let writing =
        WriteContext { actor: &operator, request_id: "test", dry_run: false, origin: InputSource::Import };
    let done = store.write(&writing, async |writer| {
        let Plan { report, .. } = run(writer, &order, file, &|_, _| {}).await?;
        assert_eq!(report.faults, [], "{}", order.resource);
        Ok(report.counts.create.try_into().unwrap())
    });
    done.await.unwrap()
}

const AWKWARD: [&str; 7] = ["a;b", r"c\d", "\"quoted\"", "'apostrophe", "=1+1;2", "'=1", "x, y"];

on_both! {
    async fn an_exported_csv_survives_import_and_export_unchanged(app: TestApp) {
        let staff = app.coordinator();
        for (index, text) in AWKWARD.iter().enumerate() {
            let body = json!({
                "name": format!("{text} {index}"), "aliases": AWKWARD, "city": text, "legal_form": text,
                "description": { "en": format!("{text}\nnext\n\n\tline"), "uk": text, "to": text },
                "location": { "latitude": 0.1 + 0.2, "longitude": -1e-7 },
                "population_served": { "value": 9_007_199_254_740_991_u64, "as_of": "2023-05" }
            });
            let utility = create(&staff, UTILITIES, &merged(&abroad("x"), &body)).await.json();
            let body = json!({ "title": text, "based_on": { "kind": "other", "name": text },
                "participants": [
                    { "role": "lead", "party": { "utility": "hamburg-wasser" }, "from": "2019", "until": "2021-05" },
                    { "role": "lead", "party": { "utility": "stadtentwaesserung-dresden" }, "from": "2021-06" },
                    { "role": "partner", "party": { "utility": utility["id"] } }
                ] });
            create(&staff, PARTNERSHIPS, &merged(&partnership("x"), &body)).await;
        }
        let phase = json!({ "kind": "grant", "amount": { "amount": "1250.50", "currency": "EUR" }, "from": "2031-05" });
        create(&staff, FUNDING, &phase).await;
        for (collection, body) in [
            ("activities", json!({ "expert_days": "0.5", "participants": 12, "description": { "uk": "a;b" } })),
            (
                "results",
                json!({ "baseline": "-12.25", "target": "0.000001", "values": [
                    { "on": "2024-02-29", "value": "-0.5", "reported_by": "lvivvodokanal" },
                    { "on": "2023-02-28", "value": "999999999999.999999" }
                ] }),
            ),
            ("documents", json!({ "url": "https://zxq.example/?a=b;c=\"d".replace('"', "%22") })),
        ] {
            for text in AWKWARD {
                create(&staff, &format!("{DRESDEN}/{collection}"), &merged(&sub_resource(collection, text), &body)).await;
            }
        }
        for dialect in [CsvDialect::Rfc4180, CsvDialect::ExcelDe] {
            let Some(empty) = database::empty(app.backend) else { return };
            let (store, _) = database::open(&empty.url).await;
            let mut rows = 0;
            for table in tables().iter().copied() {
                let collection = table.collection();
                let there = export(&app.store, table, dialect).await;
                // An import refuses a file without rows.
                if there.trim_end().lines().count() == 1 {
                    continue;
                }
                let made = import(&store, table, &there).await;
                let here = export(&store, table, dialect).await;
                assert_eq!(there, here, "{collection}");
                // Importing it again creates nothing.
                let again = import(&store, table, &here).await;
                assert_eq!(again, 0, "{collection}");
                rows += made;
            }
            assert!(rows > 200);
            store.database().clone().close().await.unwrap();
        }
    }
}
