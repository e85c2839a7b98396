//! The OpenAPI document.

use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use vku_domain::matching::MatchQuery;
use vku_domain::search::SearchFilter;
use vku_domain::statistics::{FundingFigures, MemberFigures, PartnershipFigures, SessionFigures};
use vku_domain::suggestion::SuggestionFilter;
use vku_persistence::audit::AuditFilter;
use vku_persistence::feed::parameters::{ChangesQuery, EventsQuery};
use vku_persistence::mail::outbox::MailFilter;
use vku_persistence::webhook::log::DeliveryFilter;

use crate::features::feature_documents;
use crate::kernel::middleware::deprecation::{Deprecated, Deprecations};
use crate::kernel::openapi::Document;
use crate::kernel::resource::{history, transitions};
use crate::kernel::{negotiation, problem};
use crate::reference;
use crate::routes::Endpoints;
use crate::webhook;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Internationale Partnerschaften",
        description = "The system of record for the *Internationale Partnerschaften* exchange network: German \
            municipal utilities, their partners in the Global South and in Ukraine, their partnerships, and the \
            programmes that fund them.\n\n\
            - **Reading** public data requires no account. Lists are paginated: follow `next`.\n\
            - **Writing**, and reading more than public data, requires an account: `POST /api/v1/auth/token` \
            returns an access token; send it as `Authorization: Bearer …` (*Authorize* in Swagger UI). Scripts use \
            an API key (`POST /api/v1/api-keys`) in its place; tools that offer only a user name and a password send it \
            as the password, with any user name.\n\
            - **Fewer fields**: `fields` selects the fields of a response. Required fields may then be missing, so \
            the response is not `application/json` but `application/vnd.vku.sparse+json`, with its own schema.\n\
            - **Changing** or deleting a resource requires `If-Match` with the `ETag` that you have read. With \
            `dry_run=true`, the request is only checked.\n\
            - **Enumerations may grow**: a new kind or status is not a breaking change. Your client should keep \
            values that it does not know (the README links the options of some generators).\n\
            - **Errors** are problems (RFC 9457) with stable codes. They list all errors at once, in German or \
            English (`Accept-Language`). Unknown parameters and unknown fields are also errors.\n\
            - **White space** at the beginning and end of text is removed in JSON, parameters and tables, \
            including no-break spaces and zero-width characters. Passwords are left unchanged.\n\
            - **Quotas**: the header `RateLimit` states how many requests are left for the API key, the account or \
            the IP address; above the quota the response is 429 with `Retry-After`. A 304 response does not \
            count.",
        contact(name = "Koordinierungsstelle Internationale Partnerschaften", url = "https://www.vku.de"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "audit", description = "The audit log: who changed what, and when. For the coordination office."),
        (name = "changes", description = "What has changed, for those who keep a copy: as pages, or as a stream of \
            server-sent events."),
        (name = "auth", description = "Signing in and out, passwords, and your own account."),
        (name = "imports", description = "Imports of files: directly, or as a dry run that is reviewed and then \
            committed. For the coordination office."),
        (name = "mails", description = "E-mails that the service sends, and their delivery. For the coordination \
            office."),
        (name = "api_keys", description = "Keys for scripts that act on your behalf, each limited to its scopes."),
        (name = "search", description = "Search everything, and get suggestions while you type."),
        (name = "statistics", description = "Statistics as JSON (with the counting rules), tables and charts."),
        (name = "service", description = "The entry point, health checks, and the documentation of problems.")
    ),
    components(schemas(
        problem::ProblemBody,
        problem::FaultBody,
        problem::DependentBody,
        transitions::Transitions,
        transitions::TransitionStep,
        history::HistoryPage,
        negotiation::ActivityFormat,
        negotiation::CalendarFormat,
        negotiation::PlacedFormat,
        negotiation::PlainFormat,
        vku_domain::kernel::tabular::ColumnSet,
        vku_domain::kernel::tabular::CsvDialect,
        vku_domain::kernel::resource::reference::Key,
        vku_domain::kernel::bilingual::Locale,
        vku_domain::kernel::search::Highlight,
        vku_domain::kernel::search::Highlights,
        webhook::event::WebhookEvent,
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
            .description(Some("An access token from `POST /api/v1/auth/token`, or an API key (`vkp_…`). An API key may also be the password of `Authorization: Basic`, with any user name."))
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
    let mut document =
        Document::new(&Base::openapi().merge_from(Endpoints::openapi()).merge_from(reference::document()));
    feature_documents(&mut document);
    document.filter::<AuditFilter>("/api/v1/audit");
    document.parameters::<ChangesQuery>("/api/v1/changes");
    document.parameters::<EventsQuery>("/api/v1/events");
    document.parameters::<SearchFilter>("/api/v1/search");
    document.parameters::<SuggestionFilter>("/api/v1/suggest");
    document.parameters::<MatchQuery>("/api/v1/utilities/{id}/matches");
    document.filter::<MailFilter>("/api/v1/mails");
    document.filter::<DeliveryFilter>("/api/v1/webhooks/{id}/deliveries");
    document.parameters::<PartnershipFigures>("/api/v1/statistics/partnerships");
    document.parameters::<FundingFigures>("/api/v1/statistics/funding");
    document.parameters::<MemberFigures>("/api/v1/statistics/members");
    document.parameters::<SessionFigures>("/api/v1/statistics/sessions");
    reference::describe(&mut document);
    narrow(&mut document);
    document.webhooks(webhook::event::described());
    document.finish()
}

/// Narrows the schemas of fields that accept fewer values than their types.
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
