//! Writing, for all kinds of resources: create, patch, delete, restore and transitions. The order of their
//! steps is in `pipeline.rs`.
//!
//! May import `read` and everything below it, but neither `bulk_import` nor `store`.

pub(crate) mod code_lists;
mod create;
mod delete;
pub mod dependents;
pub(crate) mod outdated_json;
mod patch;
pub(crate) mod pipeline;
mod read_back;
pub(crate) mod record_change;
pub(crate) mod resolve;
mod restore;
pub(crate) mod row_values;
pub(crate) mod slug;
pub mod transition;
pub(crate) mod unique;
mod update;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::LockType;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::reference::Key;

use super::read::load::{Parents, by_key, open_parent};
use super::table::Table;
use super::table::any::AnyTable;
use super::transaction::Writer;

/// A resource, and its parent if it is a sub-resource.
type WithParent = (Box<dyn AnyStored>, Option<Box<dyn AnyStored>>);

impl Writer<'_> {
    /// Returns the locked resource, if the actor sees it and may change it.
    ///
    /// Errors: 401, 403, 404.
    pub(crate) async fn open<T: Table>(&self, action: Action, key: &Key) -> Result<Stored<T>, Error> {
        self.open_any(T::TABLE, action, key, None, false).await?.0.downcast()
    }

    /// The same for any resource, with its parent.
    pub(crate) fn open_any<'a>(
        &'a self,
        table: &'static AnyTable,
        action: Action,
        key: &'a Key,
        parent: Option<&'a Key>,
        deleted: bool,
    ) -> LocalBoxFuture<'a, Result<WithParent, Error>> {
        async move {
            let grant = self.actor().require(table.resource, action)?;
            let parent = open_parent(table, self, parent, Some(table.parent_lock)).await?;
            let parent_id = parent.as_ref().map(|parent| parent.id());
            let stored =
                by_key(table, self, key, Parents::with_id(parent_id), deleted, Some(LockType::Update))
                    .await?;
            let owner = parent.as_ref().map(|parent| parent.data());
            if grant == Grant::Own && !stored.data().is_own(Some(stored.id()), owner, self.actor()) {
                return Err(self.actor().refusal());
            }
            Ok((stored, parent))
        }
        .boxed_local()
    }

    /// 428 without `If-Match`, 412 if it has another version. The current entity tag in the error is that of
    /// the representation that the actor may read.
    pub(crate) fn check_precondition(
        &self,
        stored: &dyn AnyStored,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let (code, detail) = match precondition.allows_version(stored.version()) {
            Some(true) => return Ok(()),
            Some(false) => (Code::PreconditionFailed, precondition.refusal(stored.version())),
            None => (
                Code::PreconditionRequired,
                bilingual!(
                    "Send `If-Match` with the `ETag` of the version that the change is based on.",
                    "Senden Sie `If-Match` mit dem `ETag` dessen, worauf die Änderung beruht."
                ),
            ),
        };
        let mut readable = stored.boxed();
        self.redact(&mut *readable);
        let current = Some(Box::new(readable.tag()?));
        Err(Error { current, ..Error::new(code, detail) })
    }
}
