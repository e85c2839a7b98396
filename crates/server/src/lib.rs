//! The command line of `vku-partnerships`: the server, and the tools for its operator.

mod backup;
mod bootstrap;
mod command_line;
mod config;
pub mod demo;
mod export;
mod health;
mod import;
mod openapi;
mod rotate_keys;
mod serve;
mod shutdown;
mod telemetry;
mod user;
pub mod worker;

use std::future::ready;
use std::io::Write;
use std::process::ExitCode;

use futures_util::future::LocalBoxFuture;

use command_line::{Command, Task};
use config::Config;

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

/// Runs the command line and returns its exit code; an error is one sentence on standard error.
pub fn run_command_line() -> ExitCode {
    let Command { config, task } = match command_line::parsed() {
        Ok(command) => command,
        Err(error) => return command_line::refused(&error),
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
        Task::Openapi { check, older } => Box::pin(ready(openapi::command(check, older))),
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
