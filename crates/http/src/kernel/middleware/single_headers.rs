//! Headers with a single value: if they are repeated, the request is rejected, because a proxy between client and
//! server may have used the other value.

use actix_web::http::header::HeaderMap;
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::Violations;

/// The headers that are read here, in their usual spelling. Three others are handled elsewhere: the HTTP parser
/// checks `Content-Length`, `Idempotency-Key` has an error of its own, and of several `Content-Type` headers, which
/// some clients send, the first one is used.
const SINGLE: [&str; 3] = ["Authorization", "Host", "Origin"];

/// Rejects a request that repeats one of these headers. Outside the API, `Authorization` is ignored.
///
/// Errors: 400, with the headers.
pub fn check(path: &str, headers: &HeaderMap) -> Result<(), Error> {
    let mut violations = Violations::default();
    for name in SINGLE {
        let counts = name != "Authorization" || path.starts_with("/api/");
        if counts && headers.get_all(name).nth(1).is_some() {
            let detail = bilingual!("Send this header only once.", "Senden Sie diesen Header einmal.");
            violations.header(name, "repeated", detail);
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::headers(violations))
}
