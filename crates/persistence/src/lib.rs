//! How the domain lies in SQLite and PostgreSQL: the only crate that knows sea-orm.
//!
//! Features stand at the root, one file each with its row and its `impl Table`; the mechanics are in [`kernel`].
//! Nobody gets a query past [`Store::read`](kernel::store::Store::read) and
//! [`Store::write`](kernel::store::Store::write), which check who may do what.

mod activity;
mod agenda;
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

use crate::kernel::read::reference_lookup::ResourceDescriptor;
use kernel::table::{Parent, Table};
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

/// Something that is done to a resource that is known by name only.
pub trait Visitor {
    /// What it answers.
    type Answer;

    /// Does it.
    fn visit<T: Table>(self) -> impl Future<Output = Self::Answer>;
}

/// What files of this resource are called: `utilities`, and `partnership-funding` for a part.
pub fn collection<T: Table>() -> String {
    match <T::Parent as Parent>::NAME {
        Some(parent) => format!("{parent}-{}", T::PATH),
        None => T::PATH.to_owned(),
    }
}

macro_rules! resources {
    ($($resource:ty),+ $(,)?) => {
        /// How each is looked up by name: what references resolve to and what dependents are looked for in.
        pub(crate) fn resources() -> &'static [ResourceDescriptor] {
            static ALL: LazyLock<Vec<ResourceDescriptor>> = LazyLock::new(|| vec![$(ResourceDescriptor::of::<$resource>()),+]);
            &ALL
        }

        /// The collections there are, in the order in which files of them can be imported.
        pub fn collections() -> Vec<String> {
            vec![$(collection::<$resource>()),+]
        }

        /// Visits the resource whose schema is called that; `None` where there is none.
        pub(crate) async fn visit_schema<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
            $(if name == pascal(<$resource as Resource>::NAME) {
                return Some(visitor.visit::<$resource>().await);
            })+
            None
        }

        /// Every scope that an API key can have: reading and writing each main collection, and a few more.
        pub fn scopes() -> Vec<String> {
            let main = [$((<$resource as Resource>::PATH, <<$resource as Resource>::Parent as Parent>::NAME)),+];
            scope::known(main.into_iter().filter(|(_, parent)| parent.is_none()).map(|(path, _)| path))
        }

        /// Visits the resource whose files are called that; `None` where there is none.
        pub async fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
            $(if name == collection::<$resource>() {
                return Some(visitor.visit::<$resource>().await);
            })+
            None
        }
    };
}

// Every resource, a line each; one that refers to another stands behind it.
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

    /// A part that names no collection of its own could be reached by no key at all.
    #[tokio::test]
    async fn every_resource_has_a_scope_that_there_is() {
        for collection in collections() {
            let belongs_to = visit(&collection, Scope).await.unwrap();
            for write in [false, true] {
                assert!(scopes().contains(&scope::scope(belongs_to, write)), "{collection}: {belongs_to}");
            }
        }
    }
}
