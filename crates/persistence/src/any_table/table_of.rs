//! The resource of a type, as a value.

use std::marker::PhantomData;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use vku_domain::import::ImportMode;
use vku_domain::kernel::access::actor::{Action, Actor};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::{Paging, Query};
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{READ_ONLY, slug_of};
use vku_domain::kernel::tabular::{Column, Kind, Layout};
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;

use super::{AnyQuery, AnyTable, ImportedRow, JsonResource, ResourceKey, StatusInfo, TableInfo};
use crate::kernel::bulk_import::Row;
use crate::kernel::bulk_import::duplicates::NameIndex;
use crate::kernel::read::history::Entries;
use crate::kernel::table::{Parent, Table};
use crate::kernel::transaction::{Reader, Writer};
use crate::kernel::write::transition::allowed_transitions;

/// The resource of a type.
pub(crate) struct TableOf<T>(PhantomData<fn() -> T>);

impl<T> TableOf<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Table> AnyTable for TableOf<T> {
    fn info(&self) -> &'static TableInfo {
        const {
            &TableInfo {
                name: T::NAME,
                path: T::PATH,
                parent: <T::Parent as Parent>::NAME,
                is_time_dependent: T::TIME_DEPENDENT,
                registers: T::REGISTERS,
                has_status: !T::Status::STATES.is_empty(),
                has_places: T::PLACES.is_some(),
                has_events: T::EVENT.is_some(),
                is_activity: T::IS_ACTIVITY,
            }
        }
    }

    fn collection(&self) -> String {
        crate::collection::<T>()
    }

    fn require(&self, actor: &Actor, action: Action) -> Result<(), Error> {
        actor.require::<T>(action).map(drop)
    }

    fn require_read(&self, actor: &Actor) -> Result<(), Error> {
        actor.require_read::<T>()
    }

    fn require_import(&self, actor: &Actor) -> Result<(), Error> {
        actor.require_import::<T>()
    }

    fn projection(&self, parameters: &mut Parameters) -> Projection {
        Projection::take::<T>(parameters)
    }

    fn query(&self, parameters: &mut Parameters) -> Box<dyn AnyQuery> {
        Box::new(Query::<T>::take(parameters))
    }

    fn all(&self) -> Box<dyn AnyQuery> {
        Box::new(Query::<T>::all())
    }

    fn layout(&self) -> Layout {
        Layout::of::<T>()
    }

    fn derived_columns(&self, languages: &[String]) -> Vec<Column> {
        Layout::derived_in_tables::<T>(languages)
    }

    fn columns(&self, languages: &[String], view: &Projection) -> Vec<Column> {
        let parent = self.info().parent;
        let mut columns: Vec<_> = parent.iter().map(|name| Column::new(*name, Kind::Reference)).collect();
        columns.extend(Layout::of::<T>().columns(languages));
        if view.is_sparse() {
            columns.insert(0, Column::new("id", Kind::Text));
            columns.extend(Layout::derived::<T>().columns(languages));
            columns.extend(READ_ONLY.iter().skip(1).map(|name| Column::new(*name, Kind::Text)));
            columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
        } else {
            columns.extend(Layout::derived_in_tables::<T>(languages));
        }
        columns
    }

    fn get<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
        view: &'a Projection,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>> {
        async move {
            let stored = reader.get::<T>(&at.key, at.parent.as_ref(), deleted).await?;
            if view.is_default() {
                return JsonResource::of(&stored);
            }
            let (id, slug, version) = (stored.id, slug_of(&stored.data), stored.version);
            let projected = reader.project(view, vec![stored]).await?.pop();
            let json = serde_json::to_vec(&projected).map_err(Error::internal)?;
            Ok(JsonResource { id, slug, version, json })
        }
        .boxed_local()
    }

    fn event<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
    ) -> LocalBoxFuture<'a, Result<(i64, Event), Error>> {
        async move {
            let event = T::EVENT.ok_or_else(Error::not_found)?;
            let stored = reader.get::<T>(&at.key, at.parent.as_ref(), deleted).await?;
            Ok((stored.version, event(&stored)))
        }
        .boxed_local()
    }

    fn history<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
        paging: &'a Paging,
    ) -> LocalBoxFuture<'a, Result<Entries, Error>> {
        async move {
            let parent = at.parent.as_ref();
            let stored = reader.get::<T>(&at.key, parent, deleted).await?;
            reader.history(&stored, parent, paging).await
        }
        .boxed_local()
    }

    fn transitions<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
    ) -> LocalBoxFuture<'a, Result<StatusInfo, Error>> {
        async move {
            let stored = reader.get::<T>(&at.key, at.parent.as_ref(), false).await?;
            let (_, parent) = T::Parent::open(reader, at.parent.as_ref(), None).await?.unzip();
            let allowed = allowed_transitions(reader, &stored, parent.as_ref()).map(State::word).collect();
            Ok(StatusInfo { allowed, history: reader.steps(&stored).await? })
        }
        .boxed_local()
    }

    fn create<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        parent: Option<&'a Key>,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>> {
        async move { JsonResource::of(&writer.create::<T>(parent, body).await?) }.boxed_local()
    }

    fn patch<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>> {
        async move {
            let written = writer.patch::<T>(&at.key, at.parent.as_ref(), precondition, body).await?;
            JsonResource::of(&written)
        }
        .boxed_local()
    }

    fn delete<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        writer.delete::<T>(&at.key, at.parent.as_ref(), precondition).boxed_local()
    }

    fn restore<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>> {
        async move {
            JsonResource::of(&writer.restore::<T>(&at.key, at.parent.as_ref(), precondition).await?)
        }
        .boxed_local()
    }

    fn transition<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
        to: &'a str,
        reason: Option<Text>,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>> {
        async move {
            let to = to.parse::<T::Status>().map_err(|fault| {
                let mut violations = Violations::default();
                violations.member("/to", fault.code, fault.detail);
                Error::invalid(violations)
            })?;
            let parent = at.parent.as_ref();
            JsonResource::of(&writer.transition::<T>(&at.key, parent, precondition, to, reason).await?)
        }
        .boxed_local()
    }

    fn cancel_dependent_registrations<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        writer.cancel_dependent_registrations::<T>(&at.key, at.parent.as_ref()).boxed_local()
    }

    fn stage_import<'a>(&self, writer: &'a mut Writer<'_>) -> LocalBoxFuture<'a, Result<(), Error>> {
        writer.stage_import::<T>().boxed_local()
    }

    fn names<'a>(&self, reader: &'a Reader<'_>) -> LocalBoxFuture<'a, Result<NameIndex, Error>> {
        reader.names::<T>().boxed_local()
    }

    fn import<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> LocalBoxFuture<'a, Result<Vec<Result<ImportedRow, Error>>, Error>> {
        async move {
            let outcomes = writer.import::<T>(mode, rows).await?;
            Ok(outcomes.into_iter().map(|outcome| ImportedRow::of(outcome?)).collect())
        }
        .boxed_local()
    }
}
