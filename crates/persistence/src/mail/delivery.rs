//! Delivery: a worker claims e-mails, sends them, and records the results.
//!
//! A claim is valid as long as its worker lives, which is shown by a lock that ends with the worker: the
//! claims of a killed worker are taken over by the next one at once. If a worker was killed between the "250"
//! of the mail server and the commit that records it, the e-mail is sent again: delivery is at least once. Both
//! e-mails have the same `Message-ID`, which is derived from the id of the e-mail.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::Email;
use vku_domain::mail::{MailState, Subject};

use super::row;
use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;

/// How long delivery is attempted: older e-mails are given up, and not sent after a long outage.
const MAX_AGE: TimeDelta = TimeDelta::days(3);
/// How long an e-mail is stored, whatever its state.
const RETENTION: TimeDelta = TimeDelta::days(30);
/// The pause after the first failure; it doubles with each further one.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
/// The maximum pause.
const LAST_RETRY: TimeDelta = TimeDelta::hours(1);
/// How many e-mails a worker claims at a time.
const CLAIM_LIMIT: u64 = 20;

/// A worker that sends e-mails, until this is dropped.
pub struct Sending {
    id: Uuid,
    _alive: JobLock,
}

/// An e-mail that is to be sent now. No `Debug`: it contains personal data.
pub struct Claimed {
    /// UUIDv7; the `Message-ID` is derived from it.
    pub id: Uuid,
    /// When the e-mail was queued.
    pub created_at: DateTime<Utc>,
    /// The recipient.
    pub to: Email,
    /// The language of the e-mail.
    pub language: Locale,
    /// The subject.
    pub subject: Subject,
    /// The text.
    pub text: String,
    /// The calendar attachment.
    pub calendar: Option<String>,
    attempts: i64,
}

impl TryFrom<row::Model> for Claimed {
    type Error = Corrupt;

    fn try_from(row: row::Model) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id,
            created_at: row.created_at,
            to: text(row.to)?,
            language: text(row.language)?,
            subject: Subject::new(&row.subject),
            text: row.text,
            calendar: row.calendar,
            attempts: row.attempts,
        })
    }
}

