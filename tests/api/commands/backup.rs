//! `backup`: no acknowledged write is lost, and nothing that exists is overwritten.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Home, RunOutcome, fixture};
use crate::harness::{Backend, TestApp, run};

/// A database with organisations in it.
pub(super) fn home_with_organisations() -> Home {
    let home = Home::new();
    home.run(&["import", "organisations", fixture("organisations").to_str().unwrap()]).ok();
    home
}

pub(super) fn organisations(home: &Home) -> String {
    home.run(&["export", "organisations"]).ok()
}

/// The database file.
pub(super) fn file(home: &Home) -> PathBuf {
    PathBuf::from(home.database.url.strip_prefix("sqlite://").unwrap())
}

/// The files in the folder of the database, without lock files.
pub(super) fn beside(home: &Home) -> Vec<String> {
    let names = std::fs::read_dir(file(home).parent().unwrap()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}

pub(super) fn make_backup(home: &Home, name: &str) -> PathBuf {
    home.run(&["backup", name]).ok();
    home.path(name)
}

/// Runs statements on a database file, as another program would.
pub(super) fn alter(database: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(database).foreign_keys(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        for statement in statements {
            sqlx::query(*statement).execute(&mut connection).await.unwrap();
        }
        sqlx::Connection::close(connection).await.unwrap();
    });
}

/// Creates organisations until it is stopped. Records those that were acknowledged.
async fn write_on(app: &TestApp, writer: usize, acknowledged: &Mutex<Vec<String>>, stop: &AtomicBool) {
    let caller = app.coordinator();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let slug = format!("writer-{writer}-{number}");
        let body = json!({"name": "Written", "slug": slug, "kind": "ngo"});
        caller.post("/api/v1/organisations", &body).await.expect(201);
        acknowledged.lock().unwrap().push(slug);
    }
}

#[test]
fn a_backup_under_load_has_every_write_before_its_start() {
    const BACKUPS: [&str; 5] = ["1.db", "2.db", "3.db", "4.db", "5.db"];
    let (home, before) = (Home::new(), Mutex::new(Vec::new()));
    run(Backend::Sqlite, async |app| {
        let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        let operator = async {
            let mut meanwhile = 0;
            for (round, name) in BACKUPS.iter().enumerate() {
                // At a different moment of the writes each time.
                while acknowledged.lock().unwrap().len() < 11 * (round + 1) {
                    tokio::task::yield_now().await;
                }
                let begun = acknowledged.lock().unwrap().clone();
                let mut command = home.command(&["backup", name]);
                command.env("VKU_DATABASE_URL", &app.url);
                tokio::task::spawn_blocking(move || RunOutcome::of(&mut command)).await.unwrap().ok();
                meanwhile += acknowledged.lock().unwrap().len() - begun.len();
                before.lock().unwrap().push(begun);
            }
            stop.store(true, Ordering::Relaxed);
            meanwhile
        };
        let writers = join_all((0..4).map(|writer| write_on(&app, writer, &acknowledged, &stop)));
        let (meanwhile, _) = join(operator, writers).await;
        println!("{meanwhile} writes were acknowledged while {} backups were made", BACKUPS.len());
        assert!(meanwhile > 0, "nobody wrote while a backup was made");
    });

    for (name, before) in BACKUPS.iter().zip(before.into_inner().unwrap()) {
        home.run(&["restore", name]).ok();
        let restored = organisations(&home);
        let there: HashSet<&str> = restored.lines().filter_map(|line| line.split(',').next()).collect();
        let lost: Vec<_> = before.iter().filter(|slug| !there.contains(slug.as_str())).collect();
        assert!(lost.is_empty(), "acknowledged before {name} was begun, and not in it: {lost:?}");
        // Each write is complete: the row and its change.
        let changes = home.changes();
        let created = changes.iter().filter(|change| change.resource == "organisation").count();
        assert_eq!(created, restored.lines().count() - 1);
        // A second restore within the same second would need the same file name for the old database.
        for kept in beside(&home).iter().filter(|name| name.contains("before-restore")) {
            std::fs::remove_file(file(&home).with_file_name(kept)).unwrap();
        }
    }
}

#[test]
fn a_backup_overwrites_nothing() {
    let home = home_with_organisations();
    home.write("backup.db", "precious");
    let err = home.run(&["backup", "backup.db"]).fails();
    assert!(err.contains("backup.db already exists"), "{err}");
    assert_eq!(std::fs::read(home.path("backup.db")).unwrap(), b"precious");
    std::os::unix::fs::symlink("nowhere", home.path("link.db")).unwrap();
    assert!(home.run(&["backup", "link.db"]).fails().contains("link.db already exists"));
    assert!(home.run(&["backup", "nowhere/backup.db"]).fails().contains("nowhere/backup.db"));
    let database = file(&home);
    assert!(home.run(&["backup", database.to_str().unwrap()]).fails().contains("already exists"));
    let left: Vec<_> = std::fs::read_dir(home.path(".")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "a draft is left behind: {left:?}");
}

#[test]
fn a_backup_without_a_database_fails() {
    let home = Home::new();
    assert!(home.run(&["backup", "backup.db"]).fails().contains("there is no database at"));
    assert!(!home.path("backup.db").exists() && !file(&home).exists());
}

#[test]
fn a_backup_of_a_damaged_database_fails() {
    let home = home_with_organisations();
    // Moves the content of the write-ahead log into the database file.
    alter(&file(&home), &["PRAGMA wal_checkpoint(TRUNCATE)"]);
    let mut bytes = std::fs::read(file(&home)).unwrap();
    bytes[4 * 4096..12 * 4096].fill(0xa5);
    std::fs::write(file(&home), bytes).unwrap();
    home.run(&["backup", "backup.db"]).fails();
    assert!(!home.path("backup.db").exists());
}
