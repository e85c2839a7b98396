//! Maps working areas to their table.

use sea_orm::QueryResult;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::working_area::{WorkingArea, WorkingAreaSort};

use crate::kernel::codec::{json, text, to_json, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};

row! {
    slug: String,
    // The label for errors; `labels` has all languages.
    label: String,
    labels: Json,
}

impl Table for WorkingArea {
    type Row = Row;
    type Hooks = ();

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { slug, label: labels } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            label: data.label().to_owned(),
            labels: to_json(labels)?,
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self { slug: Some(text(row.slug)?), label: json(row.labels)? })
    }

    fn sort_column(key: WorkingAreaSort) -> SortColumn {
        match key {
            WorkingAreaSort::Code => SortColumn::Text("slug"),
            WorkingAreaSort::CreatedAt => SortColumn::Instant("created_at"),
            WorkingAreaSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn json_column(_member: &str) -> &str {
        "labels"
    }

    fn derive(item: &mut Stored<Self>, _row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        item.derived.code = to_text(&item.data.slug).unwrap_or_default();
        Ok(())
    }
}
