//! `openapi`: prints the OpenAPI document.

use std::path::PathBuf;

use crate::{CliError, print_line};

/// Prints the document, or compares it with a file.
pub(crate) fn command(check: Option<PathBuf>, older: bool) -> Result<(), CliError> {
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
        "{} is out of date, starting at line {line}; run `cargo run -- openapi > {}`",
        file.display(),
        file.display()
    )))
}
