//! The arguments of the command line, which are also read from environment variables.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use vku_domain::import::{ImportMode as Mode, OnError};
use vku_transfer::import::{Charset, ImportFormat};

use crate::config::Config;
use crate::user;

/// The system of record for the Internationale Partnerschaften exchange network.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Command {
    #[command(flatten)]
    pub(crate) config: Config,
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
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
        /// The format, if the file name extension does not determine it
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
        /// Use the new key at once and revoke all others, for example if a key has been stolen; all current access
        /// tokens become invalid
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
pub(crate) enum ImportMode {
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
pub(crate) enum RowFaults {
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
pub(crate) enum ExportFormat {
    /// CSV (RFC 4180), with the columns that an import reads
    Csv,
    /// One JSON object per line
    Ndjson,
    /// A worksheet for Excel and other programs
    Xlsx,
    /// A table with typed columns for programs that analyse data
    Parquet,
    /// GeoJSON (RFC 7946), for collections with locations
    Geojson,
    /// IATI 2.03 activities, for partnerships
    Iati,
    /// A calendar (RFC 5545), for sessions
    Ics,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum ExportDialect {
    /// RFC 4180: separated by commas, with decimal points and a header row of JSON field names
    Rfc4180,
    /// For German versions of Excel: separated by semicolons, with a byte order mark, decimal commas and German headings
    #[value(name = "excel_de")]
    ExcelDe,
}

/// Parses the command line and the environment. An empty variable counts as unset.
pub(crate) fn parsed() -> Result<Command, clap::Error> {
    let command = Command::command().mut_args(|arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        if value.is_some_and(|value| value.is_empty()) { arg.env(None::<&str>) } else { arg }
    });
    Command::from_arg_matches(&command.try_get_matches()?)
}

/// Prints what is wrong with the arguments, and the variables that the invalid value may come from.
pub(crate) fn refused(error: &clap::Error) -> ExitCode {
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
