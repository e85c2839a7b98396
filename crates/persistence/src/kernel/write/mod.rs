//! Writing, for all kinds of resources: create, patch, delete, restore and transitions. The order of their
//! steps is in `pipeline.rs`.
//!
//! May import `read` and everything below it, but neither `bulk_import` nor `store`.

pub(crate) mod code_lists;
mod create;
mod delete;
pub mod dependents;
mod patch;
pub(crate) mod pipeline;
mod read_back;
pub(crate) mod record_change;
pub(crate) mod resolve;
mod restore;
pub(crate) mod slug;
pub mod transition;
pub(crate) mod unique;
mod update;

use sea_orm::sea_query::LockType;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};

use super::read::load::by_key;
use super::table::child_rows::ChildRows;
use super::table::row::{Meta, Row};
use super::table::{Parent, Table};
use super::transaction::Writer;

impl Writer<'_> {
    /// Returns the locked resource with its parent, if the actor sees it and may change it.
    pub(crate) async fn open<T: Table>(
        &self,
        action: Action,
        key: &Key,
        parent: Option<&Key>,
        deleted: bool,
    ) -> Result<(Stored<T>, Option<T::Parent>), Error> {
        let grant = self.actor().require::<T>(action)?;
        let parent = T::Parent::open(self, parent, Some(T::PARENT_LOCK)).await?;
        let (parent_id, parent) = parent.map(|(summary, parent)| (summary.id, parent)).unzip();
        let stored = by_key::<T>(self, key, parent_id, deleted, Some(LockType::Update)).await?;
        if grant == Grant::Own && !stored.data.is_own(Some(stored.id), parent.as_ref(), self.actor()) {
            return Err(self.actor().refusal());
        }
        Ok((stored, parent))
    }

    /// 428 without `If-Match`, 412 if it has another version. The current entity tag in the error is that of
    /// the representation that the actor may read.
    pub(crate) fn check_precondition<T: Table>(
        &self,
        stored: &Stored<T>,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let (code, detail) = match precondition.allows_version(stored.version) {
            Some(true) => return Ok(()),
            Some(false) => (Code::PreconditionFailed, precondition.refusal(stored.version)),
            None => (
                Code::PreconditionRequired,
                bilingual!(
                    "Send `If-Match` with the `ETag` of the version that the change is based on.",
                    "Senden Sie `If-Match` mit dem `ETag` dessen, worauf die Änderung beruht."
                ),
            ),
        };
        let current = Some(Box::new(self.redacted(stored.clone()).tag().map_err(Error::internal)?));
        Err(Error { current, ..Error::new(code, detail) })
    }
}

/// Returns the id of the parent.
pub(super) fn parent_of<T: Resource>(stored: &Stored<T>) -> Option<Uuid> {
    stored.parent.as_ref().map(|(_, parent)| parent.id)
}

pub(super) fn row<T: Table>(meta: Meta, data: &T) -> Result<(T::Row, ChildRows), Error> {
    let (columns, links) = T::to_row(data)?;
    let row =
        T::Row::join(meta, columns).ok_or_else(|| Error::internal("a part without what it belongs to"))?;
    Ok((row, links))
}
