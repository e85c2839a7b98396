//! Maps utilities to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error, Named};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::{Location, Visibility};
use vku_domain::member::Member;
use vku_domain::partnership::{ParticipantRole, Partnership};
use vku_domain::programme::FundingProgramme;
use vku_domain::session::Session;
use vku_domain::utility::{Utility, UtilitySort};

use crate::kernel::codec::{json, json_opt, text, text_opt, to_json, to_json_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::reference_lookup;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::is_visible_by_level;
use crate::kernel::table::row::row;
use crate::kernel::table::{Codes, SortColumn, Table, column};
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::write::dependents;
use crate::matching::profile::match_profile;
use crate::partnership::follow_country;

row! {
    slug: String,
    name: String,
    name_key: String,
    aliases: Json,
    kind: String,
    legal_form: Option<String>,
    country: String,
    region: Option<String>,
    city: Option<String>,
    city_key: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    climate_zone: Option<String>,
    population_served: Option<Json>,
    employees: Option<Json>,
    website: Option<String>,
    description: Option<Json>,
    visibility: String,
    source_url: Option<String>,
    // The profile for matching, as one text.
    traits: String,
}

impl Table for Utility {
    type Row = Row;
    type Hooks = ();

    const SETS: bool = true;
    const CODE_LISTS: &'static [Codes] = &[
        Codes { set: "expertise", pointer: "/expertise", of: "working_area" },
        Codes { set: "needs", pointer: "/needs", of: "working_area" },
    ];
    const VISIBILITY: Option<fn() -> Expr> = Some(|| column::<Self>("visibility"));
    const STORES_JSON: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self {
            slug,
            name,
            aliases,
            kind,
            legal_form,
            country,
            region,
            city,
            location,
            climate_zone,
            sectors,
            languages,
            population_served,
            employees,
            website,
            description,
            expertise,
            needs,
            visibility,
            source_url,
        } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            aliases: to_json(aliases)?,
            kind: kind.to_string(),
            legal_form: to_text(legal_form),
            country: country.to_string(),
            region: to_text(region),
            city: to_text(city),
            city_key: city.as_ref().map(|city| collation_key(city.as_str())).unwrap_or_default(),
            latitude: location.map(|location| location.latitude),
            longitude: location.map(|location| location.longitude),
            climate_zone: to_text(climate_zone),
            population_served: to_json_opt(population_served)?,
            employees: to_json_opt(employees)?,
            website: to_text(website),
            description: to_json_opt(description)?,
            visibility: visibility.to_string(),
            source_url: to_text(source_url),
            traits: match_profile(data),
        };
        let links = ChildRows::default()
            .set("sectors", sectors)
            .set("languages", languages)
            .set("expertise", expertise)
            .set("needs", needs);
        Ok((columns, links))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        let location =
            row.latitude.zip(row.longitude).map(|(latitude, longitude)| Location { latitude, longitude });
        Ok(Self {
            slug: Some(text(row.slug)?),
            name: text(row.name)?,
            aliases: json(row.aliases)?,
            kind: text(row.kind)?,
            legal_form: text_opt(row.legal_form)?,
            country: text(row.country)?,
            region: text_opt(row.region)?,
            city: text_opt(row.city)?,
            location,
            climate_zone: text_opt(row.climate_zone)?,
            sectors: links.take_set("sectors")?,
            languages: links.take_set("languages")?,
            population_served: json_opt(row.population_served)?,
            employees: json_opt(row.employees)?,
            website: text_opt(row.website)?,
            description: json_opt(row.description)?,
            expertise: links.take_set("expertise")?,
            needs: links.take_set("needs")?,
            visibility: text(row.visibility)?,
            source_url: text_opt(row.source_url)?,
        })
    }

    fn sort_column(key: UtilitySort) -> SortColumn {
        match key {
            UtilitySort::Name => SortColumn::Text("name_key"),
            UtilitySort::Slug => SortColumn::Text("slug"),
            UtilitySort::Country => SortColumn::Text("country"),
            UtilitySort::City => SortColumn::Text("city_key"),
            UtilitySort::CreatedAt => SortColumn::Instant("created_at"),
            UtilitySort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Utilities by their visibility, the actor's own, and those in a partnership in which the actor takes
    /// part today.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        let mut condition = Condition::any().add(is_visible_by_level::<Self>(actor));
        if !actor.utilities.is_empty() {
            let peers = Query::select()
                .column("utility_id")
                .from("partnership_party")
                .and_where(Expr::col("owner_id").in_subquery(crate::partnership::taken_part_in(actor)))
                .and_where(Expr::col("utility_id").is_not_null())
                .take();
            condition = condition
                .add(column::<Self>("id").is_in(actor.utilities.iter().copied()))
                .add(column::<Self>("id").in_subquery(peers));
        }
        condition
    }

    /// Checks that no resource that names the utility is more visible than the utility, and that its new kind
    /// fits its partnerships and its membership; copies a changed country.
    async fn check_references(writer: &Writer<'_>, before: &Stored<Self>, after: &Self) -> Result<(), Error> {
        if before.data.country != after.country {
            follow_country(writer, before.id, &after.country).await?;
        }
        let narrowed = before.data.visibility.is_wider_than(after.visibility);
        let moved = before.data.kind != after.kind;
        if !narrowed && !moved {
            return Ok(());
        }
        let mut conflict = Condition::any();
        if narrowed {
            conflict = conflict.add(is_wider::<Partnership>(after.visibility));
        }
        if moved {
            conflict = conflict.add(Expr::col("field").eq(ParticipantRole::Partner.as_str()));
        }
        let mut dependents = naming::<Partnership>(writer.tx(), before.id, conflict).await?;
        if narrowed {
            let wider = Condition::all().add(is_wider::<Session>(after.visibility));
            dependents.extend(naming::<Session>(writer.tx(), before.id, wider).await?);
            let speaking = column::<Session>("id").in_subquery(crate::guest::sessions_of(before.id));
            let sessions = Query::select()
                .column("id")
                .from(Session::NAME)
                .and_where(speaking)
                .and_where(is_wider::<Session>(after.visibility))
                .and_where(column::<Session>("deleted_at").is_null())
                .take();
            dependents.extend(named_by_id::<Session>(writer.tx(), sessions).await?);
            // A programme is public, so its parties must be public too.
            dependents.extend(naming::<FundingProgramme>(writer.tx(), before.id, Condition::all()).await?);
        }
        if moved {
            // Only a municipal utility can be a member.
            let select = Query::select()
                .column("id")
                .from(Member::NAME)
                .and_where(Expr::col("utility_id").eq(before.id))
                .and_where(Expr::col("deleted_at").is_null())
                .take();
            dependents.extend(named_by_id::<Member>(writer.tx(), select).await?);
        }
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "The change conflicts with other resources that name this utility; see `dependents`.",
            "Woran es beteiligt ist, würde nicht mehr stimmen; siehe `dependents`."
        );
        let member = if moved { "/kind" } else { "/visibility" };
        Err(Error { dependents, ..Error::new(Code::ConflictsWithDependents, detail) }.about(member))
    }
}

