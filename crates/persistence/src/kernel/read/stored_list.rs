//! Reading resources and lists as their JSON is stored.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::Query as Select;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;

use super::keyset::KeysetPage;
use super::load::{Parents, has_key, visible};
use super::stored_json::{self, StoredJson};
use crate::kernel::database::error::failed;
use crate::kernel::database::row::{Columns, Row};
use crate::kernel::table::any::{AnyQuery, AnyTable};
use crate::kernel::transaction::Reader;

/// A page of a list as its JSON is stored.
pub(crate) struct StoredPage {
    pub(crate) items: Vec<String>,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
    pub(crate) total: Option<u64>,
}

impl Reader<'_> {
    /// Returns the version of the resource with this key and its JSON as it is stored.
    ///
    /// Errors: 404 if the actor sees no such resource.
    pub(crate) fn stored<'a>(
        &'a self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<StoredJson<(i64, String)>, Error>> {
        async move {
            self.actor().require_read(table.resource)?;
            let parents = Parents::of_request(table, parent)?;
            let [id, version] = ["id", "version"].map(|name| table.column(name));
            let mut select = Select::select();
            select.expr_as(id.clone(), "id").expr_as(version.clone(), "version").from(table.name());
            stored_json::join(&mut select, id, version, self.actor());
            select.cond_where(visible(table, self.actor(), parents, false)).and_where(has_key(table, key));
            let rows = self.tx().rows(&select).await.map_err(failed)?;
            let version = rows.first().ok_or_else(Error::not_found)?.get("version").map_err(failed)?;
            Ok(match stored_json::of_rows(rows)? {
                StoredJson::Missing(ids) => StoredJson::Missing(ids),
                StoredJson::Found(mut found) => {
                    self.tx().tables().add_read(stored_json::tables_of(table));
                    StoredJson::Found((version, found.pop().unwrap_or_default()))
                }
            })
        }
        .boxed_local()
    }

    /// Returns a page of a list as its JSON is stored: of one parent, or of all that the actor sees.
    ///
    /// Errors: those of [`Self::list`].
    pub(crate) fn stored_page<'a>(
        &'a self,
        query: &'a AnyQuery,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<StoredJson<StoredPage>, Error>> {
        async move {
            self.may_list(query)?;
            let parent = self.parent_of_list(query, parent).await?;
            let (KeysetPage { rows, next, prev }, total) = self.rows_of_page::<Row>(query, parent).await?;
            Ok(match stored_json::of_rows(rows)? {
                StoredJson::Missing(ids) => StoredJson::Missing(ids),
                StoredJson::Found(items) => {
                    self.tx().tables().add_read(stored_json::tables_of(query.table));
                    StoredJson::Found(StoredPage { items, next, prev, total })
                }
            })
        }
        .boxed_local()
    }
}
