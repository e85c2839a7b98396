//! Slugs are never reused, so that a link never leads to another resource.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::any::AnyResource;
use vku_domain::kernel::value::Slug;

use crate::kernel::database::error::failed;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Claims a slug for the resource permanently: the requested one, or a free one made from the name.
    pub(crate) async fn claim_slug(&mut self, id: Uuid, data: &mut dyn AnyResource) -> Result<(), Error> {
        let (resource, label) = (data.info().name, data.label().to_owned());
        let Some(slot) = data.slug_mut() else { return Ok(()) };
        if let Some(slug) = slot {
            if self.try_slug(resource, id, slug).await? || self.is_former_slug(resource, id, slug).await? {
                return Ok(());
            }
            return Err(slug_taken(slug));
        }
        let base = Slug::from_name(&label);
        // Do not disclose that a hidden resource has the slug: callers other than staff always get a random
        // number.
        let is_staff = self.actor().is_staff();
        let mut number = if is_staff { self.import_state().next_number(&base) } else { random_number(id) };
        let mut candidate = if number == 1 { base.clone() } else { base.numbered(number) };
        while !self.try_slug(resource, id, &candidate).await?
            && !self.is_former_slug(resource, id, &candidate).await?
        {
            number += 1;
            candidate = base.numbered(number);
        }
        if is_staff {
            self.import_state_mut().record_number(base, number);
        }
        *slot = Some(candidate);
        Ok(())
    }

    async fn try_slug(&self, resource: &'static str, id: Uuid, slug: &Slug) -> Result<bool, Error> {
        if self.staging().is_some_and(|staging| staging.claimed().contains_key(slug)) {
            return Ok(false);
        }
        let insert = Query::insert()
            .into_table("slug")
            .columns(["resource", "slug", "resource_id"])
            .values_panic([resource.into(), slug.as_str().into(), id.into()])
            .on_conflict(OnConflict::columns(["resource", "slug"]).do_nothing().to_owned())
            .take();
        Ok(self.tx().execute(&insert).await.map_err(failed)?.rows_affected() == 1)
    }

    /// Whether the slug is a former one of the same resource, which may use it again.
    async fn is_former_slug(&self, resource: &'static str, id: Uuid, slug: &Slug) -> Result<bool, Error> {
        let select = Query::select()
            .column("resource_id")
            .from("slug")
            .and_where(Expr::col("resource").eq(resource))
            .and_where(Expr::col("slug").eq(slug.as_str()))
            .and_where(Expr::col("resource_id").eq(id))
            .take();
        Ok(self.tx().query_one(&select).await.map_err(failed)?.is_some())
    }
}

pub(crate) fn slug_taken(slug: &Slug) -> Error {
    let detail = bilingual!("The slug `{slug}` is taken.", "Der Slug `{slug}` ist vergeben.");
    Error::new(Code::SlugTaken, detail).about("/slug")
}

/// Six digits from the random part of a UUID.
fn random_number(id: Uuid) -> u32 {
    let [.., a, b, c, d] = id.into_bytes();
    100_000 + u32::from_be_bytes([a, b, c, d]) % 900_000
}
