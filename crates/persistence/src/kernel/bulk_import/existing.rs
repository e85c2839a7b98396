//! The existing resources that rows refer to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::resource::any::{AnyResource, AnyStored};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::violation::Violations;

use super::{Done, Outcome, Row};
use crate::kernel::read::load::parent_id;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

/// The existing resources by their ids.
pub(super) type Found = HashMap<Uuid, Box<dyn AnyStored>>;

/// The maximum number of siblings that are kept between batches, so that they do not fill the memory.
const MAX_SIBLINGS: usize = 10_000;

/// The resources of each parent that rows without id and slug are compared with. They are listed once, and what the
/// import writes is added.
#[derive(Default)]
pub(crate) struct Siblings(HashMap<Option<Uuid>, Vec<Sibling>>);

/// The id and the data of a resource of the same parent.
type Sibling = (Uuid, Box<dyn AnyResource>);

impl Siblings {
    /// Adds what a row has written.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let (stored, is_new) = match outcome {
            Ok(Done::Created(created)) => (created, true),
            Ok(Done::Updated(_, after)) => (after, false),
            _ => return,
        };
        let meta = stored.meta();
        let Some(siblings) = self.0.get_mut(&meta.parent) else { return };
        let known = if is_new { None } else { siblings.iter_mut().find(|(id, _)| *id == meta.id) };
        match known {
            Some((_, data)) => *data = stored.data().boxed(),
            None => siblings.push((meta.id, stored.data().boxed())),
        }
    }

    /// Whether they are few enough to be kept for the next batch.
    pub(super) fn is_small(&self) -> bool {
        self.0.values().map(Vec::len).sum::<usize>() <= MAX_SIBLINGS
    }
}

impl Writer<'_> {
    /// Finds the resource that the row refers to: by its id or slug, or as the same among those of its parent
    /// ([`is_same_child`](AnyResource::is_same_child)).
    pub(super) async fn find_existing(
        &self,
        table: &'static AnyTable,
        mode: ImportMode,
        row: &Row,
        siblings: &mut Siblings,
    ) -> Result<Option<Box<dyn AnyStored>>, Error> {
        let parent = row.parent.as_ref();
        let keys = row
            .id()
            .map(Key::Id)
            .into_iter()
            .chain(row.slug().filter(|_| table.resource.has_slug).map(Key::Slug));
        for key in keys {
            match self.get_any(table, &key, parent, false).await {
                Err(error) if error.code == Code::NotFound => {}
                found => return found.map(Some),
            }
        }
        if table.resource.has_slug || mode == ImportMode::Create {
            return Ok(None);
        }
        let body = row.clone().new_body(table.resource);
        let Some(mut data) = Draft::create(table.resource, self.actor(), body, InputSource::Import)?.data
        else {
            return Ok(None);
        };
        // The violations are reported when the row is written.
        let _: Violations = self.resolve(&mut *data).await?;
        let parent_id = parent_id(table, self, parent).await?;
        let siblings = match siblings.0.entry(parent_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(empty) => empty.insert(self.siblings(table, parent).await?),
        };
        let same = siblings.iter().filter(|(_, it)| it.is_same_child(&*data));
        // If several resources may be the same, do not match one that another row has already matched.
        let (matched, mut found): (Vec<_>, Vec<_>) =
            same.partition(|(id, _)| self.import_state().first(*id).is_some());
        if found.is_empty() && !table.resource.may_repeat {
            found = matched;
        }
        let equal = found.iter().find(|(_, it)| it.equals(&*data));
        match equal.or(found.first()) {
            // Read again, because other rows may have changed it, too.
            Some((id, _)) => self.get_any(table, &Key::Id(*id), parent, false).await.map(Some),
            None => Ok(None),
        }
    }

    /// Lists all resources of a parent.
    async fn siblings(&self, table: &'static AnyTable, parent: Option<&Key>) -> Result<Vec<Sibling>, Error> {
        let (mut query, mut siblings) = (table.typed.all(), Vec::new());
        loop {
            let page = self.list_any(&query, parent).await?;
            siblings.extend(page.items.into_items().iter().map(|it| (it.id(), it.data().boxed())));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(siblings),
            }
        }
    }
}

/// Returns the existing resource if it is to be changed, and refuses a known id in create mode. A taken slug
/// is reported when it is claimed.
pub(super) fn check_existing(
    mode: ImportMode,
    row: &Row,
    known: Box<dyn AnyStored>,
) -> Result<Option<Box<dyn AnyStored>>, Error> {
    match mode {
        ImportMode::Upsert => Ok(Some(known)),
        ImportMode::Create if row.id() == Some(known.id()) => {
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
