//! E-mails that are to be sent, and e-mails that have been sent.

use crate::columns::{id, id_null, index, instant, instant_null, integer, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::create()
        .table("mail")
        .col(id("id").primary_key())
        .col(instant("created_at"))
        .col(text(manager, "to"))
        .col(text(manager, "language"))
        .col(text(manager, "subject"))
        .col(text(manager, "text"))
        .col(ColumnDef::new("confidential").boolean().not_null())
        .col(text(manager, "state"))
        .col(integer("attempts"))
        .col(instant("next_attempt_at"))
        .col(instant_null("sent_at"))
        .col(text_null(manager, "failure"))
        // The worker that is sending the e-mail, as long as the worker lives.
        .col(id_null("claimed_by"))
        .take();
    manager.create_table(table).await?;
    index(manager, "mail", &["state", "next_attempt_at"]).await?;
    index(manager, "mail", &["created_at"]).await
});
