//! Maps policy updates to their table.

use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::policy_update::{PolicyUpdate, PolicyUpdateSort};

use crate::kernel::codec::{json, text, to_json};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{Codes, SortColumn, Table};

row! {
    // The title for errors and sorting; `titles` has all languages.
    title: String,
    title_key: String,
    titles: Json,
    summary: Json,
    level: String,
    published_on: String,
    source_url: String,
}

impl Table for PolicyUpdate {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;
    const SETS: bool = true;
    const CODE_LISTS: &'static [Codes] =
        &[Codes { set: "working_areas", pointer: "/working_areas", of: "working_area" }];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { title, summary, level, published_on, source_url, sectors, working_areas } = data;
        let columns = Row {
            title: data.label().to_owned(),
            title_key: collation_key(data.label()),
            titles: to_json(title)?,
            summary: to_json(summary)?,
            level: level.to_string(),
            published_on: published_on.to_string(),
            source_url: source_url.to_string(),
        };
        Ok((columns, ChildRows::default().set("sectors", sectors).set("working_areas", working_areas)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            title: json(row.titles)?,
            summary: json(row.summary)?,
            level: text(row.level)?,
            published_on: text(row.published_on)?,
            source_url: text(row.source_url)?,
            sectors: links.take_set("sectors")?,
            working_areas: links.take_set("working_areas")?,
        })
    }

    fn sort_column(key: PolicyUpdateSort) -> SortColumn {
        match key {
            PolicyUpdateSort::Title => SortColumn::Text("title_key"),
            PolicyUpdateSort::Level => SortColumn::Text("level"),
            PolicyUpdateSort::PublishedOn => SortColumn::Text("published_on"),
            PolicyUpdateSort::CreatedAt => SortColumn::Instant("created_at"),
            PolicyUpdateSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn json_column(member: &str) -> &str {
        if member == Self::NAME_FIELD { "titles" } else { member }
    }
}
