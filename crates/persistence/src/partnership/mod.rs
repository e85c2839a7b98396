//! Maps partnerships to their table, and selects who takes part in them.

mod aggregates;
mod filter;
mod participants;

pub use self::participants::PARTICIPANTS;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::funding::Funding;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Country;
use vku_domain::partnership::{
    Participant, ParticipantRole, Partnership, PartnershipDerived, PartnershipFilter, PartnershipSort,
    PartnershipStatus,
};

use crate::kernel::codec::{first_day, json_opt, last_day, text, text_opt, to_json_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::{ChildRows, PartyLink};
use crate::kernel::table::conditions::is_visible_by_level;
use crate::kernel::table::country_index;
use crate::kernel::table::row::row;
use crate::kernel::table::{
    Codes, CountryIndex, DerivedFrom, FoundBy, FoundWords, SortColumn, Table, column,
};
use crate::kernel::transaction::Writer;

row! {
    slug: String,
    title: String,
    title_key: String,
    summary: Option<Json>,
    status: Option<String>,
    start: Option<String>,
    start_first: String,
    end: Option<String>,
    end_last: String,
    based_on: Option<Json>,
    visibility: String,
    source_url: Option<String>,
}

impl Table for Partnership {
    type Row = Row;
    type Hooks = ();

    const SETS: bool = true;
    const CODE_LISTS: &'static [Codes] =
        &[Codes { set: "working_areas", pointer: "/working_areas", of: "working_area" }];
    const PARTIES: bool = true;
    const PARTY_COUNTRIES: bool = true;
    const COUNTRY_INDEX: Option<&'static CountryIndex> = Some(&CountryIndex {
        field: ParticipantRole::Partner.as_str(),
        set: "sectors",
        columns: &["status", "visibility", "start_first", "title_key"],
    });
    const FOUND_BY: &'static [FoundBy] = &[
        FoundBy::party("partnership_party", "utility", "utility_id"),
        FoundBy::party("partnership_party", "organisation", "organisation_id"),
        FoundBy {
            resource: "funding_programme",
            table: "funding",
            key: "programme_id",
            owner: "partnership_id",
            words: FoundWords::Names,
            only: Some(|| column::<Funding>("deleted_at").is_null()),
        },
    ];
    const VISIBILITY: Option<fn() -> Expr> = Some(|| column::<Self>("visibility"));
    const STORES_JSON: bool = true;
    const DERIVED_FROM: &'static [DerivedFrom] = aggregates::DERIVED_FROM;
    const DEPENDS_ON_DAY: Option<fn() -> Expr> = Some(aggregates::has_activity);

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self {
            slug,
            title,
            summary,
            participants,
            sectors,
            working_areas,
            sdg_targets,
            status,
            start,
            end,
            based_on,
            visibility,
            source_url,
        } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            title: title.to_string(),
            title_key: collation_key(title.as_str()),
            summary: to_json_opt(summary)?,
            status: to_text(status),
            start: to_text(start),
            start_first: first_day(start),
            end: to_text(end),
            end_last: last_day(end),
            based_on: to_json_opt(based_on)?,
            visibility: visibility.to_string(),
            source_url: to_text(source_url),
        };
        let links = ChildRows::default()
            .set("sectors", sectors)
            .set("working_areas", working_areas)
            .set("sdg_targets", sdg_targets);
        let links =
            participants.iter().cloned().fold(links, |links, Participant { party, role, from, until }| {
                links.party(PartyLink { field: role.to_string(), party, from, until })
            });
        Ok((columns, links))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        let participants = links.take_parties().into_iter().map(|PartyLink { field, party, from, until }| {
            Ok(Participant { party, role: text(field)?, from, until })
        });
        Ok(Self {
            slug: Some(text(row.slug)?),
            title: text(row.title)?,
            summary: json_opt(row.summary)?,
            participants: participants.collect::<Result<_, Corrupt>>()?,
            sectors: links.take_set("sectors")?,
            working_areas: links.take_set("working_areas")?,
            sdg_targets: links.take_set("sdg_targets")?,
            status: text_opt(row.status)?,
            start: text_opt(row.start)?,
            end: text_opt(row.end)?,
            based_on: json_opt(row.based_on)?,
            visibility: text(row.visibility)?,
            source_url: text_opt(row.source_url)?,
        })
    }

    fn special_filter_to_sql(filter: &PartnershipFilter, actor: &Actor) -> Condition {
        filter::to_sql(filter, actor)
    }

    fn country_filter(filter: &PartnershipFilter) -> Vec<String> {
        filter.country.iter().map(ToString::to_string).collect()
    }

    fn sort_column(key: PartnershipSort) -> SortColumn {
        match key {
            PartnershipSort::Title => SortColumn::Text("title_key"),
            PartnershipSort::Slug => SortColumn::Text("slug"),
            PartnershipSort::Start => SortColumn::Text("start_first"),
            PartnershipSort::End => SortColumn::Text("end_last"),
            PartnershipSort::Status => SortColumn::OptionalText("status"),
            PartnershipSort::CreatedAt => SortColumn::Instant("created_at"),
            PartnershipSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Partnerships by their visibility, and those in which one of the actor's utilities takes part today.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        let mut condition = Condition::any().add(is_visible_by_level::<Self>(actor));
        if !actor.utilities.is_empty() {
            condition = condition.add(column::<Self>("id").in_subquery(taken_part_in(actor)));
        }
        condition
    }

    fn derived_from(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        aggregates::columns(actor, backend)
    }

    /// Derives countries, places and the aggregates of the sub-resources.
    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, actor: &Actor) -> Result<(), Error> {
        let of_sub_resources = row.map(|row| aggregates::of(row, actor)).transpose()?.unwrap_or_default();
        item.derived = PartnershipDerived::of(&item.data, of_sub_resources);
        Ok(())
    }

    /// Checks that utilities that have reported a result stay in the list of participants.
    async fn check_references(writer: &Writer<'_>, before: &Stored<Self>, after: &Self) -> Result<(), Error> {
        let removed = before.data.participants.iter().filter_map(|participant| participant.party.utility());
        let removed: Vec<Uuid> = removed.filter(|utility| !after.names_utility(*utility)).collect();
        if removed.is_empty() {
            return Ok(());
        }
        let dependents = aggregates::reported_by(writer.tx(), before.id, removed).await?;
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "Participants who have reported results must stay in the list, with an `until`; see \
             `dependents`.",
            "Wer Ergebnisse berichtet hat, bleibt in der Liste, mit einem `until`; siehe `dependents`."
        );
        let conflict = Error { dependents, ..Error::new(Code::ConflictsWithDependents, detail) };
        Err(conflict.about("/participants"))
    }
}

