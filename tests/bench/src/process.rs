//! Processes: started on a core, measured by the kernel's accounting, killed when dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// The core of the servers. The load runs on the other one.
pub const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// A process on the servers' core.
pub struct Process(Child);

impl Process {
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut command = Command::new("taskset");
        command.args(["-c", SERVER_CORE]).arg(program).args(arguments).envs(environment.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }

    /// The processor time so far, in seconds.
    pub fn processor_time(&self) -> f64 {
        processor_time(self.0.id())
    }

    /// The private memory in MiB (without file mappings), and the peak of the resident set.
    pub fn memory(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
        };
        (of("RssAnon:") + of("RssShmem:"), of("VmRSS:"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn processor_time(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// A free port.
pub fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Waits until the URL responds with 200. Returns the duration.
pub async fn answers(url: &str) -> Result<Duration, Failure> {
    let (client, began) = (reqwest::Client::builder().no_proxy().build()?, Instant::now());
    while began.elapsed() < Duration::from_secs(60) {
        match client.get(url).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(began.elapsed()),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    Err(Failure::new(format!("{url} does not answer")))
}

/// A PostgreSQL server on the servers' core, with its default durability.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<&'static str>,
    pub port: u16,
}

impl Cluster {
    pub fn start(folder: PathBuf) -> Result<Self, Failure> {
        let found = Command::new("sh")
            .args([
                "-c",
                "ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1; dirname \"$(command -v pg_ctl)\"",
            ])
            .output()?;
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let programs = found.lines().find(|line| Path::new(line).join("initdb").is_file());
        let programs = programs.ok_or_else(|| Failure::new("PostgreSQL is not installed"))?;
        let root = fs::metadata("/proc/self")
            .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0);
        let cluster =
            Self { folder, programs: programs.into(), user: root.then_some("postgres"), port: free_port()? };
        fs::create_dir_all(&cluster.folder)?;
        if cluster.user.is_some() {
            Command::new("chown").arg("postgres").arg(&cluster.folder).status()?;
        }
        cluster.run("initdb", &["-U", "vku", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])?;
        let port = cluster.port;
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=256MB"
        );
        cluster.run("pg_ctl", &["-w", "-l", "log", "-o", &options, "start"])?;
        Ok(cluster)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let mut command = Command::new("taskset");
        command.args(["-c", SERVER_CORE]);
        if let Some(user) = self.user {
            command.args(["runuser", "-u", user, "--"]);
        }
        command.arg(self.programs.join(program)).args(["-D", "data"]).args(arguments);
        command.current_dir(&self.folder).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        match command.status()?.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("{program} failed"))),
        }
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://vku@127.0.0.1:{}/{database}", self.port)
    }

    /// The processor time of all its processes so far, in seconds.
    pub fn processor_time(&self) -> f64 {
        let main = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let main: u32 = main.lines().next().and_then(|line| line.parse().ok()).unwrap_or(0);
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
        children.split_whitespace().filter_map(|id| id.parse().ok()).map(processor_time).sum()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-m", "fast", "-w", "stop"]);
    }
}
