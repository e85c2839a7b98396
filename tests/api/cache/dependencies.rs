//! What a write invalidates: whatever shows it, and not much else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::clock::SystemClock;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_persistence::kernel::crypto::encryption::Secret;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::database::statement_tables::StatementTables;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use super::{cached, source};
use crate::api::fixtures::{
    AREAS, DRESDEN, FIXTURES, Fixture, PARTNERSHIPS, UTILITIES, create_samples, post_nothing,
};
use crate::api::imports::import;
use crate::api::sessions::registrations::person;
use crate::harness::database::SECRET;
use crate::harness::{Backend, Caller, Response, ask, database, on_both};

/// Responses that show several resources.
const OTHERS: [&str; 8] = [
    "/api/v1/statistics/partnerships?by=country",
    "/api/v1/statistics/partnerships?by=sector",
    "/api/v1/utilities/hamburg-wasser/matches",
    "/api/v1/partnerships?q=hamburg",
    "/api/v1/partnerships?utility=hamburg-wasser",
    "/api/v1/utilities/hamburg-wasser",
    "/api/v1/members?q=dresden",
    "/api/v1/partnerships?utility=zxq-renamed",
];

/// Changes of what other resources name.
fn renames() -> Vec<(&'static str, Value)> {
    vec![
        ("/api/v1/utilities/hamburg-wasser", json!({"name": "Zxq Wasser"})),
        ("/api/v1/utilities/hamburg-wasser", json!({"slug": "zxq-renamed"})),
        ("/api/v1/utilities/zxq-renamed", json!({"sectors": ["waste"]})),
        ("/api/v1/organisations/giz", json!({"name": "Zxq Organisation"})),
        ("/api/v1/organisations/bmz", json!({"slug": "zxq-ministry"})),
        (DRESDEN, json!({"title": "Zxq partnership"})),
        ("/api/v1/sessions/zxq-held", json!({"title": "Zxq session"})),
        ("/api/v1/members/stadtentwaesserung-dresden", json!({"interests": {"sectors": ["waste"]}})),
    ]
}

/// The names of all references that can be expanded.
struct Expansions;

impl Visitor for Expansions {
    type Output = String;

    async fn visit<T: Table>(self) -> String {
        let expansions = &FieldTree::of(T::INFO).expansions;
        expansions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// The lists of a fixture, with everything that they can show.
async fn lists(fixture: &Fixture) -> Vec<String> {
    let expansions = visit(fixture.collection, Expansions).await.unwrap();
    let expand = if expansions.is_empty() { String::new() } else { format!("&expand={expansions}") };
    let list = fixture.list();
    let mut lists = vec![format!("{list}?limit=200&count=true{expand}"), format!("{list}?deleted=true")];
    if fixture.is_searched {
        lists.push(format!("{list}?q=zxq"));
    }
    lists
}

/// The same target by a path that was never requested, so that no response to it is cached.
fn never_requested(path: &str, step: usize) -> String {
    format!("{path}{}{}", if path.contains('?') { "" } else { "?" }, "&".repeat(step))
}

/// What a response says.
fn said(answer: &Response) -> (u16, String, String) {
    // A problem contains the id of its request.
    let text = if answer.status.is_success() { answer.text() } else { String::new() };
    (answer.status.as_u16(), answer.tag(), text)
}

/// Compares cached responses with those from the database after each write.
struct Comparison<'a> {
    caller: &'a Caller,
    paths: BTreeSet<String>,
    step: usize,
    /// What the last responses said, by path.
    last: BTreeMap<String, (u16, String, String)>,
    hits: usize,
    changed: usize,
}

impl Comparison<'_> {
    /// Compares all responses; returns how many of them the write has changed.
    async fn after(&mut self, what: &str) -> usize {
        self.step += 1;
        let (caller, step) = (self.caller, self.step);
        let answers = iter(self.paths.clone()).map(async |path| {
            let read = said(&caller.get(&never_requested(&path, step)).await);
            let answer = caller.get(&path).await;
            (path, read, said(&answer), source(&answer))
        });
        let answers: Vec<_> = answers.buffer_unordered(4).collect().await;
        let mut changed = 0;
        for (path, read, answer, source) in answers {
            assert_eq!(answer, read, "{what}: {path} ({source})");
            self.hits += usize::from(source == "hit");
            changed += usize::from(self.last.insert(path, read.clone()).is_some_and(|last| last != read));
        }
        self.changed += changed;
        changed
    }
}

