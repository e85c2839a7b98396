//! Searches use indexes, shown on 50,000 partnerships.

use std::time::Instant;

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::partnership::Partnership;
use vku_persistence::kernel::database::Database;

use crate::harness::database::RecordedStatements;
use crate::harness::{Backend, TestApp, ask, run};

/// Adds this many public partnerships, led by the demo utilities, with numbers in their titles.
async fn add(app: &TestApp, count: u32) {
    let (numbers, id, words) = match app.backend {
        Backend::Sqlite => (
            format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"),
            "unhex(printf('0197a5c08a3e7c51b0a6%012x', i))",
            "printf('%d', i)",
        ),
        Backend::Postgres => (
            format!("WITH n (i) AS (SELECT generate_series(1, {count}))"),
            "CAST('0197a5c08a3e7c51b0a6' || lpad(to_hex(i), 12, '0') AS uuid)",
            "CAST(i AS text)",
        ),
    };
    // The numbers stand for words of a large vocabulary: some are in many titles, most in few.
    let title = format!("'Nr' || {words} || ' Gruppe' || (i % 5000) || ' Bezirk' || (i % 100) || ' Zxqwerk'");
    let partnership = format!(
        "{numbers} INSERT INTO partnership (id, version, created_at, updated_at, slug, title, title_key, start_first, \
         end_last, visibility) SELECT {id}, 1, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 'zxq-' || i, {title}, \
         lower({title}), '', '', 'public' FROM n"
    );
    let parties = format!(
        "{numbers}, utilities (u, place) AS (SELECT id, row_number() OVER (ORDER BY id) FROM utility) \
         INSERT INTO partnership_party (owner_id, position, field, utility_id) \
         SELECT {id}, 0, 'lead', u FROM n JOIN utilities ON place = 1 + i % 60"
    );
    for sql in [partnership, parties, "DELETE FROM search_state".into(), "ANALYZE".into()] {
        ask(app, &sql).await;
    }
}

/// The SQL statements with which a search finds its rows.
async fn statements(app: &TestApp, q: &str) -> Vec<String> {
    let (store, recorded) = RecordedStatements::open(&app.url).await;
    let public = Actor::public(store.now());
    let query = Query::<Partnership>::parse(vec![("q".into(), q.into())]).unwrap();
    for _ in 0..3 {
        let began = Instant::now();
        let page = store.read(&public).await.unwrap().list(&query, None).await.unwrap();
        println!("`{q}`: {} rows in {:?}", page.items.len(), began.elapsed());
        assert!(!page.items.is_empty());
    }
    store.database().clone().close().await.unwrap();
    let mut statements = recorded.take();
    statements.retain(|sql| sql.contains("search_"));
    statements.dedup();
    assert!(statements.len() >= 2, "{statements:#?}");
    statements.truncate(2);
    statements
}

/// Prints how long the search over everything and suggestions take, by HTTP, each for queries that are not cached.
async fn measure(app: &TestApp) {
    let caller = app.anonymous();
    let places =
        ["dresden", "hamburg", "lviv", "kyiv", "bonn", "lusaka", "durban", "windhoek", "bremen", "köln"];
    let words = |number: usize| {
        let group = format!("gruppe{}", number * 37);
        [
            group.clone(),
            format!("{} {}", places[number % 10], group),
            format!("{} ab{number}", places[number % 10]),
        ]
    };
    for (path, letters) in [("search", usize::MAX), ("suggest", usize::MAX), ("suggest", 3)] {
        let mut times = Vec::new();
        for q in (0..100).flat_map(words) {
            let q: String = q.chars().take(letters).collect();
            let began = Instant::now();
            caller.get(&format!("/api/v1/{path}?q={q}")).await.ok();
            times.push(began.elapsed());
        }
        times.sort_unstable();
        println!("{path}: median {:?}, p95 {:?}", times[times.len() / 2], times[times.len() * 95 / 100]);
    }
    for path in [
        "search?q=zxqwerk",
        "search?q=ukraine",
        "search?q=abwasser",
        "suggest?q=zx",
        "suggest?q=nr",
        "suggest?q=zxq gruppe77",
    ] {
        let began = Instant::now();
        caller.get(&format!("/api/v1/{path}")).await.ok();
        println!("{path}: {:?}", began.elapsed());
    }
}

async fn plan(app: &TestApp, sql: &str) -> Vec<String> {
    match app.backend {
        Backend::Sqlite => sqlite_plan(app, sql).await,
        Backend::Postgres => postgres_plan(app, sql).await,
    }
}

async fn sqlite_plan(app: &TestApp, sql: &str) -> Vec<String> {
    use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
    let mut connection = SqliteConnection::connect(&app.url).await.unwrap();
    let rows =
        sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut connection).await;
    rows.unwrap().iter().map(|row| row.get("detail")).collect()
}

/// The generic plan, which does not depend on the values. Plans for given values can only be better.
async fn postgres_plan(app: &TestApp, sql: &str) -> Vec<String> {
    use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
    let mut connection = PgConnection::connect(&app.url).await.unwrap();
    let parameters = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
    let nothing = vec!["NULL"; parameters].join(", ");
    for sql in ["SET plan_cache_mode = force_generic_plan".to_owned(), format!("PREPARE it AS {sql}")] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let explain = format!("EXPLAIN EXECUTE it({nothing})");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn searches_go_by_indexes(app: TestApp) {
    add(&app, 50_000).await;
    let began = Instant::now();
    let database = Database::connect(&app.url).await.unwrap();
    database.migrate().await.unwrap();
    database.close().await.unwrap();
    println!("{:?}: the words of 50,000 partnerships in {:?}", app.backend, began.elapsed());
    ask(&app, "ANALYZE").await;
    measure(&app).await;
    for q in
        ["nr4711", "gruppe4711", "uppe4711", "bezirk77 gruppe4777", "lemberg", "lembrg", "zxqwerk", "ezirk"]
    {
        let statements = Box::pin(statements(&app, q)).await;
        for sql in statements {
            let plan = plan(&app, &sql).await;
            println!("{sql}\n{}\n", plan.join("\n"));
            for line in &plan {
                let scans = match app.backend {
                    Backend::Sqlite => line.starts_with("SCAN") && !line.contains("VIRTUAL TABLE"),
                    Backend::Postgres => line.contains("Seq Scan on"),
                };
                let large_tables = ["search_word", "search_part", "search_hit", "partnership"];
                let whole = |table: &&str| line.split_whitespace().any(|word| word == *table);
                assert!(!scans || !large_tables.iter().any(whole), "{line}");
            }
        }
    }
}

#[test]
#[ignore = "long: fills 50,000 partnerships"]
fn searches_go_by_indexes_on_sqlite() {
    run(Backend::Sqlite, searches_go_by_indexes);
}

#[test]
#[ignore = "long: fills 50,000 partnerships"]
fn searches_go_by_indexes_on_postgres() {
    run(Backend::Postgres, searches_go_by_indexes);
}
