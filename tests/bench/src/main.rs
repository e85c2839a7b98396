//! The benchmark: the API against baselines on the same machine, in the same run.
//!
//! `tests/bench/run` builds everything and prints the tables.

#![allow(clippy::disallowed_methods, reason = "tests read the real clock and create their own ids")]

mod baseline;
mod dataset;
mod environment;
mod follow;
mod load;
mod process;
mod report;
mod scale_10x;
mod use_cases;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use environment::Environment;
use load::Plan;
use process::Cluster;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why the benchmark ended early.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Prints a line of the report.
pub fn print_line(line: impl fmt::Display) {
    // If standard output is closed, nobody reads the report.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The command-line options.
pub struct Options {
    /// The server binary to measure.
    pub program: PathBuf,
    partnerships: usize,
    /// The load and the number of runs.
    pub plan: Plan,
    only: Option<String>,
    large: bool,
    /// Whether to measure only matching, statistics and concurrent registrations.
    exchange: bool,
    /// Whether to measure only how changes are followed.
    follow: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let plan = Plan { connections: 32, seconds: 3, runs: 5 };
        let program = "target/dist/vku-partnerships".into();
        let mut options = Self {
            program,
            partnerships: 10_000,
            plan,
            only: None,
            large: false,
            exchange: false,
            follow: false,
        };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| Failure::new(format!("{name} needs a value")));
            match name.as_str() {
                "--program" => options.program = value()?.into(),
                "--partnerships" => options.partnerships = value()?.parse()?,
                "--seconds" => options.plan.seconds = value()?.parse()?,
                "--runs" => options.plan.runs = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--large" => options.large = true,
                "--exchange" => options.exchange = true,
                "--follow" => options.follow = true,
                _ => return Err(Failure::new(format!("`{name}` is unknown"))),
            }
        }
        Ok(options)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let result = match arguments.next_if(|first| first == "baseline") {
        Some(_) => serve(arguments.collect()),
        None => Box::pin(all(arguments)).await,
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            let _ = writeln!(std::io::stderr().lock(), "benchmark: {sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Vec<String>) -> Result<(), Failure> {
    let [port, url, slug, folder] =
        <[String; 4]>::try_from(arguments).map_err(|_| Failure::new("four arguments"))?;
    let read = |name: &str| std::fs::read(Path::new(&folder).join(name));
    let (one, page) = (read("one")?, read("page")?);
    let port = port.parse()?;
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(baseline::serve(port, &url, slug, one, page))
    })
    .join()
    .map_err(|_| Failure::new("the baseline broke"))?
}

async fn all(arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let folder = tempfile::tempdir()?;
    // PostgreSQL runs as another user, who has to traverse the folder.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let cluster = Cluster::start(folder.path().join("postgres"))?;
    for database in ["sqlite", "postgres"] {
        if options.only.as_deref().is_some_and(|only| only != database) {
            continue;
        }
        let here = folder.path().join(database);
        std::fs::create_dir_all(&here)?;
        let environment = Environment { options: &options, cluster: &cluster, database, folder: here };
        if !options.exchange {
            Box::pin(follow::measure(&environment)).await?;
        }
        if !options.follow {
            use_cases::measure(&environment).await?;
        }
        if options.exchange || options.follow {
            continue;
        }
        let rates = Box::pin(report::compare(&environment, options.partnerships)).await?;
        if options.large {
            let larger = scale_10x::measure(&environment, options.partnerships * 10).await?;
            print_line(format!(
                "| {} instead of {} partnerships: one | {:.2} of the rate | ≥ 0.85 |",
                options.partnerships * 10,
                options.partnerships,
                larger.0 / rates.0
            ));
            print_line(format!("| … page | {:.2} of the rate | ≥ 0.6 |", larger.1 / rates.1));
        }
    }
    Ok(())
}
