//! The list of all resources.

use actix_web::web::ServiceConfig;
use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document as PartnershipDocument;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::resource::Resource;
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
use vku_persistence::table;

use crate::kernel::openapi::{Document, ResourceDocument};
use crate::kernel::resource::ResourceApi;
use crate::kernel::resource::mount::{route_of_all_parents, route_of_unnested, routes};

macro_rules! features {
    ($($feature:ty),+ $(,)?) => {
        /// Registers the routes of all resources.
        pub(crate) fn feature_routes(config: &mut ServiceConfig) {
            $(if let Some(table) = table(<$feature as Resource>::NAME) {
                routes(config, table, &<$feature>::path(), <$feature>::CUSTOM_CREATE, <$feature>::BODY_CHECK);
                if let Some(path) = <$feature>::path_of_all_parents() {
                    route_of_all_parents(config, table, &path);
                }
                <$feature>::UNNESTED.iter().for_each(|it| route_of_unnested(config, table, it.list));
            })+
        }

        /// Adds all resources to the document.
        pub(crate) fn feature_documents(document: &mut Document) {
            $(if let Some(table) = table(<$feature as Resource>::NAME) {
                document.add(&ResourceDocument::of::<$feature>(table));
            })+
        }

        /// The paths of the main collections.
        pub(crate) fn main_paths() -> Vec<String> {
            [$(<$feature>::path()),+].into_iter().filter(|path| !path.contains('{')).collect()
        }
    };
}

// All resources, in the order of the document.
features! {
    Partnership,
    Funding,
    Activity,
    PartnershipResult,
    PartnershipDocument,
    Utility,
    Organisation,
    FundingProgramme,
    Member,
    Contact,
    Topic,
    PolicyUpdate,
    InterestRegistration,
    Session,
    AgendaItem,
    Guest,
    Registration,
    Minutes,
    WorkingArea,
    User,
    Webhook,
}
