//! Maps documents of partnerships to their table.

use vku_domain::document::{Document, DocumentSort};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;

use crate::kernel::codec::text;
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};

row! {
    title: String,
    title_key: String,
    url: String,
    kind: String,
    language: String,
}

impl Table for Document {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { title, url, kind, language } = data;
        let columns = Row {
            title: title.to_string(),
            title_key: collation_key(title.as_str()),
            url: url.to_string(),
            kind: kind.to_string(),
            language: language.to_string(),
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            title: text(row.title)?,
            url: text(row.url)?,
            kind: text(row.kind)?,
            language: text(row.language)?,
        })
    }

    fn sort_column(key: DocumentSort) -> SortColumn {
        match key {
            DocumentSort::Title => SortColumn::Text("title_key"),
            DocumentSort::CreatedAt => SortColumn::Instant("created_at"),
            DocumentSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
