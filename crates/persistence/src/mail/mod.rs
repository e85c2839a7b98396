//! The outbox: an e-mail is stored in a table, in the transaction of the change that causes it, until a worker
//! has sent it, and for a while after. Sending is in [`delivery`], reading in [`outbox`].

pub mod delivery;
pub mod outbox;

use sea_orm::{EntityTrait, IntoActiveModel};
use vku_domain::kernel::error::Error;
use vku_domain::mail::{Mail, MailState};

use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::transaction::Writer;

mod row {
    //! The row of an e-mail.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub created_at: DateTimeUtc,
        pub to: String,
        pub language: String,
        pub subject: String,
        pub text: String,
        pub calendar: Option<String>,
        pub confidential: bool,
        pub state: String,
        pub attempts: i64,
        pub next_attempt_at: DateTimeUtc,
        pub sent_at: Option<DateTimeUtc>,
        pub failure: Option<String>,
        pub claimed_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Writer<'_> {
    /// Queues an e-mail: it is sent if and only if this write is committed. E-mails are not in the change log. Does
    /// nothing if this write [sends no e-mails](Self::send_no_mail).
    ///
    /// Errors: the database is unavailable.
    pub async fn post(&mut self, mail: Mail) -> Result<(), Error> {
        if self.is_silent() {
            return Ok(());
        }
        let Mail { to, language, subject, text, calendar, confidential } = mail;
        let row = row::Model {
            id: new_id(),
            created_at: self.written_at(),
            to: to.to_string(),
            language: language.to_string(),
            subject: subject.as_str().to_owned(),
            text,
            calendar,
            confidential,
            state: MailState::Waiting.to_string(),
            attempts: 0,
            next_attempt_at: self.written_at(),
            sent_at: None,
            failure: None,
            claimed_by: None,
        };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map_err(failed)?;
        self.mail_queued();
        Ok(())
    }
}
