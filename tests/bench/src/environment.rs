//! The databases to measure on, filled by the ordinary import, and servers on them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{self, Cluster, Process, answers, free_port};
use crate::{Failure, Options, dataset};

/// A database system with a folder of its own.
pub struct Environment<'a> {
    pub options: &'a Options,
    pub cluster: &'a Cluster,
    pub database: &'static str,
    pub folder: PathBuf,
}

pub const SLUG: &str = "partnership-4711";
pub const PAGE: &str = "sector=water&country=ZM&status=active&limit=50";
pub const ADMIN: &str = "bench@example.org";
pub const PASSWORD: &str = "a benchmark needs a password";

/// A running server and its base URL.
pub struct Api {
    pub process: Process,
    pub base: String,
}

impl Environment<'_> {
    pub fn url(&self, name: &str) -> String {
        match self.database {
            "sqlite" => format!("sqlite://{}", self.folder.join(format!("{name}.db")).display()),
            _ => self.cluster.url(name),
        }
    }

    fn secret(&self) -> String {
        self.folder.join("secret").display().to_string()
    }

    /// Runs a subcommand of the server binary on a database. Returns its duration.
    pub fn ours(
        &self,
        url: &str,
        arguments: &[&str],
        input: &str,
        output: Stdio,
    ) -> Result<Duration, Failure> {
        let began = Instant::now();
        let mut command = Command::new("taskset");
        command.args(["-c", process::SERVER_CORE]).arg(&self.options.program).args(arguments);
        command.env("VKU_DATABASE_URL", url).env("VKU_SECRET_FILE", self.secret()).env("VKU_LOG", "error");
        let mut child = command.stdin(Stdio::piped()).stdout(output).spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes())?;
        }
        match child.wait()?.success() {
            true => Ok(began.elapsed()),
            false => Err(Failure::new(format!("{arguments:?} failed"))),
        }
    }

    pub async fn serve(&self, url: &str, cache: bool) -> Result<(Api, Duration), Failure> {
        let bind = format!("127.0.0.1:{}", free_port()?);
        let secret = self.secret();
        let mut environment = vec![
            ("VKU_BIND", bind.as_str()),
            ("VKU_DATABASE_URL", url),
            ("VKU_SECRET_FILE", &secret),
            ("VKU_RATE_LIMIT", "1000000/1s"),
            ("VKU_WEBHOOK_ALLOW_PRIVATE", "true"),
        ];
        if !cache {
            environment.push(("VKU_CACHE_BYTES", "0"));
        }
        let process = Process::start(&self.options.program, &["serve"], &environment)?;
        let base = format!("http://{bind}");
        let took = answers(&format!("{base}/api/v1/partnerships?limit=1")).await?;
        Ok((Api { process, base }, took))
    }

    /// Creates and fills the database by the ordinary import. Returns the duration for the partnerships.
    pub fn fill(&self, url: &str, name: &str, partnerships: usize) -> Result<Duration, Failure> {
        if self.database == "postgres" {
            self.psql(&format!("CREATE DATABASE {name}"))?;
        }
        let files = self.folder.join(format!("{name}-files"));
        std::fs::create_dir_all(&files)?;
        let mut took = Duration::ZERO;
        for (collection, file) in dataset::write(&files, partnerships)? {
            let file = file.display().to_string();
            let needed =
                self.ours(url, &["import", collection, &file, "--mode", "create"], "", Stdio::null())?;
            if collection == "partnerships" {
                took = needed;
            }
        }
        self.ours(
            url,
            &["user", "add", ADMIN, "--name", "Bench", "--role", "admin"],
            PASSWORD,
            Stdio::null(),
        )?;
        Ok(took)
    }

    fn psql(&self, statement: &str) -> Result<(), Failure> {
        let status = Command::new("psql").args([&self.cluster.url("postgres"), "-qc", statement]).status()?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("{statement} failed"))) }
    }

    /// Copies the database, so that the baselines can write to the copy.
    pub fn copy(&self, from: &str, to: &str) -> Result<String, Failure> {
        match self.database {
            "sqlite" => {
                let (from, to) =
                    (self.folder.join(format!("{from}.db")), self.folder.join(format!("{to}.db")));
                // Checkpoints the write-ahead log, so that the file that is copied is complete.
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                rusqlite::Connection::open(&from)?.query_row(checkpoint, [], |_| Ok(()))?;
                std::fs::copy(from, to)?;
            }
            _ => self.psql(&format!("CREATE DATABASE {to} TEMPLATE {from}"))?,
        }
        Ok(self.url(to))
    }

    /// The access token of an administrator.
    pub async fn token(&self, client: &reqwest::Client, base: &str) -> Result<String, Failure> {
        let answer = client
            .post(format!("{base}/api/v1/auth/token"))
            .json(&json!({"email": ADMIN, "password": PASSWORD}));
        let answer: Value = answer.send().await?.error_for_status()?.json().await?;
        let token = answer.get("access_token").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| Failure::new("no access token"))
    }
}
