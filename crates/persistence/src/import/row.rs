//! The row of an import.

use sea_orm::entity::prelude::*;
use vku_domain::import::{EncodingSource, Import, Order, Report, Source};

use crate::kernel::codec::text;
use crate::kernel::database::error::Corrupt;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub account_id: Uuid,
    pub resource: String,
    pub mode: String,
    pub on_error: String,
    pub format: String,
    pub status: String,
    pub problem: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub report: Option<Json>,
    pub plan_token: Option<String>,
    pub forgotten_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) fn import(row: Model) -> Result<Import, Corrupt> {
    let report: Option<Report> = row.report.map(serde_json::from_value).transpose()?;
    Ok(Import {
        id: row.id,
        order: Order {
            resource: row.resource,
            mode: text(row.mode)?,
            on_error: text(row.on_error)?,
            format: row.format,
            sheet: report.as_ref().and_then(|report| report.source.sheet.clone()),
            charset: report.as_ref().and_then(|report| declared(&report.source)),
        },
        status: text(row.status)?,
        problem: row.problem,
        created_at: row.created_at,
        finished_at: row.finished_at,
        report,
        plan_token: row.plan_token,
    })
}

/// Returns the encoding that the client declared. Detected ones are detected again.
fn declared(source: &Source) -> Option<String> {
    let is_declared = source.encoding_source == Some(EncodingSource::Declared);
    source.encoding.clone().filter(|_| is_declared)
}
