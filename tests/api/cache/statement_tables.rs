//! The tables of a statement, as they are found in its text.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::any::AnyStored;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::database::statement_tables::StatementTables;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};
use vku_server::demo::Extent;

use super::dependencies::Expansions;
use crate::api::fixtures::FIXTURES;
use crate::harness::database::RecordedStatements;
use crate::harness::{Backend, ask, database, on_both};

on_both! {
    /// Every table is known, and no table changes without being named: by a trigger or a cascade.
    async fn all_tables_are_known(app: TestApp) {
        let (tables, hidden) = match app.backend {
            Backend::Sqlite => (
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                "SELECT name FROM sqlite_schema WHERE type = 'trigger' UNION ALL SELECT m.name FROM sqlite_schema AS m, \
                 pragma_foreign_key_list(m.name) AS f WHERE f.on_delete NOT IN ('NO ACTION', 'RESTRICT') \
                 OR f.on_update NOT IN ('NO ACTION', 'RESTRICT')",
            ),
            Backend::Postgres => (
                "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v', 'm') \
                 AND relnamespace = 'public'::regnamespace",
                "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT conname::text FROM pg_constraint \
                 WHERE contype = 'f' AND (confdeltype NOT IN ('a', 'r') OR confupdtype NOT IN ('a', 'r'))",
            ),
        };
        let tables = ask(&app, tables).await;
        assert!(tables.len() > FIXTURES.len(), "{tables:?}");
        for table in tables.iter().filter(|table| *table != "seaql_migrations") {
            assert!(StatementTables::of(&format!("SELECT 1 FROM \"{table}\"")).is_understood(), "{table}");
        }
        assert_eq!(ask(&app, hidden).await, Vec::<String>::new());
    }
}

/// Reads the list of a resource with everything that it can show.
struct ReadAll<'a>(&'a Store);

impl Visitor for ReadAll<'_> {
    type Output = ();

    async fn visit<T: Table>(self) {
        let expansions = Expansions.visit::<T>().await;
        let mut queries =
            vec![vec![("count", "true"), ("limit", "50")], vec![("q", "wasser zxq"), ("count", "true")]];
        queries[0].extend((!expansions.is_empty()).then_some(("expand", expansions.as_str())));
        let now = self.0.now();
        for actor in [Actor::operator(now), Actor::public(now)] {
            for pairs in &queries {
                let pairs = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
                let Ok(query) = Query::<T>::parse(pairs) else { continue };
                let reader = self.0.read(&actor).await.unwrap();
                // The public may not read everything.
                let Ok(page) = reader.list_everywhere(&query).await else { continue };
                let items: Vec<_> =
                    page.items.into_iter().map(|item| Box::new(item) as Box<dyn AnyStored>).collect();
                reader.project(&query.view, &items).await.unwrap();
            }
        }
    }
}

/// The tables that SQLite opens for a statement: those that it reads, and those that it writes.
async fn opened(connection: &mut SqliteConnection, sql: &str) -> Option<[BTreeSet<String>; 2]> {
    let pages = sqlx::query("SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0");
    let pages: BTreeMap<i64, String> =
        pages.fetch_all(&mut *connection).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let steps = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}"))).fetch_all(connection).await.ok()?;
    let of = |opcode: &str| {
        let steps = steps
            .iter()
            .filter(|step| step.get::<&str, _>("opcode") == opcode && step.get::<i64, _>("p3") == 0);
        steps.filter_map(|step| pages.get(&step.get::<i64, _>("p2")).cloned()).collect()
    };
    Some([of("OpenRead"), of("OpenWrite")])
}

/// What SQLite opens for the statements of the store is what is found in their text.
#[tokio::test]
async fn the_tables_of_statements_are_those_that_sqlite_opens() {
    let private = database::empty(Backend::Sqlite).unwrap();
    let database = Database::connect(&private.url).await.unwrap();
    database.migrate().await.unwrap();
    database.close().await.unwrap();
    let (store, recorded) = RecordedStatements::open(&private.url).await;
    vku_server::demo::fill(&store, Extent::Everything).await.unwrap();
    for collection in collections() {
        visit(&collection, ReadAll(&store)).await.unwrap();
    }
    let statements: BTreeSet<_> = recorded.take().into_iter().collect();
    let mut connection = SqliteConnection::connect(&private.url).await.unwrap();
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    for sql in statements.iter().filter(|sql| !sql.starts_with("PRAGMA")) {
        let Some([read, written]) = opened(&mut connection, sql).await else { continue };
        let found = StatementTables::of(sql);
        assert!(found.is_understood(), "{sql}");
        // SQLite numbers rows itself.
        for table in written.iter().filter(|table| *table != "sqlite_sequence") {
            assert!(found.writes(table), "{table} is written by {sql}");
        }
        // A write also reads the tables that its foreign keys refer to.
        if written.is_empty() {
            for table in &read {
                assert!(found.reads(table), "{table} is read by {sql}");
            }
            reads.extend(read);
        }
        writes.extend(written);
    }
    println!("{} statements read {} tables and write {}", statements.len(), reads.len(), writes.len());
    assert!(reads.len() > FIXTURES.len() && writes.len() > FIXTURES.len() / 2, "{reads:?} {writes:?}");
    store.database().clone().close().await.unwrap();
}
