//! The command line of `vku-partnerships`: the server, and the tools for its operator.

mod backup;
mod bootstrap;
mod config;
pub mod demo;
mod export;
mod health;
mod import;
mod rotate_keys;
mod serve;
mod shutdown;
mod telemetry;
mod user;
pub mod worker;

use std::future::ready;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use futures_util::future::LocalBoxFuture;
use vku_domain::import::{ImportMode as Mode, OnError};
use vku_transfer::import::{Charset, ImportFormat};

use config::Config;

/// The system of record for the Internationale Partnerschaften exchange network.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Command {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serve the API, after creating or migrating the database
    Serve {
        /// Load real public data and one account for each role into an empty database; listens on loopback only
        #[arg(long)]
        demo: bool,
    },
    /// Migrate the database to the current schema
    Migrate,
    /// Import a file (CSV, XLSX, NDJSON, JSON); by default, nothing is written if a row has an error
    Import {
        #[arg(help = one_of("The collection of the rows"))]
        resource: String,
        /// The file; `-` for standard input
        file: PathBuf,
        /// Check the file without writing anything
        #[arg(long)]
        dry_run: bool,
        /// How to handle slugs that already exist
        #[arg(long, value_enum, default_value = "create")]
        mode: ImportMode,
        /// How to handle invalid rows
        #[arg(long, value_enum, default_value = "abort")]
        on_error: RowFaults,
        /// The format, if the file name extension does not tell
        #[arg(long, value_parser = format_named)]
        format: Option<ImportFormat>,
        /// The sheet of a workbook, if more than one contains data
        #[arg(long)]
        sheet: Option<String>,
        /// The character encoding of a text file, such as `windows-1251` or `macintosh`
        #[arg(long, value_parser = charset_named)]
        charset: Option<Charset>,
    },
    /// Export a collection to standard output
    Export {
        #[arg(help = one_of("The collection"))]
        resource: String,
        /// The format
        #[arg(long, value_enum, default_value = "csv")]
        format: ExportFormat,
        /// The dialect of CSV
        #[arg(long, value_enum)]
        csv_dialect: Option<ExportDialect>,
    },
    /// Add, list and disable accounts
    #[command(subcommand)]
    User(user::Task),
    /// Create a new key for signing access tokens, used after ten minutes; the previous key still verifies tokens
    RotateKeys {
        /// Use the new key at once and drop all others, for example after a key was stolen; all current access tokens
        /// become invalid
        #[arg(long)]
        now: bool,
    },
    /// Print the OpenAPI document
    Openapi {
        /// Compare the document with this file instead, and fail if they differ
        #[arg(long)]
        check: Option<PathBuf>,
        /// Print OpenAPI 3.0, for generators that do not support a later version
        #[arg(long = "v3.0", conflicts_with = "check")]
        older: bool,
    },
    /// Copy the SQLite database to a new file, while servers continue to run; the secret file is not included
    Backup {
        /// The new file; an existing file is not overwritten
        file: PathBuf,
    },
    /// Replace the SQLite database with a backup; the previous database is kept next to it
    Restore {
        /// A file created by `backup`
        file: PathBuf,
    },
    /// Check the configuration and the connection to the database
    CheckConfig,
    /// Check whether the local server is ready; for the health check of a container
    Health,
}

