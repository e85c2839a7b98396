//! The columns of files.

use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::naming::pascal;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, ColumnSet, Kind, LANGUAGES, Layout};
use vku_domain::organisation::Organisation;
use vku_domain::utility::Utility;

use super::AnyTable;
use crate::kernel::table::Table;
use crate::tables;

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
            let kind = |name| if name == "version" { Kind::Integer } else { Kind::Instant };
            columns.extend(READ_ONLY.iter().skip(1).map(|name| Column::new(*name, kind(*name))));
            columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
        } else {
            columns.extend(self.derived_columns(languages));
        }
        match set {
            ColumnSet::Import => columns,
            ColumnSet::All => columns.into_iter().flat_map(for_analysis).collect(),
        }
    }

    /// Returns the columns of the parent: its slug, and among all columns also its id and its name.
    pub(super) fn parent_columns(&self, has_all: bool) -> Vec<Column> {
        let parent = self.resource.parent.zip(self.parent);
        parent.map(|(name, parent)| parent.reference_columns(name, has_all)).unwrap_or_default()
    }

    /// Returns the columns of a reference to a resource: its slug, and among all columns also what else it shows.
    pub(super) fn reference_columns(&self, name: &str, has_all: bool) -> Vec<Column> {
        let first = Column::new(name, Kind::Reference);
        if has_all { self.with_members(first) } else { vec![first] }
    }

    /// Adds the columns of what a reference to a resource shows besides the slug.
    fn with_members(&self, reference: Column) -> Vec<Column> {
        let name = reference.name.clone();
        let mut columns = vec![reference];
        let text = |member: &str| Column::new(format!("{name}.{member}"), Kind::Text);
        columns.push(text("id"));
        match self.resource.name_field {
            "" => {}
            label if self.has_localized_name() => columns.extend(
                LANGUAGES.iter().map(|it| Column::new(format!("{name}.{label}.{it}"), Kind::Translation)),
            ),
            label => columns.push(text(label)),
        }
        columns.extend(self.resource.summary_fields.iter().map(|member| text(member)));
        columns
    }
}

/// Returns the columns that stand for a column in files for analyses: also the id and the name of a reference, one
/// reference for each kind of party, and the parts of a date that may be only a year or a month.
pub(super) fn for_analysis(column: Column) -> Vec<Column> {
    match column.kind {
        Kind::Reference => {
            let target = column.target.as_deref();
            let table = tables().iter().find(|table| target == Some(pascal(table.name()).as_str()));
            match table {
                Some(table) => table.with_members(column),
                None => vec![column],
            }
        }
        Kind::Party => {
            let parties = party_columns(&column.name, true);
            [vec![column], parties].concat()
        }
        _ => {
            let parts: Vec<_> = column.date_parts().collect();
            [vec![column], parts].concat()
        }
    }
}

/// Returns the columns of a party: one reference for each kind, so that they can be joined.
pub(super) fn party_columns(name: &str, has_all: bool) -> Vec<Column> {
    let kinds = [Utility::TABLE, Organisation::TABLE].into_iter();
    kinds.flat_map(|table| table.reference_columns(&format!("{name}.{}", table.name()), has_all)).collect()
}
