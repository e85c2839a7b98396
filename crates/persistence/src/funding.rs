//! How the funding of partnerships lies in its table.

use sea_orm::sea_query::{Condition, ExprTrait};
use uuid::Uuid;
use vku_domain::funding::{Funding, FundingFilter, FundingSort};
use vku_domain::kernel::access::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Instant;
use vku_domain::kernel::reference::{Key, Ref};
use vku_domain::programme::FundingProgramme;

use crate::kernel::error::Corrupt;
use crate::kernel::link::Links;
use crate::kernel::table::{
    Meta, SortColumn, Table, column, first_day, money, named, one_of, text, text_opt, to_text,
};

pub mod row {
    //! The row of the table `funding`.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "funding")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub deleted_at: Option<DateTimeUtc>,
        pub partnership_id: Uuid,
        pub programme_id: Option<Uuid>,
        pub kind: String,
        pub amount_minor: Option<i64>,
        pub amount_currency: Option<String>,
        pub from: Option<String>,
        pub from_first: String,
        pub to: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Table for Funding {
    type Entity = row::Entity;
    type Row = row::Model;
    type ActiveRow = row::ActiveModel;

    const REFERS: &'static [(&'static str, &'static str)] = &[("programme_id", "funding_programme")];

    fn write(meta: Meta, data: &Self) -> Result<(row::Model, Links), Error> {
        let Self { programme, kind, amount, from, to } = data;
        let row = row::Model {
            id: meta.id,
            version: meta.version,
            created_at: meta.created_at,
            updated_at: meta.updated_at,
            deleted_at: meta.deleted_at,
            partnership_id: meta
                .parent
                .ok_or_else(|| Error::internal("a part without what it is a part of"))?,
            programme_id: programme.as_ref().and_then(Ref::id),
            kind: kind.to_string(),
            amount_minor: amount.as_ref().map(|amount| amount.minor_units()),
            amount_currency: amount.as_ref().map(|amount| amount.currency().to_string()),
            from: to_text(from),
            from_first: first_day(from),
            to: to_text(to),
        };
        Ok((row, Links::default()))
    }

    fn read(row: row::Model, _links: Links) -> Result<(Meta, Self), Corrupt> {
        let meta = Meta {
            id: row.id,
            parent: Some(row.partnership_id),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        };
        let data = Self {
            programme: row.programme_id.map(|id| Ref::to(Key::Id(id))),
            kind: text(row.kind)?,
            amount: money(row.amount_minor, row.amount_currency)?,
            from: text_opt(row.from)?,
            to: text_opt(row.to)?,
        };
        Ok((meta, data))
    }

    fn row_id(row: &row::Model) -> Uuid {
        row.id
    }

    fn condition(filter: &FundingFilter, actor: &Actor) -> Condition {
        let paid_by = (!filter.programme.is_empty()).then(|| {
            column::<Self>("programme_id").in_subquery(named::<FundingProgramme>(&filter.programme, actor))
        });
        Condition::all()
            .add_option(one_of::<Self, _>("kind", &filter.kind))
            .add_option(paid_by)
            .add_option(filter.updated_since.map(|Instant(since)| column::<Self>("updated_at").gte(since)))
    }

    fn sort_column(key: FundingSort) -> SortColumn {
        match key {
            FundingSort::From => SortColumn::Text("from_first"),
            FundingSort::CreatedAt => SortColumn::Instant("created_at"),
            FundingSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
