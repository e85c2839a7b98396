//! Maps organisations to their table.

use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::organisation::{Organisation, OrganisationSort};

use crate::kernel::codec::{json, text, text_opt, to_json, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};

row! {
    slug: String,
    name: String,
    name_key: String,
    short_name: Option<String>,
    aliases: Json,
    kind: String,
    country: Option<String>,
    website: Option<String>,
    iati_identifier: Option<String>,
}

impl Table for Organisation {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { slug, name, short_name, aliases, kind, country, website, iati_identifier } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            short_name: to_text(short_name),
            aliases: to_json(aliases)?,
            kind: kind.to_string(),
            country: to_text(country),
            website: to_text(website),
            iati_identifier: to_text(iati_identifier),
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            slug: Some(text(row.slug)?),
            name: text(row.name)?,
            short_name: text_opt(row.short_name)?,
            aliases: json(row.aliases)?,
            kind: text(row.kind)?,
            country: text_opt(row.country)?,
            website: text_opt(row.website)?,
            iati_identifier: text_opt(row.iati_identifier)?,
        })
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
