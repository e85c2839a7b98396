//! The code of a table that knows the type of its resource: everything else is shared.

use std::marker::PhantomData;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyList, AnyResource, AnyStored, Meta, other_type};
use vku_domain::kernel::tabular::FieldSerializer;
use vku_domain::kernel::tabular::cell::Cell;

use super::Table;
use super::child_rows::ChildRows;
use super::hooks::WriteHooks;
use super::query::AnyQuery;
use super::row::TableRow;
use crate::kernel::database::error::failed;
use crate::kernel::transaction::{Reader, Writer};

/// The functions of [`Table`] that need the type of the resource. They fail if they get another one.
pub(crate) trait TypedTable: Sync {
    /// Converts data to the values of the columns and to child rows; see [`Table::to_row`].
    fn to_row(&self, data: &dyn AnyResource) -> Result<(Vec<Value>, ChildRows), Error>;

    /// Reads the values of the columns of the feature.
    fn values(&self, row: &QueryResult) -> Result<Vec<Value>, Error>;

    /// Converts rows to resources; see [`Table::from_row`].
    fn read(&self, rows: Vec<(Meta, &QueryResult, ChildRows)>) -> Result<Box<dyn AnyList>, Error>;

    /// Makes the list of new resources, with the data as it would be read.
    fn stored(&self, new: Vec<(Meta, Box<dyn AnyResource>)>) -> Result<Box<dyn AnyList>, Error>;

    /// Takes the parameters of a list.
    fn query(&self, parameters: &mut Parameters) -> AnyQuery;

    /// Makes the query for all rows in the default order.
    fn all(&self) -> AnyQuery;

    /// Returns the cells of a row of an export.
    fn cells(&self, item: &dyn AnyStored, fields: &FieldSerializer) -> Result<Vec<Cell>, Error>;

    /// See [`Table::derive`].
    fn derive<'a>(
        &self,
        reader: &'a Reader<'_>,
        items: &'a mut dyn AnyList,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`Table::check_references`].
    fn check_references<'a>(
        &self,
        writer: &'a Writer<'_>,
        before: &'a dyn AnyStored,
        after: &'a dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`WriteHooks::before_write`].
    fn before_write<'a>(
        &self,
        writer: &'a Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&'a dyn AnyStored>,
        after: &'a mut dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`WriteHooks::after_write`].
    fn after_write<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        before: Option<&'a dyn AnyStored>,
        after: &'a dyn AnyStored,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;
}

/// The table of the resource `T`.
pub(super) struct TypedTableOf<T>(PhantomData<fn() -> T>);

impl<T> TypedTableOf<T> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<T: Table> TypedTable for TypedTableOf<T> {
    fn to_row(&self, data: &dyn AnyResource) -> Result<(Vec<Value>, ChildRows), Error> {
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

    fn stored(&self, new: Vec<(Meta, Box<dyn AnyResource>)>) -> Result<Box<dyn AnyList>, Error> {
        let mut items = Vec::with_capacity(new.len());
        for (meta, data) in new {
            let (row, children) = T::to_row(data_of(&*data)?)?;
            items.push(stored(meta, T::from_row(row, children)?));
        }
        Ok(Box::new(items))
    }

    fn query(&self, parameters: &mut Parameters) -> AnyQuery {
        AnyQuery::new(Query::<T>::take(parameters))
    }

    fn all(&self) -> AnyQuery {
        AnyQuery::new(Query::<T>::all())
    }

    fn cells(&self, item: &dyn AnyStored, fields: &FieldSerializer) -> Result<Vec<Cell>, Error> {
        fields.cells(stored_of::<T>(item)?).map_err(Error::internal)
    }

    fn derive<'a>(
        &self,
        reader: &'a Reader<'_>,
        items: &'a mut dyn AnyList,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            let items = items.downcast_mut::<T>().ok_or_else(|| other_type(T::INFO))?;
            T::derive(reader, items).await
        }
        .boxed_local()
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
