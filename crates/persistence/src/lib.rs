//! Maps the domain to SQLite and PostgreSQL. Besides `migration`, this is the only crate that uses sea-orm.
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
pub mod feed;
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
mod search;
mod session;
pub mod statistics;
mod suggestion;
mod topic;
mod user;
mod utility;
pub mod webhook;
mod working_area;

pub use interest::pending::Link as InterestLink;
pub use interest::triage::Acceptance;
pub use partnership::PARTICIPANTS;
pub use result::RESULT_VALUES;
pub use topic::SUPPORTS;
pub use vku_migration::SCHEMA;

use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::access::scope;
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
use vku_domain::webhook::Webhook;
use vku_domain::working_area::WorkingArea;

use crate::kernel::table::Table;
use crate::kernel::table::any::AnyTable;

/// An operation on a resource type that is selected by its name at run time.
pub trait Visitor {
    /// The result of the operation.
    type Output;

    /// Runs the operation for the resource type `T`.
    fn visit<T: Table>(self) -> impl Future<Output = Self::Output>;
}

/// Returns the resource with this name, such as `partnership`.
pub fn table(name: &str) -> Option<&'static AnyTable> {
    tables().iter().copied().find(|table| table.name() == name)
}

/// Returns the resource with this collection name, such as `partnership-funding`.
pub fn table_of(collection: &str) -> Option<&'static AnyTable> {
    tables().iter().copied().find(|table| table.collection() == collection)
}

/// Returns the names of all collections, in the order in which their files can be imported.
pub fn collections() -> Vec<String> {
    tables().iter().map(|table| table.collection()).collect()
}

/// Returns all scopes that an API key can have: read and write for each main collection, and a few more.
pub fn scopes() -> Vec<String> {
    let main = tables().iter().map(|table| table.info()).filter(|resource| resource.parent.is_none());
    scope::known(main.map(|resource| resource.path))
}

macro_rules! resources {
    ($($resource:ty),+ $(,)?) => {
        /// All resources, in the order in which their files can be imported.
        pub fn tables() -> &'static [&'static AnyTable] {
            static ALL: &[&AnyTable] = &[$(<$resource as Table>::TABLE),+];
            ALL
        }

        /// Visits the resource with this collection name; returns `None` if there is none.
        pub async fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            $(if name == <$resource as Table>::TABLE.collection() {
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
    Webhook,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_can_be_sent_the_changes_of_every_resource() {
        let names: Vec<_> = tables().iter().map(|table| table.name()).collect();
        assert_eq!(vku_domain::webhook::WatchedResource::WORDS, names);
    }

    /// Without an existing scope, no API key could be used for a sub-resource.
    #[test]
    fn the_scope_of_every_resource_exists() {
        for resource in tables().iter().map(|table| table.info()) {
            for write in [false, true] {
                assert!(scopes().contains(&scope::scope(resource.scope, write)), "{}", resource.name);
            }
        }
    }
}
