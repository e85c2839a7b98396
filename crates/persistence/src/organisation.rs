//! How organisations lie in their table.

use sea_orm::sea_query::{Condition, ExprTrait};
use uuid::Uuid;
use vku_domain::kernel::access::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::fold::fold;
use vku_domain::kernel::parameters::Instant;
use vku_domain::organisation::{Organisation, OrganisationFilter, OrganisationSort};

use crate::kernel::error::Corrupt;
use crate::kernel::link::Links;
use crate::kernel::table::{Meta, SortColumn, Table, column, json, one_of, text, text_opt, to_json, to_text};

pub mod row {
    //! The row of the table `organisation`.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "organisation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub deleted_at: Option<DateTimeUtc>,
        pub slug: String,
        pub name: String,
        pub name_key: String,
        pub short_name: Option<String>,
        pub aliases: Json,
        pub kind: String,
        pub country: Option<String>,
        pub website: Option<String>,
        pub iati_identifier: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Table for Organisation {
    type Entity = row::Entity;
    type Row = row::Model;
    type ActiveRow = row::ActiveModel;

    fn write(meta: Meta, data: &Self) -> Result<(row::Model, Links), Error> {
        let Self { slug, name, short_name, aliases, kind, country, website, iati_identifier } = data;
        let row = row::Model {
            id: meta.id,
            version: meta.version,
            created_at: meta.created_at,
            updated_at: meta.updated_at,
            deleted_at: meta.deleted_at,
            slug: to_text(slug).unwrap_or_default(),
            name: name.to_string(),
            name_key: fold(name.as_str()),
            short_name: to_text(short_name),
            aliases: to_json(aliases)?,
            kind: kind.to_string(),
            country: to_text(country),
            website: to_text(website),
            iati_identifier: to_text(iati_identifier),
        };
        Ok((row, Links::default()))
    }

    fn read(row: row::Model, _links: Links) -> Result<(Meta, Self), Corrupt> {
        let meta = Meta {
            id: row.id,
            parent: None,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        };
        let data = Self {
            slug: Some(text(row.slug)?),
            name: text(row.name)?,
            short_name: text_opt(row.short_name)?,
            aliases: json(row.aliases)?,
            kind: text(row.kind)?,
            country: text_opt(row.country)?,
            website: text_opt(row.website)?,
            iati_identifier: text_opt(row.iati_identifier)?,
        };
        Ok((meta, data))
    }

    fn row_id(row: &row::Model) -> Uuid {
        row.id
    }

    fn condition(filter: &OrganisationFilter, _actor: &Actor) -> Condition {
        Condition::all()
            .add_option(one_of::<Self, _>("kind", &filter.kind))
            .add_option(one_of::<Self, _>("country", &filter.country))
            .add_option(filter.updated_since.map(|Instant(since)| column::<Self>("updated_at").gte(since)))
    }

    fn sort_column(key: OrganisationSort) -> SortColumn {
        match key {
            OrganisationSort::Name => SortColumn::Text("name_key"),
            OrganisationSort::Slug => SortColumn::Text("slug"),
            OrganisationSort::Kind => SortColumn::Text("kind"),
            OrganisationSort::CreatedAt => SortColumn::Instant("created_at"),
            OrganisationSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
