//! What was written, as it would be read.

use std::collections::HashMap;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryTrait};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;

use crate::kernel::database::error::failed;
use crate::kernel::read::load;
use crate::kernel::table::row::Meta;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Returns inserted resources as they would be read, without queries for their columns and child rows.
    pub(in crate::kernel) async fn as_read<T: Table>(
        &self,
        inserted: Vec<(Meta, T)>,
    ) -> Result<Vec<Stored<T>>, Error> {
        let mut all = Vec::with_capacity(inserted.len());
        for (meta, mut inserted) in inserted {
            let (columns, links) = T::to_row(&inserted)?;
            let mut data = T::from_row(columns, links)?;
            let mut summaries = HashMap::new();
            inserted.references(&mut |pending| {
                summaries.extend(pending.link.summary.clone().map(|summary| (Key::Id(summary.id), summary)));
            });
            data.references(&mut |pending| {
                let link = pending.link;
                link.key =
                    link.summary.as_ref().map_or_else(|| link.key.clone(), |summary| Key::Id(summary.id));
                link.summary = summaries.get(&link.key).cloned();
            });
            let Meta { id, version, created_at, updated_at, deleted_at, .. } = meta;
            let derived = T::Derived::default();
            all.push(Stored { id, parent: None, data, derived, created_at, updated_at, version, deleted_at });
        }
        T::derive(self, &mut all).await?;
        Ok(all)
    }

    pub(super) async fn read_back<T: Table>(&self, id: Uuid) -> Result<Stored<T>, Error> {
        let select = T::Entity::find().filter(column::<T>("id").eq(id));
        let tx = self.tx();
        let rows = tx.query_all_raw(select.build(tx.get_database_backend())).await.map_err(failed)?;
        load::hydrate::<T>(self, &rows).await?.pop().ok_or_else(Error::not_found)
    }
}
