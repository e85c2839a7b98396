//! Maps sessions to their table.

mod consistency;
mod derived;
mod hooks;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, UnionType};
use sea_orm::{DatabaseBackend, QueryResult};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::Visibility;
use vku_domain::organisation::Organisation;
use vku_domain::session::{Session, SessionFilter, SessionSort, SessionStatus};
use vku_domain::utility::Utility;

use crate::kernel::codec::{json_opt, number_opt, text, text_opt, to_json_opt, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::{ids_of_keys, is_visible_by_level, is_visible_by_status};
use crate::kernel::table::row::row;
use crate::kernel::table::{FoundBy, SortColumn, Table, column};
use crate::registration;

row! {
    slug: String,
    title: String,
    title_key: String,
    kind: String,
    focus_topic: Option<Json>,
    description: Option<Json>,
    starts_on: String,
    ends_on: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    start_key: String,
    time_zone: String,
    format: Option<String>,
    place: Option<String>,
    online_url: Option<String>,
    status: Option<String>,
    capacity: Option<i64>,
    room_capacity: Option<i64>,
    waiting_list: bool,
    registration_closes_at: Option<DateTimeUtc>,
    visibility: String,
    source_url: Option<String>,
}

impl Table for Session {
    type Row = Row;
    type Hooks = Self;

    const SETS: bool = true;
    const PARTIES: bool = true;
    const VISIBILITY: Option<fn() -> Expr> = Some(visibility);
    const FOUND_BY: &'static [FoundBy] = &[
        FoundBy::party("session_party", "utility", "utility_id"),
        FoundBy::party("session_party", "organisation", "organisation_id"),
    ];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self {
            slug,
            title,
            kind,
            focus_topic,
            description,
            starts_on,
            ends_on,
            start_time,
            end_time,
            time_zone,
            format,
            place,
            online_url,
            organisers,
            sectors,
            status,
            capacity,
            room_capacity,
            waiting_list,
            registration_closes_at,
            visibility,
            source_url,
        } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            title: title.to_string(),
            title_key: collation_key(title.as_str()),
            kind: kind.to_string(),
            focus_topic: to_json_opt(focus_topic)?,
            description: to_json_opt(description)?,
            starts_on: starts_on.to_string(),
            ends_on: to_text(ends_on),
            start_time: to_text(start_time),
            end_time: to_text(end_time),
            start_key: data.start_key(),
            time_zone: time_zone.to_string(),
            format: to_text(format),
            place: to_text(place),
            online_url: to_text(online_url),
            status: to_text(status),
            capacity: capacity.map(|seats| seats.get().into()),
            room_capacity: room_capacity.map(|seats| seats.get().into()),
            waiting_list: *waiting_list,
            registration_closes_at: registration_closes_at.map(|InstantParam(at)| at),
            visibility: visibility.to_string(),
            source_url: to_text(source_url),
        };
        let links = ChildRows::default().set("sectors", sectors).party_list("organisers", organisers);
        Ok((columns, links))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            slug: Some(text(row.slug)?),
            title: text(row.title)?,
            kind: text(row.kind)?,
            focus_topic: json_opt(row.focus_topic)?,
            description: json_opt(row.description)?,
            starts_on: text(row.starts_on)?,
            ends_on: text_opt(row.ends_on)?,
            start_time: text_opt(row.start_time)?,
            end_time: text_opt(row.end_time)?,
            time_zone: text(row.time_zone)?,
            format: text_opt(row.format)?,
            place: text_opt(row.place)?,
            online_url: text_opt(row.online_url)?,
            organisers: links.take_party_list("organisers"),
            sectors: links.take_set("sectors")?,
            status: text_opt(row.status)?,
            capacity: number_opt(row.capacity)?,
            room_capacity: number_opt(row.room_capacity)?,
            waiting_list: row.waiting_list,
            registration_closes_at: row.registration_closes_at.map(InstantParam),
            visibility: text(row.visibility)?,
            source_url: text_opt(row.source_url)?,
        })
    }

    fn special_filter_to_sql(filter: &SessionFilter, actor: &Actor) -> Condition {
        let organised_by = (!filter.organiser.is_empty()).then(|| {
            let of = |column: &'static str, organisers| {
                let mut owners = Query::select().column("owner_id").from("session_party").take();
                owners.and_where(Expr::col(column).in_subquery(organisers)).take()
            };
            let utilities = ids_of_keys(Utility::TABLE, &filter.organiser, actor);
            let organisations = ids_of_keys(Organisation::TABLE, &filter.organiser, actor);
            // Not one condition for both, for which all parties would be read.
            let owners = of("utility_id", utilities)
                .union(UnionType::All, of("organisation_id", organisations))
                .take();
            column::<Self>("id").in_subquery(owners)
        });
        Condition::all().add_option(organised_by)
    }

    fn sort_column(key: SessionSort) -> SortColumn {
        match key {
            SessionSort::Title => SortColumn::Text("title_key"),
            SessionSort::Slug => SortColumn::Text("slug"),
            SessionSort::Start => SortColumn::Text("start_key"),
            SessionSort::Kind => SortColumn::Text("kind"),
            SessionSort::Status => SortColumn::OptionalText("status"),
            SessionSort::CreatedAt => SortColumn::Instant("created_at"),
            SessionSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Published sessions by their visibility, and those that one of the actor's utilities organises or
    /// attends.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        let published: Vec<_> =
            SessionStatus::PUBLISHED_OR_LATER.iter().map(|status| status.as_str()).collect();
        let mut seen = Condition::any().add(is_visible_by_level::<Self>(actor));
        if !actor.utilities.is_empty() {
            let organised = Query::select()
                .column("owner_id")
                .from("session_party")
                .and_where(Expr::col("utility_id").is_in(actor.utilities.iter().copied()))
                .take();
            let coming = registration::taken_part_in(actor);
            seen = seen
                .add(column::<Self>("id").in_subquery(organised))
                .add(column::<Self>("id").in_subquery(coming));
        }
        Condition::all().add(is_visible_by_status::<Self>(SessionStatus::WORDS, &published)).add(seen)
    }

    fn derived_from(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        derived::columns(actor, backend)
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, actor: &Actor) -> Result<(), Error> {
        derived::derive(item, row, actor)
    }
}

/// A draft is internal.
fn visibility() -> Expr {
    let shown = SessionStatus::PUBLISHED_OR_LATER.iter().map(|status| status.as_str());
    let internal = Expr::val(Visibility::Internal.as_str());
    Expr::case(column::<Session>("status").is_in(shown), column::<Session>("visibility"))
        .finally(internal)
        .into()
}
