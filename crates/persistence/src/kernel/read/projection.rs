//! Resources as a client requests them: with selected members only, or with resources in place of references.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::naming::pascal;
use vku_domain::kernel::resource::projection::Projection;

use crate::kernel::transaction::Reader;
use crate::tables;

impl Reader<'_> {
    /// Applies a projection to resources. A reference stays a reference if the actor may not read the target.
    /// One batch of queries for each kind of referenced resource, however many items there are.
    ///
    /// Errors: the database is unavailable.
    pub fn project<'a>(
        &'a self,
        view: &'a Projection,
        items: &'a [Box<dyn AnyStored>],
    ) -> LocalBoxFuture<'a, Result<Vec<Value>, Error>> {
        async move {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                let mut value = item.to_value()?;
                if let Value::Object(members) = &mut value {
                    members.retain(|name, _| view.shows(name));
                }
                values.push(value);
            }
            self.expand(view, &mut values).await?;
            Ok(values)
        }
        .boxed_local()
    }

    /// Replaces the expanded references.
    async fn expand(&self, view: &Projection, values: &mut [Value]) -> Result<(), Error> {
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
            let table = tables().iter().find(|table| pascal(table.name()) == target);
            let Some(table) = table else { continue };
            let found = self.by_ids_any(table, &ids).await?;
            for item in found.into_iter().flat_map(|found| found.into_items()) {
                expanded.insert(item.id(), item.to_value()?);
            }
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
