//! Any resource without a parent can be the parent of others.

use sea_orm::sea_query::{ExprTrait, LockType, Query, SelectStatement};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};

use super::load;
use crate::kernel::table::{Parent, Table, column};
use crate::kernel::transaction::Reader;

impl<P: Table<Parent = ()>> Parent for P {
    async fn open(
        reader: &Reader<'_>,
        key: Option<&Key>,
        lock: Option<LockType>,
    ) -> Result<Option<(ReferenceSummary, Self)>, Error> {
        let key = key.ok_or_else(Error::not_found)?;
        let stored = load::by_key::<P>(reader, key, None, false, lock).await?;
        Ok(Some((load::summary(&stored), stored.data)))
    }

    fn visible_ids(actor: &Actor) -> Option<SelectStatement> {
        let ids = Query::select()
            .column("id")
            .from(P::NAME)
            .and_where(column::<P>("deleted_at").is_null())
            .cond_where(P::visible_to(actor))
            .take();
        Some(ids)
    }
}
