//! The number of SQL statements of a write: each of them costs a round trip.

use serde_json::{Value, json};
use vku_domain::import::ImportMode;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::partnership::Partnership;
use vku_persistence::kernel::bulk_import::Row;
use vku_persistence::kernel::store::idempotency::{IdempotencyKey, StoredResponse};
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::WriteContext;

use crate::harness::database::RecordedStatements;
use crate::harness::on_both;

fn partnership(number: usize) -> Value {
    json!({
        "title": format!("Wasser und Abwasser {number}"),
        "summary": {"de": "Gemeinsam gegen Verluste im Netz"},
        "sectors": ["water", "wastewater"],
        "working_areas": ["tariffs", "gis"],
        "participants": [
            {"role": "lead", "party": {"utility": "hamburg-wasser"}},
            {"role": "partner", "party": {"utility": "lvivvodokanal"}},
        ],
    })
}

on_both! {
    async fn a_create_takes_few_statements(app: TestApp) {
        let (store, recorded) = RecordedStatements::open(&app.url).await;
        let operator = Actor::operator(store.now());
        let writing =
            WriteContext { actor: &operator, request_id: "", dry_run: false, origin: InputSource::Request };
        let key = IdempotencyKey::new(&operator, "once", &[]);
        let response = StoredResponse {
            status: 201,
            tag: None,
            location: None,
            media_type: "application/json".into(),
            body: Vec::new(),
        };
        store
            .write_idempotent(&writing, Some(key), async |writer| {
                writer.create::<Partnership>(None, partnership(0)).await?;
                Ok(response)
            })
            .await
            .unwrap();
        let statements = recorded.take();
        // On SQLite the version of the file, on PostgreSQL the lock of the key; then the key, the references, the codes,
        // the slug, the row with its child rows, the words, and all the rest.
        assert_eq!(statements.len(), 8, "{statements:#?}");
        store.database().clone().close().await.unwrap();
    }

    async fn an_import_takes_few_statements_for_many_rows(app: TestApp) {
        let (store, recorded) = RecordedStatements::open(&app.url).await;
        let operator = Actor::operator(store.now());
        let writing =
            WriteContext { actor: &operator, request_id: "", dry_run: false, origin: InputSource::Import };
        let mut counts = Vec::new();
        for count in [10, 1_000] {
            let rows = (0..count).map(|number| {
                let Value::Object(body) = partnership(number) else { unreachable!() };
                (number as u64, Row { parent: None, body })
            });
            let rows = rows.collect();
            store
                .write(&writing, async |writer| {
                    for outcome in Partnership::TABLE.import(writer, ImportMode::Create, rows).await? {
                        outcome?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
            counts.push(recorded.take().len());
        }
        println!("{:?}: {counts:?} statements", app.backend);
        assert!(counts[0] <= 12 && counts[1] <= 45, "{counts:?}");
        store.database().clone().close().await.unwrap();
    }
}
