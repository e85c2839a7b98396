//! The existing resources that rows refer to.

use std::collections::HashMap;

use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::violation::Violations;

use super::Row;
use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;

/// The existing resources by their ids.
pub(super) type Found<T> = HashMap<Uuid, Stored<T>>;

impl Writer<'_> {
    /// Finds the resource that the row refers to: by its id or slug, or as the same sub-resource of the same
    /// parent.
    pub(super) async fn known<T: Table>(
        &self,
        mode: ImportMode,
        row: &Row,
    ) -> Result<Option<Stored<T>>, Error> {
        let parent = row.parent.as_ref();
        let keys =
            row.id().map(Key::Id).into_iter().chain(row.slug().filter(|_| T::SLUG.is_some()).map(Key::Slug));
        for key in keys {
            match self.get::<T>(&key, parent, false).await {
                Err(error) if error.code == Code::NotFound => {}
                found => return found.map(Some),
            }
        }
        if T::SLUG.is_some() || mode == ImportMode::Create {
            return Ok(None);
        }
        let body = row.clone().new_body::<T>();
        let Some(mut data) = Draft::<T>::create(self.actor(), body, InputSource::Import)?.data else {
            return Ok(None);
        };
        // The violations are reported when the row is written.
        let _: Violations = self.resolve(&mut data).await?;
        let (mut query, mut found) = (Query::<T>::all(), Vec::new());
        loop {
            let page = self.list::<T>(&query, parent).await?;
            found.extend(page.items.into_iter().filter(|it| it.data.is_same_child(&data)));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        // If a sub-resource may occur several times, do not match one that another row has already matched.
        let (matched, mut found): (Vec<Stored<T>>, Vec<_>) =
            found.into_iter().partition(|it| self.batch_state().first(it.id).is_some());
        if found.is_empty() && !T::MAY_REPEAT {
            found = matched;
        }
        let equal = found.iter().position(|item: &Stored<T>| item.data == data);
        Ok(found.into_iter().nth(equal.unwrap_or(0)))
    }
}

/// Returns the existing resource if it is to be changed, and refuses a known id in create mode. A taken slug
/// is reported when it is claimed.
pub(super) fn refuse_known<T: Table>(
    mode: ImportMode,
    row: &Row,
    known: Stored<T>,
) -> Result<Option<Stored<T>>, Error> {
    match mode {
        ImportMode::Upsert => Ok(Some(known)),
        ImportMode::Create if row.id() == Some(known.id) => {
            let mut violations = Violations::default();
            let detail = bilingual!(
                "A resource with this id already exists; use `mode=upsert` to change it.",
                "Was diese ID hat, gibt es schon; `mode=upsert` ändert es."
            );
            violations.member("/id", "duplicate", detail);
            Err(Error::invalid(violations))
        }
        ImportMode::Create => Ok(None),
    }
}
