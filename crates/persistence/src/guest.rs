//! Maps guests of sessions to their table.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LockType, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::guest::{Guest, GuestSort, GuestStatus};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Visibility;
use vku_domain::kernel::violation::Violations;
use vku_domain::party::not_narrower;
use vku_domain::session::Session;

use crate::kernel::codec::{text_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::load::{by_id_unchecked, by_ids_unchecked};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::{is_visible_by_status, scalar_subquery};
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{FoundBy, SortColumn, Table, column};
use crate::kernel::transaction::Writer;

row! {
    name: Option<String>,
    name_key: String,
    function: Option<String>,
    email: Option<String>,
    status: Option<String>,
    talk_title: Option<String>,
}

impl Table for Guest {
    type Row = Row;
    type Hooks = Self;

    const PARTIES: bool = true;
    const PARENT_LOCK: LockType = LockType::Update;
    const FOUND_BY: &'static [FoundBy] = &[
        FoundBy::party("guest_party", "utility", "utility_id"),
        FoundBy::party("guest_party", "organisation", "organisation_id"),
    ];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { name, party, function, email, status, talk_title } = data;
        let columns = Row {
            name: to_text(name),
            name_key: collation_key(data.label()),
            function: to_text(function),
            email: to_text(email),
            status: to_text(status),
            talk_title: to_text(talk_title),
        };
        Ok((columns, ChildRows::default().party_list("party", party.as_slice())))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            name: text_opt(row.name)?,
            party: links.take_party_list("party").pop(),
            function: text_opt(row.function)?,
            email: text_opt(row.email)?,
            status: text_opt(row.status)?,
            talk_title: text_opt(row.talk_title)?,
        })
    }

    fn sort_column(key: GuestSort) -> SortColumn {
        match key {
            GuestSort::Name => SortColumn::Text("name_key"),
            GuestSort::Status => SortColumn::OptionalText("status"),
            GuestSort::CreatedAt => SortColumn::Instant("created_at"),
            GuestSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Confirmed guests; staff sees all guests.
    fn visible_to(actor: &Actor) -> Condition {
        let confirmed = [GuestStatus::Confirmed.as_str()];
        let confirmed = is_visible_by_status::<Self>(GuestStatus::WORDS, &confirmed);
        Condition::all().add_option((!actor.is_staff()).then_some(confirmed))
    }
}

impl WriteHooks<Self> for Guest {
    /// Checks that everybody who may see the session may also see the party that the guest represents.
    async fn before_write(
        writer: &Writer<'_>,
        parent: Option<Uuid>,
        _before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let (Some(session), Some(party)) = (parent, &after.party) else { return Ok(()) };
        let session = by_id_unchecked::<Session>(writer, session).await?;
        let mut violations = Violations::default();
        not_narrower(party, session.data.visibility, "/party", &mut violations);
        if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
    }
}

/// Selects the name of this guest, if the actor sees it, like [`Guest::label`].
pub(crate) fn select_name(actor: &Actor, guest: Expr) -> SelectStatement {
    let name_of_party = |key: &'static str, table: &'static str| {
        let party = Query::select()
            .column((table, "name"))
            .from("guest_party")
            .inner_join(table, Expr::col((table, "id")).equals(("guest_party", key)))
            .and_where(Expr::col(("guest_party", "owner_id")).eq(column::<Guest>("id")))
            .limit(1)
            .take();
        scalar_subquery(party)
    };
    let utility = name_of_party("utility_id", "utility");
    let organisation = name_of_party("organisation_id", "organisation");
    let name = Func::coalesce([column::<Guest>("name"), utility, organisation, Expr::val("")]);
    Guest::TABLE.visible_row(actor, guest).expr(name).take()
}

/// Adds a violation for each guest of the session who represents a party that is less visible than the
/// session.
pub(crate) async fn narrower(
    writer: &Writer<'_>,
    session: Uuid,
    shown_to: Visibility,
    violations: &mut Violations,
) -> Result<(), Error> {
    let of_session = column::<Guest>("session_id").eq(session);
    for guest in by_ids_unchecked::<Guest>(writer, of_session).await? {
        if let Some(party) = &guest.data.party {
            not_narrower(party, shown_to, "/visibility", violations);
        }
    }
    Ok(())
}

/// Selects the ids of the sessions with guests who represent the utility.
pub(crate) fn sessions_of(utility: Uuid) -> SelectStatement {
    let owners = Query::select()
        .column("owner_id")
        .from("guest_party")
        .and_where(Expr::col("utility_id").eq(utility))
        .take();
    Query::select()
        .column("session_id")
        .from("guest")
        .and_where(Expr::col("id").in_subquery(owners))
        .and_where(Expr::col("deleted_at").is_null())
        .take()
}

/// Whether a guest belongs to the session.
pub(crate) async fn is_of(writer: &Writer<'_>, guest: Uuid, session: Uuid) -> Result<bool, Error> {
    let found = Query::select()
        .column("id")
        .from("guest")
        .and_where(Expr::col("id").eq(guest))
        .and_where(Expr::col("session_id").eq(session))
        .and_where(Expr::col("deleted_at").is_null())
        .take();
    Ok(writer.tx().query_one(&found).await.map_err(failed)?.is_some())
}
