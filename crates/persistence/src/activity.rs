//! Maps activities of partnerships to their table.

use vku_domain::activity::{Activity, ActivitySort};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;

use crate::kernel::codec::{json_opt, text, text_opt, to_json_opt, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};

row! {
    kind: String,
    title: String,
    title_key: String,
    starts_on: String,
    ends_on: Option<String>,
    last_on: String,
    country: Option<String>,
    participants: Option<Json>,
    expert_days: Option<String>,
    description: Option<Json>,
}

impl Table for Activity {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { kind, title, starts_on, ends_on, country, participants, expert_days, description } = data;
        let columns = Row {
            kind: kind.to_string(),
            title: title.to_string(),
            title_key: collation_key(title.as_str()),
            starts_on: starts_on.to_string(),
            ends_on: to_text(ends_on),
            last_on: data.last_day().to_string(),
            country: to_text(country),
            participants: to_json_opt(participants)?,
            expert_days: to_text(expert_days),
            description: to_json_opt(description)?,
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            kind: text(row.kind)?,
            title: text(row.title)?,
            starts_on: text(row.starts_on)?,
            ends_on: text_opt(row.ends_on)?,
            country: text_opt(row.country)?,
            participants: json_opt(row.participants)?,
            expert_days: text_opt(row.expert_days)?,
            description: json_opt(row.description)?,
        })
    }

    fn sort_column(key: ActivitySort) -> SortColumn {
        match key {
            ActivitySort::StartsOn => SortColumn::Text("starts_on"),
            ActivitySort::Title => SortColumn::Text("title_key"),
            ActivitySort::CreatedAt => SortColumn::Instant("created_at"),
            ActivitySort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
