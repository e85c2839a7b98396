//! Reading resources and lists, for all kinds of resources.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::QueryResult;
use sea_orm::sea_query::ExprTrait;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyList, AnyStored, ResourceInfo};
use vku_domain::kernel::resource::reference::Key;

use super::cursor::{self, Order};
use super::keyset::{Keyset, KeysetPage};
use super::load::{Parents, by_key, hydrate, load, parent_id, visible_rows};
use super::page::{List, PageRow};
use super::total::TOTAL;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::table::Table;
use crate::kernel::table::any::AnyQuery;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::unnested::Unnesting;
use crate::kernel::transaction::Reader;

/// A page of a list of any resource.
pub(crate) struct AnyPage {
    pub(crate) items: Box<dyn AnyList>,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
    pub(crate) total: Option<u64>,
}

impl AnyPage {
    /// Returns the page of a type.
    ///
    /// Errors: the resources have another type.
    pub(crate) fn downcast<T: Table>(self) -> Result<Page<T>, Error> {
        let Self { items, next, prev, total } = self;
        Ok(Page { items: items.downcast()?, next, prev, total })
    }
}

impl Reader<'_> {
    /// Returns the resource with this key. `parent` is the parent of a sub-resource; only staff finds deleted
    /// resources.
    ///
    /// Errors: 404 if the actor sees no such resource, 401 or 403 if the actor may not see deleted ones.
    pub async fn get<T: Table>(
        &self,
        key: &Key,
        parent: Option<&Key>,
        deleted: bool,
    ) -> Result<Stored<T>, Error> {
        self.get_any(T::TABLE, key, parent, deleted).await?.downcast()
    }

    pub(crate) fn get_any<'a>(
        &'a self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
        deleted: bool,
    ) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
        async move {
            self.actor().require_read(table.resource)?;
            self.may_see_deleted(table.resource, deleted)?;
            let parent = Parents::of_request(table, parent)?;
            let mut found = by_key(table, self, key, parent, deleted, None).await?;
            self.redact(&mut *found);
            Ok(found)
        }
        .boxed_local()
    }

    /// Removes the members that the actor may not read.
    pub(crate) fn redact(&self, stored: &mut dyn AnyStored) {
        for members in self.actor().hidden_fields(stored.info()) {
            stored.data_mut().redact(members);
        }
    }

    fn redact_all(&self, mut items: Box<dyn AnyList>) -> Box<dyn AnyList> {
        items.for_each(&mut |item| self.redact(item));
        items
    }

    fn may_see_deleted(&self, resource: &ResourceInfo, deleted: bool) -> Result<(), Error> {
        if deleted { self.actor().require(resource, Action::Restore).map(drop) } else { Ok(()) }
    }

    /// Returns the resources with these ids that the actor may read and sees, in no particular order.
    pub async fn by_ids<T: Table>(&self, ids: &[Uuid]) -> Result<Vec<Stored<T>>, Error> {
        self.by_ids_any(T::TABLE, ids).await?.map_or_else(|| Ok(Vec::new()), <dyn AnyList>::downcast)
    }

    /// The same for any resource; `None` if there are no ids, or the actor may not read such resources.
    pub(crate) fn by_ids_any<'a>(
        &'a self,
        table: &'static AnyTable,
        ids: &'a [Uuid],
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn AnyList>>, Error>> {
        async move {
            if ids.is_empty() || self.actor().require_read(table.resource).is_err() {
                return Ok(None);
            }
            let has_id = table.column("id").is_in(padded_ids(ids));
            let select = visible_rows(table, self, Parents::Visible, false).and_where(has_id).take();
            Ok(Some(self.redact_all(load(table, self, &select).await?)))
        }
        .boxed_local()
    }

    /// Returns the sub-resources of these parents that the actor may read and sees, oldest first.
    pub async fn sub_resources_of<T: Table>(&self, parents: &[Uuid]) -> Result<Vec<Stored<T>>, Error> {
        self.sub_resources_of_any(T::TABLE, parents)
            .await?
            .map_or_else(|| Ok(Vec::new()), <dyn AnyList>::downcast)
    }

    fn sub_resources_of_any<'a>(
        &'a self,
        table: &'static AnyTable,
        parents: &'a [Uuid],
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn AnyList>>, Error>> {
        async move {
            let Some(parent) = table.parent_column() else { return Ok(None) };
            if parents.is_empty() || self.actor().require_read(table.resource).is_err() {
                return Ok(None);
            }
            let of_parents = table.column(parent).is_in(padded_ids(parents));
            let mut select = visible_rows(table, self, Parents::Visible, false).and_where(of_parents).take();
            select.order_by_expr(table.column("id"), sea_orm::Order::Asc);
            Ok(Some(self.redact_all(load(table, self, &select).await?)))
        }
        .boxed_local()
    }

    /// Returns a page of the list, with the same number of queries for one row as for 200.
    ///
    /// Errors: 400 for a cursor of another list, 404 if the actor does not see the parent.
    pub async fn list<T: Table>(&self, query: &Query<T>, parent: Option<&Key>) -> Result<Page<T>, Error> {
        self.list_any(&AnyQuery::new(query.clone()), parent).await?.downcast()
    }

    /// The same for any resource. Without a parent, the list has the sub-resources of all parents of the query.
    pub(crate) fn list_any<'a>(
        &'a self,
        query: &'a AnyQuery,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<AnyPage, Error>> {
        async move {
            self.may_list(query)?;
            let parent = self.parent_of_list(query, parent).await?;
            self.page(query, parent).await
        }
        .boxed_local()
    }

    /// Returns a page of the sub-resources of all parents that the actor sees.
    ///
    /// Errors: 400 for a cursor of another list.
    pub async fn list_everywhere<T: Table>(&self, query: &Query<T>) -> Result<Page<T>, Error> {
        self.list_any(&AnyQuery::new(query.clone()), None).await?.downcast()
    }

    /// Returns how many entries the resources of a list have; `None` if each resource has to be asked.
    ///
    /// Errors: those of [`Self::list`].
    pub(crate) fn entry_total<'a>(
        &'a self,
        query: &'a AnyQuery,
        unnesting: &'a Unnesting,
    ) -> LocalBoxFuture<'a, Result<Option<u64>, Error>> {
        async move {
            self.may_list(query)?;
            let order = Order::of(query);
            let total = List::new(self, query, None, &order).await?.count_entries(self, unnesting).await?;
            Ok(total.map(|total| total.try_into().unwrap_or(0)))
        }
        .boxed_local()
    }

    /// Checks whether the actor may read the list, and the parents if it is filtered by them.
    ///
    /// Errors: 401, 403.
    pub(super) fn may_list(&self, query: &AnyQuery) -> Result<(), Error> {
        self.actor().require_read(query.table.resource)?;
        if let (Some(parents), Some(_)) = (query.table.parent, &query.parents.filter) {
            self.actor().require_read(parents.resource)?;
        }
        self.may_see_deleted(query.table.resource, query.deleted)
    }

    /// Returns the id of the parent of a list; `None` for a list without one, or of all parents.
    ///
    /// Errors: 404 if the actor does not see the parent.
    pub(super) async fn parent_of_list(
        &self,
        query: &AnyQuery,
        parent: Option<&Key>,
    ) -> Result<Option<Uuid>, Error> {
        match parent {
            Some(_) => parent_id(query.table, self, parent).await,
            None => Ok(None),
        }
    }

    async fn page(&self, query: &AnyQuery, parent: Option<Uuid>) -> Result<AnyPage, Error> {
        let (KeysetPage { rows, next, prev }, total) =
            self.rows_of_page::<QueryResult>(query, parent).await?;
        let items = self.redact_all(hydrate(query.table, self, &rows).await?);
        Ok(AnyPage { items, next, prev, total })
    }

    pub(super) async fn rows_of_page<R: PageRow>(
        &self,
        query: &AnyQuery,
        parent: Option<Uuid>,
    ) -> Result<(KeysetPage<R>, Option<u64>), Error> {
        let order = Order::of(query);
        let position = query
            .cursor
            .as_deref()
            .map(|token| cursor::read(self.cursors(), query, parent, token))
            .transpose()?;
        let keyset = Keyset::new(position.as_ref().map(|position| position.0), query.limit);
        let list = List::new(self, query, parent, &order).await?;
        let rows = list.page::<R>(self, position.as_ref(), &keyset).await?;
        let total = match rows.first() {
            _ if !query.count => None,
            Some(row) => row.get::<Option<i64>>(TOTAL).map_err(failed)?,
            None if position.is_none() => Some(0),
            None => Some(list.count(self).await?),
        };
        let token = |row: &R, direction| {
            cursor::write(self.cursors(), query, parent, &order.position(row, direction)?)
        };
        Ok((keyset.page(rows, token)?, total.map(|total| total.try_into().unwrap_or(0))))
    }
}
