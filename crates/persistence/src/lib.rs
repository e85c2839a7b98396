//! Maps the domain to SQLite and PostgreSQL. This is the only crate that uses sea-orm.
//!
//! The features are at the root of the crate: one module each, with its row and its `impl Table`. The shared
//! mechanics are in [`kernel`]. All data is read and written through
//! [`Store::read`](kernel::store::Store::read) and [`Store::write`](kernel::store::Store::write), which check
//! what the actor may do.

mod activity;
mod agenda;
pub mod any_table;
pub mod api_key;
pub mod audit;
pub mod auth;
mod calendar_feed;
mod contact;
mod document;
mod funding;
mod guest;
pub mod import;
mod interest;
pub mod kernel;
pub mod mail;
mod matching;
mod member;
mod membership;
mod minutes;
mod organisation;
mod partnership;
mod policy_update;
mod programme;
mod registration;
mod result;
mod session;
pub mod statistics;
mod topic;
mod user;
mod utility;
mod working_area;

pub use interest::pending::Link as InterestLink;
pub use interest::triage::Acceptance;
pub use vku_migration::SCHEMA;

use std::sync::LazyLock;

use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::access::scope;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::naming::pascal;
use vku_domain::member::Member;
use vku_domain::minutes::Minutes;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::policy_update::PolicyUpdate;
use vku_domain::programme::FundingProgramme;
use vku_domain::registration::Registration;
use vku_domain::result::PartnershipResult;
use vku_domain::session::Session;
use vku_domain::topic::Topic;
use vku_domain::user::User;
use vku_domain::utility::Utility;
use vku_domain::working_area::WorkingArea;

use crate::any_table::{AnyTable, TableOf};
use crate::kernel::read::reference_lookup::ResourceDescriptor;
use kernel::table::{Parent, Table};

/// An operation on a resource type that is selected by its name at run time.
pub trait Visitor {
    /// The result of the operation.
    type Answer;

    /// Runs the operation for the resource type `T`.
    fn visit<T: Table>(self) -> impl Future<Output = Self::Answer>;
}

/// The name of the collection in files: `utilities`, or `partnership-funding` for a sub-resource.
pub fn collection<T: Table>() -> String {
    match <T::Parent as Parent>::NAME {
        Some(parent) => format!("{parent}-{}", T::PATH),
        None => T::PATH.to_owned(),
    }
}

/// Returns the resource with this name, such as `partnership`.
pub fn table(name: &str) -> Option<&'static dyn AnyTable> {
    tables().iter().copied().find(|table| table.info().name == name)
}

/// Returns the resource with this collection name, such as `partnership-funding`.
pub fn table_of(collection: &str) -> Option<&'static dyn AnyTable> {
    tables().iter().copied().find(|table| table.collection() == collection)
}

macro_rules! resources {
    ($($resource:ty),+ $(,)?) => {
        /// The descriptors of all resources, used to resolve references and to find dependents.
        pub(crate) fn resources() -> &'static [ResourceDescriptor] {
            static ALL: LazyLock<Vec<ResourceDescriptor>> = LazyLock::new(|| vec![$(ResourceDescriptor::of::<$resource>()),+]);
            &ALL
        }

        /// The names of all collections, in the order in which their files can be imported.
        pub fn collections() -> Vec<String> {
            vec![$(collection::<$resource>()),+]
        }

        /// Visits the resource with this schema name; returns `None` if there is none.
        pub(crate) async fn visit_schema<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
            $(if name == pascal(<$resource as Resource>::NAME) {
                return Some(visitor.visit::<$resource>().await);
            })+
            None
        }

        /// All scopes that an API key can have: read and write for each main collection, and a few more.
        pub fn scopes() -> Vec<String> {
            let main = [$((<$resource as Resource>::PATH, <<$resource as Resource>::Parent as Parent>::NAME)),+];
            scope::known(main.into_iter().filter(|(_, parent)| parent.is_none()).map(|(path, _)| path))
        }

        /// All resources, in the order in which their files can be imported.
        pub fn tables() -> &'static [&'static dyn AnyTable] {
            static ALL: &[&dyn AnyTable] = &[$(&TableOf::<$resource>::new()),+];
            ALL
        }

        /// Visits the resource with this collection name; returns `None` if there is none.
        pub async fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
            $(if name == collection::<$resource>() {
                return Some(visitor.visit::<$resource>().await);
            })+
            None
        }
    };
}

// All resources, in dependency order: a resource comes after the ones it refers to.
resources! {
    WorkingArea,
    Organisation,
    Utility,
    FundingProgramme,
    Partnership,
    Funding,
    Activity,
    PartnershipResult,
    Document,
    Member,
    Contact,
    PolicyUpdate,
    Topic,
    InterestRegistration,
    Session,
    Guest,
    AgendaItem,
    Registration,
    Minutes,
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scope;

    impl Visitor for Scope {
        type Answer = &'static str;

        async fn visit<T: Table>(self) -> Self::Answer {
            T::SCOPE
        }
    }

    /// Without an existing scope, no API key could be used for a sub-resource.
    #[tokio::test]
    async fn the_scope_of_every_resource_exists() {
        for collection in collections() {
            let belongs_to = visit(&collection, Scope).await.unwrap();
            for write in [false, true] {
                assert!(scopes().contains(&scope::scope(belongs_to, write)), "{collection}: {belongs_to}");
            }
        }
    }
}
