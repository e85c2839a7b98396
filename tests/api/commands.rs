//! The binary as operators run it: imports and exports, accounts, configuration, start and shutdown, backups.

mod backup;
mod compose;
mod configuration;
mod crash;
mod demo;
mod disk;
mod disk_background;
mod disk_writer;
mod file_modes;
mod import;
mod import_members;
mod mails;
mod memory;
mod proxy;
mod restore;
mod server;
mod serving;
mod shutdown;
mod streams;
mod users;
mod webhooks;

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vku_domain::kernel::change_log::Change;
use vku_persistence::kernel::store::Store;

use super::changes::changes_after;
use crate::harness::contract::coverage::CoverageRecorder;
use crate::harness::database::{self, Private, SECRET};
use crate::harness::tmpfs::scratch;
use crate::harness::{Backend, postgres, skip};

/// Defines tests of the binary on an empty database, which run on SQLite, and on PostgreSQL if there is one.
macro_rules! on_empty {
    ($($(#[$meta:meta])* fn $name:ident($home:ident: Home) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::api::commands::Home;
            use $crate::harness::Backend;

            fn test($home: Home) $body

            #[test]
            fn sqlite() {
                Home::run_test(Backend::Sqlite, test);
            }

            #[test]
            fn postgres() {
                Home::run_test(Backend::Postgres, test);
            }
        }
    )+};
}
use on_empty;

/// The binary, built once for all tests of this process. With `--workspace`, because cargo selects other features for a
/// single package and would build all dependencies again.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let arguments = ["build", "--workspace", "--bin", "vku-partnerships", "--message-format=json", "-q"];
        let mut cargo = Command::new(env!("CARGO"));
        // Cargo's variables for this package would make other packages look changed, so that they are built again.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_MANIFEST") || name.starts_with("CARGO_PKG") {
                cargo.env_remove(name);
            }
        }
        let built = cargo.args(arguments).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut executables =
            messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
        executables.next_back().expect("the binary is built")
    })
}

/// A file of the demo data.
fn fixture(collection: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{collection}.csv"))
}

/// The working directory and the database of a run of the binary.
pub(crate) struct Home {
    folder: TempDir,
    database: Private,
}

/// The time limit of a run.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a stream to its end on a thread of its own, because a full pipe blocks the process that writes to it.
fn reading(stream: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.unwrap().read_to_string(&mut text).unwrap();
        text
    })
}

/// The outcome of a run: exit code, standard output, standard error.
#[derive(Debug)]
pub(super) struct RunOutcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Home {
    /// Runs a test on an empty database, or skips it if there is no PostgreSQL.
    pub(crate) fn run_test(backend: Backend, test: impl FnOnce(Self)) {
        let _recorder = CoverageRecorder::begin();
        match database::empty(backend) {
            Some(database) => test(Self::on(database)),
            None => skip(postgres::MISSING),
        }
    }

    /// A home with an empty SQLite database.
    pub(super) fn new() -> Self {
        Self::on(database::empty(Backend::Sqlite).unwrap())
    }

    fn on(database: Private) -> Self {
        let folder = TempDir::new_in(scratch()).unwrap();
        let home = Self { folder, database };
        // The secret of all tests, so that they can open this database.
        home.write("data/secret", SECRET);
        home
    }

    fn backend(&self) -> Backend {
        if self.database.url.starts_with("sqlite:") { Backend::Sqlite } else { Backend::Postgres }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only its owner can read.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(content.as_ref()).unwrap();
        path
    }

    /// The command to run the binary here, with nothing configured but the database.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VKU_")) {
            command.env_remove(name);
        }
        command.env("VKU_DATABASE_URL", &self.database.url).env("VKU_RATE_LIMIT", "off");
        command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> RunOutcome {
        RunOutcome::of(&mut self.command(arguments))
    }

    /// Runs the binary with this text on standard input.
    fn run_with(&self, arguments: &[&str], input: &str) -> RunOutcome {
        RunOutcome::of(self.command(arguments).stdin(self.input(input)))
    }

    fn input(&self, text: &str) -> Stdio {
        std::fs::File::open(self.write("input", text)).unwrap().into()
    }

    /// The rows of the change log, without those of the migrations.
    fn changes(&self) -> Vec<Change> {
        let mut changes = self.with_store(async |store| changes_after(&store, 0).await);
        changes.retain(|change| change.request_id != vku_persistence::SCHEMA);
        changes
    }

    /// Opens the database and reads from it.
    fn with_store<R>(&self, work: impl AsyncFnOnce(Store) -> R) -> R {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, _) = database::open(&self.database.url).await;
            let answer = work(store.clone()).await;
            store.database().clone().close().await.unwrap();
            answer
        })
    }
}

impl RunOutcome {
    /// Runs a command to its end. Kills it at the time limit, for example a server that should not have started.
    fn of(command: &mut Command) -> Self {
        Self::finished(command.spawn().unwrap())
    }

    fn finished(mut child: Child) -> Self {
        let (out, err) = (reading(child.stdout.take()), reading(child.stderr.take()));
        let begun = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if begun.elapsed() > TIMEOUT => child.kill().unwrap(),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        Self { code: status.code(), out: out.join().unwrap(), err: err.join().unwrap() }
    }

    /// Asserts success and returns standard output.
    #[track_caller]
    pub(super) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// Asserts failure with a message and returns standard error.
    #[track_caller]
    pub(super) fn fails(self) -> String {
        assert!(self.code.is_some_and(|code| code != 0), "{self:#?}");
        assert!(!self.err.trim().is_empty() && !self.err.contains("panicked"), "{self:#?}");
        self.err
    }
}
