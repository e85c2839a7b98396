//! A temporary server that belongs to this process.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use uuid::Uuid;

use super::Server;
use crate::harness::tmpfs;

/// The superuser of a cluster, and its only role.
const ROLE: &str = "vku";

/// A temporary server on a port of 127.0.0.1, with its files in a temporary directory. Everything is removed when it is
/// dropped and when this process ends, even if the process is killed.
pub struct Cluster {
    supervisor: Supervisor,
    port: u16,
    server: Server,
}

impl Cluster {
    /// Starts a server. Returns `None` if PostgreSQL is not installed. Blocks.
    pub fn start() -> Option<Self> {
        let Some(programs) = find_programs() else {
            let required = env::var("VKU_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "VKU_REQUIRE_POSTGRES=1, but initdb, pg_ctl and postgres are neither on PATH nor in \
                 /usr/lib/postgresql: install the PostgreSQL server (VKU_TEST_POSTGRES_URL can replace it, \
                 except for tests that stop their server)"
            );
            return None;
        };
        let mut supervisor = Supervisor::start(&programs);

        // Another process may take the free port before the server listens on it.
        for _ in 0..3 {
            let port = free_port();
            if supervisor.obeys(&format!("start {port}")) {
                let url = format!("postgres://{ROLE}@127.0.0.1:{port}/postgres");
                let url = url.parse().expect("a well-formed URL");
                return Some(Self { supervisor, port, server: Server { url } });
            }
        }
        panic!("PostgreSQL in {} does not start:\n{}", programs.display(), supervisor.log());
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Sends a signal, such as `STOP`, to all processes of the server. With `STOP` connections stay open, but nothing
    /// answers.
    pub fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.supervisor.directory.join("data/postmaster.pid")).unwrap();
        let postmaster = pid.lines().next().unwrap().to_owned();
        let is_child = |process: &PathBuf| {
            // `comm` stands in parentheses and may contain spaces. State and parent follow it (proc_pid_stat(5)).
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(&*postmaster)
        };
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let children = processes.filter(is_child).map(|it| it.file_name().unwrap().to_owned());
        // The postmaster first, so that it starts no new processes.
        let all = std::iter::once(postmaster.clone().into()).chain(children);
        assert!(Command::new("kill").arg(format!("-{name}")).args(all).status().unwrap().success());
    }

    /// Stops the server: open connections break, new ones are refused, committed data is kept. Blocks.
    pub fn stop(&mut self) {
        assert!(self.supervisor.obeys("stop"), "PostgreSQL does not stop:\n{}", self.supervisor.log());
    }

    /// Starts a stopped server again on the same port. Blocks.
    pub fn restart(&mut self) {
        let order = format!("start {}", self.port);
        assert!(self.supervisor.obeys(&order), "PostgreSQL does not start again:\n{}", self.supervisor.log());
    }
}

/// A shell between this process and its server. A killed process cannot clean up, but the system closes its pipes:
/// when the shell's standard input ends, the shell stops the server and removes the directory.
struct Supervisor {
    shell: Child,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
}

/// Takes the directory of PostgreSQL's programs and the role as arguments. Reads orders from standard input and answers
/// each with a line. Runs in the directory that it removes, so that paths are short and need no quoting.
///
/// - Only the end of its input ends it: no signal does, nor an answer that nobody reads.
/// - `initdb` runs here, because the test may be killed meanwhile. If it fails, so does the first `start`.
/// - `stop` is "fast", because "immediate" would lose commits without `synchronous_commit`.
/// - There is no Unix socket, because its path would be too long in some temporary directories.
const SUPERVISOR: &str = r#"
trap '' HUP INT PIPE TERM
programs=$1 role=$2 directory=$PWD

server() {
    "$programs/pg_ctl" -D data -l log -w -t 30 "$@" >>log 2>&1 </dev/null
}

"$programs/initdb" -D data -U "$role" --auth=trust --encoding=UTF8 \
    --locale-provider=icu --icu-locale=und --locale=C.UTF-8 --no-sync >log 2>&1 </dev/null

while read -r order port; do
    case $order in
        start)
            server start -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
                -c max_connections=300 -c shared_buffers=64MB -c max_wal_size=256MB \
                -c fsync=off -c synchronous_commit=off -c full_page_writes=off" ||
                { server stop -m immediate; false; } ;;
        stop) server stop -m fast ;;
    esac && echo done || echo failed
done

server stop -m immediate
cd / && rm -rf "$directory"
"#;

impl Supervisor {
    fn start(programs: &Path) -> Self {
        let directory = tmpfs::scratch().join(format!("vku-postgres-{}", Uuid::new_v4().simple()));
        DirBuilder::new()
            .mode(0o700)
            .create(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));

        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SUPERVISOR, "postgres-for-tests"]).arg(programs).arg(ROLE);
        shell.current_dir(&directory);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // In a process group of its own: Ctrl-C and the time limit of a test runner are meant for the tests only.
        shell.process_group(0);
        if let Some((uid, gid)) = unprivileged_user() {
            chown(&directory, Some(uid), Some(gid)).expect("root may give a directory away");
            shell.uid(uid).gid(gid);
        }
        let mut shell =
            shell.spawn().unwrap_or_else(|error| panic!("/bin/sh in {}: {error}", directory.display()));
        let answers = BufReader::new(shell.stdout.take().expect("standard output is piped"));
        Self { shell, answers, directory }
    }

    /// Gives an order and waits until it is carried out. Returns `false` if it failed.
    fn obeys(&mut self, order: &str) -> bool {
        let orders = self.shell.stdin.as_mut().expect("standard input is piped");
        let mut answer = String::new();
        let given = writeln!(orders, "{order}").and_then(|()| self.answers.read_line(&mut answer));
        given.is_ok() && answer == "done\n"
    }

    fn log(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // `wait` closes standard input first, which ends the shell.
        self.shell.wait().ok();
    }
}

/// The user and group to run the server as, if this process is root: PostgreSQL refuses to run as root.
pub(crate) fn unprivileged_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids_of = |name: &str| {
        let user = users.lines().find(|user| user.split(':').next() == Some(name))?;
        let mut ids = user.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    let ids = ids_of("postgres").or_else(|| ids_of("nobody"));
    Some(ids.expect("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`"))
}

/// The directory of PostgreSQL's programs. Debian keeps them off `PATH`, in one directory for each major version.
fn find_programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    debian.sort_by_key(|version| version.file_name()?.to_str()?.parse::<u32>().ok());

    env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .chain([PathBuf::from("/usr/local/bin")])
        .chain(debian.into_iter().rev().map(|version| version.join("bin")))
        .find(|directory| {
            ["initdb", "pg_ctl", "postgres"].iter().all(|program| directory.join(program).is_file())
        })
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("127.0.0.1 has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
