//! Maps results of partnerships to their table. The utilities that reported values are stored as parties, in
//! the order of the values, so that the search for dependents of a utility finds them.

use serde::{Deserialize, Serialize};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::entry_filter::EntryFilter;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::schemas::schema_of;
use vku_domain::party::Party;
use vku_domain::result::{PartnershipResult, ResultSort, ResultValue};
use vku_domain::utility::Utility;

use crate::kernel::codec::{text, text_opt, to_json, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::unnested::{Entries, Unnested};
use crate::kernel::table::{SortColumn, Table};

row! {
    name: String,
    name_key: String,
    unit: String,
    baseline: Option<String>,
    target: Option<String>,
    sdg_target: Option<String>,
    values: Json,
}

/// The field of the parties that reported values.
const REPORTERS: &str = "reported_by";

/// A value as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredValue {
    on: String,
    value: String,
    /// Whether the next party reported the value.
    reported: bool,
}

/// A row for each value of a result.
pub static RESULT_VALUES: Unnested = Unnested {
    path: "partnership-result-values",
    entries: Entries::Member {
        member: "values",
        party_columns: &[("reported_by", "utility_id")],
        json_column: Some("values"),
    },
    also: &["unit", "sdg_target"],
    schema: schema_of::<ResultValue>,
    filters: &[EntryFilter::of::<Key>(
        "reported_by",
        "The id or slug of the utility that reports the value.",
        "/reported_by/id",
    )
    .of_resource(Utility::NAME)],
};

impl Table for PartnershipResult {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;
    const PARTIES: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { name, unit, baseline, target, sdg_target, values } = data;
        let stored_values = values.iter().map(|ResultValue { on, value, reported_by }| StoredValue {
            on: on.to_string(),
            value: value.to_string(),
            reported: reported_by.is_some(),
        });
        let reporters: Vec<_> =
            values.iter().filter_map(|value| value.reported_by.clone()).map(Party::Utility).collect();
        let columns = Row {
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            unit: unit.to_string(),
            baseline: to_text(baseline),
            target: to_text(target),
            sdg_target: to_text(sdg_target),
            values: to_json(&stored_values.collect::<Vec<_>>())?,
        };
        Ok((columns, ChildRows::default().party_list(REPORTERS, &reporters)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        let stored_values: Vec<StoredValue> =
            serde_json::from_value(row.values).map_err(|_| Corrupt::from("invalid values"))?;
        let mut reporters = links.take_party_list(REPORTERS).into_iter();
        let values = stored_values.into_iter().map(|StoredValue { on, value, reported }| {
            let reported_by = match reported.then(|| reporters.next()) {
                None => None,
                Some(Some(Party::Utility(utility))) => Some(utility),
                Some(_) => return Err(Corrupt::from("a value without a reporter")),
            };
            Ok(ResultValue { on: text(on)?, value: text(value)?, reported_by })
        });
        Ok(Self {
            values: values.collect::<Result<_, Corrupt>>()?,
            name: text(row.name)?,
            unit: text(row.unit)?,
            baseline: text_opt(row.baseline)?,
            target: text_opt(row.target)?,
            sdg_target: text_opt(row.sdg_target)?,
        })
    }

    fn sort_column(key: ResultSort) -> SortColumn {
        match key {
            ResultSort::Name => SortColumn::Text("name_key"),
            ResultSort::CreatedAt => SortColumn::Instant("created_at"),
            ResultSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
