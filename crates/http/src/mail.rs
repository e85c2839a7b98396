//! The outbox: the mails that the service writes, for the coordination office.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::{FilterParameters, IdParam, Parameters};
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::instant;
use vku_domain::kernel::value::Email;
use vku_domain::mail::MailState;
use vku_persistence::mail::outbox::{MailFilter, StoredMail};

use crate::kernel::conditional::respond;
use crate::kernel::context::Context;
use crate::kernel::handlers::parse_write_flags;
use crate::kernel::list::{page_response, with_cursor};
use crate::kernel::negotiation::{Format, format};
use crate::kernel::problem::Problem;

/// A mail to a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
pub struct MailBody {
    /// UUIDv7; its `Message-ID` is made of it.
    id: Uuid,
    /// When it was written.
    #[schema(format = DateTime)]
    created_at: String,
    /// Whom it is written to.
    to: Email,
    /// The language that it is written in.
    language: Locale,
    /// What it is about.
    subject: String,
    /// What it says; absent where nobody but the person may read it, such as a link that sets a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What it brings for calendars (RFC 5545), sent as an attachment; absent where it brings nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<String>,
    /// What became of it.
    state: MailState,
    /// How often it was tried to send it.
    #[schema(minimum = 0)]
    attempts: i64,
    /// When it is tried next; absent where it is not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When the mail server took it; absent where it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    /// Why the last attempt failed, in a word or two; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl From<StoredMail> for MailBody {
    fn from(mail: StoredMail) -> Self {
        Self {
            id: mail.id,
            created_at: instant(mail.created_at),
            to: mail.to,
            language: mail.language,
            subject: mail.subject,
            text: mail.text,
            calendar: mail.calendar,
            state: mail.state,
            attempts: mail.attempts,
            next_attempt_at: mail.next_attempt_at.map(instant),
            sent_at: mail.sent_at.map(instant),
            failure: mail.failure,
        }
    }
}

/// A page of the outbox.
#[derive(Serialize, ToSchema)]
pub struct MailPage {
    /// The mails, newest first.
    items: Vec<MailBody>,
    /// The path of the page after this one, with older mails; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    next: Option<String>,
    /// The path of the previous page; absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    prev: Option<String>,
}

/// List the mails
///
/// The outbox, newest first: what the service writes to persons, and what became of it. Where no mail server is
/// configured the mails stay `waiting`, and the coordination office reads them here to send them by hand. What could not
/// be sent within three days is given up; every mail is forgotten after thirty days. Repeat a filter for *any of*;
/// different filters mean *all of*.
///
/// An API key needs the scopes `mails:read` and `personal_data:read`.
#[utoipa::path(
    get,
    path = "/api/v1/mails",
    tag = "mails",
    operation_id = "list_mails",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "A page of mails.",
        headers(
            ("ETag" = String, description = "The entity tag."),
            ("Link" = String, description = "Links to the `next` and `prev` pages (RFC 8288).")
        ),
        body = MailPage,
        example = json!({ "items": [{
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "to": "erika.mustermann@stadtwerke.example",
            "language": "de",
            "subject": "Bitte bestätigen Sie Ihre Interessenbekundung",
            "text": "Guten Tag, …",
            "state": "sent",
            "attempts": 1,
            "sent_at": "2026-03-01T08:00:01.000000Z"
        }] })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = ["mails:read", "personal_data:read"]))
)]
pub async fn list_mails(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_mails()?;
    let mut parameters = Parameters::new(context.parameters()?);
    let paging = Paging::take(&mut parameters);
    let filter = MailFilter::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context, None, &[Format::Json])?;
    let page = context.read().await?.mails(&filter, &paging).await?;
    let items = page.items.into_iter().map(MailBody::from).collect();
    let body =
        MailPage { items, next: with_cursor(&context, page.next), prev: with_cursor(&context, page.prev) };
    Ok(page_response(&body, &body.next, &body.prev)?.answer(&context))
}

/// Get a mail
///
/// One of the outbox. An API key needs the scopes `mails:read` and `personal_data:read`.
#[utoipa::path(
    get,
    path = "/api/v1/mails/{id}",
    tag = "mails",
    operation_id = "get_mail",
    params(
        ("id" = Uuid, Path, description = "By id.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The mail.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = MailBody,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "to": "erika.mustermann@stadtwerke.example",
            "language": "de",
            "subject": "Bitte bestätigen Sie Ihre Interessenbekundung",
            "text": "Guten Tag, …",
            "state": "waiting",
            "attempts": 2,
            "next_attempt_at": "2026-03-01T08:00:15.000000Z",
            "failure": "no connection"
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = ["mails:read", "personal_data:read"]))
)]
pub async fn get_mail(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_mails()?;
    let [] = parse_write_flags(&context.request, [])?;
    format(&context, None, &[Format::Json])?;
    let id = context.request.match_info().get("id").and_then(|text| text.parse().ok());
    let mail = context.read().await?.mail(id.map(IdParam).ok_or_else(Error::not_found)?).await?;
    let body = serde_json::to_vec(&MailBody::from(mail)).map_err(Error::internal)?;
    Ok(respond(&context, StatusCode::OK, &ETag::of_bytes(&body), body))
}
