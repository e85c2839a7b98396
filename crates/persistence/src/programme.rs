//! Maps funding programmes to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::organisation::Organisation;
use vku_domain::programme::{FundingProgramme, ProgrammeFilter, ProgrammeSort};

use crate::kernel::codec::{
    first_day, json_opt, last_day, money, text, text_opt, to_json, to_json_opt, to_text,
};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::row::row;
use crate::kernel::table::{FoundBy, SortColumn, Table, column};

row! {
    slug: String,
    name: String,
    name_key: String,
    kind: String,
    start: Option<String>,
    start_first: String,
    end: Option<String>,
    end_last: String,
    volume_minor: Option<i64>,
    volume_currency: Option<String>,
    rules: Option<Json>,
    description: Option<Json>,
    url: Option<String>,
    source_url: Option<String>,
    calls: Option<Json>,
}

impl Table for FundingProgramme {
    type Row = Row;
    type Hooks = ();

    const STORES_JSON: bool = true;
    const SETS: bool = true;
    const PARTIES: bool = true;
    const FOUND_BY: &'static [FoundBy] = &[
        FoundBy::party("funding_programme_party", "utility", "utility_id"),
        FoundBy::party("funding_programme_party", "organisation", "organisation_id"),
    ];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self {
            slug,
            name,
            funders,
            implementers,
            kind,
            sectors,
            countries,
            start,
            end,
            volume,
            rules,
            description,
            url,
            source_url,
            calls,
        } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            kind: kind.to_string(),
            start: to_text(start),
            start_first: first_day(start),
            end: to_text(end),
            end_last: last_day(end),
            volume_minor: volume.as_ref().map(|volume| volume.minor_units()),
            volume_currency: volume.as_ref().map(|volume| volume.currency().to_string()),
            rules: to_json_opt(rules)?,
            description: to_json_opt(description)?,
            url: to_text(url),
            source_url: to_text(source_url),
            calls: Some(to_json(calls)?),
        };
        let links = ChildRows::default()
            .set("sectors", sectors)
            .set("countries", countries)
            .party_list("funders", funders)
            .party_list("implementers", implementers);
        Ok((columns, links))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            slug: Some(text(row.slug)?),
            name: text(row.name)?,
            funders: links.take_party_list("funders"),
            implementers: links.take_party_list("implementers"),
            kind: text(row.kind)?,
            sectors: links.take_set("sectors")?,
            countries: links.take_set("countries")?,
            start: text_opt(row.start)?,
            end: text_opt(row.end)?,
            volume: money(row.volume_minor, row.volume_currency)?,
            rules: json_opt(row.rules)?,
            description: json_opt(row.description)?,
            url: text_opt(row.url)?,
            source_url: text_opt(row.source_url)?,
            calls: json_opt(row.calls)?.unwrap_or_default(),
        })
    }

    fn special_filter_to_sql(filter: &ProgrammeFilter, actor: &Actor) -> Condition {
        let funded_by = (!filter.funder.is_empty()).then(|| {
            let owners = Query::select()
                .column("owner_id")
                .from("funding_programme_party")
                .and_where(Expr::col("field").eq("funders"))
                .and_where(Expr::col("organisation_id").in_subquery(ids_of_keys(
                    Organisation::TABLE,
                    &filter.funder,
                    actor,
                )))
                .take();
            column::<Self>("id").in_subquery(owners)
        });
        Condition::all().add_option(funded_by)
    }

    fn sort_column(key: ProgrammeSort) -> SortColumn {
        match key {
            ProgrammeSort::Name => SortColumn::Text("name_key"),
            ProgrammeSort::Slug => SortColumn::Text("slug"),
            ProgrammeSort::Kind => SortColumn::Text("kind"),
            ProgrammeSort::Start => SortColumn::Text("start_first"),
            ProgrammeSort::End => SortColumn::Text("end_last"),
            ProgrammeSort::CreatedAt => SortColumn::Instant("created_at"),
            ProgrammeSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }
}
