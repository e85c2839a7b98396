//! `restore`: replaces the database by a backup, and refuses what is not one.

use std::os::unix::fs::PermissionsExt;

use chrono::Utc;

use super::backup::{alter, beside, file, home_with_organisations, make_backup, organisations};
use super::server::Server;
use super::{Home, RunOutcome, fixture};
use crate::harness::database::empty;
use crate::harness::{Backend, postgres, skip};

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
fn a_restore_needs_the_secret_of_the_backup() {
    let home = home_with_organisations();
    make_backup(&home, "backup.db");
    home.write("data/secret", [9; 32]);
    let err = home.run(&["restore", "backup.db"]).fails();
    assert!(err.contains("encrypted with a different secret"), "{err}");
    home.write("data/secret", crate::harness::database::SECRET);
    assert_eq!(organisations(&home).lines().count(), 24);
    // If the secret is lost, the keys have to be deleted.
    home.write("data/secret", [9; 32]);
    alter(&file(&home), &["DELETE FROM sealed_key"]);
    assert_eq!(organisations(&home).lines().count(), 24);
}

#[test]
fn backup_and_restore_refer_to_the_tools_of_postgresql() {
    let Some(database) = empty(Backend::Postgres) else { return skip(postgres::MISSING) };
    let home = Home::on(database);
    home.run(&["migrate"]).ok();
    home.write("some.db", "");
    for arguments in [["backup", "backup.db"], ["restore", "some.db"]] {
        let err = home.run(&arguments).fails();
        assert!(err.contains("pg_dump") && err.contains("pg_restore"), "{err}");
    }
    assert!(!home.path("backup.db").exists());
}
