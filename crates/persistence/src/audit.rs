//! The audit log: all changes, for the coordination office.

use std::borrow::Cow;
use std::str::FromStr;

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Condition, Expr};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::{IdParam, InstantParam};
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::value::Visibility;
use vku_domain::kernel::violation::FieldError;
use vku_domain::kernel::vocabulary::{Vocabulary, extension};
use vku_domain::webhook::WatchedResource;

use crate::kernel::read::history::Entries;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::change_log::row;
use crate::tables;

/// The name of an existing resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceName(&'static str);

impl ResourceName {
    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromStr for ResourceName {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let names: Vec<_> = tables().iter().map(|table| table.name()).collect();
        let found = names.iter().find(|name| **name == text);
        found.map(|name| Self(name)).ok_or_else(|| FieldError::unknown_value(text, &names))
    }
}

impl utoipa::PartialSchema for ResourceName {
    fn schema() -> RefOr<Schema> {
        let all = tables();
        let about = all.iter().map(|it| format!("- `{}`: {}", it.name(), it.info().path.replace('-', " ")));
        let about = about.collect::<Vec<_>>().join("\n");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("A kind of resource.\n\n{about}")))
            .enum_values(Some(all.iter().map(|it| it.name())))
            .extensions(Some(extension(WatchedResource::NAME)))
            .into()
    }
}

impl utoipa::ToSchema for ResourceName {
    fn name() -> Cow<'static, str> {
        "ResourceName".into()
    }
}

vku_domain::filter! {
    /// The filter of the audit log. It is defined here, because this crate knows the names of all resources.
    AuditFilter {
        /// Only changes to this kind of resource.
        resource: Vec<ResourceName>,
        /// Only changes to the resource with this id; the resource may be deleted.
        resource_id: Vec<IdParam>,
        /// Only changes to resources below the parent with this id.
        parent_id: Vec<IdParam>,
        /// Only changes made by the account with this id.
        actor: Vec<IdParam>,
        /// The kind of change.
        action: Vec<ChangeAction>,
        /// Only changes at or after this instant.
        at_from: Option<InstantParam>,
        /// Only changes at or before this instant.
        at_to: Option<InstantParam>,
    }
}

impl Reader<'_> {
    /// Returns a page of all changes that the actor may read.
    ///
    /// Errors: 401 or 403 for everybody but the coordination office, 400 for a cursor of another list.
    pub async fn audit(&self, filter: &AuditFilter, paging: &Paging) -> Result<Entries, Error> {
        self.actor().require_audit()?;
        let all = tables();
        let unreadable: Vec<_> =
            all.iter().filter(|it| !it.is_read_by(self.actor())).map(|it| it.name()).collect();
        let any = |column: row::Column, ids: &[IdParam]| {
            (!ids.is_empty()).then(|| column.is_in(ids.iter().map(|IdParam(id)| *id)))
        };
        let words = |column: row::Column, words: Vec<&'static str>| -> Option<Expr> {
            (!words.is_empty()).then(|| column.is_in(words))
        };
        let condition = Condition::all()
            .add_option((!unreadable.is_empty()).then(|| row::Column::Resource.is_not_in(unreadable)))
            .add_option(words(row::Column::Resource, filter.resource.iter().map(|name| name.0).collect()))
            .add_option(any(row::Column::ResourceId, &filter.resource_id))
            .add_option(any(row::Column::ParentId, &filter.parent_id))
            .add_option(any(row::Column::Actor, &filter.actor))
            .add_option(words(row::Column::Action, filter.action.iter().map(|it| it.as_str()).collect()))
            .add_option(filter.at_from.map(|InstantParam(at)| row::Column::At.gte(at)))
            .add_option(filter.at_to.map(|InstantParam(at)| row::Column::At.lte(at)));
        self.entries(condition, Visibility::ALL, &|_| true, &format!("audit|{}", paging.fingerprint), paging)
            .await
    }
}
