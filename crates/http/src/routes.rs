//! The single endpoints, each with its routes and its part of the OpenAPI document, and the routes of the API.

use actix_web::web::ServiceConfig;
use utoipa::OpenApi;

use crate::features::feature_routes;
use crate::kernel::resource::routes::Routes;
use crate::{
    account, audit, calendar_feed, feed, import, interest, mail, matching, meta, reference, search,
    statistics, suggestion, topic, user, webhook,
};

/// Declares the single endpoints: their paths, methods and handlers. `get` answers `HEAD`, too. What is `documented` is
/// in the OpenAPI document; so is what has its route `with_resource`. `pages` are for people.
macro_rules! endpoints {
    (documented { $($path:expr => $($method:ident $($handler:ident)::+),+;)+ }
     with_resource { $($($other:ident)::+;)+ }
     pages { $($page:expr => $($page_method:ident $($page_handler:ident)::+),+;)+ }) => {
        /// The documented single endpoints.
        #[derive(OpenApi)]
        #[openapi(paths($($($($handler)::+),+,)+ $($($other)::+),+))]
        pub(crate) struct Endpoints;

        fn endpoint_routes(config: &mut ServiceConfig) {
            $(Routes::at($path)$(.$method($($handler)::+))+.register(config);)+
            $(Routes::at($page)$(.$page_method($($page_handler)::+))+.register(config);)+
        }
    };
}

endpoints! {
    documented {
        "/" => get meta::index::get_index;
        "/health/live" => get meta::health::get_liveness;
        "/health/ready" => get meta::health::get_readiness;
        "/problems/{code}" => get meta::problems::get_problem_type;
        "/.well-known/security.txt" => get meta::security_txt::get_security_contact;
        "/api/v1/auth/token" => post account::auth::create_access_token;
        "/api/v1/auth/refresh" => post account::auth::refresh_access_token;
        "/api/v1/auth/logout" => post account::auth::end_login;
        "/api/v1/auth/password-reset" => post account::password_reset::request_password_reset, put account::password_reset::complete_password_reset;
        "/api/v1/me" => get account::me::get_me;
        "/api/v1/users/{id}/password" => put user::set_user_password;
        "/api/v1/utilities/{id}/matches" => get matching::get_utility_matches;
        "/api/v1/statistics/partnerships" => get statistics::partnerships::get_partnership_statistics;
        "/api/v1/statistics/funding" => get statistics::funding::get_funding_statistics;
        "/api/v1/statistics/members" => get statistics::members::get_member_statistics;
        "/api/v1/statistics/sessions" => get statistics::sessions::get_session_statistics;
        "/api/v1/topics/{id}/support" => put topic::set_topic_support, delete topic::delete_topic_support;
        "/api/v1/me/password" => put account::me::change_password;
        "/api/v1/me/logins" => get account::login::list_logins;
        "/api/v1/me/logins/{id}" => delete account::login::delete_login;
        "/api/v1/api-keys" => get account::api_key::list_api_keys, post account::api_key::create_api_key;
        "/api/v1/api-keys/{id}" => get account::api_key::get_api_key, delete account::api_key::delete_api_key;
        "/.well-known/jwks.json" => get meta::jwks::get_jwks;
        "/api/v1/audit" => get audit::list_audit;
        "/api/v1/search" => get search::search_everything;
        "/api/v1/suggest" => get suggestion::suggest_names;
        "/api/v1/changes" => get feed::changes::list_changes;
        "/api/v1/events" => get feed::events::stream_events;
        "/api/v1/events/tickets" => post feed::events::create_event_ticket;
        "/api/v1/interest-confirmations" => post interest::register::confirm_interest_registration;
        "/api/v1/interest-registrations/{id}/accept" => post interest::triage::accept_interest_registration;
        "/api/v1/interest-registrations/{id}/decline" => post interest::triage::decline_interest_registration;
        "/api/v1/members/{id}/calendar-link" => post calendar_feed::create_member_calendar_link, delete calendar_feed::delete_member_calendar_link;
        "/api/v1/webhooks/{id}/reveal-secret" => post webhook::secret::reveal_webhook_secret;
        "/api/v1/webhooks/{id}/rotate-secret" => post webhook::secret::rotate_webhook_secret;
        "/api/v1/webhooks/{id}/ping" => post webhook::delivery::ping_webhook;
        "/api/v1/webhooks/{id}/replay" => post webhook::delivery::replay_webhook;
        "/api/v1/webhooks/{id}/deliveries" => get webhook::delivery::list_webhook_deliveries;
        "/api/v1/mails" => get mail::list_mails;
        "/api/v1/mails/{id}" => get mail::get_mail;
        "/api/v1/imports" => get import::read::list_imports, post import::create::create_import;
        "/api/v1/imports/{id}" => get import::read::get_import;
        "/api/v1/imports/{id}/commit" => post import::commit::commit_import;
    }
    with_resource {
        interest::register::create_interest_registration;
    }
    pages {
        account::password_reset::PATH => get account::password_reset::show_reset, post account::password_reset::submit_reset;
        interest::PATH => get interest::page::show_confirmation, post interest::page::submit_confirmation;
        calendar_feed::PATH => get calendar_feed::feed;
    }
}

/// Registers all routes but those of the document.
pub(crate) fn configure(config: &mut ServiceConfig) {
    // The resources first, because routes are matched in order, and these get the most requests.
    config.configure(feature_routes).configure(endpoint_routes).configure(reference::routes);
}
