//! The change log, for its followers: its rows, and the position up to which it is complete.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::change_log::Change;
use vku_domain::kernel::error::Error;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::database::log_watermark;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::transaction::change_log::row;

/// The position before it is known.
const UNKNOWN: i64 = -1;
/// The time between two looks at the log, while somebody waits for changes and while nobody does.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));
/// How often other processes are asked for changes while somebody waits for them, where they send no notifications.
const POLL: Duration = Duration::from_millis(200);

/// The tables that say who is signed in, and what the accounts may see.
const CREDENTIALS: &str = "api_key,login,user,user_party,utility";

/// The position up to which the log was complete lately.
pub(super) type LogPosition = watch::Sender<i64>;

/// Makes the position before it is known.
pub(super) fn unknown_position() -> LogPosition {
    watch::Sender::new(UNKNOWN)
}

impl Store {
    /// Returns the log after a position, oldest first, up to the high watermark; for staff, and for internal
    /// followers.
    ///
    /// Errors: 401 or 403 for everybody else, because the log contains data that others may not see.
    pub async fn changes_after(
        &self,
        actor: &Actor,
        position: i64,
        limit: u64,
    ) -> Result<Vec<Change>, Error> {
        if !actor.is_staff() {
            return Err(actor.refusal());
        }
        let end = log_watermark::high_watermark(self.database()).await?;
        let reader = self.read(actor).await?;
        let rows = row::Entity::find()
            .filter(row::Column::Position.gt(position))
            .filter(row::Column::Position.lte(end))
            .order_by_asc(row::Column::Position)
            .limit(limit)
            .all(reader.tx())
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(row::Model::into_change).collect::<Result<_, _>>()?)
    }

    /// Follows the log until the runtime ends: keeps the position, and wakes those who wait for changes.
    pub fn follow_log(&self) {
        tokio::spawn(follow(self.clone()));
    }

    /// Returns a position up to which every snapshot that begins from now on has the log. It may lie before the last
    /// change, so that nobody has to ask the database for it.
    ///
    /// Errors: the database is unavailable.
    pub(crate) async fn log_position(&self) -> Result<i64, Error> {
        let known = *self.positions.borrow();
        if known == UNKNOWN { self.read_log_position().await } else { Ok(known) }
    }

    /// Watches the position: wakes when there are changes to read.
    pub fn watch_log(&self) -> watch::Receiver<i64> {
        self.positions.subscribe()
    }

    /// Watches the credentials: wakes when a login may have ended, a key may be revoked, or the permissions of an account
    /// may have changed, in this instance or another.
    pub fn watch_credentials(&self) -> watch::Receiver<()> {
        self.credentials.subscribe()
    }

    async fn read_log_position(&self) -> Result<i64, Error> {
        if self.database().backend() == DatabaseBackend::Postgres {
            return log_watermark::high_watermark(self.database()).await;
        }
        // SQLite has one writer at a time, so its log is complete up to the last row.
        let last = Query::select().expr_as(Expr::col("position").max(), "last").from("change").take();
        let row = self.database().reading().query_one(&last).await.map_err(failed)?;
        let last: Option<Option<i64>> = row.map(|row| row.try_get("", "last")).transpose().map_err(failed)?;
        Ok(last.flatten().unwrap_or(0))
    }
}

/// Looks at the log after each write, but not more often than necessary. An outage is tried again: whoever waits for
/// changes gets them later.
async fn follow(store: Store) {
    let generation = store.database().generation().clone();
    let (mut bumped, credentials) = (generation.watch(), TableSet::from_names(CREDENTIALS));
    let mut changed = generation.last_change(credentials);
    loop {
        bumped.mark_unchanged();
        let last = generation.last_change(credentials);
        if std::mem::replace(&mut changed, last) != last {
            store.credentials.send_replace(());
        }
        if let Ok(position) = store.read_log_position().await {
            store.positions.send_if_modified(|known| std::mem::replace(known, position) != position);
        } else {
            bumped.mark_changed();
        }
        let is_awaited = store.positions.receiver_count() > 0;
        sleep(if is_awaited { PAUSE.0 } else { PAUSE.1 }).await;
        // A change of the number of receivers is noticed by then.
        while timeout(POLL, bumped.changed()).await.is_err() {
            if generation.is_polled() && store.positions.receiver_count() > 0 {
                // This increases the generation if others have written.
                let _ = generation.current().await;
            }
        }
    }
}
