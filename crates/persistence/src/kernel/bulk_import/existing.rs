//! The existing resources that rows refer to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::violation::Violations;

use super::{Done, Outcome, Row};
use crate::kernel::table::{Parent, Table};
use crate::kernel::transaction::Writer;

/// The existing resources by their ids.
pub(super) type Found<T> = HashMap<Uuid, Stored<T>>;

/// The maximum number of siblings that are kept between batches, so that they do not fill the memory.
const MAX_SIBLINGS: usize = 10_000;

/// The resources of each parent that rows without id and slug are compared with. They are listed once, and what the
/// import writes is added.
pub(super) struct Siblings<T>(HashMap<Option<Uuid>, Vec<(Uuid, T)>>);

impl<T> Default for Siblings<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Table> Siblings<T> {
    /// Adds what a row has written.
    pub(super) fn add(&mut self, outcome: &Outcome<T>) {
        let (stored, is_new) = match outcome {
            Ok(Done::Created(created)) => (&**created, true),
            Ok(Done::Updated(states)) => (&states.1, false),
            _ => return,
        };
        let parent = stored.parent.as_ref().map(|(_, parent)| parent.id);
        let Some(siblings) = self.0.get_mut(&parent) else { return };
        let known = if is_new { None } else { siblings.iter_mut().find(|(id, _)| *id == stored.id) };
        match known {
            Some((_, data)) => *data = stored.data.clone(),
            None => siblings.push((stored.id, stored.data.clone())),
        }
    }

    /// Whether they are few enough to be kept for the next batch.
    pub(super) fn is_small(&self) -> bool {
        self.0.values().map(Vec::len).sum::<usize>() <= MAX_SIBLINGS
    }
}

impl Writer<'_> {
    /// Finds the resource that the row refers to: by its id or slug, or as the same sub-resource of the same
    /// parent.
    pub(super) async fn find_existing<T: Table>(
        &self,
        mode: ImportMode,
        row: &Row,
        siblings: &mut Siblings<T>,
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
        let parent_id = T::Parent::open(self, parent, None).await?.map(|(summary, _)| summary.id);
        let siblings = match siblings.0.entry(parent_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(empty) => empty.insert(self.siblings(parent).await?),
        };
        let same = siblings.iter().filter(|(_, it)| it.is_same_child(&data));
        // If a sub-resource may occur several times, do not match one that another row has already matched.
        let (matched, mut found): (Vec<_>, Vec<_>) =
            same.partition(|(id, _)| self.import_state().first(*id).is_some());
        if found.is_empty() && !T::MAY_REPEAT {
            found = matched;
        }
        let equal = found.iter().find(|(_, it)| *it == data);
        match equal.or(found.first()) {
            // Read again, because other rows may have changed it, too.
            Some((id, _)) => self.get(&Key::Id(*id), parent, false).await.map(Some),
            None => Ok(None),
        }
    }

    /// Lists all resources of a parent.
    async fn siblings<T: Table>(&self, parent: Option<&Key>) -> Result<Vec<(Uuid, T)>, Error> {
        let (mut query, mut siblings) = (Query::<T>::all(), Vec::new());
        loop {
            let page = self.list::<T>(&query, parent).await?;
            siblings.extend(page.items.into_iter().map(|it| (it.id, it.data)));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(siblings),
            }
        }
    }
}

/// Returns the existing resource if it is to be changed, and refuses a known id in create mode. A taken slug
/// is reported when it is claimed.
pub(super) fn check_existing<T: Table>(
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
