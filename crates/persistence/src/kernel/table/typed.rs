//! The code of a table that knows the type of its resource: everything else is shared.

use std::future::ready;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{DatabaseBackend, QueryResult, Value};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyList, AnyResource, AnyStored, Meta, other_type};
use vku_domain::kernel::tabular::FieldSerializer;
use vku_domain::kernel::tabular::cell::Cell;

use super::any::{AnyQuery, AnyTable, Columns, TypedTable};
use super::child_rows::ChildRows;
use super::conditions::{asks_for_child_rows, filter_to_sql};
use super::filter::{AnyFilter, ParentFilter};
use super::hooks::WriteHooks;
use super::row::TableRow;
use super::{Parent, Table};
use crate::kernel::database::error::failed;
use crate::kernel::transaction::{Reader, Writer};

/// The table of the resource `T`.
struct TypedTableOf<T>(PhantomData<fn() -> T>);

impl<T> TypedTableOf<T> {
    const NEW: Self = Self(PhantomData);
}

impl<T: Table> TypedTable for TypedTableOf<T> {
    fn to_row(&self, data: &dyn AnyResource) -> Result<Columns, Error> {
        let (row, children) = T::to_row(data_of(data)?)?;
        Ok((row.into_values(), children))
    }

    fn values(&self, row: &QueryResult) -> Result<Vec<Value>, Error> {
        T::Row::read(row).map(T::Row::into_values).map_err(failed)
    }

    fn read(&self, rows: Vec<(Meta, &QueryResult, ChildRows)>) -> Result<Box<dyn AnyList>, Error> {
        let mut items = Vec::with_capacity(rows.len());
        for (meta, row, children) in rows {
            let row = T::Row::read(row).map_err(failed)?;
            items.push(stored(meta, T::from_row(row, children)?));
        }
        Ok(Box::new(items))
    }

    fn stored(
        &self,
        new: &[(Meta, Box<dyn AnyResource>)],
    ) -> Result<(Vec<Columns>, Box<dyn AnyList>), Error> {
        let (mut rows, mut items) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
        for (meta, data) in new {
            let (row, children) = T::to_row(data_of(&**data)?)?;
            rows.push((row.clone().into_values(), children.clone()));
            items.push(stored(*meta, T::from_row(row, children)?));
        }
        Ok((rows, Box::new(items)))
    }

    fn query(&self, parameters: &mut Parameters) -> AnyQuery {
        AnyQuery::new(Query::<T>::take(parameters))
    }

    fn query_by_name(&self, parameters: &mut Parameters) -> AnyQuery {
        AnyQuery::new(Query::<T>::take_by_name(parameters))
    }

    fn filter(&self, parameters: &mut Parameters) -> AnyFilter {
        any_filter::<T>(T::Filter::take(parameters))
    }

    fn all(&self) -> AnyQuery {
        AnyQuery::new(Query::<T>::all())
    }

    fn cells(&self, item: &dyn AnyStored, fields: &FieldSerializer) -> Result<Vec<Cell>, Error> {
        fields.cells(stored_of::<T>(item)?).map_err(Error::internal)
    }

    fn derived_from(&self, actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        T::derived_from(actor, backend)
    }

    fn derive(&self, items: &mut dyn AnyList, rows: &[QueryResult], actor: &Actor) -> Result<(), Error> {
        let items = items.downcast_mut::<T>().ok_or_else(|| other_type(T::INFO))?;
        let mut rows = rows.iter();
        items.iter_mut().try_for_each(|item| T::derive(item, rows.next(), actor))
    }

    fn derive_by_queries<'a>(
        &self,
        reader: &'a Reader<'_>,
        items: &'a mut dyn AnyList,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        let Some(derive) = T::DERIVE_BY_QUERIES else { return ready(Ok(())).boxed_local() };
        match items.downcast_mut::<T>() {
            Some(items) => derive(reader, items),
            None => ready(Err(other_type(T::INFO))).boxed_local(),
        }
    }

    fn check_references<'a>(
        &self,
        writer: &'a Writer<'_>,
        before: &'a dyn AnyStored,
        after: &'a dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move { T::check_references(writer, stored_of(before)?, data_of(after)?).await }.boxed_local()
    }

    fn before_write<'a>(
        &self,
        writer: &'a Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&'a dyn AnyStored>,
        after: &'a mut dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            let before = before.map(stored_of).transpose()?;
            let after = after.downcast_mut().ok_or_else(|| other_type(T::INFO))?;
            T::Hooks::before_write(writer, parent, before, after).await
        }
        .boxed_local()
    }

    fn after_write<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        before: Option<&'a dyn AnyStored>,
        after: &'a dyn AnyStored,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            let before = before.map(stored_of).transpose()?;
            T::Hooks::after_write(writer, before, stored_of(after)?).await
        }
        .boxed_local()
    }
}

fn any_filter<T: Table>(filter: T::Filter) -> AnyFilter {
    Arc::new(move |actor| filter_to_sql::<T>(&filter, actor))
}

fn stored<T: Table>(meta: Meta, data: T) -> Stored<T> {
    let Meta { id, version, created_at, updated_at, deleted_at, .. } = meta;
    let derived = T::Derived::default();
    Stored { id, parent: None, data, derived, created_at, updated_at, version, deleted_at }
}

fn data_of<T: Table>(data: &dyn AnyResource) -> Result<&T, Error> {
    data.downcast_ref().ok_or_else(|| other_type(T::INFO))
}

fn stored_of<T: Table>(stored: &dyn AnyStored) -> Result<&Stored<T>, Error> {
    stored.downcast_ref().ok_or_else(|| other_type(T::INFO))
}

impl AnyTable {
    /// Makes the table of a type.
    pub(super) const fn of<T: Table>() -> Self {
        Self {
            resource: T::INFO,
            parent: <T::Parent as Parent>::PARENT_TABLE,
            has_sets: T::SETS,
            has_parties: T::PARTIES,
            has_party_countries: T::PARTY_COUNTRIES,
            country_index: T::COUNTRY_INDEX,
            visibility: T::VISIBILITY,
            named_after: T::NAMED_AFTER,
            unique: T::UNIQUE,
            foreign_keys: T::FOREIGN_KEYS,
            code_lists: T::CODE_LISTS,
            parent_lock: T::PARENT_LOCK,
            found_by: T::FOUND_BY,
            stores_json: T::STORES_JSON,
            derived_from: T::DERIVED_FROM,
            depends_on_day: T::DEPENDS_ON_DAY,
            derives_by_queries: T::DERIVE_BY_QUERIES.is_some(),
            has_hooks: T::Hooks::HAS_HOOKS,
            json_column: T::json_column,
            visible_to: T::visible_to,
            is_binding: T::is_binding,
            columns: T::Row::COLUMNS,
            typed: &TypedTableOf::<T>::NEW,
        }
    }
}

impl AnyQuery {
    /// Makes the query of a type.
    pub fn new<T: Table>(query: Query<T>) -> Self {
        let Query { filter, search, highlight, sort, cursor, limit, count, deleted, view, fingerprint } =
            query;
        Self {
            table: T::TABLE,
            filters_by_child_rows: asks_for_child_rows::<T>(&filter),
            filter: any_filter::<T>(filter),
            parents: ParentFilter::default(),
            search,
            highlight,
            sort: sort.into_iter().map(|(key, direction)| (T::sort_column(key), direction)).collect(),
            cursor,
            limit,
            count,
            deleted,
            unnested: None,
            view,
            fingerprint,
        }
    }
}
