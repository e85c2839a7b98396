//! Large imports are staged: others can write meanwhile, nobody sees a part of them, and a failed one leaves nothing.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use vku_domain::import::ImportMode;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::partnership::Partnership;
use vku_domain::utility::Utility;
use vku_persistence::any_table::ImportedRow;
use vku_persistence::kernel::bulk_import::Row;
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::Writer;

use super::{CSV, commit, counts, ended, faults, import, send, still};
use crate::api::changes::write;
use crate::api::fixtures::{ORGANISATIONS, PARTNERSHIPS, UTILITIES, create, delete, location};
use crate::harness::database::ask;
use crate::harness::{TestApp, on_both};

/// A CSV file with this many utilities of about 100 bytes. From 700 rows on the import is staged.
fn file(name: &str, rows: usize) -> String {
    let row = |number| {
        format!(
            "{name}-{number},{name} number {number},partner,UA,water;wastewater,{name} cleans the water of {number}\n"
        )
    };
    "slug,name,kind,country,sectors,description.en\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

fn row(body: Value) -> Row {
    let Value::Object(body) = body else { panic!("{body}") };
    Row { parent: None, body }
}

/// Writes a batch of 200 rows.
async fn batch<T: Table>(
    writer: &mut Writer<'_>,
    number: u64,
    body: impl Fn(u64) -> Value,
) -> Result<(), Error> {
    let rows = (number * 200..number * 200 + 200).map(|number| (number, row(body(number)))).collect();
    for outcome in T::TABLE.import(writer, ImportMode::Create, rows).await? {
        match outcome {
            Ok(ImportedRow::Created(_)) => {}
            Ok(_) => panic!("a row that is not new"),
            Err(error) => panic!("{error:?}"),
        }
    }
    writer.end_batch(false).await
}

fn utility(name: &str, number: u64) -> Value {
    let slug = format!("{name}-{number}");
    json!({"slug": slug, "name": slug, "kind": "partner", "country": "UA", "sectors": ["water"]})
}

/// Stages an import: writes 1,000 rows, and more until `meanwhile` has ended. Nothing is published yet.
async fn staged<T: Table>(
    writer: &mut Writer<'_>,
    body: impl Fn(u64) -> Value,
    meanwhile: impl Future<Output = ()>,
) -> Result<(), Error> {
    T::TABLE.stage_import(writer).await?;
    for number in 0..5 {
        batch::<T>(writer, number, &body).await?;
    }
    let done = Cell::new(false);
    let staging = async {
        let mut numbers = 5..;
        while !done.get() {
            batch::<T>(writer, numbers.next().unwrap(), &body).await?;
        }
        Ok(())
    };
    let meanwhile = async {
        meanwhile.await;
        done.set(true);
    };
    join(staging, meanwhile).await.0
}

/// The numbers of rows that an unpublished import has left in each table.
async fn left_over(app: &TestApp) -> Vec<String> {
    let mut left = Vec::new();
    for rest in [
        "SELECT CAST(count(*) AS text) FROM import_change",
        "SELECT CAST(count(*) AS text) FROM slug WHERE slug LIKE 'zxq-%'",
        "SELECT CAST(count(*) AS text) FROM utility WHERE slug LIKE 'zxq-%'",
        "SELECT CAST(count(*) AS text) FROM search_word WHERE word LIKE 'zxq%'",
        "SELECT CAST(count(*) AS text) FROM search_hit WHERE word LIKE 'zxq%'",
    ] {
        left.extend(ask(app, rest).await);
    }
    left
}

on_both! {
    async fn others_can_write_during_an_import_and_do_not_see_its_rows(app: TestApp) {
        let caller = app.coordinator();
        let other = create(&caller, ORGANISATIONS, &json!({"name": "Another", "kind": "ngo"})).await;
        let path = location(&other);
        let (mut tag, mut writes) = (other.tag(), 0);
        let begun = send(&caller, "resource=utilities", CSV, file("zxq", 4_000)).await.expect(202).json();
        let id = begun["id"].as_str().unwrap();
        loop {
            let url = format!("https://{writes}.example");
            tag = caller.patch(&path, &tag, &json!({ "website": url })).await.ok().tag();
            // The list is read first: rows must not be visible while the import still runs.
            let seen = caller.get(&format!("{UTILITIES}?q=zxq&count=true&limit=1")).await.ok().json();
            let running = caller.get(&format!("/api/v1/imports/{id}")).await.ok().json()["status"] == "running";
            if !running {
                break;
            }
            assert!(seen["total"] == 0 || seen["total"] == 4_000, "{seen}");
            writes += usize::from(seen["total"] == 0);
        }
        assert!(writes >= 3, "{writes} writes while it ran");
        assert_eq!(counts(&ended(&caller, id).await), [4_000, 0, 0, 0, 0]);
        let all = caller.get(&format!("{UTILITIES}?q=zxq&count=true&limit=1")).await.ok().json();
        assert_eq!(all["total"], 4_000);
        let found = caller.get(&format!("{UTILITIES}?q=zxq 3999")).await.ok().json();
        assert_eq!(found["items"][0]["slug"], "zxq-3999");
        let history = caller.get(&format!("{UTILITIES}/zxq-17/history")).await.ok().json();
        assert_eq!((history["items"].as_array().unwrap().len(), &history["items"][0]["action"]), (1, &json!("created")));
    }

    /// An import holds locks, and on PostgreSQL each takes a connection. Writers must not run out of connections.
    async fn waiting_imports_do_not_use_up_database_connections(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=organisations";
        let file = |name: &str| {
            let row = |number| format!("{name}-{number},{name} number {number},ngo,https://{name}-{number}.example/about\n");
            "slug,name,kind,website\n".to_owned() + &(0..1_200).map(row).collect::<String>()
        };
        let names = ["zxa", "zxb", "zxc", "zxd"];
        let begun = names.map(|name| send(&caller, query, CSV, file(name)));
        let begun = join_all(begun).await.into_iter().map(|answer| answer.expect(202).json());
        let ids: Vec<String> = begun.map(|begun| begun["id"].as_str().unwrap().to_owned()).collect();
        let is_running = async |id: &String| {
            caller.get(&format!("/api/v1/imports/{id}")).await.ok().json()["status"] == "running"
        };
        let mut number = 0;
        while is_running(&ids[0]).await {
            let bodies = (0..6).map(|writer| json!({"name": format!("Other {number} {writer}"), "kind": "ngo"}));
            let bodies: Vec<_> = bodies.collect();
            for made in join_all(bodies.iter().map(|body| caller.post(ORGANISATIONS, body))).await {
                made.expect(201);
            }
            number += 1;
        }
        for id in &ids {
            let done = ended(&caller, id).await;
            assert_eq!((&done["status"], counts(&done)), (&json!("committed"), [1_200, 0, 0, 0, 0]), "{done:#}");
        }
    }

    async fn staged_rows_are_invisible_until_published(app: TestApp) {
        let caller = app.coordinator();
        let result = write(&app.store, InputSource::Import, async |writer| {
            let meanwhile = async {
            assert_eq!(ask(&app, "SELECT slug FROM utility WHERE slug = 'zxq-999'").await.len(), 1);
            let ids = match app.backend {
                crate::harness::Backend::Sqlite => "SELECT lower(hex(id)) FROM utility WHERE slug = 'zxq-1'",
                crate::harness::Backend::Postgres => "SELECT CAST(id AS text) FROM utility WHERE slug = 'zxq-1'",
            };
            let id = ask(&app, ids).await.remove(0);
            let id: uuid::Uuid = id.parse().unwrap();
            for path in [
                format!("{UTILITIES}/zxq-1"),
                format!("{UTILITIES}/{id}"),
                format!("{UTILITIES}/{id}/history"),
            ] {
                caller.get(&path).await.problem(404, "not_found");
            }
            caller.post(&format!("{UTILITIES}/{id}/restore"), &json!({})).await.problem(404, "not_found");
            for list in ["q=zxq", "deleted=true", "kind=partner&deleted=true"] {
                let list = caller.get(&format!("{UTILITIES}?{list}&count=true")).await.ok().json();
                assert_eq!(list["total"], 0, "{list}");
            }
            // A slug of a staged row is already taken.
            let body = json!({"slug": "zxq-1", "name": "Zxq", "kind": "partner", "country": "UA", "sectors": ["water"]});
            caller.post(UTILITIES, &body).await.problem(409, "slug_taken");
            let party = json!({"role": "partner", "party": {"utility": "zxq-1"}});
            let body = json!({"title": "Zxq", "participants": [party]});
            caller.post(PARTNERSHIPS, &body).await.faults(422, "validation_failed");
            };
            Box::pin(staged::<Utility>(writer, |number| utility("zxq", number), meanwhile)).await?;
            Err::<(), _>(Error::internal("given up"))
        });
        assert!(Box::pin(result).await.is_err());
        assert_eq!(left_over(&app).await, ["0"; 5]);
    }

    async fn one_fault_in_a_large_import_leaves_nothing(app: TestApp) {
        let caller = app.coordinator();
        let faulty = file("zxq", 1_500) + "zxq-x,Zxq,partner,XX,water,\n" + "zxq-7,Again,partner,UA,water,\n";
        let failed = still(&app, async || import(&caller, "resource=utilities", CSV, faulty).await).await;
        assert_eq!((&failed["status"], counts(&failed)), (&json!("failed"), [1_500, 0, 0, 2, 0]));
        assert_eq!(faults(&failed), ["1502 country unknown_value", "1503 slug slug_taken"]);
        assert_eq!(left_over(&app).await, ["0"; 5]);
        // The same slugs can be imported right away.
        let done = import(&caller, "resource=utilities", CSV, file("zxq", 1_500)).await;
        assert_eq!(counts(&done), [1_500, 0, 0, 0, 0]);
    }

    async fn a_large_plan_is_committed_with_the_result_of_its_dry_run(app: TestApp) {
        let caller = app.coordinator();
        let first = import(&caller, "resource=utilities", CSV, file("zxq", 1_200)).await;
        assert_eq!(counts(&first), [1_200, 0, 0, 0, 0]);
        // Unchanged, changed and new rows. Some new ones have equal names and no slug.
        let header = "slug,name,kind,country,sectors,description.en\n";
        let same = file("zxq", 600).replace(header, "");
        let changed = file("zxq", 1_200).replace(header, "").lines().skip(600).map(|line| format!("{line} too\n")).collect::<String>();
        let new = file("qxz", 1_100).replace(header, "");
        let unnamed = (0..300).map(|number| format!(",Name {},partner,UA,water,\n", number % 100)).collect::<String>();
        let whole = format!("{header}{new}{unnamed}{same}{changed}");
        let query = "resource=utilities&mode=upsert&dry_run=true";
        let plan = still(&app, async || import(&caller, query, CSV, whole.clone()).await).await;
        assert_eq!((&plan["status"], counts(&plan)), (&json!("rehearsed"), [1_400, 600, 600, 0, 0]), "{plan:#}");
        let committed = commit(&caller, &plan).await.ok().json();
        assert_eq!((&committed["status"], counts(&committed)), (&json!("committed"), [1_400, 600, 600, 0, 0]));
        assert_eq!(committed["report"]["changes"], plan["report"]["changes"]);
        let changes = committed["report"]["changes"].as_array().unwrap();
        assert!(changes.is_sorted_by_key(|change| change["row"].as_u64()));
        assert_eq!(caller.get(&format!("{UTILITIES}/zxq-900")).await.ok().json()["version"], 2);
        assert_eq!(caller.get(&format!("{UTILITIES}/name-42-3")).await.ok().json()["version"], 1);
        let again = import(&caller, "resource=utilities&mode=upsert", CSV, format!("{header}{same}")).await;
        assert_eq!(counts(&again), [0, 0, 600, 0, 0]);
    }

    async fn references_of_staged_rows_are_checked_again_at_the_end(app: TestApp) {
        let caller = app.coordinator();
        let body = json!({"name": "Zxq sponsor", "kind": "ngo"});
        let sponsor = location(&create(&caller, ORGANISATIONS, &body).await);
        let result = write(&app.store, InputSource::Import, async |writer| {
            let party = |role: &str, kind: &str, slug: &str| json!({"role": role, "party": {kind: slug}});
            let mut participants =
                vec![party("lead", "utility", "hamburg-wasser"), party("partner", "utility", "lvivvodokanal")];
            let others = participants.clone();
            participants.push(party("supporting", "organisation", "zxq-sponsor"));
            // Rows that are written after the deletion do not refer to the sponsor.
            let body = |number| {
                let participants = if number < 1_000 { &participants } else { &others };
                json!({"title": format!("Zxq {number}"), "sectors": ["water"], "participants": participants})
            };
            // Published resources do not refer to the sponsor, so it can be deleted.
            staged::<Partnership>(writer, body, delete(&caller, &sponsor)).await
        });
        let error = result.await.unwrap_err();
        assert_eq!(error.code, Code::PlanMoved);
        let left = "SELECT CAST(count(*) AS text) FROM partnership WHERE title LIKE 'Zxq%'";
        assert_eq!(ask(&app, left).await, ["0"]);
        assert_eq!(ask(&app, "SELECT CAST(count(*) AS text) FROM import_change").await, ["0"]);
    }

    async fn rows_of_an_aborted_import_are_removed(app: TestApp) {
        let operator = Actor::operator(app.store.now());
        let (begun, begins) = tokio::sync::oneshot::channel();
        let store = app.store.clone();
        let busy = tokio::task::LocalSet::new();
        busy.run_until(async {
            let importing = tokio::task::spawn_local(async move {
                write(&store, InputSource::Import, async |writer| {
                    let meanwhile = async {
                        begun.send(()).unwrap();
                        std::future::pending().await
                    };
                    staged::<Utility>(writer, |number| utility("zxq", number), meanwhile).await
                })
                .await
            });
            begins.await.unwrap();
            // The import is still running, so nothing is removed.
            app.store.sweep_staged().await.unwrap();
            assert_eq!(ask(&app, "SELECT slug FROM utility WHERE slug = 'zxq-999'").await.len(), 1);
            importing.abort();
            assert!(importing.await.unwrap_err().is_cancelled());
        })
        .await;
        while left_over(&app).await != ["0"; 5] {
            app.store.imports(&operator).await.unwrap();
        }
    }
}
