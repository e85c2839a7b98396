//! `import`: CSV in the columns that an export writes, all of it or nothing.

use std::fmt;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Map;
use vku_domain::kernel::access::Actor;
use vku_domain::kernel::cells::{Column, CsvDialect, Layout};
use vku_domain::kernel::draft::Origin;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::violation::{Place, hint};
use vku_domain::say;
use vku_persistence::kernel::import::{Effect, Mode};
use vku_persistence::kernel::store::{Writer, Writing};
use vku_persistence::kernel::table::{Parent, Table};
use vku_persistence::{Visitor, collections, visit};

use crate::config::Config;
use crate::{Failure, open, say};

/// A file to be imported.
pub(crate) struct File<'a> {
    /// What messages call it.
    pub(crate) name: &'a str,
    /// Its content.
    pub(crate) bytes: &'a [u8],
    /// What is done with slugs that are there already.
    pub(crate) mode: Mode,
}

/// What is wrong with a row, and where.
pub(crate) struct RowFault {
    file: String,
    line: u64,
    column: Option<String>,
    code: String,
    detail: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, code, detail } = self;
        match column {
            Some(column) => write!(f, "{file}:{line}: column `{column}`: {detail} [{code}]"),
            None => write!(f, "{file}:{line}: {detail} [{code}]"),
        }
    }
}

/// What the rows did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    updated: u64,
    unchanged: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} created, {} updated, {} unchanged", self.created, self.updated, self.unchanged)
    }
}

/// `import <resource> <file>`.
pub(crate) async fn command(
    config: &Config,
    collection: &str,
    file: &Path,
    dry_run: bool,
    mode: Mode,
) -> Result<(), Failure> {
    known(collection)?;
    let mut bytes = Vec::new();
    let unreadable =
        |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", file.display()));
    match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?,
        _ => {
            std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unreadable)?
        }
    };
    let (store, _) = open::store(config).await?;
    let operator = Actor::operator(store.now());
    let writing = Writing { actor: &operator, request_id: "import", dry_run, origin: Origin::Import };
    let name = file.display().to_string();
    let file = File { name: &name, bytes: &bytes, mode };
    let mut faults = Vec::new();
    let tally =
        store.write(&writing, async |writer| rows(writer, collection, &file, &mut faults).await).await;
    if !faults.is_empty() {
        let mut output = std::io::stderr().lock();
        for fault in &faults {
            writeln!(output, "{fault}")?;
        }
        let plural = if faults.len() == 1 { "" } else { "s" };
        return Err(Failure::new(format!("{} fault{plural}; nothing was written", faults.len())));
    }
    let rehearsal = if dry_run { " (a rehearsal: nothing was written)" } else { "" };
    say(format!("{collection}: {}{rehearsal}", tally?))
}

/// Refuses a collection that there is not.
pub(crate) fn known(collection: &str) -> Result<(), Failure> {
    let names = collections();
    if names.iter().any(|name| name == collection) {
        return Ok(());
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Err(Failure::new(format!("there is no resource `{collection}`.{}", hint(collection, &names))))
}

/// Writes the rows of a file; any fault ends in an error, so that the write is rolled back.
pub(crate) async fn rows(
    writer: &mut Writer<'_>,
    collection: &str,
    file: &File<'_>,
    faults: &mut Vec<RowFault>,
) -> Result<Tally, Error> {
    let tally = visit(collection, Rows { writer, file, faults }).await;
    tally.ok_or_else(|| Error::internal("a collection that is not known"))?
}

struct Rows<'a, 'w> {
    writer: &'a mut Writer<'w>,
    file: &'a File<'a>,
    faults: &'a mut Vec<RowFault>,
}

/// Where the value of a cell goes.
enum Target {
    Parent,
    Member(Column),
}

impl Visitor for Rows<'_, '_> {
    type Answer = Result<Tally, Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        let Self { writer, file, faults } = self;
        let start = file.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file.bytes);
        let mut reader = ReaderBuilder::new().from_reader(start);
        let mut sheet = Sheet { name: file.name, targets: Vec::new(), faults };
        sheet.header::<T>(reader.headers());
        let mut tally = Tally::default();
        let bar = progress(file.bytes.len());
        if sheet.faults.is_empty() {
            for record in reader.into_records() {
                let Some((line, parent, body)) = sheet.row(record) else { continue };
                bar.set_position(line);
                match writer.import::<T>(file.mode, parent.as_ref(), body).await {
                    Ok(Effect::Created) => tally.created += 1,
                    Ok(Effect::Updated) => tally.updated += 1,
                    Ok(Effect::Unchanged) => tally.unchanged += 1,
                    Err(error) if matches!(error.code, Code::Internal | Code::Unavailable) => {
                        return Err(error);
                    }
                    Err(error) => sheet.refused(line, &error),
                }
            }
        }
        bar.finish_and_clear();
        if sheet.faults.is_empty() {
            return Ok(tally);
        }
        let detail = say!("Some rows are not right.", "Einige Zeilen stimmen nicht.");
        Err(Error::new(Code::ValidationFailed, detail))
    }
}

