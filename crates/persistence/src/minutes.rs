//! Maps minutes of sessions to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::minutes::{Minutes, MinutesDerived, MinutesSort, MinutesStatus};
use vku_domain::session::{Session, SessionStatus};

use crate::kernel::codec::{json, text_opt, to_json, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::load::by_id_unchecked;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::{is_visible_by_status, scalar_subquery};
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, column};
use crate::kernel::transaction::Writer;

/// The column with the number of earlier revisions.
const BEFORE: &str = "earlier_revisions";

row! {
    text: Json,
    decisions: Json,
    status: Option<String>,
}

impl Table for Minutes {
    type Row = Row;
    type Hooks = Self;

    const PARENT_LOCK: LockType = LockType::Update;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { text, decisions, status } = data;
        let columns = Row { text: to_json(text)?, decisions: to_json(decisions)?, status: to_text(status) };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self { text: json(row.text)?, decisions: json(row.decisions)?, status: text_opt(row.status)? })
    }

    fn sort_column(key: MinutesSort) -> SortColumn {
        match key {
            MinutesSort::CreatedAt => SortColumn::Instant("created_at"),
            MinutesSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Published minutes; staff sees all minutes.
    fn visible_to(actor: &Actor) -> Condition {
        let published = [MinutesStatus::Published.as_str()];
        let published = is_visible_by_status::<Self>(MinutesStatus::WORDS, &published);
        Condition::all().add_option((!actor.is_staff()).then_some(published))
    }

    /// Selects the number of revisions before this one, in the order of creation without deleted minutes. Deleted minutes
    /// would be the last revision.
    fn derived_from(_actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        let other = |name: &'static str| Expr::col(("other", name));
        let age = |of: [Expr; 2]| Expr::tuple(of);
        let own = ["created_at", "id"].map(column::<Self>);
        let is_before = age(["created_at", "id"].map(other)).lt(age(own));
        let before = Query::select()
            .expr(Expr::cust("count(*)"))
            .from_as(Self::NAME, "other")
            .and_where(other("session_id").eq(column::<Self>("session_id")))
            .and_where(other("deleted_at").is_null())
            .cond_where(Condition::any().add(is_before).add(column::<Self>("deleted_at").is_not_null()))
            .take();
        vec![(BEFORE, scalar_subquery(before))]
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        let before: i64 = row.map_or(Ok(0), |row| row.try_get("", BEFORE)).map_err(failed)?;
        item.derived = MinutesDerived { revision: before.try_into().unwrap_or(0) + 1 };
        Ok(())
    }
}

impl WriteHooks<Self> for Minutes {
    /// Checks that the session has been held, that there is no other draft, and that published minutes stay
    /// unchanged.
    async fn before_write(
        writer: &Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let id = parent.ok_or_else(|| Error::internal("minutes without a session"))?;
        let session = by_id_unchecked::<Session>(writer, id).await?;
        if session.data.status != Some(SessionStatus::Held) {
            let detail = bilingual!(
                "Minutes can only be written for a session that has been held.",
                "Protokolle gibt es von Sitzungen, die stattgefunden haben."
            );
            return Err(Error::new(Code::SessionNotHeld, detail).about("/session"));
        }
        if before.is_some_and(|before| before.deleted_at.is_none() && is_published(before)) {
            return Err(published());
        }
        let draft = after.status != Some(MinutesStatus::Published);
        if draft && has_draft(writer, id, before.map(|before| before.id)).await? {
            let detail = bilingual!(
                "There is already a draft: change or publish that draft.",
                "Eine Fassung ist schon in Arbeit: Ändern Sie diesen Entwurf, oder veröffentlichen Sie ihn."
            );
            return Err(Error::new(Code::MinutesInWork, detail).about("/session"));
        }
        Ok(())
    }

    /// Refuses to delete published minutes.
    async fn after_write(
        _writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let deleted = after.deleted_at.is_some() && before.is_some_and(is_published);
        if deleted { Err(published()) } else { Ok(()) }
    }
}

fn is_published(minutes: &Stored<Minutes>) -> bool {
    minutes.data.status == Some(MinutesStatus::Published)
}

fn published() -> Error {
    let detail = bilingual!(
        "These minutes are published: create a new revision (`POST`) to correct them.",
        "Dieses Protokoll ist veröffentlicht: Berichtigen Sie es durch eine neue Fassung (`POST`)."
    );
    Error::new(Code::MinutesPublished, detail).about("/text")
}

/// Whether another revision of the minutes is a draft.
async fn has_draft(writer: &Writer<'_>, session: Uuid, but: Option<Uuid>) -> Result<bool, Error> {
    let drafts = Query::select()
        .column("id")
        .from("minutes")
        .and_where(Expr::col("session_id").eq(session))
        .and_where(Expr::col("deleted_at").is_null())
        // Minutes that were imported without a status are a draft, too.
        .cond_where(
            Condition::any()
                .add(Expr::col("status").is_null())
                .add(Expr::col("status").ne(MinutesStatus::Published.as_str())),
        )
        .and_where(Expr::col("id").ne(but.unwrap_or_default()))
        .limit(1)
        .take();
    Ok(writer.tx().query_one(&drafts).await.map_err(failed)?.is_some())
}
