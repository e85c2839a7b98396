//! File modes: only the owner can read the files of the server, whatever the umask.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{Home, RunOutcome, binary};

/// The binary with umask 022 and this data directory.
fn under_umask(home: &Home, folder: &str, arguments: &str) -> Command {
    let line = format!("umask 022; exec {} {arguments}", binary().display());
    let mut command = home.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(home.folder.path()).env("VKU_DATA_DIR", folder);
    for (name, value) in command.envs([("VKU_RATE_LIMIT", "off")]).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env_remove("VKU_DATABASE_URL");
    shell.stdin(std::process::Stdio::null());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    shell
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Asserts that only their owner can read the files in the folder. Returns their names.
fn private(folder: &Path) -> Vec<String> {
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o177, 0, "{}: {:o}", path.display(), mode(&path));
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    names
}

#[test]
fn created_files_are_readable_by_their_owner_only() {
    let home = Home::new();
    let folder = home.path("fresh/data");
    let mut server = under_umask(&home, "fresh/data", "serve --bind 127.0.0.1:0").spawn().unwrap();
    let mut log = std::io::BufReader::new(server.stderr.take().unwrap());
    let mut output = String::new();
    while !output.contains(r#""serving""#) {
        assert!(std::io::BufRead::read_line(&mut log, &mut output).unwrap() > 0, "{output}");
    }
    let names = private(&folder);
    for ending in [".db", ".db-wal", ".db-shm", ".db.lock", ".db.start.lock"] {
        assert!(names.contains(&format!("vku-partnerships{ending}")), "{ending}: {names:?}");
    }
    assert_eq!(mode(&home.path("fresh")), 0o700);
    RunOutcome::of(&mut under_umask(&home, "fresh/data", "backup copy.db")).ok();
    assert_eq!(mode(&home.path("copy.db")), 0o600);
    server.kill().unwrap();
    server.wait().unwrap();

    RunOutcome::of(&mut under_umask(&home, "fresh/data", "restore copy.db")).ok();
    assert!(private(&folder).iter().any(|name| name.contains("before-restore")));
}

/// Files that an older version created with wider modes are narrowed.
#[test]
fn modes_of_existing_files_are_narrowed() {
    let home = Home::new();
    RunOutcome::of(&mut under_umask(&home, "old", "migrate")).ok();
    for entry in std::fs::read_dir(home.path("old")).unwrap() {
        std::fs::set_permissions(entry.unwrap().path(), PermissionsExt::from_mode(0o644)).unwrap();
    }
    RunOutcome::of(&mut under_umask(&home, "old", "migrate")).ok();
    private(&home.path("old"));
}
