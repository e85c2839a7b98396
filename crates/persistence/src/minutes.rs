//! Maps minutes of sessions to their table.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Stored;
use vku_domain::minutes::{Minutes, MinutesDerived, MinutesSort, MinutesStatus};
use vku_domain::session::{Session, SessionStatus};

use crate::kernel::codec::{json, text_opt, to_json, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::id::padded_ids;
use crate::kernel::read::load::by_id_unchecked;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{DeriveByQueries, SortColumn, Table, column};
use crate::kernel::transaction::{Reader, Writer};

row! {
    text: Json,
    decisions: Json,
    status: Option<String>,
}

impl Table for Minutes {
    type Row = Row;
    type Hooks = Self;

    const PARENT_LOCK: LockType = LockType::Update;
    const DERIVE_BY_QUERIES: Option<DeriveByQueries<Self>> =
        Some(|reader, items| derive(reader, items).boxed_local());

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
        let published = column::<Self>("status").eq(MinutesStatus::Published.as_str());
        Condition::all().add_option((!actor.is_staff()).then_some(published))
    }
}

/// Derives the number of the revision, in the order of creation without deleted minutes.
async fn derive(reader: &Reader<'_>, items: &mut [Stored<Minutes>]) -> Result<(), Error> {
    let sessions: HashSet<Uuid> = items.iter().filter_map(session_of).collect();
    let sessions: Vec<Uuid> = sessions.into_iter().collect();
    if sessions.is_empty() {
        return Ok(());
    }
    let all = Query::select()
        .columns(["session_id", "id"])
        .from("minutes")
        .and_where(Expr::col("session_id").is_in(padded_ids(&sessions)))
        .and_where(Expr::col("deleted_at").is_null())
        .order_by("created_at", sea_orm::Order::Asc)
        .order_by("id", sea_orm::Order::Asc)
        .take();
    let (mut last, mut revisions): (HashMap<Uuid, u64>, HashMap<Uuid, u64>) = Default::default();
    for row in reader.tx().query_all(&all).await.map_err(failed)? {
        let revision = last.entry(row.try_get("", "session_id").map_err(failed)?).or_default();
        *revision += 1;
        revisions.insert(row.try_get("", "id").map_err(failed)?, *revision);
    }
    for item in items {
        let next_revision =
            || session_of(item).and_then(|session| last.get(&session)).copied().unwrap_or(0) + 1;
        let revision = revisions.get(&item.id).copied().unwrap_or_else(next_revision);
        item.derived = MinutesDerived { revision };
    }
    Ok(())
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

fn session_of(item: &Stored<Minutes>) -> Option<Uuid> {
    item.parent.as_ref().map(|(_, session)| session.id)
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
