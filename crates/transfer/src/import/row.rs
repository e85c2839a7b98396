//! What is read from a file, and the errors of its rows.

use serde_json::{Map, Value};
use tokio::sync::mpsc;
use vku_domain::bilingual;
use vku_domain::import::{RowFault, Source};
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::Column;
use vku_domain::kernel::violation::{FieldError, Location, Violation};
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::bulk_import::Row;

/// The maximum number of rows of a file.
pub(super) const MAX_ROWS: u64 = 100_000;

/// The number of rows that are passed on at once, and written by one set of statements.
const BATCH: usize = 500;
/// The number of bytes of their texts from which on fewer rows are passed on: each row takes ten times its texts while it
/// is written.
const BATCH_BYTES: usize = 512 * 1024;

/// Something that was read from a file.
pub(super) enum ParsedRow {
    /// How the file is read.
    Source(Source),
    /// The number of rows.
    Total(u64),
    /// The columns, if the file has columns.
    Head(Vec<ColumnBinding>),
    /// A row.
    Row(u64, Row),
    /// A row with cells that cannot be read.
    Faulty(u64, Vec<RowFault>),
    /// The file cannot be read from here on.
    Broken(Vec<RowFault>),
}

/// A column of the file, and the field that it is bound to.
#[derive(Clone, Debug)]
pub(super) struct ColumnBinding {
    /// The heading in the file.
    pub(super) header: String,
    /// The column; for the parent resource, it has the parent's name.
    pub(super) column: Column,
    /// The destination of its cells.
    pub(super) destination: Destination,
}

/// The destination of the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// The cells refer to the parent resource.
    Parent,
    /// The cells are fields of the row.
    Body,
    /// The cells are ignored: exports have them only for information.
    Nowhere,
}

/// Receives what is read from a file, and passes it on in batches.
pub(super) struct RowSink {
    send: mpsc::Sender<Vec<ParsedRow>>,
    items: Vec<ParsedRow>,
    bytes: usize,
    rows: u64,
    header_row: Option<u64>,
    is_broken: bool,
}

/// The rest of the file is not wanted.
pub(super) struct Stop;

impl RowSink {
    pub(super) fn new(send: mpsc::Sender<Vec<ParsedRow>>) -> Self {
        Self { send, items: Vec::new(), bytes: 0, rows: 0, header_row: None, is_broken: false }
    }

    pub(super) fn put(&mut self, item: ParsedRow) -> Result<(), Stop> {
        if let ParsedRow::Row(number, _) | ParsedRow::Faulty(number, _) = &item {
            self.rows += 1;
            if self.rows > MAX_ROWS {
                let detail = bilingual!(
                    "A file can have at most {MAX_ROWS} rows; split the file.",
                    "Eine Datei hat höchstens {MAX_ROWS} Zeilen; teilen Sie sie."
                );
                self.items.push(ParsedRow::Broken(vec![fault(*number, "too_many", detail)]));
                self.is_broken = true;
                return Err(Stop);
            }
        }
        match &item {
            ParsedRow::Source(Source { header_row: Some(row), .. }) => self.header_row = Some(*row),
            ParsedRow::Broken(_) => self.is_broken = true,
            ParsedRow::Row(_, row) => self.bytes += row.body.values().map(text_bytes).sum::<usize>(),
            _ => {}
        }
        self.items.push(item);
        if self.items.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    pub(super) fn broken(&mut self, row: u64, code: &str, detail: Bilingual) -> Result<(), Stop> {
        self.put(ParsedRow::Broken(vec![fault(row, code, detail)]))
    }

    /// Passes on the rest, however reading has ended; a file without rows is an error.
    pub(super) fn end(mut self) {
        if self.rows == 0 && !self.is_broken {
            let detail = bilingual!("The file has no rows.", "Die Datei hat keine Zeilen.");
            let row = self.header_row.unwrap_or(1);
            self.items.push(ParsedRow::Broken(vec![fault(row, "no_rows", detail)]));
        }
        // If the receiver is gone, nobody needs the rest.
        let _ = self.flush();
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        if items.is_empty() { Ok(()) } else { self.send.blocking_send(items).map_err(|_| Stop) }
    }
}

/// The number of bytes of all texts in a value.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(members) => members.values().map(text_bytes).sum(),
        _ => 0,
    }
}

