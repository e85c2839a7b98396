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

use std::io::Write;
use std::process::ExitCode;

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

async fn run(config: &Config, task: Task) -> Result<(), CliError> {
    match task {
        Task::Serve { demo } => serve::serve(config, demo).await,
        Task::Migrate => {
            bootstrap::migrated(config).await?;
            print_line("The database is up to date.")
        }
        Task::Import { resource, file, dry_run, mode, on_error, format, sheet, charset } => {
            let (collection, mode, on_error) = (resource.as_str(), mode.into(), on_error.into());
            let file = &file;
            Box::pin(import::command(
                config,
                import::Task { collection, file, format, sheet, charset, mode, on_error, dry_run },
            ))
            .await
        }
        Task::Export { resource, format, csv_dialect } => {
            export::command(config, &resource, format, csv_dialect).await
        }
        Task::User(task) => user::command(config, task).await,
        Task::RotateKeys { now } => rotate_keys::rotate(config, now).await,
        Task::Openapi { check, older } => openapi::command(check, older),
        Task::Backup { file } => backup::backup(config, &file).await,
        Task::Restore { file } => Box::pin(backup::restore(config, &file)).await,
        Task::Health => health::ask(config),
        Task::CheckConfig => {
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
            print_line(format!(
                "The configuration is valid. {}: reachable, schema {schema}.",
                database.kind()
            ))
        }
    }
}
