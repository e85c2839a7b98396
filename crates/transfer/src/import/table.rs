//! Tables: a header with headings, and rows of cells.

use serde_json::Map;
use vku_domain::bilingual;
use vku_domain::import::RowFault;
use vku_domain::kernel::bilingual::{Bilingual, typed};
use vku_domain::kernel::tabular::number::Decimals;
use vku_domain::kernel::tabular::{Column, Kind, Layout};
use vku_domain::kernel::violation::FieldError;
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::bulk_import::Row;

use super::row::{ColumnBinding, Destination, ParsedRow, fault};

/// The headings that a table may have.
pub(super) struct Headings {
    layout: Layout,
    parent: Option<Column>,
    derived: Vec<Column>,
}

impl Headings {
    pub(super) fn of(table: &'static AnyTable) -> Self {
        let parent = table.info().parent.map(|name| Column::new(name, Kind::Reference));
        Self { layout: table.layout(), parent, derived: table.derived_columns(&[]) }
    }

    /// Whether the text is one of the headings.
    pub(super) fn know(&self, text: &str) -> bool {
        self.find(text).is_ok()
    }

    /// The column of a heading, and the destination of its cells.
    fn find(&self, text: &str) -> Result<(Column, Destination), FieldError> {
        if let Some(parent) = self.parent.iter().find(|parent| parent.is_called(text)) {
            return Ok((parent.clone(), Destination::Parent));
        }
        match self.derived.iter().find(|column| column.is_called(text)) {
            Some(column) => Ok((column.clone(), Destination::Nowhere)),
            None => self.layout.column(text).map(|column| (column, Destination::Body)),
        }
    }
}

/// A table whose header has been read.
pub(super) struct Sheet {
    targets: Vec<ColumnBinding>,
    decimals: Decimals,
}

impl Sheet {
    /// Reads the header, which is in the row with this number.
    ///
    /// Errors: unknown, duplicate or missing columns.
    pub(super) fn open(
        table: &'static AnyTable,
        number: u64,
        header: &[String],
        decimals: impl Into<Decimals>,
    ) -> Result<Self, Vec<RowFault>> {
        Self::of(number, header, &Headings::of(table), decimals.into())
    }

    /// Reads the header with headings that have already been determined.
    pub(super) fn of(
        number: u64,
        header: &[String],
        headings: &Headings,
        decimals: Decimals,
    ) -> Result<Self, Vec<RowFault>> {
        let (mut targets, mut faults) = (Vec::<ColumnBinding>::new(), Vec::new());
        let at = |name: &str, code: &str, detail: Bilingual| RowFault {
            column: Some(name.to_owned()),
            ..fault(number, code, detail)
        };
        let is_blank = |name: &&String| typed(name).is_empty();
        // Spreadsheets may write empty columns at the end.
        let width = header.len() - header.iter().rev().take_while(is_blank).count();
        if width == 0 {
            let detail = bilingual!("The file has no header.", "Die Datei hat keine Kopfzeile.");
            return Err(vec![fault(number, "malformed_row", detail)]);
        }
        for (name, position) in header.iter().take(width).map(|name| typed(name)).zip(1..) {
            if name.is_empty() {
                let detail = bilingual!(
                    "Column {position} has no heading. Give the column a heading, or delete it.",
                    "Spalte {position} hat keine Überschrift. Benennen oder löschen Sie sie."
                );
                faults.push(fault(number, "unknown_column", detail));
                continue;
            }
            match headings.find(name) {
                Ok((column, _)) if targets.iter().any(|it| it.column.name == column.name) => {
                    let detail = bilingual!("This column occurs twice.", "Diese Spalte gibt es doppelt.");
                    faults.push(at(name, "duplicate", detail));
                }
                Ok((column, destination)) => {
                    targets.push(ColumnBinding { header: name.to_owned(), column, destination });
                }
                Err(FieldError { code, detail }) => faults.push(at(name, code, detail)),
            }
        }
        if let Some(parent) = headings
            .parent
            .as_ref()
            .filter(|_| !targets.iter().any(|target| target.destination == Destination::Parent))
        {
            let detail = bilingual!("This column is required.", "Diese Spalte ist erforderlich.");
            faults.push(at(&parent.name, "required", detail));
        }
        if faults.is_empty() { Ok(Self { targets, decimals }) } else { Err(faults) }
    }

