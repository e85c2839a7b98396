//! Imports: a file of rows is rehearsed, then committed as it was rehearsed, or done at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::bilingual::Bilingual;
use crate::kernel::change_log::diff::Difference;

crate::string_enum! {
    /// How a row with an existing slug is handled.
    ImportMode {
        /// the row is refused, because the slug is taken
        Create = "create",
        /// the row changes the existing resource
        Upsert = "upsert",
    }
}

crate::string_enum! {
    /// How an invalid row is handled.
    OnError {
        /// nothing is written
        Abort = "abort",
        /// the row is left out, and the others are written
        Skip = "skip",
    }
}

crate::string_enum! {
    /// The state of an import.
    ImportStatus {
        /// the file is being read, or waits to be read
        Running = "running",
        /// the dry run has ended: nothing is written, and the report states what would be written
        Rehearsed = "rehearsed",
        /// the rows are written
        Committed = "committed",
        /// the import has failed; nothing is written
        Failed = "failed",
        /// the server was stopped during the import; nothing is written
        Interrupted = "interrupted",
    }
}

/// How many faults, duplicates and changes a report lists: nobody reads more. The totals count all of them.
pub const LISTED: usize = 1_000;

/// What the rows do, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that make a new one.
    pub create: u64,
    /// Rows that change one.
    pub update: u64,
    /// Rows that say what is there already.
    pub unchanged: u64,
    /// Rows that are not right.
    pub faulty: u64,
    /// Rows that are left out because they are not right.
    pub skipped: u64,
}

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowFault {
    /// The line of the file or the row of the sheet; in a JSON array the how-manieth entry it is.
    pub row: u64,
    /// The column, by the name that the file gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The member of the row, as a JSON pointer, where the file has no columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which fault.
    pub code: String,
    /// What is wrong and what would be right.
    #[serde(with = "both")]
    pub detail: Bilingual,
}

/// Something that is there already and may be what a row would make anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The row.
    pub row: u64,
    /// What the row calls it.
    pub name: String,
    /// How likely they are the same, up to 1.
    pub score: f64,
    /// What they have alike.
    pub alike: Vec<String>,
    /// A reference to the one that is there.
    pub existing: serde_json::Value,
}

/// What a row changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// The row.
    pub row: u64,
    /// Which one it changes.
    pub id: Uuid,
    /// Its slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The version that it has.
    pub version: i64,
    /// What changes, member by member.
    pub changes: Vec<Difference>,
}

crate::string_enum! {
    /// How the character encoding of a file was determined.
    EncodingSource {
        /// from the `charset` of the request
        Declared = "declared",
        /// from the byte order mark at the beginning of the file
        ByteOrderMark = "byte_order_mark",
        /// guessed from the bytes of the file
        Guessed = "guessed",
    }
}

impl<'de> Deserialize<'de> for EncodingSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(|_| serde::de::Error::custom("an unknown source of an encoding"))
    }
}

/// How the file was read; what does not apply to its format is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The character encoding of a text file, by its WHATWG or IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_source: Option<EncodingSource>,
    /// What separates the cells of a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// The row of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u64>,
}

impl Source {
    /// Adds what is known of the other.
    pub fn learn(&mut self, more: Self) {
        let Self { sheet, encoding, encoding_source, delimiter, header_row } = more;
        self.sheet = sheet.or(self.sheet.take());
        self.encoding = encoding.or(self.encoding.take());
        self.encoding_source = encoding_source.or(self.encoding_source);
        self.delimiter = delimiter.or(self.delimiter.take());
        self.header_row = header_row.or(self.header_row);
    }
}

/// What was found out about a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How the file was read.
    #[serde(default)]
    pub source: Source,
    /// What the rows do.
    pub counts: Counts,
    /// What is wrong, up to [`LISTED`].
    pub faults: Vec<RowFault>,
    /// How many faults there are.
    pub faults_total: u64,
    /// What may be there already, up to [`LISTED`].
    pub duplicates: Vec<Duplicate>,
    /// How many there are.
    pub duplicates_total: u64,
    /// What changes, up to [`LISTED`] rows.
    pub changes: Vec<RowChange>,
    /// How many of those that are made have which status then.
    #[serde(default)]
    pub statuses: BTreeMap<String, u64>,
    /// Whether the file is read to its end: one whose header is wrong, or that breaks off, is not.
    pub whole: bool,
}

impl Report {
    /// Adds a fault.
    pub fn fault(&mut self, fault: RowFault) {
        self.faults_total += 1;
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        }
    }

    /// Whether the rows can be written, all of them or all that are right.
    pub fn is_doable(&self, on_error: OnError) -> bool {
        self.whole && (on_error == OnError::Skip || self.faults_total == 0)
    }

    /// How many rows were looked at.
    pub fn rows(&self) -> u64 {
        let Counts { create, update, unchanged, faulty, skipped: _ } = self.counts;
        create + update + unchanged + faulty
    }

    /// Sorts what is listed by row: some rows are written behind others.
    pub fn in_order(&mut self) {
        self.faults.sort_by_key(|fault| fault.row);
        self.changes.sort_by_key(|change| change.row);
        self.duplicates.sort_by_key(|duplicate| duplicate.row);
    }

    /// What is left of it when the file is gone: numbers, and nothing that stood in the file.
    pub fn forget(&mut self) {
        self.faults.clear();
        self.duplicates.clear();
        self.changes.clear();
        self.source = Source::default();
    }
}

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The collection that the rows are of.
    pub resource: String,
    /// What is done with slugs that are there.
    pub mode: ImportMode,
    /// How an invalid row is handled.
    pub on_error: OnError,
    /// The file's format, a word of the HTTP interface.
    pub format: String,
    /// The sheet of a workbook; the only one with cells where nobody names it. A rehearsed import keeps the one it read.
    pub sheet: Option<String>,
    /// The character encoding of a text file, where whoever sent it names it.
    pub charset: Option<String>,
}

/// An import, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// UUIDv7.
    pub id: Uuid,
    /// What was asked for.
    pub order: Order,
    /// How far it is.
    pub status: ImportStatus,
    /// Why it failed, where that is no fault of the file: the code of a problem.
    pub problem: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended, or was rehearsed.
    pub finished_at: Option<DateTime<Utc>>,
    /// What was found out.
    pub report: Option<Report>,
    /// Names the plan that can be committed.
    pub plan_token: Option<String>,
}

/// Both languages of a sentence, as they are kept.
mod both {
    use super::{Bilingual, Deserialize};
    use serde::{Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Bilingual, serializer: S) -> Result<S::Ok, S::Error> {
        (&text.en, &text.de).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bilingual, D::Error> {
        let (en, de) = <(String, String)>::deserialize(deserializer)?;
        Ok(Bilingual { en: en.into(), de: de.into() })
    }
}
