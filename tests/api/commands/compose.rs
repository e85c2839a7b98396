//! What `docker-compose.yml` and the image set is what the program knows.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::Server;
use super::{RunOutcome, on_empty};

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The part of the compose file about the API.
fn service() -> String {
    let file = file("docker-compose.yml");
    let (_, rest) = file.split_once("\n  api:\n").unwrap();
    rest.split_once("\n  database:\n").unwrap().0.to_owned()
}

/// The variables of the program that the API gets, with their values if nothing is set in `.env`.
fn variables() -> Vec<(String, String)> {
    let service = service();
    let lines = service.lines().filter_map(|line| line.trim().split_once(": "));
    let set = lines.filter(|(name, _)| name.starts_with("VKU_")).map(|(name, value)| {
        let default = value.strip_prefix(&format!("${{{name}:-")).and_then(|rest| rest.strip_suffix('}'));
        (name.to_owned(), default.unwrap_or(value).to_owned())
    });
    set.collect()
}

on_empty! {
    fn compose_sets_variables_of_the_program_only(home: Home) {
        let help = home.run(&["serve", "--help"]).ok();
        let set: BTreeSet<_> = variables().into_iter().map(|(name, _)| name).collect();
        for name in ["VKU_PUBLIC_URL", "VKU_TRUSTED_PROXIES", "VKU_SMTP_URL", "VKU_MAIL_FROM", "VKU_SPOOL_BYTES", "VKU_WEBHOOK_ALLOW_PRIVATE"] {
            assert!(set.contains(name), "{name} cannot be set in .env");
        }
        let known: BTreeSet<_> = help.split(|it: char| it != '_' && !it.is_ascii_alphanumeric()).collect();
        for name in &set {
            assert!(known.contains(name.as_str()), "{name} is not in --help");
        }
    }

    /// Without `.env`, and with the one of the README.
    fn the_settings_of_compose_are_valid(home: Home) {
        let check = |settings: &[(&str, &str)]| {
            let mut command = home.command(&["check-config"]);
            let own = variables().into_iter().filter(|(name, _)| !name.starts_with("VKU_DATABASE_"));
            command.envs(own).envs(settings.iter().copied());
            RunOutcome::of(&mut command).ok()
        };
        check(&[]);
        let readme = file("README.md");
        let (_, rest) = readme.split_once("\nVKU_PUBLIC_URL=").unwrap();
        let block = format!("VKU_PUBLIC_URL={}", rest.split_once("\n```").unwrap().0);
        let settings: Vec<_> = block.lines().filter_map(|line| line.split_once('=')).collect();
        assert!(settings.len() >= 4, "{block}");
        check(&settings);
    }

    /// The file of an upload that has not arrived completely is open in the directory that `TMPDIR` names.
    fn temporary_files_lie_in_tmpdir(home: Home) {
        let folder = home.path("temporary");
        fs::create_dir(&folder).unwrap();
        let mut serve = home.command(&["serve", "--bind", "127.0.0.1:0", "--demo"]);
        serve.env("TMPDIR", &folder);
        let server = Server::run(serve).announced();
        let account = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
        let signed_in = server.write("POST /api/v1/auth/token", "", &account);
        let body: Value = serde_json::from_str(signed_in.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let token = body["access_token"].as_str().unwrap();
        let headers =
            format!("Authorization: Bearer {token}\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n");
        let mut upload = server.send("POST /api/v1/imports?resource=organisations", &headers);
        upload.write_all(b"slug,name,kind\n").unwrap();
        let begun = Instant::now();
        while !open_files(server.id()).iter().any(|path| path.starts_with(&folder)) {
            assert!(begun.elapsed() < Duration::from_secs(15), "no file in {}", folder.display());
        }
    }
}

/// The files that a process has open.
fn open_files(id: u32) -> Vec<PathBuf> {
    let all = fs::read_dir(format!("/proc/{id}/fd")).unwrap();
    all.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect()
}

/// The directory for temporary files is a volume, and not a tmpfs.
#[test]
fn temporary_files_of_containers_lie_on_disk() {
    let image = file("crates/server/Dockerfile");
    let (_, rest) = image.split_once("TMPDIR=").unwrap();
    let folder = rest.split_whitespace().next().unwrap();
    let service = service();
    let (_, tmpfs) = service.split_once("tmpfs:").unwrap();
    let tmpfs: Vec<_> = tmpfs.lines().skip(1).map_while(|line| line.trim().strip_prefix("- ")).collect();
    assert!(!tmpfs.is_empty() && !tmpfs.contains(&folder), "{tmpfs:?}");
    let volume = service.lines().find_map(|line| line.trim().strip_suffix(&format!(":{folder}"))).unwrap();
    let volume = volume.strip_prefix("- ").unwrap();
    assert!(file("docker-compose.yml").contains(&format!("\n  {volume}: {{}}\n")), "{volume} is no volume");
}
