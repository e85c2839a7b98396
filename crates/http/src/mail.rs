//! The outbox endpoints: the e-mails that the service sends, for the coordination office.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::parameters::IdParam;
use vku_domain::kernel::value::Email;
use vku_domain::mail::MailState;
use vku_persistence::mail::outbox::{MailFilter, StoredMail};
use vku_transfer::format::Format;

use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{id, parse_log_query, parse_write_flags};
use crate::kernel::resource::list::{page_response, with_cursor};
use crate::kernel::response::cached::respond_with;
use crate::kernel::response::conditional::respond_json;

/// An e-mail to a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
pub struct MailBody {
    /// The id (UUIDv7), from which the `Message-ID` is derived.
    id: Uuid,
    /// When the e-mail was written.
    #[schema(format = DateTime)]
    created_at: String,
    /// The recipient.
    to: Email,
    /// The language of the e-mail.
    language: Locale,
    /// The subject.
    subject: String,
    /// The text; absent if only the recipient may read it, for example because it contains a link for setting a
    /// password.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The calendar file (RFC 5545) that is sent as an attachment; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<String>,
    /// The delivery state.
    state: MailState,
    /// The number of attempts to send the e-mail.
    #[schema(minimum = 0)]
    attempts: i64,
    /// The time of the next attempt; absent if there will be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When the mail server accepted the e-mail; absent if it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    /// Why the last attempt failed, in a few words; absent if no attempt failed.
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
    /// The e-mails, newest first.
    items: Vec<MailBody>,
    /// The path of the next page, with older e-mails; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    next: Option<String>,
    /// The path of the previous page; absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    prev: Option<String>,
}

/// List e-mails
///
/// Returns the outbox, newest first: the e-mails that the service sends, and their delivery. If no mail server is
/// configured, the e-mails stay `waiting`, and the coordination office can read them here and send them by hand. An
/// e-mail that cannot be sent within three days fails; every e-mail is deleted after thirty days. Repeat a filter to
/// match any of several values; different filters must all match.
#[utoipa::path(
    get,
    path = "/api/v1/mails",
    tag = "mails",
    operation_id = "list_mails",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "A page of e-mails.",
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
    let (paging, filter) = parse_log_query::<MailFilter>(&context.request)?;
    format(&context.request, None, &[Format::Json])?;
    let page = context.read().await?.mails(&filter, &paging).await?;
    let items = page.items.into_iter().map(MailBody::from).collect();
    let body =
        MailPage { items, next: with_cursor(&context, page.next), prev: with_cursor(&context, page.prev) };
    Ok(respond_with(&context, page_response(&body, &body.next, &body.prev)?))
}

/// Get an e-mail
///
/// Returns an e-mail from the outbox.
#[utoipa::path(
    get,
    path = "/api/v1/mails/{id}",
    tag = "mails",
    operation_id = "get_mail",
    params(
        ("id" = Uuid, Path, description = "The id of the e-mail.", example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The e-mail.",
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
    format(&context.request, None, &[Format::Json])?;
    let id = id(&context.request)?;
    let mail = context.read().await?.mail(IdParam(id)).await?;
    Ok(respond_json(&context, &MailBody::from(mail))?)
}