/// Selects the ids of the partnerships with a party that matches the condition.
fn owners(condition: Condition) -> SelectStatement {
    Query::select().column("owner_id").from("partnership_party").cond_where(condition).take()
}

/// Selects the ids of the partnerships, without deleted ones, in which one of the actor's utilities takes
/// part today.
pub(crate) fn taken_part_in(actor: &Actor) -> SelectStatement {
    let is_live =
        Expr::exists(of_participant().and_where(column::<Partnership>("deleted_at").is_null()).take());
    let of_actor = Expr::col("utility_id").is_in(actor.utilities.iter().copied());
    owners(today(actor).add(of_actor).add(is_live))
}

/// Selects the ids of the utilities that take part today in an active partnership that the actor sees.
pub(crate) fn active_today(actor: &Actor) -> SelectStatement {
    let active = of_participant()
        .and_where(column::<Partnership>("status").eq(PartnershipStatus::Active.as_str()))
        .and_where(column::<Partnership>("deleted_at").is_null())
        .cond_where(Partnership::visible_to(actor))
        .take();
    let utilities = today(actor).add(Expr::exists(active));
    let known = utilities.add(Expr::col("utility_id").is_not_null());
    Query::select().column("utility_id").from("partnership_party").cond_where(known).take()
}

/// Selects the partnership of a participant.
fn of_participant() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(Partnership::NAME)
        .and_where(column::<Partnership>("id").eq(Expr::col(("partnership_party", "owner_id"))))
        .take()
}

/// The participant takes part on the day of the request.
fn today(actor: &Actor) -> Condition {
    let today = actor.today().to_string();
    let has_begun = Condition::any()
        .add(Expr::col("from_first").is_null())
        .add(Expr::col("from_first").lte(today.as_str()));
    let not_left = Condition::any()
        .add(Expr::col("until_last").is_null())
        .add(Expr::col("until_last").gte(today.as_str()));
    Condition::all().add(has_begun).add(not_left)
}

/// Copies a changed country of a utility to its rows in partnerships.
pub(crate) async fn follow_country(
    writer: &Writer<'_>,
    utility: Uuid,
    country: &Country,
) -> Result<(), Error> {
    // Other writes of these partnerships wait, or have ended: what they have written is copied and indexed, too.
    let of_utility = || owners(Expr::col("utility_id").eq(utility).into());
    let lock = Query::select()
        .column("owner_id")
        .from("partnership_party")
        .and_where(Expr::col("owner_id").in_subquery(of_utility()))
        .order_by("owner_id", Order::Asc)
        .order_by("position", Order::Asc)
        .lock(LockType::Update)
        .take();
    writer.tx().query_all(&lock).await.map_err(failed)?;
    let update = Query::update()
        .table("partnership_party")
        .value("country", country.as_str())
        .and_where(Expr::col("utility_id").eq(utility))
        .take();
    writer.tx().execute(&update).await.map_err(failed)?;
    let ids = "SELECT owner_id FROM partnership_party WHERE utility_id = $1";
    country_index::replace_of(writer.tx(), Partnership::TABLE, ids, &[utility.into()]).await
}
