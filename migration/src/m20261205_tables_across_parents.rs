//! Indexes for the lists of the sub-resources of all parents: for each order one, and for each filter whose values few or most
//! rows have. A filter is sorted as the list is by default, so that a frequent value needs no sorting either, and has the
//! parent, so that rows are counted without reading them; for that, SQLite also wants the column of the index's condition.

use crate::columns::{drop_index, index_of_living};
use crate::prelude::*;

crate::migration!(manager => {
    // Both with deleted rows: SQLite would find the rows that are not deleted by the second one, and sort them.
    drop_index(manager, "funding", "funding_from_first_created_at_id").await?;
    drop_index(manager, "funding", "funding_figures").await?;
    let figures = [
        "programme_id",
        "partnership_id",
        "kind",
        "from_first",
        "amount_currency",
        "amount_minor",
        "deleted_at",
    ];
    index_of_living(manager, "funding", "figures", &figures).await?;
    index_of_living(manager, "funding", "usual", &["from_first", "created_at", "id"]).await?;
    index_of_living(manager, "funding", "kind", &["kind", "from_first", "created_at", "id", "partnership_id", "deleted_at"]).await?;

    index_of_living(manager, "activity", "usual", &["starts_on DESC", "title_key", "id"]).await?;
    index_of_living(manager, "activity", "title", &["title_key", "id"]).await?;
    index_of_living(manager, "activity", "kind", &["kind", "starts_on DESC", "title_key", "id", "partnership_id", "deleted_at"]).await?;
    index_of_living(manager, "activity", "country", &["country", "starts_on DESC", "title_key", "id", "partnership_id", "deleted_at"]).await?;

    index_of_living(manager, "result", "usual", &["name_key", "id"]).await?;
    index_of_living(manager, "result", "sdg_target", &["sdg_target", "name_key", "id", "partnership_id", "deleted_at"]).await?;

    index_of_living(manager, "document", "usual", &["title_key", "id"]).await?;
    index_of_living(manager, "document", "kind", &["kind", "title_key", "id", "partnership_id", "deleted_at"]).await?;
    index_of_living(manager, "document", "language", &["language", "title_key", "id", "partnership_id", "deleted_at"]).await?;

    index_of_living(manager, "agenda_item", "usual", &["position", "id"]).await?;
    index_of_living(manager, "agenda_item", "kind", &["kind", "position", "id", "session_id", "deleted_at"]).await?;

    // Without the parent, here and for minutes: most callers see one status only, and SQLite would find that by an index that
    // has all columns, and sort it.
    index_of_living(manager, "guest", "usual", &["name_key", "created_at", "id"]).await?;
    index_of_living(manager, "guest", "status", &["status", "name_key", "created_at", "id"]).await?;

    index_of_living(manager, "registration", "usual", &["arrival", "id"]).await?;
    index_of_living(manager, "registration", "status", &["status", "arrival", "id", "session_id", "deleted_at"]).await?;
    index_of_living(manager, "registration", "attendance", &["attendance", "arrival", "id", "session_id", "deleted_at"]).await?;

    index_of_living(manager, "minutes", "status", &["status", "created_at DESC", "id"]).await?;

    index_of_living(manager, "contact", "usual", &["family_name_key", "given_name_key", "id"]).await?;
    index_of_living(manager, "contact", "given_name", &["given_name_key", "id"]).await?;
    index_of_living(manager, "contact", "language", &["language", "family_name_key", "given_name_key", "id", "member_id", "deleted_at"]).await?;

    for table in ["guest", "registration"] {
        // In both directions: a status is one of few, and ids ascend in either.
        index_of_living(manager, table, "status_order", &["coalesce(status, '')", "id"]).await?;
        index_of_living(manager, table, "last_status", &["coalesce(status, '') DESC", "id"]).await?;
    }
    let tables =
        ["funding", "activity", "result", "document", "agenda_item", "guest", "registration", "minutes", "contact"];
    for table in tables {
        index_of_living(manager, table, "created", &["created_at DESC", "id"]).await?;
        index_of_living(manager, table, "updated", &["updated_at DESC", "id"]).await?;
    }
    Ok(())
});
