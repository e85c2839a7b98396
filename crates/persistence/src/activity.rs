//! Maps activities of partnerships to their table.

use sea_orm::sea_query::{Condition, ExprTrait};
use vku_domain::activity::{Activity, ActivityFilter, ActivitySort};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;

use crate::kernel::codec::{json_opt, text, text_opt, to_json_opt, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::one_of;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, column};

row! {
    "activity" in partnership_id {
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
}

impl Table for Activity {
    type Entity = row::Entity;
    type Row = row::Model;
    type ActiveRow = row::ActiveModel;

    fn to_row(data: &Self) -> Result<(row::Columns, ChildRows), Error> {
        let Self { kind, title, starts_on, ends_on, country, participants, expert_days, description } = data;
        let columns = row::Columns {
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

    fn from_row(row: row::Columns, _links: ChildRows) -> Result<Self, Corrupt> {
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

    fn condition(filter: &ActivityFilter, _actor: &Actor) -> Condition {
        let starts = || column::<Self>("starts_on");
        Condition::all()
            .add_option(one_of::<Self, _>("kind", &filter.kind))
            .add_option(one_of::<Self, _>("country", &filter.country))
            .add_option(filter.starts_from.as_ref().map(|day| starts().gte(day.first_day().to_string())))
            .add_option(filter.starts_to.as_ref().map(|day| starts().lte(day.last_day().to_string())))
            .add_option(
                filter.updated_since.map(|InstantParam(since)| column::<Self>("updated_at").gte(since)),
            )
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