/// Selects the resources of a type that are more visible than `visibility`.
fn is_wider<T: Table>(visibility: Visibility) -> SimpleExpr {
    let wider = Visibility::ALL.iter().filter(|other| other.is_wider_than(visibility));
    column::<T>("visibility").is_in(wider.map(|wider| wider.as_str()))
}

/// Returns the resources of a kind, without deleted ones, that name the utility as a party and match the
/// condition.
async fn naming<T: Table>(tx: &Connection, utility: Uuid, conflict: Condition) -> Result<Vec<Named>, Error> {
    let ids = Query::select()
        .distinct()
        .expr_as(column::<T>("id"), "id")
        .from(T::NAME)
        .inner_join(format!("{}_party", T::NAME), Expr::col("owner_id").equals((T::NAME, "id")))
        .and_where(Expr::col("utility_id").eq(utility))
        .and_where(column::<T>("deleted_at").is_null())
        .cond_where(conflict)
        .take();
    named_by_id::<T>(tx, ids).await
}

/// Returns the resources with these ids, in the form that errors use.
async fn named_by_id<T: Table>(tx: &Connection, ids: SelectStatement) -> Result<Vec<Named>, Error> {
    use sea_orm::ConnectionTrait;
    let rows = tx.query_all(&ids).await.map_err(failed)?;
    let ids =
        rows.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<Uuid>, _>>().map_err(failed)?;
    let mut summaries: Vec<_> = reference_lookup::by_id(tx, T::NAME, &ids).await?.into_values().collect();
    summaries.sort_by_key(|summary| summary.id);
    Ok(summaries.into_iter().map(|found| dependents::name(T::NAME, found)).collect())
}
