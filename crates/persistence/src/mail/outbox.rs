//! The outbox, as the coordination office reads it.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::IdParam;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::value::Email;
use vku_domain::mail::MailState;

use super::row;
use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::keyset::{self, Keyset, KeysetPage, PageDirection};
use crate::kernel::transaction::Reader;

vku_domain::filter! {
    /// The filter of the outbox.
    MailFilter {
        /// The delivery state.
        state: Vec<MailState>,
        /// The recipient; case-sensitive.
        to: Vec<Email>,
    }
}

/// A stored mail. No `Debug`: it contains personal data.
pub struct StoredMail {
    /// UUIDv7; the `Message-ID` is derived from it.
    pub id: Uuid,
    /// When the e-mail was queued.
    pub created_at: DateTime<Utc>,
    /// The recipient.
    pub to: Email,
    /// The language of the e-mail.
    pub language: Locale,
    /// The subject.
    pub subject: String,
    /// The text; absent for a confidential e-mail, which only the recipient may read.
    pub text: Option<String>,
    /// The calendar attachment; absent for a confidential e-mail.
    pub calendar: Option<String>,
    /// The delivery state.
    pub state: MailState,
    /// The number of attempts.
    pub attempts: i64,
    /// When the next attempt is due; absent if there will be none.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the mail server accepted the e-mail.
    pub sent_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed, in a word or two.
    pub failure: Option<String>,
}

impl TryFrom<row::Model> for StoredMail {
    type Error = Corrupt;

    fn try_from(row: row::Model) -> Result<Self, Corrupt> {
        let state = text(row.state)?;
        Ok(Self {
            id: row.id,
            created_at: row.created_at,
            to: text(row.to)?,
            language: text(row.language)?,
            subject: row.subject,
            text: (!row.confidential).then_some(row.text),
            calendar: row.calendar.filter(|_| !row.confidential),
            state,
            attempts: row.attempts,
            next_attempt_at: (state == MailState::Waiting).then_some(row.next_attempt_at),
            sent_at: row.sent_at,
            failure: row.failure,
        })
    }
}

/// A page of the outbox.
pub struct Mails {
    /// The e-mails, newest first.
    pub items: Vec<StoredMail>,
    /// The cursor of the older e-mails, if there are any.
    pub next: Option<String>,
    /// The cursor of the newer e-mails, if there may be any.
    pub prev: Option<String>,
}

/// The e-mail that a cursor points to.
#[derive(Serialize, Deserialize)]
struct MailPosition(PageDirection, Uuid);

impl Reader<'_> {
    /// Returns a page of the e-mails.
    ///
    /// Errors: 401 or 403 for everybody but the coordination office, 400 for a cursor of another list.
    pub async fn mails(&self, filter: &MailFilter, paging: &Paging) -> Result<Mails, Error> {
        self.actor().require_mails()?;
        let list = format!("mails|{}", paging.fingerprint);
        let cursor = paging.cursor.as_ref();
        let cursor: Option<MailPosition> =
            cursor.map(|token| keyset::open(self.cursors(), &list, token)).transpose()?;
        let keyset = Keyset::new(cursor.as_ref().map(|cursor| cursor.0), paging.limit);
        let beyond = cursor
            .map(|MailPosition(direction, id)| direction.beyond(row::Column::Id.into_expr(), Expr::val(id)));
        let states = filter.state.iter().map(|state| state.as_str());
        let condition = Condition::all()
            .add_option((!filter.state.is_empty()).then(|| row::Column::State.is_in(states)))
            .add_option(
                (!filter.to.is_empty()).then(|| row::Column::To.is_in(filter.to.iter().map(Email::as_str))),
            )
            .add_option(beyond);
        let rows = row::Entity::find()
            .filter(condition)
            .order_by(row::Column::Id, keyset.direction().descending())
            .limit(keyset.rows_to_read())
            .all(self.tx())
            .await
            .map_err(failed)?;
        let token = |row: &row::Model, direction| {
            keyset::sign(self.cursors(), &list, &MailPosition(direction, row.id))
        };
        let KeysetPage { rows, next, prev } = keyset.page(rows, token)?;
        let items = rows.into_iter().map(StoredMail::try_from).collect::<Result<_, _>>()?;
        Ok(Mails { items, next, prev })
    }

    /// Returns an e-mail.
    ///
    /// Errors: 401 or 403 for everybody but the coordination office, 404.
    pub async fn mail(&self, IdParam(id): IdParam) -> Result<StoredMail, Error> {
        self.actor().require_mails()?;
        let found = row::Entity::find_by_id(id).one(self.tx()).await.map_err(failed)?;
        Ok(found.ok_or_else(Error::not_found)?.try_into()?)
    }
}
