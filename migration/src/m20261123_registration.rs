//! Registrations for sessions.

use crate::columns::{id, id_null, index, refers, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("registration")
        .col(id("session_id"))
        .col(id("member_id"))
        .col(id_null("contact_id"))
        .col(text_null(manager, "name"))
        .col(text_null(manager, "email"))
        .col(text_null(manager, "language"))
        .col(text(manager, "attendance"))
        .col(text_null(manager, "status"))
        // The arrival number of the registration within its session, written under the lock of the session.
        .col(text(manager, "arrival").default(""))
        .foreign_key(&mut refers("registration", "session_id", "session"))
        .foreign_key(&mut refers("registration", "member_id", "member"))
        .foreign_key(&mut refers("registration", "contact_id", "contact"))
        .take();
    manager.create_table(table).await?;
    index(manager, "registration", &["session_id", "status", "arrival"]).await?;
    index(manager, "registration", &["member_id"]).await?;
    index(manager, "registration", &["contact_id"]).await
});
