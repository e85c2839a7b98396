//! `/.well-known/security.txt` (RFC 9116): the contact for reporting vulnerabilities.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Days, NaiveTime, SecondsFormat, Utc};
use vku_domain::kernel::error::Error;

use crate::kernel::problem::Problem;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::state::{AppState, SiteConfig};

const PATH: &str = "/.well-known/security.txt";

/// How long the contact is valid; the RFC recommends less than a year.
const VALIDITY: Days = Days::new(180);

fn text(site: &SiteConfig, contact: &str, now: DateTime<Utc>) -> String {
    // Midnight, so that the text is the same all day.
    let expires = (now + VALIDITY).with_time(NaiveTime::MIN).single().unwrap_or(now);
    let expires = expires.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: de, en\n");
    // The RFC only allows `https` URLs here.
    if site.public_url.starts_with("https://") {
        text.push_str(&format!("Canonical: {}{PATH}\n", site.public_url));
    }
    text
}

/// Get the security contact
///
/// Returns the contact for reporting vulnerabilities (RFC 9116), or 404 if the operator has not configured one.
#[utoipa::path(
    get,
    path = "/.well-known/security.txt",
    tag = "service",
    operation_id = "get_security_contact",
    responses((
        status = 200,
        description = "The security contact.",
        body = String,
        content_type = "text/plain",
        example = "Contact: mailto:security@example.org\nExpires: 2027-06-01T00:00:00Z\nPreferred-Languages: de, en\n"
    )),
    extensions(("x-problems" = json!([400, 404, 500]))),
    security(())
)]
pub async fn get_security_contact(
    request: HttpRequest,
    shared: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let contact = shared.site.security_contact.as_deref().ok_or_else(Error::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(text(&shared.site, contact, shared.store.now())))
}
