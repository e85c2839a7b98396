//! `backup` and `restore`: no acknowledged write is lost, and nothing that exists is overwritten.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Utc;
use futures_util::future::{join, join_all};
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::serving::Server;
use super::{Home, RunOutcome, fixture};
use crate::harness::database::empty;
use crate::harness::{Backend, TestApp, postgres, run, skip};

/// A database with organisations in it.
fn home_with_organisations() -> Home {
    let home = Home::new();
    home.run(&["import", "organisations", fixture("organisations").to_str().unwrap()]).ok();
    home
}

fn organisations(home: &Home) -> String {
    home.run(&["export", "organisations"]).ok()
}

/// The database file.
fn file(home: &Home) -> PathBuf {
    PathBuf::from(home.database.url.strip_prefix("sqlite://").unwrap())
}

/// The files in the folder of the database, without lock files.
fn beside(home: &Home) -> Vec<String> {
    let names = std::fs::read_dir(file(home).parent().unwrap()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}

fn make_backup(home: &Home, name: &str) -> PathBuf {
    home.run(&["backup", name]).ok();
    home.path(name)
}

/// Runs statements on a database file, as another program would.
fn alter(database: &Path, statements: &[&'static str]) {
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
fn a_restore_brings_back_the_backup_and_keeps_the_old_database() {
    let home = home_with_organisations();
    let before = organisations(&home);
    let out = home.run(&["backup", "backup.db"]).ok();
    assert!(out.contains("backup.db contains the whole database") && out.contains("data/secret"), "{out}");
    let backup = home.path("backup.db");
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&backup).unwrap();

    // Later writes are gone after the restore, but still in the kept file.
    home.run(&["import", "utilities", fixture("utilities").to_str().unwrap()]).ok();
    let utilities = home.run(&["export", "utilities"]).ok();
    let begun = Utc::now();
    let out = home.run(&["restore", "backup.db"]).ok();
    assert!(out.contains(" 23 organisations, ") && out.contains(" 0 utilities, "), "{out}");
    let names = beside(&home);
    assert_eq!(organisations(&home), before);
    assert_eq!(home.run(&["export", "utilities"]).ok().lines().count(), 1);
    assert_eq!(std::fs::read(&backup).unwrap(), bytes, "a restore only reads the backup");

    assert_eq!(names.len(), 2, "{names:?}");
    let kept = file(&home).with_file_name(&names[1]);
    assert!(out.contains(kept.to_str().unwrap()), "{out}");
    let named = names[1].strip_prefix("empty.db.before-restore-").unwrap();
    assert!(named >= begun.format("%Y%m%dT%H%M%SZ").to_string().as_str(), "{named}");
    let mut command = home.command(&["export", "utilities"]);
    command.env("VKU_DATABASE_URL", format!("sqlite://{}", kept.display()));
    assert_eq!(RunOutcome::of(&mut command).ok(), utilities);

    // On a new machine that has only the secret.
    let fresh = Home::new();
    let out = fresh.run(&["restore", backup.to_str().unwrap()]).ok();
    assert!(!out.contains("kept as"), "{out}");
    assert_eq!(beside(&fresh), ["empty.db"]);
    assert_eq!(organisations(&fresh), before);
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
fn a_restore_over_a_running_server_is_refused() {
    let home = home_with_organisations();
    make_backup(&home, "backup.db");
    home.run(&["import", "utilities", fixture("utilities").to_str().unwrap()]).ok();
    let server = Server::start(&home, &[]);
    let (names, before) = (beside(&home), server.get("/api/v1/utilities?count=true&limit=1"));
    let err = home.run(&["restore", "backup.db"]).fails();
    assert!(err.contains("is in use; stop the server"), "{err}");
    // A link to the database file is recognised as the same database.
    let link = home.path("link.db");
    std::os::unix::fs::symlink(file(&home), &link).unwrap();
    let mut command = home.command(&["restore", "backup.db"]);
    command.env("VKU_DATABASE_URL", format!("sqlite://{}", link.display()));
    assert!(RunOutcome::of(&mut command).fails().contains("is in use"));
    assert_eq!(beside(&home), names);
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let after = server.get("/api/v1/utilities?count=true&limit=1");
    assert_eq!(body(&after), body(&before));
    assert!(body(&after).contains(r#""total":85"#), "{after}");

    // A killed server holds no lock.
    server.kill();
    home.run(&["restore", "backup.db"]).ok();
}

#[test]
fn a_restore_keeps_writes_in_the_write_ahead_log() {
    let home = home_with_organisations();
    make_backup(&home, "backup.db");
    let server = Server::start(&home, &[]);
    // A second connection to the database stays open, so the import does not checkpoint the write-ahead log at its end.
    home.run(&["import", "utilities", fixture("utilities").to_str().unwrap()]).ok();
    server.kill();
    let log = file(&home).with_file_name("empty.db-wal");
    assert!(std::fs::metadata(log).unwrap().len() > 0);
    home.run(&["restore", "backup.db"]).ok();
    let names = beside(&home);
    assert_eq!(names.len(), 2, "{names:?}");
    let mut command = home.command(&["export", "utilities"]);
    command.env("VKU_DATABASE_URL", format!("sqlite://{}", file(&home).with_file_name(&names[1]).display()));
    assert_eq!(RunOutcome::of(&mut command).ok().lines().count(), 86);
    assert_eq!(home.run(&["export", "utilities"]).ok().lines().count(), 1);
}

#[test]
fn a_damaged_database_is_replaced_and_kept() {
    let home = home_with_organisations();
    let before = organisations(&home);
    make_backup(&home, "backup.db");
    std::fs::write(file(&home), "burnt").unwrap();
    home.run(&["restore", "backup.db"]).ok();
    let names = beside(&home);
    assert_eq!(organisations(&home), before);
    assert_eq!(std::fs::read(file(&home).with_file_name(&names[1])).unwrap(), b"burnt");
}

#[test]
fn a_restore_refuses_invalid_backups() {
    let home = home_with_organisations();
    let whole = std::fs::read(make_backup(&home, "backup.db")).unwrap();
    let page = 4096;
    assert!(whole.len() > 12 * page);
    let mut burnt = whole.clone();
    burnt[4 * page..12 * page].fill(0xa5);
    let cut = &whole[..whole.len() / page / 2 * page];
    home.write("burnt.db", &burnt);
    home.write("cut.db", cut);
    home.write("text.db", "organisation,name\n");
    home.write("empty.db", "");
    alter(&home.path("foreign.db"), &["CREATE TABLE track (title TEXT)"]);
    for other in ["newer.db", "dangling.db", "other.db", "partial.db"] {
        home.write(other, &whole);
    }
    home.write("partial.db-wal", "not empty");
    let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_tide', 0)";
    alter(&home.path("newer.db"), &[step]);
    alter(&home.path("other.db"), &["UPDATE seaql_migrations SET version = 'other_' || version"]);
    let binding = "INSERT INTO user_party (owner_id, position, field, utility_id) VALUES (x'01', 0, 'utilities', x'02')";
    alter(&home.path("dangling.db"), &[binding]);

    let (names, bytes) = (beside(&home), std::fs::read(file(&home)).unwrap());
    for (backup, message) in [
        ("burnt.db", "burnt.db is damaged: "),
        ("cut.db", "cut.db is damaged: "),
        ("text.db", "text.db is not a SQLite database"),
        ("empty.db", "empty.db is not a SQLite database"),
        ("foreign.db", "foreign.db is a SQLite database, but not one of vku-partnerships"),
        ("other.db", "other.db is a SQLite database, but not one of vku-partnerships"),
        ("newer.db", "`m20991231_tide`"),
        ("dangling.db", "dangling.db is damaged: 2 rows refer to missing rows"),
        ("partial.db", "partial.db is not a complete copy"),
        ("nowhere.db", "nowhere.db: "),
        (".", ".: "),
    ] {
        let err = home.run(&["restore", backup]).fails();
        assert!(err.contains(message) && err.lines().count() == 1, "{backup}: {err}");
        assert_eq!(beside(&home), names, "{backup}");
        assert!(std::fs::read(file(&home)).unwrap() == bytes, "{backup} changed the database");
    }
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

#[test]
fn a_restore_needs_the_secret_of_the_backup() {
    let home = home_with_organisations();
    make_backup(&home, "backup.db");
    home.write("data/secret", [9; 32]);
    let err = home.run(&["restore", "backup.db"]).fails();
    assert!(err.contains("encrypted with another secret"), "{err}");
    home.write("data/secret", crate::harness::database::SECRET);
    assert_eq!(organisations(&home).lines().count(), 24);
    // If the secret is lost, the keys have to be deleted.
    home.write("data/secret", [9; 32]);
    alter(&file(&home), &["DELETE FROM sealed_key"]);
    assert_eq!(organisations(&home).lines().count(), 24);
}

#[test]
fn backup_and_restore_refer_to_the_tools_of_postgresql() {
    let Some(database) = empty(Backend::Postgres) else {
        return skip(postgres::MISSING);
    };
    let home = Home::on(database);
    home.run(&["migrate"]).ok();
    home.write("some.db", "");
    for arguments in [["backup", "backup.db"], ["restore", "some.db"]] {
        let err = home.run(&arguments).fails();
        assert!(err.contains("pg_dump") && err.contains("pg_restore"), "{err}");
    }
    assert!(!home.path("backup.db").exists());
}
