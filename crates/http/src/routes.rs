//! All endpoints: their routes, and their parts of the OpenAPI document.

use actix_web::web::{self, ServiceConfig};
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document as PartnershipDocument;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::interest::InterestRegistration;
use vku_domain::matching::MatchQuery;
use vku_domain::member::Member;
use vku_domain::minutes::Minutes;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::policy_update::PolicyUpdate;
use vku_domain::programme::FundingProgramme;
use vku_domain::registration::Registration;
use vku_domain::result::PartnershipResult;
use vku_domain::session::Session;
use vku_domain::statistics::{FundingFigures, MemberFigures, PartnershipFigures, SessionFigures};
use vku_domain::topic::Topic;
use vku_domain::user::User;
use vku_domain::utility::Utility;
use vku_domain::working_area::WorkingArea;
use vku_persistence::audit::AuditFilter;
use vku_persistence::mail::outbox::MailFilter;

use crate::kernel::deprecation::{Deprecated, Deprecations};
use crate::kernel::openapi::Document;
use crate::kernel::resource::{ResourceApi, resource, routes};
use crate::kernel::{handlers, history, negotiation, problem};
use crate::{
    api_key, audit, auth, calendar_feed, code_lists, docs, health, import, index, interest, jwks, login,
    mail, matching, me, password_reset, problems, security_txt, statistics, topic, user,
};

