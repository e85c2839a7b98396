//! Maps agenda items of sessions to their table. Positions are written under the lock of the session row:
//! moving an item shifts the others, which is not recorded as a change of them.

mod derived;

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::agenda::{AgendaItem, AgendaSort};
use vku_domain::bilingual;
use vku_domain::guest::Guest;
use vku_domain::kernel::access::actor::{Action, Actor};
use vku_domain::kernel::bilingual::{Bilingual, counted};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Position;
use vku_domain::kernel::violation::Violations;
use vku_domain::session::Session;
use vku_domain::topic::{Topic, TopicRef, TopicStatus};

use crate::guest;
use crate::kernel::codec::{json_opt, number, text, to_json_opt};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::load::by_id_unchecked;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table};
use crate::kernel::transaction::Writer;

row! {
    position: String,
    kind: String,
    title: String,
    duration_minutes: i64,
    guest_id: Option<Uuid>,
    topic_id: Option<Uuid>,
    about: Option<Json>,
}

/// The stored position: padded with zeros, so that it sorts as text.
fn stored(position: usize) -> String {
    format!("{position:04}")
}

impl Table for AgendaItem {
    type Row = Row;
    type Hooks = Self;

    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] =
        &[("topic_id", Topic::NAME), ("guest_id", Guest::NAME)];
    const PARENT_LOCK: LockType = LockType::Update;

    fn json_column(member: &str) -> &str {
        if member == "abstract" { "about" } else { member }
    }

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { position, kind, title, duration_minutes, guest, topic, about } = data;
        let columns = Row {
            position: stored(position.map_or(0, |position| position.get().into())),
            kind: kind.to_string(),
            title: title.to_string(),
            duration_minutes: duration_minutes.get().into(),
            guest_id: guest.as_ref().and_then(Ref::id),
            topic_id: topic.as_ref().and_then(Ref::id),
            about: to_json_opt(about)?,
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        let position: i64 = row.position.parse().map_err(|_| Corrupt::from("an invalid position"))?;
        Ok(Self {
            position: Some(number(position)?),
            kind: text(row.kind)?,
            title: text(row.title)?,
            duration_minutes: number(row.duration_minutes)?,
            guest: row.guest_id.map(Ref::unnamed),
            topic: row.topic_id.map(|id| Ref::to(Key::Id(id))),
            about: json_opt(row.about)?,
        })
    }

    fn sort_column(key: AgendaSort) -> SortColumn {
        match key {
            AgendaSort::Position => SortColumn::Text("position"),
            AgendaSort::CreatedAt => SortColumn::Instant("created_at"),
            AgendaSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn derived_from(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        derived::columns(actor, backend)
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, actor: &Actor) -> Result<(), Error> {
        derived::derive(item, row, actor)
    }
}

impl WriteHooks<Self> for AgendaItem {
    /// Checks that the guest belongs to the session and that the agenda fits into it, and shifts the other
    /// items.
    async fn before_write(
        writer: &Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let id = parent.ok_or_else(|| Error::internal("an agenda without a session"))?;
        let session = by_id_unchecked::<Session>(writer, id).await?;
        let all = durations(writer, id).await?;
        let own = before.map(|before| before.id);
        let others: Vec<_> = all.into_iter().filter(|(id, _)| Some(*id) != own).collect();
        let mut violations = Violations::default();
        if let Some(guest) = &mut after.guest {
            match guest.key() {
                Key::Id(key) if guest::is_of(writer, *key, id).await? => *guest = Ref::unnamed(*key),
                key => {
                    let detail = bilingual!(
                        "This session has no guest `{key}`.",
                        "Diese Sitzung hat keinen Gast `{key}`."
                    );
                    violations.member("/guest", "unknown_reference", detail);
                }
            }
        }
        let minutes = i64::from(after.duration_minutes.get());
        let whole = others.iter().map(|(_, minutes)| minutes).sum::<i64>() + minutes;
        if let Some(length) = session.data.minutes().filter(|length| whole > *length) {
            let (session, agenda) = (in_minutes(length), in_minutes(whole));
            let detail = bilingual!(
                "The session lasts {session}, but the agenda would take {agenda}.",
                "Die Sitzung dauert {session}, die Tagesordnung wäre {agenda} lang.",
                session,
                agenda
            );
            violations.member("/duration_minutes", "longer_than_session", detail);
        }
        let last = others.len() + 1;
        let restored = before.is_some_and(|before| before.deleted_at.is_some());
        let requested = after.position.map_or(last, |position| position.get().into());
        let requested = if restored { requested.min(last) } else { requested };
        let position = Position::new(requested).filter(|_| requested <= last);
        if position.is_none() {
            let detail = bilingual!("Must be between 1 and {last}.", "Muss zwischen 1 und {last} liegen.");
            violations.member("/position", "out_of_range", detail);
        }
        if !violations.is_empty() {
            return Err(Error::invalid(violations));
        }
        after.position = position;
        let mut order: Vec<Uuid> = others.iter().map(|(id, _)| *id).collect();
        order.insert(requested - 1, own.unwrap_or_default());
        number_all(writer, &order).await
    }

    /// Schedules a topic that is put on the agenda; closes the gap after a deleted item.
    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let previous_topic =
            before.filter(|before| before.deleted_at.is_none()).and_then(|it| it.data.topic.as_ref()?.id());
        if let (Some(topic), true) = (&after.data.topic, after.deleted_at.is_none())
            && topic.id() != previous_topic
        {
            schedule(writer, topic).await?;
        }
        let (Some(session), true) = (session_of(after), after.deleted_at.is_some()) else { return Ok(()) };
        let order: Vec<Uuid> = durations(writer, session).await?.into_iter().map(|(id, _)| id).collect();
        number_all(writer, &order).await
    }
}