/// An error of a whole row.
pub(super) fn fault(row: u64, code: &str, detail: Bilingual) -> RowFault {
    RowFault { row, column: None, pointer: None, code: code.to_owned(), detail }
}

/// Turns an object into a row; its parent is given as in responses.
pub(super) fn row(table: &'static AnyTable, number: u64, mut body: Map<String, Value>) -> ParsedRow {
    let Some(name) = table.info().parent else {
        return ParsedRow::Row(number, Row { parent: None, body });
    };
    let parent = body.shift_remove(name);
    let text = parent.as_ref().and_then(|reference| {
        let key = || reference.get("id").or_else(|| reference.get("slug"));
        reference.as_str().or_else(|| key()?.as_str())
    });
    let key = text.map(str::parse::<Key>).unwrap_or_else(|| {
        Err(FieldError::new("required", bilingual!("`{name}` is required.", "`{name}` ist erforderlich.")))
    });
    match key {
        Ok(key) => ParsedRow::Row(number, Row { parent: Some(key), body }),
        Err(FieldError { code, detail }) => {
            let pointer = Some(format!("/{name}"));
            ParsedRow::Faulty(number, vec![RowFault { pointer, ..fault(number, code, detail) }])
        }
    }
}

/// Turns the error of the store for a row into errors at its columns or fields.
pub(super) fn refused(
    table: &'static AnyTable,
    number: u64,
    head: &[ColumnBinding],
    error: Error,
) -> Vec<RowFault> {
    let at = |pointer: Option<&str>, code: &str, detail: Bilingual| {
        let mut found = fault(number, code, detail);
        match pointer {
            None | Some("") => {}
            Some(pointer) if head.is_empty() => found.pointer = Some(pointer.to_owned()),
            Some(pointer) => found.column = Some(column_of(head, pointer)),
        }
        found
    };
    if error.violations.is_empty() {
        use vku_domain::kernel::error::Code;
        let parent = table.info().parent.map(|name| format!("/{name}"));
        let pointer = match error.code {
            Code::NotFound => parent.as_deref(),
            _ => error.member.as_deref(),
        };
        let detail = detail_with_members(error.detail, error.allowed.as_deref(), &error.dependents);
        return vec![at(pointer, error.code.as_str(), detail)];
    }
    let violations = error.violations.into_iter();
    violations
        .map(|Violation { place, code, detail }| match place {
            Location::Pointer(pointer) => at(Some(&pointer), code, detail),
            _ => at(None, code, detail),
        })
        .collect()
}

/// Adds to the sentence what a problem has in separate fields, because the rows of a report do not have these.
fn detail_with_members(detail: Bilingual, allowed: Option<&[String]>, dependents: &[Named]) -> Bilingual {
    /// The maximum number of dependents that are listed.
    const NAMED: usize = 10;
    let mut detail = match allowed {
        Some([]) => {
            detail.then(bilingual!(" No transition is allowed from there.", " Von dort ist keiner erlaubt."))
        }
        Some(allowed) => {
            let all = allowed.join("`, `");
            detail.then(bilingual!(" Allowed: `{all}`.", " Erlaubt: `{all}`."))
        }
        None => detail,
    };
    if !dependents.is_empty() {
        let name = |it: &Named| format!("{} `{}`", it.resource, it.slug.as_ref().unwrap_or(&it.name));
        let mut names: Vec<_> = dependents.iter().take(NAMED).map(name).collect();
        if dependents.len() > NAMED {
            names.push("…".to_owned());
        }
        let names = names.join(", ");
        detail = detail.then(bilingual!(" Dependents: {names}.", " Diese: {names}."));
    }
    detail
}

/// Returns the heading in the file of the column for a pointer: `/location/longitude` is in the column
/// `location.longitude`, `/sectors/1` in `sectors`.
fn column_of(head: &[ColumnBinding], pointer: &str) -> String {
    let path = pointer.trim_start_matches('/').replace('/', ".");
    let is_above =
        |name: &str| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_below = |name: &str| name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'));
    let length = |target: &&ColumnBinding| target.column.name.len();
    let above = head.iter().filter(|target| is_above(&target.column.name)).max_by_key(length);
    let below = || head.iter().filter(|target| is_below(&target.column.name)).min_by_key(length);
    above.or_else(below).map_or_else(|| path.clone(), |target| target.header.clone())
}