/// A bar on a terminal, nothing otherwise.
fn progress(bytes: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() || bytes < 100_000 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} line {pos} ({elapsed})");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// A file while its rows are being read.
struct Sheet<'a> {
    name: &'a str,
    targets: Vec<(String, Target)>,
    faults: &'a mut Vec<RowFault>,
}

type Row = (u64, Option<Key>, Map<String, serde_json::Value>);

impl Sheet<'_> {
    fn fault(&mut self, line: u64, column: Option<&str>, code: &str, detail: &str) {
        self.faults.push(RowFault {
            file: self.name.to_owned(),
            line,
            column: column.map(str::to_owned),
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
    }

    fn header<T: Table>(&mut self, header: Result<&StringRecord, csv::Error>) {
        let layout = Layout::of::<T>();
        let parent = <T::Parent as Parent>::NAME;
        let header = match header {
            Ok(header) => header.clone(),
            Err(error) => return self.unreadable(&error),
        };
        if header.is_empty() {
            self.fault(1, None, "malformed_row", "The file has no header.");
        }
        for name in &header {
            if self.targets.iter().any(|(known, _)| known == name) {
                self.fault(1, Some(name), "duplicate", "This column stands there twice.");
            } else if parent == Some(name) {
                self.targets.push((name.to_owned(), Target::Parent));
            } else {
                match layout.column(name) {
                    Ok(column) => self.targets.push((name.to_owned(), Target::Member(column))),
                    Err(fault) => self.fault(1, Some(name), fault.code, &fault.detail.en),
                }
            }
        }
        if let Some(parent) = parent.filter(|parent| !self.targets.iter().any(|(known, _)| known == parent)) {
            self.fault(1, Some(parent), "required", "This column is required.");
        }
    }

    fn unreadable(&mut self, error: &csv::Error) {
        let line = error.position().map_or(1, csv::Position::line);
        let detail = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("The row has {len} cells, the header has {expected_len}.")
            }
            csv::ErrorKind::Utf8 { .. } => "The row is no UTF-8.".to_owned(),
            _ => "The row cannot be read.".to_owned(),
        };
        self.fault(line, None, "malformed_row", &detail);
    }

    /// The row's body; `None` where its cells are wrong.
    fn row(&mut self, record: Result<StringRecord, csv::Error>) -> Option<Row> {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                self.unreadable(&error);
                return None;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let (mut parent, mut body, mut wrong) = (None, Map::new(), Vec::new());
        for ((name, target), cell) in self.targets.iter().zip(&record) {
            let read = match target {
                Target::Parent => cell.parse().map(|key| parent = Some(key)),
                // An import sees a cell, not a member: an empty one clears what is there.
                Target::Member(column) => column.read(cell, CsvDialect::Rfc4180, &mut body),
            };
            wrong.extend(read.err().map(|fault| (name.clone(), fault)));
        }
        collapse(&mut body);
        if wrong.is_empty() {
            return Some((line, parent, body));
        }
        for (name, fault) in wrong {
            self.fault(line, Some(&name), fault.code, &fault.detail.en);
        }
        None
    }

    /// What the store refused, at the columns it means.
    fn refused(&mut self, line: u64, error: &Error) {
        if error.violations.is_empty() {
            let column = match error.code {
                Code::SlugTaken => Some("slug"),
                Code::NotFound => self.targets.iter().find_map(|(name, target)| match target {
                    Target::Parent => Some(name.as_str()),
                    Target::Member(_) => None,
                }),
                _ => None,
            };
            let column = column.map(str::to_owned);
            self.fault(line, column.as_deref(), error.code.as_str(), &error.detail.en);
        }
        for violation in error.violations.iter() {
            let column = match &violation.place {
                Place::Pointer(pointer) => self.column_of(pointer),
                _ => None,
            };
            self.fault(line, column.as_deref(), violation.code, &violation.detail.en);
        }
    }

    /// `/location/longitude` lies in the column `location.longitude`, `/sectors/1` in `sectors`.
    fn column_of(&self, pointer: &str) -> Option<String> {
        let path = pointer.trim_start_matches('/').replace('/', ".");
        let names = self.targets.iter().map(|(name, _)| name);
        let above = names.clone().filter(|name| path == **name || path.starts_with(&format!("{name}.")));
        let below = names.clone().filter(|name| name.starts_with(&format!("{path}.")));
        above
            .max_by_key(|name| name.len())
            .or_else(|| below.min_by_key(|name| name.len()))
            .cloned()
            .or(Some(path))
    }
}

/// An object of which every cell is empty is absent as a whole.
fn collapse(body: &mut Map<String, serde_json::Value>) {
    for value in body.values_mut() {
        let Some(members) = value.as_object_mut() else { continue };
        collapse(members);
        if !members.is_empty() && members.values().all(serde_json::Value::is_null) {
            *value = serde_json::Value::Null;
        }
    }
}
