//! The decisions of the coordination office on interest registrations.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use deserr::Deserr;
use utoipa::ToSchema;
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::{Text, Visibility};
use vku_domain::kernel::violation::Violations;
use vku_domain::member::MemberStatus;
use vku_persistence::Acceptance;
use vku_persistence::any_table::JsonResource;
use vku_persistence::kernel::transaction::Writer;

use crate::kernel::media_type::JSON;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::json;
use crate::kernel::request::params::{ID, key, parse_write_flags};
use crate::kernel::resource::handlers::stored_response;
use crate::kernel::response::conditional::precondition;

/// How a registration is accepted; `{}` for the defaults.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct InterestAcceptance {
    /// The id or slug of the utility that registered. By default, the German utility with this name or alias in this
    /// city, otherwise a new utility.
    #[deserr(default)]
    #[schema(value_type = Option<Key>, nullable = false)]
    utility: Option<String>,
    /// The status of a new member; `interested` by default.
    #[deserr(default)]
    #[schema(nullable = false)]
    status: Option<MemberStatus>,
    /// Who may see a new utility; `members` by default.
    #[deserr(default)]
    #[schema(nullable = false)]
    visibility: Option<Visibility>,
}

/// The reason for declining a registration.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct InterestRefusal {
    /// The reason, in the language of the person, who receives it by e-mail.
    reason: Text,
}

/// Does what both decisions have in common: checks the request, decides with its body, and responds with the
/// registration.
async fn triage<D: Deserr<Violations>>(
    context: &Context,
    body: &Bytes,
    decide: impl AsyncFnOnce(
        &mut Writer<'_>,
        &Key,
        &Precondition,
        D,
    ) -> Result<Stored<InterestRegistration>, Error>,
) -> Result<HttpResponse, Problem> {
    context.actor.require(InterestRegistration::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let condition = precondition(context)?;
    let value = json(&context.request, body, &[JSON])?;
    context
        .post(dry_run, body, async |writer| {
            let decision = deserr::deserialize::<_, _, Violations>(value).map_err(Error::invalid)?;
            let registration = decide(writer, &id, &condition, decision).await?;
            Ok(stored_response(StatusCode::OK, JsonResource::of(&registration)?, None))
        })
        .await
}

/// Accept an interest registration
///
/// Creates the utility, or uses the existing one; makes it a member if it is not yet one; and makes the person a
/// contact with the given consents if the person is not yet one. All of this is done in one transaction, and the person
/// is notified by e-mail. If several utilities match, the response is 409 and lists them. `If-Match` is optional.
#[utoipa::path(
    post,
    path = "/api/v1/interest-registrations/{id}/accept",
    tag = "interest_registrations",
    operation_id = "accept_interest_registration",
    params(
        ("id" = String, Path, description = "The id of the interest registration.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b20"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything."),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and nothing \
            is done twice.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that the decision is based on.")
    ),
    request_body(content = InterestAcceptance, example = json!({ "status": "active" })),
    responses((
        status = 200,
        description = "The accepted registration.",
        headers(
            ("ETag" = String, description = "The entity tag."),
            ("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
                request with the same `Idempotency-Key`.")
        ),
        body = InterestRegistration,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b20",
            "utility_name": "Stadtwerke Musterstadt",
            "city": "Musterstadt",
            "sectors": ["water", "wastewater"],
            "person": {
                "given_name": "Erika",
                "family_name": "Mustermann",
                "email": "erika.mustermann@stadtwerke-musterstadt.example"
            },
            "language": "de",
            "registration_consent": { "given_at": "2026-03-01T08:00:00.000000Z", "text_version": "2026-11" },
            "consents": {},
            "status": "accepted",
            "member_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "likely_duplicates": [],
            "created_at": "2026-03-01T08:05:00.000000Z",
            "updated_at": "2026-03-02T09:00:00.000000Z",
            "version": 2
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]))),
    security(("bearer" = ["interest-registrations:write", "utilities:write", "members:write", "members:read", "personal_data:read"]))
)]
pub async fn accept_interest_registration(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    triage(&context, &body, async |writer, id, condition, acceptance: InterestAcceptance| {
        let InterestAcceptance { utility, status, visibility } = acceptance;
        let utility = utility
            .map(|text| text.parse::<Key>())
            .transpose()
            .map_err(|fault| Error::invalid_at("/utility", fault.code, fault.detail))?;
        let acceptance = Acceptance { utility, status, visibility };
        Box::pin(writer.accept_interest(id, condition, acceptance)).await
    })
    .await
}

/// Decline an interest registration
///
/// Declines a registration with a reason, which the person receives by e-mail. `If-Match` is optional.
#[utoipa::path(
    post,
    path = "/api/v1/interest-registrations/{id}/decline",
    tag = "interest_registrations",
    operation_id = "decline_interest_registration",
    params(
        ("id" = String, Path, description = "The id of the interest registration.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b20"),
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything."),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and nothing \
            is done twice.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that the decision is based on.")
    ),
    request_body(
        content = InterestRefusal,
        example = json!({ "reason": "Der Austausch ist für kommunale Unternehmen in Deutschland." })
    ),
    responses((
        status = 200,
        description = "The declined registration.",
        headers(
            ("ETag" = String, description = "The entity tag."),
            ("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
                request with the same `Idempotency-Key`.")
        ),
        body = InterestRegistration,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b20",
            "utility_name": "Stadtwerke Musterstadt",
            "city": "Musterstadt",
            "sectors": ["water", "wastewater"],
            "person": {
                "given_name": "Erika",
                "family_name": "Mustermann",
                "email": "erika.mustermann@stadtwerke-musterstadt.example"
            },
            "language": "de",
            "registration_consent": { "given_at": "2026-03-01T08:00:00.000000Z", "text_version": "2026-11" },
            "consents": {},
            "status": "declined",
            "decline_reason": "Der Austausch ist für kommunale Unternehmen in Deutschland.",
            "likely_duplicates": [],
            "created_at": "2026-03-01T08:05:00.000000Z",
            "updated_at": "2026-03-02T09:00:00.000000Z",
            "version": 2
        })
    )),
    extensions(("x-problems" = json!([400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]))),
    security(("bearer" = ["interest-registrations:write", "personal_data:read"]))
)]
pub async fn decline_interest_registration(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    triage(&context, &body, async |writer, id, condition, InterestRefusal { reason }| {
        writer.decline_interest(id, condition, reason).await
    })
    .await
}
