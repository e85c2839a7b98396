//! Maps the funding of partnerships to its table.

use vku_domain::funding::{Funding, FundingSort};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, Ref};

use crate::kernel::codec::{first_day, money, text, text_opt, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};

row! {
    programme_id: Option<Uuid>,
    kind: String,
    amount_minor: Option<i64>,
    amount_currency: Option<String>,
    from: Option<String>,
    from_first: String,
    to: Option<String>,
}

impl Table for Funding {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;
    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] = &[("programme_id", "funding_programme")];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { programme, kind, amount, from, to } = data;
        let columns = Row {
            programme_id: programme.as_ref().and_then(Ref::id),
            kind: kind.to_string(),
            amount_minor: amount.as_ref().map(|amount| amount.minor_units()),
            amount_currency: amount.as_ref().map(|amount| amount.currency().to_string()),
            from: to_text(from),
            from_first: first_day(from),
            to: to_text(to),
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            programme: row.programme_id.map(|id| Ref::to(Key::Id(id))),
            kind: text(row.kind)?,
            amount: money(row.amount_minor, row.amount_currency)?,
            from: text_opt(row.from)?,
            to: text_opt(row.to)?,
        })
    }

    fn sort_column(key: FundingSort) -> SortColumn {
        match key {
            FundingSort::From => SortColumn::Text("from_first"),
            FundingSort::CreatedAt => SortColumn::Instant("created_at"),
            FundingSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
