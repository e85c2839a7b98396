//! Reading resources and lists, for all kinds of resources.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ConnectionTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};

use super::cursor;
use super::cursor::Order;
use super::keyset::{Keyset, KeysetPage};
use super::load::{by_key, hydrate, visible_rows};
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::search;
use crate::kernel::table::conditions::filter_to_sql;
use crate::kernel::table::{Parent, Table, column};
use crate::kernel::transaction::Reader;

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
        self.actor().require_read::<T>()?;
        self.may_see_deleted::<T>(deleted)?;
        let parent = self.open::<T>(parent).await?.map(|(summary, _)| summary.id);
        Ok(self.redacted(by_key::<T>(self, key, parent, deleted, None).await?))
    }

    /// Removes the members that the actor may not read.
    pub(crate) fn redacted<T: Table>(&self, mut stored: Stored<T>) -> Stored<T> {
        self.actor().hidden_fields::<T>().into_iter().for_each(|members| stored.data.redact(members));
        stored
    }

    /// Returns the parent of a sub-resource, if the actor sees it.
    async fn open<T: Table>(
        &self,
        parent: Option<&Key>,
    ) -> Result<Option<(ReferenceSummary, T::Parent)>, Error> {
        T::Parent::open(self, parent, None).await
    }

    fn may_see_deleted<T: Table>(&self, deleted: bool) -> Result<(), Error> {
        if deleted { self.actor().require::<T>(Action::Restore).map(drop) } else { Ok(()) }
    }

    /// Returns the resources with these ids that the actor may read and sees, in no particular order.
    pub async fn by_ids<T: Table>(&self, ids: &[Uuid]) -> Result<Vec<Stored<T>>, Error> {
        if ids.is_empty() || self.actor().require_read::<T>().is_err() {
            return Ok(Vec::new());
        }
        let with_ids = column::<T>("id").is_in(padded_ids(ids));
        let select = visible_rows::<T>(self, None, false).filter(with_ids);
        let backend = self.tx().get_database_backend();
        let rows = self.tx().query_all_raw(select.build(backend)).await.map_err(failed)?;
        Ok(hydrate::<T>(self, &rows).await?.into_iter().map(|item| self.redacted(item)).collect())
    }

    /// Returns the sub-resources of these parents that the actor may read and sees, oldest first.
    pub async fn parts_of<T: Table>(&self, parents: &[Uuid]) -> Result<Vec<Stored<T>>, Error> {
        let Some(parent) = T::Parent::column() else { return Ok(Vec::new()) };
        if parents.is_empty() || self.actor().require_read::<T>().is_err() {
            return Ok(Vec::new());
        }
        let of_parents = column::<T>(parent).is_in(padded_ids(parents));
        let select = visible_rows::<T>(self, None, false).filter(of_parents).order_by_asc(column::<T>("id"));
        let backend = self.tx().get_database_backend();
        let rows = self.tx().query_all_raw(select.build(backend)).await.map_err(failed)?;
        Ok(hydrate::<T>(self, &rows).await?.into_iter().map(|item| self.redacted(item)).collect())
    }

    /// Returns a page of the list, with the same number of queries for one row as for 200.
    ///
    /// Errors: 400 for a cursor of another list, 404 if the actor does not see the parent.
    pub async fn list<T: Table>(&self, query: &Query<T>, parent: Option<&Key>) -> Result<Page<T>, Error> {
        self.actor().require_read::<T>()?;
        self.may_see_deleted::<T>(query.deleted)?;
        let parent = self.open::<T>(parent).await?.map(|(summary, _)| summary.id);
        self.page(query, parent).await
    }

    /// Returns a page of the sub-resources of all parents that the actor sees, for exports.
    pub async fn list_everywhere<T: Table>(&self, query: &Query<T>) -> Result<Page<T>, Error> {
        self.actor().require_read::<T>()?;
        self.may_see_deleted::<T>(query.deleted)?;
        self.page(query, None).await
    }

    async fn page<T: Table>(&self, query: &Query<T>, parent: Option<Uuid>) -> Result<Page<T>, Error> {
        let backend = self.tx().get_database_backend();
        let mut filtered = visible_rows::<T>(self, parent, query.deleted)
            .filter(filter_to_sql::<T>(&query.filter, self.actor()));
        if let Some(search) = &query.search {
            search::join::<T>(self.tx(), &mut filtered, search).await?;
        }
        let total = match query.count {
            true => {
                let count = filtered.clone().select_only().expr_as(column::<T>("id").count(), "total");
                let row = self.tx().query_one_raw(count.build(backend)).await.map_err(failed)?;
                let total: Option<i64> =
                    row.map(|row| row.try_get("", "total")).transpose().map_err(failed)?;
                Some(total.and_then(|total| total.try_into().ok()).unwrap_or(0))
            }
            false => None,
        };
        let order = Order::of(query);
        let position = query
            .cursor
            .as_deref()
            .map(|token| cursor::read(self.cursors(), query, parent, token))
            .transpose()?;
        let keyset = Keyset::new(position.as_ref().map(|position| position.0), query.limit);
        let mut select = order.apply(filtered, keyset.direction());
        if let Some(position) = &position {
            select = select.filter(order.beyond(position));
        }
        let select = select.limit(keyset.rows_to_read());
        let rows = self.tx().query_all_raw(select.build(backend)).await.map_err(failed)?;
        let token = |row: &QueryResult, direction| {
            cursor::write(self.cursors(), query, parent, &order.position(row, direction)?)
        };
        let KeysetPage { rows, next, prev } = keyset.page(rows, token)?;
        let items = hydrate::<T>(self, &rows).await?.into_iter().map(|item| self.redacted(item)).collect();
        Ok(Page { items, next, prev, total })
    }
}