/// The result of a delivery attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The mail server accepted the e-mail.
    Sent,
    /// The attempt failed and is to be repeated; the reason, without personal data.
    Later(&'a str),
    /// The e-mail cannot be delivered; the reason.
    Never(&'a str),
}

impl Store {
    /// Starts a worker; `None` if no e-mail is due now.
    ///
    /// Errors: the database is unavailable.
    pub async fn begin_sending(&self) -> Result<Option<Sending>, Error> {
        let due = waiting().filter(row::Column::NextAttemptAt.lte(self.now()));
        if due.one(self.database().reading()).await.map_err(failed)?.is_none() {
            return Ok(None);
        }
        let id = new_id();
        let alive = JobLock::acquire(self.database(), id).await?;
        self.release_dead().await?;
        Ok(Some(Sending { id, _alive: alive }))
    }

    /// Claims some e-mails that are due now; empty if there are no more.
    ///
    /// Errors: the database is unavailable.
    pub async fn claim_mails(&self, sending: &Sending) -> Result<Vec<Claimed>, Error> {
        self.in_own_transaction(async |writer| {
            let (tx, at) = (writer.tx(), writer.written_at());
            let expire = give_up_update("expired")
                .filter(row::Column::State.eq(MailState::Waiting.as_str()))
                .filter(row::Column::ClaimedBy.is_null())
                .filter(row::Column::CreatedAt.lt(at - MAX_AGE));
            expire.exec(tx).await.map_err(failed)?;
            // Skip e-mails that another instance is about to claim.
            let rows = waiting()
                .filter(row::Column::ClaimedBy.is_null())
                .filter(row::Column::NextAttemptAt.lte(at))
                .order_by_asc(row::Column::NextAttemptAt)
                .order_by_asc(row::Column::Id)
                .limit(CLAIM_LIMIT)
                .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                .all(tx)
                .await
                .map_err(failed)?;
            let claim = row::Entity::update_many()
                .col_expr(row::Column::ClaimedBy, Expr::val(sending.id))
                .filter(row::Column::Id.is_in(rows.iter().map(|row| row.id)));
            claim.exec(tx).await.map_err(failed)?;
            // An unreadable mail must not block the others.
            let (mut mails, mut broken) = (Vec::new(), Vec::new());
            for row in rows {
                let id = row.id;
                match Claimed::try_from(row) {
                    Ok(mail) => mails.push(mail),
                    Err(_) => broken.push(id),
                }
            }
            if !broken.is_empty() {
                let broken = give_up_update("unreadable").filter(row::Column::Id.is_in(broken));
                broken.exec(tx).await.map_err(failed)?;
            }
            Ok(mails)
        })
        .await
    }

    /// Records the result for a claimed e-mail.
    ///
    /// Errors: the database is unavailable.
    pub async fn record_mail_result(
        &self,
        sending: &Sending,
        mail: &Claimed,
        outcome: Outcome<'_>,
    ) -> Result<(), Error> {
        self.in_own_transaction(async |writer| {
            let at = writer.written_at();
            let (state, failure) = match outcome {
                Outcome::Sent => (MailState::Sent, None),
                Outcome::Later(why) => (MailState::Waiting, Some(why)),
                Outcome::Never(why) => (MailState::Failed, Some(why)),
            };
            let mut update = row::Entity::update_many()
                .col_expr(row::Column::State, Expr::val(state.as_str()))
                .col_expr(row::Column::Attempts, Expr::val(mail.attempts + 1))
                .col_expr(row::Column::NextAttemptAt, Expr::val(at + retry_delay(mail.attempts)))
                .col_expr(row::Column::Failure, Expr::val(failure.map(str::to_owned)))
                .col_expr(row::Column::ClaimedBy, Expr::val(None::<Uuid>))
                .filter(row::Column::Id.eq(mail.id))
                .filter(row::Column::ClaimedBy.eq(sending.id));
            if outcome == Outcome::Sent {
                update = update.col_expr(row::Column::SentAt, Expr::val(at));
            }
            if state != MailState::Waiting {
                update = update.col_expr(row::Column::Text, text_that_is_kept());
            }
            update.exec(writer.tx()).await.map(drop).map_err(failed)
        })
        .await
    }

    /// Deletes the e-mails that are older than a month, whatever their state.
    ///
    /// Errors: the database is unavailable.
    pub async fn sweep_mails(&self) -> Result<u64, Error> {
        self.in_own_transaction(async |writer| {
            let old =
                row::Entity::delete_many().filter(row::Column::CreatedAt.lt(writer.written_at() - RETENTION));
            Ok(old.exec(writer.tx()).await.map_err(failed)?.rows_affected)
        })
        .await
    }

    /// Releases the claims of workers that have died.
    async fn release_dead(&self) -> Result<(), Error> {
        let workers = waiting()
            .select_only()
            .column(row::Column::ClaimedBy)
            .distinct()
            .filter(row::Column::ClaimedBy.is_not_null())
            .into_tuple::<Uuid>()
            .all(self.database().reading())
            .await
            .map_err(failed)?;
        for worker in workers {
            if JobLock::is_held(self.database(), worker).await? {
                continue;
            }
            self.in_own_transaction(async |writer| {
                let release = row::Entity::update_many()
                    .col_expr(row::Column::ClaimedBy, Expr::val(None::<Uuid>))
                    .filter(row::Column::ClaimedBy.eq(worker));
                release.exec(writer.tx()).await.map(drop).map_err(failed)
            })
            .await?;
        }
        Ok(())
    }
}

fn waiting() -> sea_orm::Select<row::Entity> {
    row::Entity::find().filter(row::Column::State.eq(MailState::Waiting.as_str()))
}

/// An update that gives e-mails up; it keeps the reason of an earlier failure.
fn give_up_update(why: &str) -> sea_orm::UpdateMany<row::Entity> {
    row::Entity::update_many()
        .col_expr(row::Column::State, Expr::val(MailState::Failed.as_str()))
        .col_expr(row::Column::Failure, Expr::col(row::Column::Failure).if_null(why))
        .col_expr(row::Column::ClaimedBy, Expr::val(None::<Uuid>))
        .col_expr(row::Column::Text, text_that_is_kept())
}

/// The text of an e-mail that is not attempted again: empty for a confidential e-mail, which only the recipient
/// may read.
fn text_that_is_kept() -> SimpleExpr {
    let confidential = Expr::col(row::Column::Confidential).eq(true);
    Expr::case(confidential, Expr::val("")).finally(Expr::col(row::Column::Text)).into()
}

/// How long an e-mail waits after this many earlier failures.
fn retry_delay(attempts: i64) -> TimeDelta {
    let doublings = Ord::min(u32::try_from(attempts).unwrap_or(u32::MAX), 16);
    Ord::min(LAST_RETRY, FIRST_RETRY * 2_i32.pow(doublings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_an_hour() {
        let pauses: Vec<_> = (0..12).map(|attempts| retry_delay(attempts).num_seconds()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(retry_delay(i64::MAX), LAST_RETRY);
    }
}
