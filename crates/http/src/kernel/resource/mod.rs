//! A resource in the API: its routes, and its texts in the document.

pub(crate) mod example;
pub mod handlers;
pub mod history;
pub(crate) mod icalendar;
pub mod list;
pub mod mount;
pub mod operation;
pub mod routes;
pub mod transitions;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use vku_domain::kernel::resource::ParentKind;
use vku_domain::kernel::violation::Violations;
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::table::unnested::Unnested;

use super::request::context::Context;
use super::request::params::PARENT;
use crate::kernel::config::BASE;
pub(crate) use example::example;
use operation::Operation;
use routes::BoxHandler;

/// Checks the body of a `POST` or `PATCH` before the transaction begins: what takes longer than a transaction may. Returns
/// the violations, to which those of the transaction are added.
pub type BodyCheck = for<'a> fn(&'a Context, &'a Value) -> LocalBoxFuture<'a, Violations>;

/// A table of entries in the API: what the document says about it.
pub struct UnnestedApi {
    /// The list.
    pub list: &'static Unnested,
    /// The name of the schema of a row.
    pub row: &'static str,
    /// What a row is, as in "A participant of a partnership".
    pub singular: &'static str,
    /// The plural name, as in "List participants of all partnerships".
    pub plural: &'static str,
    /// Returns an example of a row.
    pub example: fn() -> Value,
}

/// A resource in the API: what the document says in addition to what follows from the types.
pub trait ResourceApi: Table {
    /// The name with its article, as in "Create a utility".
    const SINGULAR: &'static str;
    /// The plural name, as in "List utilities".
    const PLURAL: &'static str;
    /// The description of the tag in the document.
    const DESCRIPTION: &'static str;
    /// Whether a deletion can be rejected with 409 even if nothing refers to the resource. Declared
    /// here, because the rules behind it are code, such as that of the last administrator.
    const DELETE_MAY_CONFLICT: bool = false;

    /// The tables of entries.
    const UNNESTED: &'static [UnnestedApi] = &[];

    /// The handler of `POST` on the collection, if that is a single endpoint with its own part of the document.
    const CUSTOM_CREATE: Option<fn() -> BoxHandler> = None;

    /// What is checked before the transaction of a `POST` or `PATCH` begins.
    const BODY_CHECK: Option<BodyCheck> = None;

    /// A complete example, as `GET` returns it.
    fn example() -> Value;

    /// What the description of an operation says in addition to the general text.
    fn extra_description(_operation: Operation) -> &'static str {
        ""
    }

    /// The path of the collection.
    fn path() -> String {
        match <Self::Parent as ParentKind>::SEGMENT {
            Some(parent) => format!("{BASE}/{parent}/{{{PARENT}}}/{}", Self::PATH),
            None => format!("{BASE}/{}", Self::PATH),
        }
    }

    /// The path of the list of all parents, for a sub-resource.
    fn path_of_all_parents() -> Option<String> {
        Self::INFO.parent.map(|_| format!("{BASE}/{}", Self::TABLE.collection()))
    }
}
