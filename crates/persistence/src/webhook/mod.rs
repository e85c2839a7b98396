//! Maps webhooks to their table, and delivers changes to them. How far each webhook is, is in `progress`; the worker
//! reads what is due from [`due`], and records the result of each attempt in [`attempt`].

pub mod attempt;
pub mod due;
pub mod events;
pub mod log;
mod progress;
pub mod request;
pub mod secret;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::webhook::{MAX_WEBHOOKS, Webhook, WebhookDerived, WebhookSort};

use crate::kernel::codec::{text, text_opt};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, column};
use crate::kernel::transaction::Writer;
use crate::table;

row! {
    name: String,
    name_key: String,
    url: String,
    content: String,
    as_role: String,
    enabled: bool,
}

impl Table for Webhook {
    type Row = Row;
    type Hooks = Self;

    const SETS: bool = true;

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { name, url, resources, actions, content, as_role, enabled } = data;
        let columns = Row {
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            url: url.to_string(),
            content: content.to_string(),
            as_role: as_role.to_string(),
            enabled: *enabled,
        };
        Ok((columns, ChildRows::default().set("resources", resources).set("actions", actions)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            name: text(row.name)?,
            url: text(row.url)?,
            resources: links.take_set("resources")?,
            actions: links.take_set("actions")?,
            content: text(row.content)?,
            as_role: text(row.as_role)?,
            enabled: row.enabled,
        })
    }

    fn sort_column(key: WebhookSort) -> SortColumn {
        match key {
            WebhookSort::Name => SortColumn::Text("name_key"),
            WebhookSort::CreatedAt => SortColumn::Instant("created_at"),
            WebhookSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn derived_from(_actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        ["disabled_reason", "failing_since"].map(|name| (name, progress_column(name))).to_vec()
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        let Some(row) = row else { return Ok(()) };
        let reason = row.try_get("", "disabled_reason").map_err(failed)?;
        let since: Option<_> = row.try_get("", "failing_since").map_err(failed)?;
        item.derived =
            WebhookDerived { disabled_reason: text_opt(reason)?, failing_since: since.map(InstantParam) };
        Ok(())
    }
}

/// A column of the progress of a webhook.
fn progress_column(name: &'static str) -> Expr {
    let progress = |name: &'static str| Expr::col(("webhook_progress", name));
    let select = Query::select()
        .expr(progress(name))
        .from("webhook_progress")
        .and_where(progress("webhook_id").eq(column::<Webhook>("id")))
        .take();
    scalar_subquery(select)
}

impl WriteHooks<Self> for Webhook {
    /// Checks the number of webhooks, and that the account that has created this one may see what it sees.
    async fn before_write(
        writer: &Writer<'_>,
        _parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let unread = |it: &Webhook| {
            let actor = events::actor(it, writer.written_at());
            let unread = |name: &str| table(name).is_some_and(|table| !table.is_read_by(&actor));
            it.resources.iter().position(|resource| unread(resource.as_str()))
        };
        if let Some(index) = unread(after) {
            let role = after.as_role;
            let detail = bilingual!(
                "The role `{role}` does not see any of these.",
                "Die Rolle `{role}` sieht keine davon."
            );
            return Err(Error::invalid_at(format!("/resources/{index}"), "inconsistent", detail));
        }
        if before.is_none_or(|before| before.deleted_at.is_some()) {
            writer.require_room().await?;
        }
        let Some(before) = before.filter(|before| before.data.as_role != after.as_role) else {
            return Ok(());
        };
        let owner = writer.webhook_owner(before.id).await?;
        if after.as_role.is_within(owner) {
            return Ok(());
        }
        let detail = bilingual!(
            "The account that created this webhook may not see that. Create another webhook instead.",
            "Das Konto, das diesen Webhook angelegt hat, darf das nicht sehen. Legen Sie stattdessen einen anderen an."
        );
        Err(Error::invalid_at("/as_role", "inconsistent", detail))
    }

    /// Begins with the changes after the creation. A webhook that is enabled again is tried at once, and one with another
    /// role reads anew what could not be delivered.
    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let Some(before) = before else { return writer.begin_progress(after.id).await };
        if before.data.as_role != after.data.as_role {
            writer.forget_pending(after.id).await?;
        }
        if !before.data.enabled && after.data.enabled {
            writer.resume_progress(after.id).await?;
        }
        Ok(())
    }
}

/// The advisory lock on PostgreSQL for counting webhooks. SQLite has only one writer.
const COUNT_LOCK: i64 = 0x0076_6b75_5f77_6862;

impl Writer<'_> {
    /// Refuses another webhook if there are as many as there can be.
    async fn require_room(&self) -> Result<(), Error> {
        if self.tx().get_database_backend() == DatabaseBackend::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({COUNT_LOCK})");
            self.tx().execute_unprepared(&lock).await.map_err(failed)?;
        }
        let select = Query::select()
            .expr_as(Expr::col("id").count(), "number")
            .from(Webhook::NAME)
            .and_where(Expr::col("deleted_at").is_null())
            .take();
        let row = self.tx().query_one(&select).await.map_err(failed)?;
        let number: Option<i64> = row.map(|row| row.try_get("", "number")).transpose().map_err(failed)?;
        if u64::try_from(number.unwrap_or_default()).is_ok_and(|number| number < MAX_WEBHOOKS) {
            return Ok(());
        }
        let detail = bilingual!(
            "There can be at most {MAX_WEBHOOKS} webhooks. Delete one first.",
            "Es gibt höchstens {MAX_WEBHOOKS} Webhooks. Löschen Sie zuerst einen."
        );
        Err(Error::new(Code::TooManyWebhooks, detail))
    }
}