on_both! {
    /// After each write of each resource, each cached list and each cached resource equals what is in the database.
    async fn a_write_invalidates_whatever_shows_it(app: TestApp) {
        create_samples(&app, &["zxqrest"]).await;
        let admin = app.admin();
        let mut paths: BTreeSet<_> = OTHERS.map(str::to_owned).into();
        for fixture in FIXTURES {
            paths.extend(lists(fixture).await);
        }
        let mut compared =
            Comparison { caller: &admin, paths, step: 0, last: BTreeMap::new(), hits: 0, changed: 0 };
        cached(&admin, PARTNERSHIPS).await;
        compared.after("nothing").await;
        for fixture in FIXTURES {
            let name = fixture.name;
            let path = fixture.create(&app, "Zxqneu").await;
            assert!(compared.after(&format!("create {name}")).await > 0, "create {name}");
            compared.paths.extend([path.clone(), format!("{path}/history"), format!("{path}/transitions")]);
            compared.after("nothing").await;
            let office = fixture.office(&app);
            if !(fixture.patch)().is_null() {
                office.patch(&path, "*", &(fixture.patch)()).await.ok();
                assert!(compared.after(&format!("update {name}")).await > 0, "update {name}");
            }
            for (verb, targets) in fixture.targets {
                let target = targets.first().filter(|_| verb.starts_with("transition_"));
                if let Some(target) = target {
                    let to = (fixture.transition)(target);
                    office.post(&format!("{path}/transitions"), &to).await;
                    compared.after(&format!("transition {name}")).await;
                }
            }
            // Published minutes cannot be deleted.
            let is_deleted = admin.delete(&path, "*").await.status == 204;
            assert_eq!(compared.after(&format!("delete {name}")).await > 0, is_deleted, "delete {name}");
            post_nothing(&office, &format!("{path}/restore")).await;
            compared.after(&format!("restore {name}")).await;
        }
        for (path, body) in renames() {
            admin.patch(path, "*", &body).await.ok();
            assert!(compared.after(&format!("rename {path}")).await > 0, "{path}");
        }
        println!("{:?}: {} paths, {} steps", app.backend, compared.paths.len(), compared.step);
        println!("{} hits, {} changed responses", compared.hits, compared.changed);
        assert!(compared.hits > compared.changed, "hardly anything is cached");
    }

    async fn a_registration_leaves_partnerships_in_the_cache(app: TestApp) {
        let staff = app.coordinator();
        let kept = [PARTNERSHIPS, DRESDEN, "/api/v1/utilities?limit=5", "/api/v1/partnerships?q=hamburg", AREAS];
        for path in kept {
            cached(&staff, path).await;
        }
        let registrations = "/api/v1/sessions/example-exchange/registrations";
        for round in 0..3 {
            let body = person(&format!("zxq{round}"));
            staff.post(registrations, &body).await.expect(201);
            for path in kept {
                assert_eq!(source(&staff.get(path).await), "hit", "{path}");
            }
        }
        // Neither the poll of a SQLite file nor the heartbeats on PostgreSQL take it for a write of others. If the own
        // notification is late, they may, once.
        let (end, mut sources) = (Instant::now() + Duration::from_secs(2), BTreeMap::<_, usize>::new());
        while Instant::now() < end {
            for path in kept {
                *sources.entry(source(&staff.get(path).await)).or_default() += 1;
            }
        }
        let hits = sources.get("hit").copied().unwrap_or_default();
        assert!(sources.values().sum::<usize>() - hits <= kept.len(), "{sources:?}");
        // A utility that a partnership names.
        let body = json!({"name": "Zxq Lviv"});
        staff.patch("/api/v1/utilities/lvivvodokanal", "*", &body).await.ok();
        let answer = staff.get(DRESDEN).await.ok();
        assert_eq!(source(&answer), "miss");
        assert!(answer.text().contains("Zxq Lviv"), "{}", answer.text());
        assert_eq!(source(&staff.get(AREAS).await), "hit");
    }

    /// The rows of a staged import appear everywhere at once, although several transactions have written them.
    async fn a_staged_import_invalidates_what_shows_its_rows(app: TestApp) {
        let staff = app.coordinator();
        let paths = [UTILITIES, "/api/v1/utilities?count=true&sector=waste", "/api/v1/utilities?q=zxqimport", AREAS];
        for path in paths {
            cached(&staff, path).await;
        }
        let head = "name,kind,country,sectors,visibility\n";
        let rows = (0..1500).map(|number| format!("Zxqimport {number:0>60},partner,ZM,waste,public\n"));
        let file = format!("{head}{}", rows.collect::<String>());
        let query = "resource=utilities&mode=create&dry_run=false";
        let import = import(&staff, query, "text/csv", file).await;
        assert_eq!(import["status"], "committed", "{import:#}");
        for (path, wanted) in paths.iter().zip(["miss", "miss", "miss", "hit"]) {
            let (answer, read) = (staff.get(path).await.ok(), staff.get(&never_requested(path, 1)).await.ok());
            assert_eq!((source(&answer).as_str(), said(&answer)), (wanted, said(&read)), "{path}");
        }
    }

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
    let mut database = Database::connect(&private.url).await.unwrap();
    database.migrate().await.unwrap();
    let heard: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let hears = heard.clone();
    database.on_statement(move |sql| {
        hears.lock().unwrap().insert(sql.to_owned());
    });
    let (store, _) = Store::open(database, Secret::from_bytes(SECRET), Arc::new(SystemClock)).await.unwrap();
    vku_server::demo::fill(&store).await.unwrap();
    for collection in collections() {
        visit(&collection, ReadAll(&store)).await.unwrap();
    }
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let mut connection = SqliteConnection::connect(&private.url).await.unwrap();
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    for sql in heard.iter().filter(|sql| !sql.starts_with("PRAGMA")) {
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
    println!("{} statements read {} tables and write {}", heard.len(), reads.len(), writes.len());
    assert!(reads.len() > FIXTURES.len() && writes.len() > FIXTURES.len() / 2, "{reads:?} {writes:?}");
    store.database().clone().close().await.unwrap();
}
