//! Maps sessions to their table.

mod consistency;
mod hooks;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Visibility;
use vku_domain::organisation::Organisation;
use vku_domain::registration::RegistrationStatus;
use vku_domain::session::{Session, SessionDerived, SessionFilter, SessionSort, SessionStatus};
use vku_domain::utility::Utility;

use crate::kernel::codec::{json_opt, number_opt, text, text_opt, to_json_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::{ids_of_keys, is_visible_by_level};
use crate::kernel::table::row::row;
use crate::kernel::table::{DeriveByQueries, FoundBy, SortColumn, Table, column};
use crate::kernel::transaction::Reader;
use crate::registration;
use crate::registration::seat_counts;

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
        FoundBy {
            resource: "utility",
            table: "session_party",
            key: "utility_id",
            owner: "owner_id",
            own: false,
        },
        FoundBy {
            resource: "organisation",
            table: "session_party",
            key: "organisation_id",
            owner: "owner_id",
            own: false,
        },
    ];
    const DERIVE_BY_QUERIES: Option<DeriveByQueries<Self>> =
        Some(|reader, items| derive(reader, items).boxed_local());

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
            let utilities = ids_of_keys(Utility::TABLE, &filter.organiser, actor);
            let organisations = ids_of_keys(Organisation::TABLE, &filter.organiser, actor);
            let owners = Query::select()
                .column("owner_id")
                .from("session_party")
                .cond_where(
                    Condition::any()
                        .add(Expr::col("utility_id").in_subquery(utilities))
                        .add(Expr::col("organisation_id").in_subquery(organisations)),
                )
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
        let shown = SessionStatus::PUBLISHED_OR_LATER.iter().map(|status| status.as_str());
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
        Condition::all().add(column::<Self>("status").is_in(shown)).add(seen)
    }
}

/// Derives the seats, and the link for attendees with a seat, with one query each for the whole page.
async fn derive(reader: &Reader<'_>, items: &mut [Stored<Session>]) -> Result<(), Error> {
    let (actor, ids) = (reader.actor(), items.iter().map(|item| item.id).collect::<Vec<_>>());
    let taken = seat_counts::of_sessions(reader, &ids).await?;
    let counted = Session::may_see_counts(actor);
    let own =
        if actor.role == Some(Role::Member) { own_registrations(reader).await? } else { HashMap::new() };
    let is_cancelled = |item: &Stored<Session>| item.data.status == Some(SessionStatus::Cancelled);
    // Ask for all sessions, so that a page takes the same number of statements whatever is on it.
    let all: Vec<_> = items.iter().map(|item| item as &dyn AnyStored).collect();
    let mut reasons = reader.reasons(Session::INFO, &all, SessionStatus::Cancelled.as_str()).await?;
    for item in items {
        let own = own.get(&item.id);
        if !actor.is_staff() && !own.is_some_and(|own| own.seated) {
            item.data.online_url = None;
        }
        let (it, taken) = (&item.data, taken.get(&item.id).copied().unwrap_or_default());
        item.derived = SessionDerived {
            starts_at: it.starts_at().map(InstantParam),
            ends_at: it.ends_at().map(InstantParam),
            registration_state: it.registration_state(&taken, actor.at),
            counts: counted.then_some(taken.counts),
            cancellation_reason: reasons.remove(&item.id).filter(|_| is_cancelled(item)),
            seen_changed_at: own.map(|own| own.changed_at),
        };
    }
    Ok(())
}

/// A draft is internal.
fn visibility() -> Expr {
    let shown = SessionStatus::PUBLISHED_OR_LATER.iter().map(|status| status.as_str());
    let internal = Expr::val(Visibility::Internal.as_str());
    Expr::case(column::<Session>("status").is_in(shown), column::<Session>("visibility"))
        .finally(internal)
        .into()
}

/// The registrations of the actor's own staff for a session.
struct OwnRegistrations {
    /// Whether one of them has a seat.
    seated: bool,
    /// When one of the registrations was last changed or deleted.
    changed_at: DateTime<Utc>,
}

/// Returns the sessions for which the actor's own staff is or was registered.
async fn own_registrations(reader: &Reader<'_>) -> Result<HashMap<Uuid, OwnRegistrations>, Error> {
    let mut all: HashMap<Uuid, OwnRegistrations> = HashMap::new();
    for row in reader.tx().query_all(&registration::own(reader.actor())).await.map_err(failed)? {
        let session: Uuid = row.try_get("", "session_id").map_err(failed)?;
        let changed_at: DateTime<Utc> = row.try_get("", "updated_at").map_err(failed)?;
        let deleted_at: Option<DateTime<Utc>> = row.try_get("", "deleted_at").map_err(failed)?;
        let status: Option<String> = row.try_get("", "status").map_err(failed)?;
        let has = |seated: &RegistrationStatus| status.as_deref() == Some(seated.as_str());
        let seated = deleted_at.is_none() && RegistrationStatus::SEATED.iter().any(has);
        let own = all.entry(session).or_insert(OwnRegistrations { seated, changed_at });
        own.seated |= seated;
        own.changed_at =
            [own.changed_at, changed_at].into_iter().chain(deleted_at).fold(own.changed_at, Ord::max);
    }
    Ok(all)
}
