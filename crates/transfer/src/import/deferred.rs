//! The rows of a staged import that are written in its last transaction. They are stored in a file, so their number
//! does not matter.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use serde_json::{Map, Value};
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::bulk_import::Row;

/// The number of rows that are written at once.
const BATCH: usize = 200;

/// Deferred rows, in the order in which they were read.
#[derive(Default)]
pub(super) struct Deferred(Option<BufWriter<File>>);

impl Deferred {
    /// Adds a row. It has no parent: rows that have one are not deferred.
    ///
    /// Errors: the file cannot be written, for example because the disk is full.
    pub(super) fn push(&mut self, number: u64, row: &Row) -> Result<(), Error> {
        let file = match &mut self.0 {
            Some(file) => file,
            empty => empty.insert(BufWriter::new(tempfile::tempfile().map_err(Error::file)?)),
        };
        serde_json::to_writer(&mut *file, &(number, &row.body)).map_err(Error::internal)?;
        file.write_all(b"\n").map_err(Error::file)
    }

    /// Starts reading the rows.
    ///
    /// Errors: the file cannot be written, for example because the disk is full.
    pub(super) fn read(self) -> Result<DeferredRows, Error> {
        let Some(file) = self.0 else { return Ok(DeferredRows(None)) };
        let mut file = file.into_inner().map_err(|error| Error::file(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(Error::file)?;
        Ok(DeferredRows(Some(BufReader::new(file))))
    }
}

/// The deferred rows, which can be read once.
pub(super) struct DeferredRows(Option<BufReader<File>>);

impl DeferredRows {
    /// Returns the next rows with their numbers; `None` at the end.
    ///
    /// Errors: the file cannot be read.
    pub(super) fn next_batch(&mut self) -> Result<Option<Vec<(u64, Row)>>, Error> {
        let Some(file) = &mut self.0 else { return Ok(None) };
        let mut rows = Vec::new();
        for line in file.lines().take(BATCH) {
            let line = line.map_err(Error::file)?;
            let (number, body): (u64, Map<String, Value>) =
                serde_json::from_str(&line).map_err(Error::internal)?;
            rows.push((number, Row { parent: None, body }));
        }
        Ok((!rows.is_empty()).then_some(rows))
    }
}
