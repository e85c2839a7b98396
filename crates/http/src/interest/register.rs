//! Registering interest, and confirming the registration.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::interest::NewInterest;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::Violations;
use vku_persistence::kernel::store::idempotency::StoredResponse;

use super::PATH;
use crate::kernel::limits::client_ip;
use crate::kernel::media_type::JSON;
use crate::kernel::page::token_in;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::request::unauthenticated::Unauthenticated;

/// The acknowledgement, which is the same for known and unknown utilities and people.
#[derive(Serialize, ToSchema)]
pub struct InterestAccepted {
    /// Always `confirmation_sent`: an e-mail with a link is sent to the given address.
    status: &'static str,
}

/// The token from a link.
// Without `Debug`: the token is a credential.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct LinkToken {
    /// The value of `token` in the link.
    pub token: String,
}

/// Register interest
///
/// Registers the interest of a utility in taking part. No account is needed. An e-mail with a link is sent to the given
/// address; the registration becomes effective when it is confirmed with that link within seven days, and is deleted
/// otherwise. The response does not reveal whether the utility or the person is already known.
///
/// An IP address can send ten requests at once, and then one every six minutes; an e-mail address can receive three
/// e-mails at once, and then one every eight hours, whether it is known or not. Requests above these limits are
/// answered with 429 and not stored. Without an account, an `Idempotency-Key` only applies to the same request: the
/// same key with a different body counts as a new request.
#[utoipa::path(
    post,
    path = "/api/v1/interest-registrations",
    tag = "interest_registrations",
    operation_id = "create_interest_registration",
    params(
        ("dry_run" = Option<bool>, Query, description = "Check the request without writing anything."),
        ("Idempotency-Key" = Option<String>, Header, description = "A key for this request, such as a UUID, valid \
            for 24 hours: if the request is repeated with the same key, the stored response is returned, and nothing \
            is done twice.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "01997d1c-8d5f-7c3a-9f0e-2b4c6d8e0f1a")
    ),
    request_body(
        content = NewInterest,
        example = json!({
            "utility_name": "Stadtwerke Musterstadt",
            "city": "Musterstadt",
            "website": "https://stadtwerke-musterstadt.example",
            "sectors": ["water", "wastewater"],
            "person": {
                "given_name": "Erika",
                "family_name": "Mustermann",
                "email": "erika.mustermann@stadtwerke-musterstadt.example",
                "function": "International cooperation"
            },
            "message": "We would like to work with a utility in Ukraine.",
            "language": "de",
            "consent": { "text_version": "2026-11", "mailings": true }
        })
    ),
    responses((
        status = 202,
        description = "The request has been accepted, and an e-mail will be sent.",
        headers(("Idempotency-Replayed" = bool, description = "`true` if this is the stored response to an earlier \
            request with the same `Idempotency-Key`.")),
        body = InterestAccepted,
        example = json!({ "status": "confirmation_sent" })
    )),
    extensions(("x-problems" = json!([400, 409, 413, 415, 422, 429, 500, 503]))),
    security(())
)]
pub async fn create_interest_registration(
    Unauthenticated(context): Unauthenticated,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [dry_run] = parse_write_flags(&context.request, ["dry_run"])?;
    let new: NewInterest = parsed(&context.request, &body)?;
    let violations = new.rules();
    if !violations.is_empty() {
        return Err(Error::invalid(violations).into());
    }
    let shared = &context.shared;
    let address = client_ip::address(&context.request, &shared.proxies);
    let email = new.person.email.folded();
    let link = |id| format!("{}{PATH}?token={}", shared.site.public_url, shared.store.interest_token(id));
    context
        .post(dry_run, &body, async |writer| {
            if !dry_run {
                let mail_throttle = &shared.mail_throttle;
                mail_throttle.take(&format!("interest {email}"), address, shared.store.now())?;
            }
            writer.request_interest(&new, link).await?;
            let accepted = InterestAccepted { status: "confirmation_sent" };
            let body = serde_json::to_vec(&accepted).map_err(Error::internal)?;
            Ok(StoredResponse { status: 202, tag: None, location: None, media_type: JSON.to_owned(), body })
        })
        .await
}

/// The confirmation.
#[derive(Serialize, ToSchema)]
pub struct InterestConfirmed {
    /// Always `confirmed`: the coordination office now decides on the registration.
    status: &'static str,
}

/// Confirm an interest registration
///
/// Confirms a registration with the token from the link that was sent by e-mail. Opening the link only shows a page
/// with a button, because programs that scan e-mails follow links. The token can be used only once (otherwise 409
/// `link_used`), and within seven days (otherwise 409 `link_expired`).
#[utoipa::path(
    post,
    path = "/api/v1/interest-confirmations",
    tag = "interest_registrations",
    operation_id = "confirm_interest_registration",
    request_body(
        content = LinkToken,
        example = json!({ "token": "AZelwIo-fFGwpj8dW28rINXOWa9JikKVYd7WO1-8BCYQ" })
    ),
    responses((
        status = 200,
        description = "The registration has been confirmed.",
        body = InterestConfirmed,
        example = json!({ "status": "confirmed" })
    )),
    extensions(("x-problems" = json!([400, 409, 413, 415, 422, 500, 503]))),
    security(())
)]
pub async fn confirm_interest_registration(
    Unauthenticated(context): Unauthenticated,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&context.request, [])?;
    let LinkToken { token } = parsed(&context.request, &body)?;
    confirm(&context, &token).await?;
    let confirmed = InterestConfirmed { status: "confirmed" };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(confirmed))
}

/// Confirms the registration that the token belongs to.
///
/// Errors: 409 if the link was used or has expired, 422 if the token is not one of ours.
pub(super) async fn confirm(context: &Context, token: &str) -> Result<(), Error> {
    let (store, token) = (&context.shared.store, token_in(token));
    if store.interest_link(token).await?.is_none() {
        let detail = bilingual!(
            "This is not a token from a link; copy everything after `token=`.",
            "Das ist kein Token eines Links; kopieren Sie alles, was hinter `token=` steht."
        );
        return Err(Error::invalid_at("/token", "invalid_format", detail));
    }
    store.confirm_interest(token, &context.request_id()).await.map(drop)
}
