//! Maps registrations to their table.

mod allocation;
mod attendee;
mod derived;
pub(crate) mod seat_counts;
pub(crate) mod waiting_list;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query, SelectStatement};
use sea_orm::{DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::contact::Contact;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::Member;
use vku_domain::registration::{Registration, RegistrationSort, RegistrationStatus};
use vku_domain::session::{Session, SessionStatus, start_key};

use crate::kernel::codec::{text, text_opt, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, column};
use crate::kernel::transaction::Writer;
use crate::membership::{own_members, taking_part};

row! {
    member_id: Uuid,
    contact_id: Option<Uuid>,
    name: Option<String>,
    email: Option<String>,
    language: Option<String>,
    attendance: String,
    status: Option<String>,
}

impl Table for Registration {
    type Row = Row;
    type Hooks = Self;

    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] =
        &[("member_id", "member"), ("contact_id", "contact")];
    /// Writers that take or free a seat of a session wait for each other.
    const PARENT_LOCK: LockType = LockType::Update;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { member, contact, name, email, language, attendance, status } = data;
        let columns = Row {
            // An unresolved reference is refused before it gets here, and the foreign key would refuse this
            // id too.
            member_id: member.id().unwrap_or_default(),
            contact_id: contact.as_ref().and_then(Ref::id),
            name: to_text(name),
            email: to_text(email),
            language: to_text(language),
            attendance: attendance.to_string(),
            status: to_text(status),
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            member: Ref::to(Key::Id(row.member_id)),
            contact: row.contact_id.map(Ref::unnamed),
            name: text_opt(row.name)?,
            email: text_opt(row.email)?,
            language: text_opt(row.language)?,
            attendance: text(row.attendance)?,
            status: text_opt(row.status)?,
        })
    }

    fn sort_column(key: RegistrationSort) -> SortColumn {
        match key {
            RegistrationSort::Arrival => SortColumn::Text("arrival"),
            RegistrationSort::Status => SortColumn::OptionalText("status"),
            RegistrationSort::CreatedAt => SortColumn::Instant("created_at"),
            RegistrationSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Registrations of the actor's own members; staff sees all.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        Condition::all().add(column::<Self>("member_id").in_subquery(own_members(actor)))
    }

    /// Registered or waiting people of sessions that have not begun. Past registrations record who came, and
    /// prevent no deletion.
    fn is_binding(at: DateTime<Utc>) -> Condition {
        let to_come = Query::select()
            .column("id")
            .from(Session::NAME)
            .and_where(Expr::col("status").eq(SessionStatus::Published.as_str()))
            .and_where(Expr::col("start_key").gt(start_key(at)))
            .take();
        let coming = seat_counts::ACTIVE.map(|status| status.as_str());
        Condition::all()
            .add(column::<Self>("status").is_in(coming))
            .add(column::<Self>("session_id").in_subquery(to_come))
    }

    fn derived_from(_actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        derived::columns(backend)
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        derived::derive(item, row)
    }
}

impl WriteHooks<Self> for Registration {
    async fn before_write(
        writer: &Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        allocation::allocate(writer, parent, before, after).await
    }

    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        waiting_list::registration_written(writer, before, after).await
    }
}

pub(crate) fn session_of(item: &Stored<Registration>) -> Option<Uuid> {
    item.parent.as_ref().map(|(_, session)| session.id)
}

/// Selects the ids of the waiting registrations, in order of arrival.
fn waiting(session: Uuid) -> SelectStatement {
    not_deleted(session)
        .column("id")
        .and_where(Expr::col("status").eq(RegistrationStatus::Waitlisted.as_str()))
        .cond_where(present("registration"))
        .order_by("arrival", sea_orm::Order::Asc)
        .order_by("id", sea_orm::Order::Asc)
        .take()
}

/// The contact and the member are not deleted, and the member has not left. Other registrations get no seat
/// and no e-mail. `registration` is the name or alias of the table.
fn present(registration: &'static str) -> Condition {
    let contact_id = || Expr::col((registration, "contact_id"));
    let contact = Query::select()
        .expr(Expr::val(1))
        .from(Contact::NAME)
        .and_where(column::<Contact>("id").eq(contact_id()))
        .and_where(column::<Contact>("deleted_at").is_null())
        .take();
    let member = Query::select()
        .expr(Expr::val(1))
        .from(Member::NAME)
        .and_where(column::<Member>("id").eq(Expr::col((registration, "member_id"))))
        .cond_where(taking_part())
        .take();
    Condition::all()
        .add(Expr::exists(member))
        .add(Condition::any().add(contact_id().is_null()).add(Expr::exists(contact)))
}

/// The registrations of a session, without deleted ones.
fn not_deleted(session: Uuid) -> SelectStatement {
    Query::select()
        .from("registration")
        .and_where(Expr::col("session_id").eq(session))
        .and_where(Expr::col("deleted_at").is_null())
        .take()
}

/// Selects the registrations of the actor's own staff, including deleted ones.
pub(crate) fn own(actor: &Actor) -> SelectStatement {
    Query::select()
        .from("registration")
        .and_where(Expr::col("member_id").in_subquery(own_members(actor)))
        .take()
}

/// Selects the ids of the sessions in which the actor's own staff has a seat or waits for one.
pub(crate) fn taken_part_in(actor: &Actor) -> SelectStatement {
    let statuses = RegistrationStatus::SEATED
        .iter()
        .chain([&RegistrationStatus::Waitlisted])
        .map(|status| status.as_str());
    Query::select()
        .column("session_id")
        .from("registration")
        .and_where(Expr::col("deleted_at").is_null())
        .and_where(Expr::col("status").is_in(statuses))
        .and_where(Expr::col("member_id").in_subquery(own_members(actor)))
        .take()
}
