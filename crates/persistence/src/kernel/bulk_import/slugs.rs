//! The slugs of many rows at once: who has them, and claiming those of new resources.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyResource;
use vku_domain::kernel::value::Slug;

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

/// The id of the resource that has or had each slug.
pub(super) type Owners = HashMap<Slug, Uuid>;

impl Writer<'_> {
    /// Returns the owners of these slugs, current or former.
    pub(super) async fn owners(
        &self,
        table: &AnyTable,
        slugs: impl Iterator<Item = Slug>,
    ) -> Result<Owners, Error> {
        let slugs: Vec<Slug> = slugs.collect();
        if slugs.is_empty() {
            return Ok(HashMap::new());
        }
        let select = Query::select()
            .columns(["slug", "resource_id"])
            .from("slug")
            .and_where(Expr::col("resource").eq(table.name()))
            .and_where(Expr::col("slug").is_in(slugs.iter().map(Slug::as_str)))
            .take();
        let mut owners = HashMap::new();
        if let Some(staging) = self.staging() {
            owners.extend(
                slugs
                    .iter()
                    .filter_map(|slug| staging.claimed().get_key_value(slug))
                    .map(|(slug, id)| (slug.clone(), *id)),
            );
        }
        for row in self.tx().query_all(&select).await.map_err(failed)? {
            let slug: String = row.try_get("", "slug").map_err(failed)?;
            owners.insert(text(slug)?, row.try_get("", "resource_id").map_err(failed)?);
        }
        Ok(owners)
    }

    /// Step 4 for many resources: claims a slug for each new one. Slugs that a row states are free, missing ones
    /// are made from the name.
    pub(super) async fn claim_all(
        &mut self,
        table: &AnyTable,
        resources: &mut [(Uuid, Box<dyn AnyResource>)],
    ) -> Result<(), Error> {
        let slug_for = |data: &dyn AnyResource| data.slug().unwrap_or_else(|| Slug::from_name(data.label()));
        let left_out = resources.iter().map(|(_, data)| &**data).filter(|data| data.slug().is_none());
        let taken = self.owners(table, left_out.map(slug_for)).await?;
        let mut taken: HashSet<Slug> = taken.into_keys().collect();
        let mut insert =
            Query::insert().into_table("slug").columns(["resource", "slug", "resource_id"]).take();
        let (mut any, mut conflicting) = (false, Vec::new());
        for (id, data) in resources.iter_mut() {
            let slug = slug_for(&**data);
            if !taken.insert(slug.clone()) {
                conflicting.push((*id, data));
                continue;
            }
            insert.values_panic([table.name().into(), slug.as_str().into(), (*id).into()]);
            any = true;
            if let Some(slot) = data.slug_mut() {
                *slot = Some(slug);
            }
        }
        if any {
            self.tx().execute(&insert).await.map_err(failed)?;
        }
        // After the others, so that each gets a number that none of them has.
        for (id, data) in conflicting {
            self.claim_slug(id, &mut **data).await?;
        }
        Ok(())
    }
}