macro_rules! features {
    ($($feature:ty),+ $(,)?) => {
        fn feature_routes(config: &mut ServiceConfig) {
            $(routes::<$feature>(config);)+
        }

        fn feature_documents(document: &mut Document) {
            $(document.add::<$feature>();)+
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
}

/// Registers all routes. Each single endpoint is listed here and in [`Base`].
pub(crate) fn configure(config: &mut ServiceConfig) {
    const READ: &[&str] = &["GET", "HEAD"];
    // First, because routes are matched in order, and these get the most requests.
    config.configure(feature_routes);
    config
        .service(
            resource("/", READ)
                .route(web::get().to(index::get_index))
                .route(web::head().to(index::get_index)),
        )
        .service(resource("/api/v1/auth/token", &["POST"]).route(web::post().to(auth::create_access_token)))
        .service(
            resource("/api/v1/auth/refresh", &["POST"]).route(web::post().to(auth::refresh_access_token)),
        )
        .service(
            resource("/api/v1/auth/password-reset", &["POST", "PUT"])
                .route(web::post().to(password_reset::request_password_reset))
                .route(web::put().to(password_reset::complete_password_reset)),
        )
        .service(
            resource(password_reset::PATH, &["GET", "HEAD", "POST"])
                .route(web::get().to(password_reset::show_reset))
                .route(web::head().to(password_reset::show_reset))
                .route(web::post().to(password_reset::submit_reset)),
        )
        .service(resource("/api/v1/auth/logout", &["POST"]).route(web::post().to(auth::end_login)))
        .service(
            resource("/api/v1/me", READ).route(web::get().to(me::get_me)).route(web::head().to(me::get_me)),
        )
        .service(resource("/api/v1/me/password", &["PUT"]).route(web::put().to(me::change_password)))
        .service(
            resource("/api/v1/me/logins", READ)
                .route(web::get().to(login::list_logins))
                .route(web::head().to(login::list_logins)),
        )
        .service(resource("/api/v1/me/logins/{id}", &["DELETE"]).route(web::delete().to(login::delete_login)))
        .service(
            resource("/api/v1/api-keys", &["GET", "HEAD", "POST"])
                .route(web::get().to(api_key::list_api_keys))
                .route(web::head().to(api_key::list_api_keys))
                .route(web::post().to(api_key::create_api_key)),
        )
        .service(
            resource("/api/v1/api-keys/{id}", &["GET", "HEAD", "DELETE"])
                .route(web::get().to(api_key::get_api_key))
                .route(web::head().to(api_key::get_api_key))
                .route(web::delete().to(api_key::delete_api_key)),
        )
        .service(
            resource("/.well-known/jwks.json", READ)
                .route(web::get().to(jwks::get_jwks))
                .route(web::head().to(jwks::get_jwks)),
        )
        .service(
            resource("/api/v1/audit", READ)
                .route(web::get().to(audit::list_audit))
                .route(web::head().to(audit::list_audit)),
        )
        .service(
            resource("/api/v1/interest-confirmations", &["POST"])
                .route(web::post().to(interest::register::confirm_interest_registration)),
        )
        .service(
            resource("/api/v1/interest-registrations/{id}/accept", &["POST"])
                .route(web::post().to(interest::triage::accept_interest_registration)),
        )
        .service(
            resource("/api/v1/interest-registrations/{id}/decline", &["POST"])
                .route(web::post().to(interest::triage::decline_interest_registration)),
        )
        .service(
            resource(interest::page::PATH, &["GET", "HEAD", "POST"])
                .route(web::get().to(interest::page::show_confirmation))
                .route(web::head().to(interest::page::show_confirmation))
                .route(web::post().to(interest::page::submit_confirmation)),
        )
        .service(
            resource("/api/v1/members/{id}/calendar-link", &["POST", "DELETE"])
                .route(web::post().to(calendar_feed::create_member_calendar_link))
                .route(web::delete().to(calendar_feed::delete_member_calendar_link)),
        )
        .service(
            resource(calendar_feed::PATH, READ)
                .route(web::get().to(calendar_feed::feed))
                .route(web::head().to(calendar_feed::feed)),
        )
        .service(
            resource("/api/v1/mails", READ)
                .route(web::get().to(mail::list_mails))
                .route(web::head().to(mail::list_mails)),
        )
        .service(
            resource("/api/v1/mails/{id}", READ)
                .route(web::get().to(mail::get_mail))
                .route(web::head().to(mail::get_mail)),
        )
        .service(
            resource("/api/v1/imports", &["GET", "HEAD", "POST"])
                .route(web::get().to(import::list_imports))
                .route(web::head().to(import::list_imports))
                .route(web::post().to(import::create_import)),
        )
        .service(
            resource("/api/v1/imports/{id}", READ)
                .route(web::get().to(import::get_import))
                .route(web::head().to(import::get_import)),
        )
        .service(
            resource("/api/v1/imports/{id}/commit", &["POST"]).route(web::post().to(import::commit_import)),
        )
        .service(
            resource("/api/v1/users/{id}/password", &["PUT"]).route(web::put().to(user::set_user_password)),
        )
        .service(
            resource("/api/v1/utilities/{id}/matches", READ)
                .route(web::get().to(matching::get_utility_matches))
                .route(web::head().to(matching::get_utility_matches)),
        )
        .service(
            resource("/api/v1/statistics/partnerships", READ)
                .route(web::get().to(statistics::partnerships::get_partnership_statistics))
                .route(web::head().to(statistics::partnerships::get_partnership_statistics)),
        )
        .service(
            resource("/api/v1/statistics/funding", READ)
                .route(web::get().to(statistics::funding::get_funding_statistics))
                .route(web::head().to(statistics::funding::get_funding_statistics)),
        )
        .service(
            resource("/api/v1/statistics/members", READ)
                .route(web::get().to(statistics::members::get_member_statistics))
                .route(web::head().to(statistics::members::get_member_statistics)),
        )
        .service(
            resource("/api/v1/statistics/sessions", READ)
                .route(web::get().to(statistics::sessions::get_session_statistics))
                .route(web::head().to(statistics::sessions::get_session_statistics)),
        )
        .service(
            resource("/api/v1/topics/{id}/support", &["PUT", "DELETE"])
                .route(web::put().to(topic::set_topic_support))
                .route(web::delete().to(topic::delete_topic_support)),
        )
        .service(
            resource("/health/live", READ)
                .route(web::get().to(health::get_liveness))
                .route(web::head().to(health::get_liveness)),
        )
        .service(
            resource("/health/ready", READ)
                .route(web::get().to(health::get_readiness))
                .route(web::head().to(health::get_readiness)),
        )
        .service(
            resource("/problems/{code}", READ)
                .route(web::get().to(problems::get_problem_type))
                .route(web::head().to(problems::get_problem_type)),
        )
        .service(
            resource("/.well-known/security.txt", READ)
                .route(web::get().to(security_txt::get_security_contact))
                .route(web::head().to(security_txt::get_security_contact)),
        )
        .configure(code_lists::routes)
        .configure(docs::routes);
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Internationale Partnerschaften",
        description = "The system of record of the exchange *Internationale Partnerschaften*: German municipal \
            utilities, their partners in the Global South and in Ukraine, their partnerships, and the programmes \
            that fund them.\n\n\
            - **Reading** public data requires no account. Lists are paginated: follow `next`.\n\
            - **Writing**, and reading more than public data, requires an account: `POST /api/v1/auth/token` returns \
            an access token; send it as `Authorization: Bearer …` (*Authorize* in Swagger UI). Scripts use an API \
            key (`POST /api/v1/api-keys`).\n\
            - **Fewer members**: `fields` selects the members of a response. Required members may then be missing, \
            so the response is not `application/json` but `application/vnd.vku.sparse+json`, with a schema of its \
            own.\n\
            - **Changing** or deleting a resource requires `If-Match` with the `ETag` that you have read. With \
            `dry_run=true`, the request is only checked.\n\
            - **Enumerations may grow**: a new kind or status is not a breaking change. Your client should keep \
            values that it does not know (the README lists the options of some generators).\n\
            - **Errors** are problems (RFC 9457) that list everything that is wrong at once, in German or English \
            (`Accept-Language`), with stable codes. Unknown parameters and unknown members are errors, too.\n\
            - **White space** around a text is removed, in JSON, parameters and tables; this includes no-break \
            spaces and zero-width characters. Passwords are taken as they are.\n\
            - **Quotas**: the header `RateLimit` states how many requests are left for the API key, the account or \
            the IP address; above the quota the response is 429 with `Retry-After`. A 304 response does not count.",
        contact(name = "Koordinierungsstelle Internationale Partnerschaften", url = "https://www.vku.de"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "audit", description = "The audit: who changed what, and when. For the coordination office."),
        (name = "auth", description = "Signing in and out, passwords, and your own account."),
        (name = "imports", description = "Imports of files: as a dry run that is reviewed and then committed, or at \
            once. For the coordination office."),
        (name = "mails", description = "E-mails that the service sends, and their delivery. For the coordination \
            office."),
        (name = "api_keys", description = "Credentials for scripts, which act on your behalf within their scopes."),
        (name = "statistics", description = "Statistics as JSON (with the counting rules), tables and charts."),
        (name = "service", description = "The entry point, health checks, and the documentation of problems.")
    ),
    paths(
        index::get_index,
        health::get_liveness,
        health::get_readiness,
        problems::get_problem_type,
        security_txt::get_security_contact,
        auth::create_access_token,
        auth::refresh_access_token,
        auth::end_login,
        password_reset::request_password_reset,
        password_reset::complete_password_reset,
        me::get_me,
        user::set_user_password,
        matching::get_utility_matches,
        statistics::partnerships::get_partnership_statistics,
        statistics::funding::get_funding_statistics,
        statistics::members::get_member_statistics,
        statistics::sessions::get_session_statistics,
        topic::set_topic_support,
        topic::delete_topic_support,
        me::change_password,
        login::list_logins,
        login::delete_login,
        api_key::list_api_keys,
        api_key::create_api_key,
        api_key::get_api_key,
        api_key::delete_api_key,
        jwks::get_jwks,
        audit::list_audit,
        interest::register::create_interest_registration,
        interest::register::confirm_interest_registration,
        interest::triage::accept_interest_registration,
        interest::triage::decline_interest_registration,
        calendar_feed::create_member_calendar_link,
        calendar_feed::delete_member_calendar_link,
        mail::list_mails,
        mail::get_mail,
        import::create_import,
        import::list_imports,
        import::get_import,
        import::commit_import
    ),
    components(schemas(
        problem::ProblemBody,
        problem::FaultBody,
        problem::DependentBody,
        handlers::Transitions,
        handlers::TransitionStep,
        history::HistoryPage,
        negotiation::ActivityFormat,
        negotiation::CalendarFormat,
        negotiation::PlacedFormat,
        negotiation::PlainFormat,
        vku_domain::kernel::tabular::CsvDialect,
        vku_domain::kernel::resource::reference::Key,
        vku_domain::kernel::bilingual::Locale,
    )),
    modifiers(&Bearer)
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token from `POST /api/v1/auth/token`, or an API key (`vkp_…`)."))
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The deprecations of operations, parameters and features.
pub(crate) const DEPRECATED: &[Deprecated] = &[];

/// The whole OpenAPI document.
pub fn document() -> Value {
    let mut document = plain_document();
    Deprecations::annotate(&mut document, DEPRECATED);
    document
}

/// The deprecation headers of responses.
pub(crate) fn notices() -> Deprecations {
    // Generating the document takes a while, which would delay the start.
    if DEPRECATED.is_empty() {
        return Deprecations::default();
    }
    Deprecations::annotate(&mut plain_document(), DEPRECATED)
}

/// The document without deprecations.
pub(crate) fn plain_document() -> Value {
    let mut document = Document::new(&Base::openapi().merge_from(code_lists::document()));
    feature_documents(&mut document);
    document.filter::<AuditFilter>("/api/v1/audit");
    document.parameters::<MatchQuery>("/api/v1/utilities/{id}/matches");
    document.filter::<MailFilter>("/api/v1/mails");
    document.parameters::<PartnershipFigures>("/api/v1/statistics/partnerships");
    document.parameters::<FundingFigures>("/api/v1/statistics/funding");
    document.parameters::<MemberFigures>("/api/v1/statistics/members");
    document.parameters::<SessionFigures>("/api/v1/statistics/sessions");
    narrow(&mut document);
    document.finish()
}

/// Narrows the schemas of members that accept fewer values than their types.
fn narrow(document: &mut Document) {
    let line = json!({ "$ref": "#/components/schemas/SingleLine" });
    // As a list of types, not as a choice, because generators make a class of a choice.
    let line_or_null =
        json!({ "type": ["string", "null"], "maxLength": 300, "pattern": "^\\S(.{0,298}\\S)?$" });
    let labels = json!({ "de": line, "en": line });
    let label = json!({ "required": ["de", "en"], "properties": labels, "additionalProperties": line });
    document.narrow(&["WorkingAreaInput"], "label", &label);
    let patched = json!({ "properties": labels, "additionalProperties": line_or_null });
    document.narrow(&["WorkingAreaPatch"], "label", &patched);
    // Titles are texts in several languages, each in a single line.
    let title = json!({ "additionalProperties": line });
    document.narrow(&["TopicInput", "PolicyUpdateInput"], "title", &title);
    let patched = json!({ "additionalProperties": line_or_null });
    document.narrow(&["TopicPatch", "PolicyUpdatePatch"], "title", &patched);
    document.narrow(&["WorkingAreaInput"], "slug", &json!({ "minLength": 2, "maxLength": 60 }));
    let not_negative = json!({ "pattern": NOT_NEGATIVE });
    document.narrow(&["ActivityInput", "ActivityPatch"], "expert_days", &not_negative);
}

/// A `Decimal` that is zero or more.
const NOT_NEGATIVE: &str = "^(-0(\\.0{1,6})?|(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?)$";