/// The help text of an argument that names a collection.
fn one_of(what: &str) -> String {
    format!("{what}: {}", vku_persistence::collections().join(", "))
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ImportMode {
    /// A slug that already exists is an error
    Create,
    /// A row with an existing slug changes that resource
    Upsert,
}

impl From<ImportMode> for Mode {
    fn from(mode: ImportMode) -> Self {
        match mode {
            ImportMode::Create => Self::Create,
            ImportMode::Upsert => Self::Upsert,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RowFaults {
    /// Write nothing
    Abort,
    /// Leave the row out
    Skip,
}

impl From<RowFaults> for OnError {
    fn from(faults: RowFaults) -> Self {
        match faults {
            RowFaults::Abort => Self::Abort,
            RowFaults::Skip => Self::Skip,
        }
    }
}

fn format_named(name: &str) -> Result<ImportFormat, String> {
    name.parse().map_err(|fault: vku_domain::kernel::violation::FieldError| fault.to_string())
}

fn charset_named(label: &str) -> Result<Charset, String> {
    label.parse().map_err(|fault: vku_domain::kernel::violation::FieldError| fault.to_string())
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ExportFormat {
    /// CSV (RFC 4180), with the columns that an import reads
    Csv,
    /// One JSON object per line
    Ndjson,
    /// A worksheet for Excel and other programs
    Xlsx,
    /// GeoJSON (RFC 7946), for collections with locations
    Geojson,
    /// IATI 2.03 activities, for partnerships
    Iati,
    /// A calendar (RFC 5545), for sessions
    Ics,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ExportDialect {
    /// RFC 4180: commas as separators, decimal points, and the JSON names as header
    Rfc4180,
    /// For German versions of Excel: semicolons as separators, a byte order mark, decimal commas, and German headings
    #[value(name = "excel_de")]
    ExcelDe,
}

/// Why a command failed, in one sentence for its user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(String);

impl CliError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl From<vku_domain::kernel::error::Error> for CliError {
    fn from(error: vku_domain::kernel::error::Error) -> Self {
        let places = error.violations.iter().map(|violation| format!(" {}", violation.detail));
        let source = error.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        Self(format!("{}{}{source}", error.detail, places.collect::<String>()))
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Writes a line to standard output; a closed pipe is not an error.
pub(crate) fn print_line(line: impl std::fmt::Display) -> Result<(), CliError> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Parses the command line and the environment. An empty variable counts as unset.
fn parsed() -> Result<Command, clap::Error> {
    let command = Command::command().mut_args(|arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        if value.is_some_and(|value| value.is_empty()) { arg.env(None::<&str>) } else { arg }
    });
    Command::from_arg_matches(&command.try_get_matches()?)
}

/// Prints what is wrong with the arguments, and the variables that the invalid value may come from.
fn refused(error: &clap::Error) -> ExitCode {
    // If even standard error is closed, there is nothing left to do.
    let _ = error.print();
    let mut command = Command::command();
    // Only then can arguments be formatted as the error formats them.
    command.build();
    let named: Vec<_> = [ContextKind::InvalidArg, ContextKind::PriorArg]
        .into_iter()
        .flat_map(|kind| match error.get(kind) {
            Some(ContextValue::String(name)) => vec![name.clone()],
            Some(ContextValue::Strings(names)) => names.clone(),
            _ => Vec::new(),
        })
        .collect();
    let variables = command.get_arguments().filter(|arg| named.contains(&arg.to_string()));
    for variable in variables.filter_map(|arg| arg.get_env()) {
        let _ = writeln!(
            std::io::stderr().lock(),
            "The value comes from {} or from the flag.",
            variable.display()
        );
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Runs the command line and returns its exit code; an error is one sentence on standard error.
pub fn run_command_line() -> ExitCode {
    let Command { config, task } = match parsed() {
        Ok(command) => command,
        Err(error) => return refused(&error),
    };
    telemetry::start(&config);
    let result = actix_web::rt::System::new().block_on(run(&config, task));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError(sentence)) => {
            // If even standard error is closed, there is nothing left to do.
            let _ = writeln!(std::io::stderr().lock(), "vku-partnerships: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task. Each is boxed, so that the state of one does not contain those of all others.
fn run(config: &Config, task: Task) -> LocalBoxFuture<'_, Result<(), CliError>> {
    match task {
        Task::Serve { demo } => Box::pin(serve::serve(config, demo)),
        Task::Migrate => Box::pin(migrate(config)),
        Task::Import { resource, file, dry_run, mode, on_error, format, sheet, charset } => {
            let (mode, on_error) = (mode.into(), on_error.into());
            let task =
                import::Task { collection: resource, file, format, sheet, charset, mode, on_error, dry_run };
            Box::pin(import::command(config, task))
        }
        Task::Export { resource, format, csv_dialect } => {
            Box::pin(export::command(config, resource, format, csv_dialect))
        }
        Task::User(task) => Box::pin(user::command(config, task)),
        Task::RotateKeys { now } => Box::pin(rotate_keys::rotate(config, now)),
        Task::Openapi { check, older } => Box::pin(ready(openapi(check, older))),
        Task::Backup { file } => Box::pin(backup::backup(config, file)),
        Task::Restore { file } => Box::pin(backup::restore(config, file)),
        Task::Health => Box::pin(ready(health::ask(config))),
        Task::CheckConfig => Box::pin(check_config(config)),
    }
}

async fn migrate(config: &Config) -> Result<(), CliError> {
    bootstrap::migrated(config).await?;
    print_line("The database is up to date.")
}

async fn check_config(config: &Config) -> Result<(), CliError> {
    let database = bootstrap::checked(config).await?;
    let pending = database.pending().await?;
    if pending == 0 {
        // Checks that the keys in the database were sealed with this secret.
        bootstrap::store(config).await?;
    }
    let schema = match pending {
        0 => "up to date".to_owned(),
        1 => "1 migration behind".to_owned(),
        _ => format!("{pending} migrations behind"),
    };
    print_line(format!("The configuration is valid. {}: reachable, schema {schema}.", database.kind()))
}

fn openapi(check: Option<PathBuf>, older: bool) -> Result<(), CliError> {
    if older {
        return print_line(vku_http::docs::openapi_3_0_json()?.trim_end());
    }
    let document = vku_http::docs::openapi_json()?;
    let Some(file) = check else {
        return print_line(document.trim_end());
    };
    let committed = std::fs::read_to_string(&file)
        .map_err(|error| CliError::new(format!("{} cannot be read: {error}", file.display())))?;
    if committed == document {
        return print_line(format!("{} is up to date.", file.display()));
    }
    let differing = committed.lines().zip(document.lines()).position(|(old, new)| old != new);
    let line = differing.map_or(0, |line| line + 1);
    Err(CliError::new(format!(
        "{} is outdated from line {line} on; run `cargo run -- openapi > {}`",
        file.display(),
        file.display()
    )))
}
