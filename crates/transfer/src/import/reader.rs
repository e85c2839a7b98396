//! Reads the rows of a file on a thread of its own, as fast as they are written.

use std::fs::File;

use tokio::sync::mpsc;
use vku_persistence::any_table::AnyTable;

use super::charset::Charset;
use super::format::ImportFormat;
use super::row::{ParsedRow, RowSink};
use super::{csv, json, xlsx};

/// Starts reading. The channel closes at the end of the file; the handle then returns whether the file could be read.
pub(super) fn begin(
    table: &'static AnyTable,
    file: File,
    format: ImportFormat,
    sheet: Option<String>,
    charset: Option<Charset>,
) -> (mpsc::Receiver<Vec<ParsedRow>>, tokio::task::JoinHandle<std::io::Result<()>>) {
    let (send, receive) = mpsc::channel(2);
    let reading = tokio::task::spawn_blocking(move || {
        let mut sink = RowSink::new(send);
        let read = match format {
            ImportFormat::Csv => csv::read(table, file, charset, &mut sink),
            ImportFormat::Xlsx => xlsx::read(table, file, sheet.as_deref(), &mut sink),
            ImportFormat::Ndjson => json::read_lines(table, file, charset, &mut sink),
            ImportFormat::Json => json::read_array(table, file, charset, &mut sink),
        };
        // If reading stopped early, the reason has already been put into the sink.
        let is_read = read.map(|_| ());
        if is_read.is_ok() {
            sink.end();
        }
        is_read
    });
    (receive, reading)
}
