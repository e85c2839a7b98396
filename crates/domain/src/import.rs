//! Imports of files: an import is either written at once, or has a dry run first and is then committed as planned.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::bilingual::Bilingual;
use crate::kernel::change_log::diff::Difference;

crate::string_enum! {
    /// How a row with an existing slug is handled.
    ImportMode in "import-modes" {
        /// the row is rejected, because the slug is taken
        Create = "create" ("Create only", "Nur anlegen":
            "die Zeile wird abgelehnt, weil das Kürzel vergeben ist"),
        /// the row changes the existing resource
        Upsert = "upsert" ("Create or change", "Anlegen oder ändern":
            "die Zeile ändert, was schon vorhanden ist"),
    }
}

crate::string_enum! {
    /// How an invalid row is handled.
    OnError in "import-error-handling" {
        /// nothing is written
        Abort = "abort" ("Abort", "Abbrechen": "nichts wird geschrieben"),
        /// the row is left out, and the others are written
        Skip = "skip" ("Skip the row", "Zeile auslassen":
            "die Zeile wird ausgelassen, die anderen werden geschrieben"),
    }
}

crate::string_enum! {
    /// The state of an import.
    ImportStatus in "import-statuses" {
        /// the file is being read, or is waiting to be read
        Running = "running" ("Running", "Läuft": "die Datei wird gelesen oder wartet darauf"),
        /// the dry run has ended: nothing has been written, and the report states what would be written
        Rehearsed = "rehearsed" ("Checked", "Geprüft":
            "der Probelauf ist zu Ende: Geschrieben ist nichts; der Bericht nennt, was geschrieben würde"),
        /// the rows have been written
        Committed = "committed" ("Imported", "Importiert": "die Zeilen sind geschrieben"),
        /// the import has failed; nothing has been written
        Failed = "failed" ("Failed", "Fehlgeschlagen":
            "der Import ist fehlgeschlagen; nichts wurde geschrieben"),
        /// the server was stopped during the import; nothing has been written
        Interrupted = "interrupted" ("Interrupted", "Unterbrochen":
            "der Server wurde während des Imports beendet; nichts wurde geschrieben"),
    }
}

/// The maximum number of errors, duplicates and changes that a report lists: nobody reads more. The totals count all of
/// them.
pub const MAX_LISTED: usize = 1_000;

/// The numbers of rows by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that create a resource.
    pub create: u64,
    /// Rows that change a resource.
    pub update: u64,
    /// Rows that change nothing.
    pub unchanged: u64,
    /// Rows with errors.
    pub faulty: u64,
    /// Rows that are left out because of errors.
    pub skipped: u64,
}

/// An error in a file, with its location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowFault {
    /// The line of the file, the row of the sheet, or the position of the entry in a JSON array.
    pub row: u64,
    /// The column, as it is named in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The field of the row as a JSON pointer, if the file has no columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The code of the error.
    pub code: String,
    /// A message that states what is wrong and what would be valid.
    #[serde(with = "both")]
    pub detail: Bilingual,
}

/// An existing resource that may be the same as one that a row would create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The number of the row.
    pub row: u64,
    /// The name in the row.
    pub name: String,
    /// The likelihood that they are the same, up to 1.
    pub score: f64,
    /// The properties that they have in common.
    pub alike: Vec<String>,
    /// A reference to the existing resource.
    pub existing: serde_json::Value,
}

/// The changes by a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// The number of the row.
    pub row: u64,
    /// The id of the resource.
    pub id: Uuid,
    /// The slug of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The current version of the resource.
    pub version: i64,
    /// The changes, field by field.
    pub changes: Vec<Difference>,
}

crate::string_enum! {
    /// How the character encoding of a file was determined.
    EncodingSource in "encoding-sources" {
        /// from the `charset` of the request
        Declared = "declared" ("Declared", "Angegeben": "aus dem `charset` der Anfrage"),
        /// from the byte order mark at the beginning of the file
        ByteOrderMark = "byte_order_mark" ("Byte order mark", "Byte Order Mark":
            "aus der Byte Order Mark am Anfang der Datei"),
        /// guessed from the bytes of the file
        Guessed = "guessed" ("Guessed", "Vermutet": "aus den Bytes der Datei erschlossen"),
    }
}

