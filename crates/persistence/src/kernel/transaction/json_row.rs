//! The rows of the table with the JSON of resources; [`stored_json`](crate::kernel::read::stored_json) reads them.

use sea_orm::Value;
use sea_orm::sea_query::{Expr, InsertStatement, OnConflict, Query};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyStored;

/// The table.
pub(crate) const TABLE: &str = "resource_json";
/// The column with the JSON.
pub(crate) const JSON: &str = "json";
/// The build that JSON has to come from: others may write other members.
pub const BUILD: &str = env!("VKU_JSON_BUILD");

/// The JSON of one version of a resource.
pub(crate) struct JsonRow {
    resource: &'static str,
    id: Uuid,
    version: i64,
    day: Option<String>,
    json: String,
}

impl JsonRow {
    /// Serializes a resource, which has all its members. `day` is the current one, if the derived fields depend on it.
    pub(crate) fn of(item: &dyn AnyStored, day: Option<String>) -> Result<Self, Error> {
        let json = String::from_utf8(item.to_json()?).map_err(Error::internal)?;
        Ok(Self { resource: item.info().name, id: item.id(), version: item.version(), day, json })
    }

    /// Whether this is the JSON of a version of a resource.
    pub(crate) fn is_of(&self, id: Uuid, version: i64) -> bool {
        (self.id, self.version) == (id, version)
    }
}

/// Inserts rows; they replace those of the same resources.
pub(crate) fn insert(rows: Vec<JsonRow>) -> Result<InsertStatement, Error> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["resource_id", "resource", "version", "build", "day", JSON]);
    for JsonRow { resource, id, version, day, json } in rows {
        let values: [Value; 6] =
            [id.into(), resource.into(), version.into(), BUILD.into(), day.into(), json.into()];
        insert.values(values.map(Expr::val)).map_err(Error::internal)?;
    }
    let replaced = ["resource", "version", "build", "day", JSON];
    insert.on_conflict(OnConflict::column("resource_id").update_columns(replaced).to_owned());
    Ok(insert)
}
