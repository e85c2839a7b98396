//! Refuses a row about a resource that an earlier row is about.

use std::collections::hash_map::Entry;

use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::any::ResourceInfo;
use vku_domain::kernel::violation::Violations;

use super::Row;
use crate::kernel::transaction::import_state::ImportState;

impl ImportState {
    /// Records the id and the slug that a row states.
    ///
    /// Errors: an earlier row states one of them, even if that row was refused.
    pub(super) fn record_keys(
        &mut self,
        resource: &ResourceInfo,
        mode: ImportMode,
        number: u64,
        row: &Row,
    ) -> Result<(), Error> {
        let slug = row.slug().filter(|_| resource.has_slug).map(|slug| ("/slug", slug.to_string()));
        for (pointer, key) in row.id().map(|id| ("/id", id.to_string())).into_iter().chain(slug) {
            match self.rows_by_key.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(number);
                }
                // A row that was deferred.
                Entry::Occupied(occupied) if *occupied.get() == number => {}
                Entry::Occupied(occupied) if pointer == "/slug" && mode == ImportMode::Create => {
                    let first = occupied.get();
                    let detail = bilingual!(
                        "Row {first} already has this slug.",
                        "Diesen Slug hat schon Zeile {first}."
                    );
                    return Err(Error::new(Code::SlugTaken, detail).about(pointer));
                }
                Entry::Occupied(occupied) => return Err(repeated_resource(*occupied.get(), pointer)),
            }
        }
        Ok(())
    }

    /// Records which resource a row refers to.
    ///
    /// Errors: an earlier row refers to the same resource.
    pub(super) fn record_id(&mut self, resource: &ResourceInfo, number: u64, id: Uuid) -> Result<(), Error> {
        match *self.rows_by_id.entry(id).or_insert(number) {
            first if first == number => Ok(()),
            first => Err(repeated_resource(first, if resource.has_slug { "/slug" } else { "" })),
        }
    }
}

fn repeated_resource(first: u64, pointer: &str) -> Error {
    let mut violations = Violations::default();
    let detail = bilingual!(
        "Row {first} contains the same resource; a file can contain each resource only once.",
        "Zeile {first} meint dasselbe; eine Datei nennt jedes nur einmal."
    );
    violations.member(pointer, "duplicate", detail);
    Error::invalid(violations)
}
