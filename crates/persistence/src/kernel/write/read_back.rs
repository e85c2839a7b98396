//! What was written, as it would be read.

use std::collections::HashMap;

use sea_orm::sea_query::ExprTrait;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::{AnyList, AnyResource, AnyStored, Meta};
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};

use crate::kernel::read::load;
use crate::kernel::table::any::{AnyTable, Columns};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Returns the rows of new resources, and the resources as they would be read, without queries. Their derived
    /// fields are still missing.
    pub(in crate::kernel) fn as_read(
        table: &'static AnyTable,
        new: &mut [(Meta, Box<dyn AnyResource>)],
    ) -> Result<(Vec<Columns>, Box<dyn AnyList>), Error> {
        let mut summaries: Vec<HashMap<Key, ReferenceSummary>> = Vec::with_capacity(new.len());
        for (_, data) in new.iter_mut() {
            let mut known = HashMap::new();
            data.references(&mut |pending| {
                known.extend(pending.link.summary.clone().map(|summary| (Key::Id(summary.id), summary)));
            });
            summaries.push(known);
        }
        let (rows, mut items) = table.typed.stored(new)?;
        let mut summaries = summaries.into_iter();
        items.for_each(&mut |item| {
            let known = summaries.next().unwrap_or_default();
            item.data_mut().references(&mut |pending| {
                let link = pending.link;
                // Parties keep the key that was sent, which may be a slug.
                if let Some(summary) = &link.summary {
                    link.key = Key::Id(summary.id);
                }
                link.summary = known.get(&link.key).cloned();
            });
        });
        Ok((rows, items))
    }

    pub(super) async fn read_back(
        &self,
        table: &'static AnyTable,
        id: Uuid,
    ) -> Result<Box<dyn AnyStored>, Error> {
        let select = load::select(table, self).and_where(table.column("id").eq(id)).take();
        load::one(load::load(table, self, &select).await?)
    }
}