    /// The number of columns.
    pub(super) fn width(&self) -> usize {
        self.targets.len()
    }

    /// The columns, in their order.
    pub(super) fn head(&self) -> Vec<ColumnBinding> {
        self.targets.clone()
    }

    /// Reads a row of cells.
    pub(super) fn row<'a>(&self, number: u64, cells: impl IntoIterator<Item = &'a str>) -> ParsedRow {
        let (mut parent, mut body, mut faults) = (None, Map::new(), Vec::new());
        for (target, cell) in self.targets.iter().zip(cells) {
            let read = match target.destination {
                Destination::Nowhere => Ok(()),
                Destination::Parent => cell.parse().map(|key| parent = Some(key)),
                // An empty cell is not an absent member: it clears the existing value.
                Destination::Body => target.column.read(cell, self.decimals, &mut body),
            };
            if let Err(FieldError { code, detail }) = read {
                let column = Some(target.header.clone());
                faults.push(RowFault { column, ..fault(number, code, detail) });
            }
        }
        if faults.is_empty() {
            ParsedRow::Row(number, Row { parent, body })
        } else {
            ParsedRow::Faulty(number, faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vku_domain::kernel::input::merge_patch::merge_row;
    use vku_persistence::tables;

    use super::*;

    fn put(object: &mut Value, name: &str) {
        let path = format!("/{}", name.replace('.', "/"));
        let (parent, member) = path.rsplit_once('/').unwrap();
        let mut below = &mut *object;
        for step in parent.split('/').skip(1) {
            below = &mut below[step];
        }
        below[member] = json!("zxq");
    }

    /// Returns the object without the field at the path, and without objects that become empty.
    fn without(object: &Value, path: &[&str]) -> Value {
        let mut object = object.clone();
        let [member, below @ ..] = path else { return object };
        let members = object.as_object_mut().unwrap();
        let rest = if below.is_empty() { json!({}) } else { without(&members[*member], below) };
        match rest.as_object().is_some_and(Map::is_empty) {
            true => drop(members.shift_remove(*member)),
            false => drop(members.insert((*member).to_owned(), rest)),
        }
        object
    }

    /// Checks that an empty cell clears its field, for each column of a resource; returns the number of nested
    /// columns.
    fn check_clearing(table: &'static AnyTable) -> usize {
        let columns = table.layout().columns(&["uk".to_owned()]);
        let mut full = json!({});
        columns.iter().for_each(|column| put(&mut full, &column.name));
        for column in &columns {
            let parent = table.info().parent;
            let header: Vec<String> =
                parent.map(str::to_owned).into_iter().chain([column.name.clone()]).collect();
            let sheet = Sheet::open(table, 1, &header, Decimals::Point).ok().unwrap();
            let ParsedRow::Row(_, row) = sheet.row(2, parent.map(|_| "zxq").into_iter().chain([""])) else {
                panic!("{}", column.name)
            };
            let path: Vec<_> = column.name.split('.').collect();
            for before in [full.clone(), json!({})] {
                let expected = if before == full { without(&full, &path) } else { before.clone() };
                let mut after = before;
                merge_row(&mut after, Value::Object(row.body.clone()));
                assert_eq!(after, expected, "{} {}", table.info().name, column.name);
            }
        }
        columns.iter().filter(|column| column.name.contains('.')).count()
    }

    #[test]
    fn an_empty_cell_clears_its_own_column_and_nothing_beside_it() {
        let nested: usize = tables().iter().map(|table| check_clearing(table)).sum();
        assert!(nested > 50, "{nested}");
    }
}
