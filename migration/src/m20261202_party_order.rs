//! The index that finds partnerships by a country, a sector and a status reads only the rows with that status.

use crate::columns::index;
use crate::prelude::*;

crate::migration!(manager => {
    let mut old = Index::drop();
    old.name("partnership_party_field_country_owner_id_status_sectors").table("partnership_party");
    manager.drop_index(old).await?;
    index(manager, "partnership_party", &["field", "country", "status", "sectors", "owner_id"]).await
});
