//! Resources as a client requests them: with selected members only, or with resources in place of references.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::projection::{Projected, Projection};

use crate::kernel::table::Table;
use crate::kernel::transaction::Reader;
use crate::{Visitor, visit_schema};

impl Reader<'_> {
    /// Applies the projection to the items. A reference stays a reference if the actor may not read the
    /// target. One batch of queries for each kind of referenced resource, however many items there are.
    pub async fn project<T: Table>(
        &self,
        view: &Projection,
        items: Vec<Stored<T>>,
    ) -> Result<Vec<Projected<T>>, Error> {
        if view.is_default() {
            return Ok(items.into_iter().map(Projected::Full).collect());
        }
        let mut values = Vec::with_capacity(items.len());
        for item in &items {
            let mut value = serde_json::to_value(item).map_err(Error::internal)?;
            if let Value::Object(members) = &mut value {
                members.retain(|name, _| view.shows(name));
            }
            values.push(value);
        }
        self.expand(view, &mut values).await?;
        Ok(values.into_iter().map(Projected::Selected).collect())
    }

    /// Replaces the expanded references. Boxed, so that it is compiled in this crate alone.
    fn expand<'a>(
        &'a self,
        view: &'a Projection,
        values: &'a mut [Value],
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        self.replace_references(view, values).boxed_local()
    }

    async fn replace_references(&self, view: &Projection, values: &mut [Value]) -> Result<(), Error> {
        let mut ids_by_target: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
        for expansion in view.expanded() {
            let ids = ids_by_target.entry(&expansion.target).or_default();
            for value in values.iter_mut() {
                expansion.visit(value, &mut |reference| ids.extend(id(reference)));
            }
        }
        let mut expanded: HashMap<Uuid, Value> = HashMap::new();
        for (target, mut ids) in ids_by_target {
            ids.sort_unstable();
            ids.dedup();
            expanded.extend(
                visit_schema(target, ReadByIds { reader: self, ids }).await.transpose()?.unwrap_or_default(),
            );
        }
        for expansion in view.expanded() {
            for value in values.iter_mut() {
                expansion.visit(value, &mut |reference| {
                    if let Some(found) = id(reference).and_then(|id| expanded.get(&id)) {
                        *reference = found.clone();
                    }
                });
            }
        }
        Ok(())
    }
}

fn id(reference: &Value) -> Option<Uuid> {
    reference.get("id")?.as_str()?.parse().ok()
}

/// Reads resources of a kind that is known only by name, as the actor sees them.
struct ReadByIds<'a, 'r> {
    reader: &'a Reader<'r>,
    ids: Vec<Uuid>,
}

impl Visitor for ReadByIds<'_, '_> {
    type Answer = Result<HashMap<Uuid, Value>, Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        let found = self.reader.by_ids::<T>(&self.ids).await?;
        let values = found.into_iter().map(|item| {
            let value = serde_json::to_value(&item).map_err(Error::internal)?;
            Ok((item.id, value))
        });
        values.collect()
    }
}