impl<'de> Deserialize<'de> for EncodingSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(|_| serde::de::Error::custom("an unknown encoding source"))
    }
}

/// How the file was read. Fields that do not apply to its format are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The character encoding of a text file, by its WHATWG or IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// How the encoding was determined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_source: Option<EncodingSource>,
    /// The delimiter between the cells of a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// The row of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u64>,
}

impl Source {
    /// Adds what the other source knows. Its values take precedence.
    pub fn merge(&mut self, more: Self) {
        let Self { sheet, encoding, encoding_source, delimiter, header_row } = more;
        self.sheet = sheet.or(self.sheet.take());
        self.encoding = encoding.or(self.encoding.take());
        self.encoding_source = encoding_source.or(self.encoding_source);
        self.delimiter = delimiter.or(self.delimiter.take());
        self.header_row = header_row.or(self.header_row);
    }
}

/// The result of reading a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How the file was read.
    #[serde(default)]
    pub source: Source,
    /// The numbers of rows.
    pub counts: Counts,
    /// The errors, up to [`MAX_LISTED`].
    pub faults: Vec<RowFault>,
    /// The total number of errors.
    pub faults_total: u64,
    /// The possible duplicates, up to [`MAX_LISTED`].
    pub duplicates: Vec<Duplicate>,
    /// The total number of possible duplicates.
    pub duplicates_total: u64,
    /// The changed rows, up to [`MAX_LISTED`].
    pub changes: Vec<RowChange>,
    /// The number of created resources by status.
    #[serde(default)]
    pub statuses: BTreeMap<String, u64>,
    /// Whether the file was read completely; not if its header is wrong or the file is truncated.
    pub whole: bool,
}

impl Report {
    /// Adds an error.
    pub fn fault(&mut self, fault: RowFault) {
        self.faults_total += 1;
        if self.faults.len() < MAX_LISTED {
            self.faults.push(fault);
        }
    }

    /// Returns whether rows can be written: either all, or the valid ones if invalid rows are skipped.
    pub fn can_be_written(&self, on_error: OnError) -> bool {
        self.whole && (on_error == OnError::Skip || self.faults_total == 0)
    }

    /// Returns the number of rows that were checked.
    pub fn rows(&self) -> u64 {
        let Counts { create, update, unchanged, faulty, skipped: _ } = self.counts;
        create + update + unchanged + faulty
    }

    /// Sorts the lists by row, because rows are not always written in their order.
    pub fn sort_rows(&mut self) {
        self.faults.sort_by_key(|fault| fault.row);
        self.changes.sort_by_key(|change| change.row);
        self.duplicates.sort_by_key(|duplicate| duplicate.row);
    }

    /// Removes the content of the file and keeps only numbers, for when the file is deleted.
    pub fn forget(&mut self) {
        self.faults.clear();
        self.duplicates.clear();
        self.changes.clear();
        self.source = Source::default();
    }
}

/// The parameters of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The collection of the rows.
    pub resource: String,
    /// How a row with an existing slug is handled.
    pub mode: ImportMode,
    /// How an invalid row is handled.
    pub on_error: OnError,
    /// The format of the file, as named in the HTTP API.
    pub format: String,
    /// The sheet of a workbook; by default, the only one with cells. After a dry run, the sheet that was read.
    pub sheet: Option<String>,
    /// The character encoding of a text file, if the request declares it.
    pub charset: Option<String>,
}

/// A stored import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The id, a UUIDv7.
    pub id: Uuid,
    /// The parameters.
    pub order: Order,
    /// The state.
    pub status: ImportStatus,
    /// The problem code, if the import has failed for a reason other than the file.
    pub problem: Option<String>,
    /// The time of the request.
    pub created_at: DateTime<Utc>,
    /// The time at which the import or the dry run ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The result.
    pub report: Option<Report>,
    /// The token of the plan that can be committed.
    pub plan_token: Option<String>,
}

/// Serialises a text in both languages as it is stored: as a pair.
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
