//! The columns of files.

use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, ColumnSet, Kind, LANGUAGES, Layout};

use super::AnyTable;

impl AnyTable {
    /// Returns the columns of a file for import.
    pub fn layout(&self) -> Layout {
        Layout::of(self.resource)
    }

    /// Returns the columns that exports have in addition, for information.
    pub fn derived_columns(&self, languages: &[String]) -> Vec<Column> {
        Layout::derived_in_tables(self.resource, languages)
    }

    /// Returns the columns of an export: one for each member, and for each of the languages besides the usual ones; a
    /// resource with a parent begins with the parent. Members that cannot be written have a column only if they are
    /// selected, if [`Layout::derived_in_tables`] has them, or among all columns.
    pub fn columns(&self, languages: &[String], view: &Projection, set: ColumnSet) -> Vec<Column> {
        let has_all = set == ColumnSet::All;
        let mut columns = self.parent_columns(has_all);
        columns.extend(self.layout().columns(languages));
        if view.is_sparse() || has_all {
            columns.insert(0, Column::new("id", Kind::Text));
            columns.extend(Layout::derived(self.resource).columns(languages));
            columns.extend(READ_ONLY.iter().skip(1).map(|name| Column::new(*name, Kind::Text)));
            columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
        } else {
            columns.extend(self.derived_columns(languages));
        }
        match set {
            ColumnSet::Import => columns,
            ColumnSet::All => columns.into_iter().flat_map(with_date_parts).collect(),
        }
    }

    /// Returns the columns of the parent: its slug, and among all columns also its id and its name.
    pub(super) fn parent_columns(&self, has_all: bool) -> Vec<Column> {
        let parent = self.resource.parent.zip(self.parent);
        parent.map(|(name, parent)| parent.reference_columns(name, has_all)).unwrap_or_default()
    }

    /// Returns the columns of a reference to a resource: its slug, and among all columns also its id and its name.
    pub(super) fn reference_columns(&self, name: &str, has_all: bool) -> Vec<Column> {
        let mut columns = vec![Column::new(name, Kind::Reference)];
        if !has_all {
            return columns;
        }
        columns.push(Column::new(format!("{name}.id"), Kind::Text));
        match self.resource.name_field {
            "" => {}
            label if self.has_localized_name() => columns.extend(
                LANGUAGES.iter().map(|it| Column::new(format!("{name}.{label}.{it}"), Kind::Translation)),
            ),
            label => columns.push(Column::new(format!("{name}.{label}"), Kind::Text)),
        }
        columns
    }
}

pub(super) fn with_date_parts(column: Column) -> Vec<Column> {
    let parts: Vec<_> = column.date_parts().collect();
    [vec![column], parts].concat()
}