/// Changes the status of a topic on an agenda to `scheduled`; refuses a declined topic.
async fn schedule(writer: &mut Writer<'_>, topic: &TopicRef) -> Result<(), Error> {
    // Lock the topic only if it changes, so that two sessions that put it on their agendas do not wait for
    // each other.
    let id = topic.id().unwrap_or_default();
    if by_id_unchecked::<Topic>(writer, id).await?.data.status == Some(TopicStatus::Scheduled) {
        return Ok(());
    }
    let topic = writer.open::<Topic>(Action::Transition, topic.key()).await?;
    match topic.data.status {
        Some(TopicStatus::Scheduled | TopicStatus::Discussed) => Ok(()),
        None | Some(TopicStatus::Proposed) => {
            let scheduled = Topic { status: Some(TopicStatus::Scheduled), ..topic.data.clone() };
            writer.update_as_side_effect(topic, scheduled).await.map(drop)
        }
        Some(TopicStatus::Declined) => {
            let detail = bilingual!("This topic has been declined.", "Dieses Thema wurde abgelehnt.");
            Err(Error::invalid_at("/topic", "declined", detail))
        }
    }
}

fn session_of(item: &Stored<AgendaItem>) -> Option<Uuid> {
    item.parent.as_ref().map(|(_, session)| session.id)
}

/// Returns id and minutes of the items of this session, in order.
async fn durations(writer: &Writer<'_>, session: Uuid) -> Result<Vec<(Uuid, i64)>, Error> {
    let all = Query::select()
        .columns(["id", "duration_minutes"])
        .from("agenda_item")
        .and_where(Expr::col("session_id").eq(session))
        .and_where(Expr::col("deleted_at").is_null())
        .order_by("position", sea_orm::Order::Asc)
        .order_by("id", sea_orm::Order::Asc)
        .take();
    let rows = writer.tx().query_all(&all).await.map_err(failed)?;
    let read = |row: &QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "duration_minutes")?));
    rows.iter().map(read).collect::<Result<_, sea_orm::DbErr>>().map_err(failed)
}

/// Returns the length of the agenda of a session, in minutes.
pub(crate) async fn length(writer: &Writer<'_>, session: Uuid) -> Result<i64, Error> {
    Ok(durations(writer, session).await?.into_iter().map(|(_, minutes)| minutes).sum())
}

/// Writes a duration in words, for error messages.
pub(crate) fn in_minutes(minutes: i64) -> Bilingual {
    counted(minutes, ["minute", "minutes"], ["Minute", "Minuten"])
}

/// Numbers the items, starting at 1.
async fn number_all(writer: &Writer<'_>, order: &[Uuid]) -> Result<(), Error> {
    for (position, id) in (1..).zip(order) {
        let update = Query::update()
            .table("agenda_item")
            .value("position", stored(position))
            .and_where(Expr::col("id").eq(*id))
            .and_where(Expr::col("position").ne(stored(position)))
            .take();
        writer.tx().execute(&update).await.map_err(failed)?;
    }
    Ok(())
}
