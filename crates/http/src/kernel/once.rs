//! Headers that say one thing: sent twice, they are refused, because whoever stands between here and the client may have
//! believed the other one.

use actix_web::http::header::HeaderMap;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::Violations;

/// Those that are read, as people write them. `Content-Length` is the HTTP parser's, `Idempotency-Key` says more where it is
/// read, and of several `Content-Type`s, which some clients send, the body is read as the first says.
const ONCE: [&str; 3] = ["Authorization", "Host", "Origin"];

/// Refuses a request that says twice what can be said once. On pages for people `Authorization` means nothing.
///
/// Errors: 400, with the headers.
pub fn check(path: &str, headers: &HeaderMap) -> Result<(), Error> {
    let mut violations = Violations::default();
    for name in ONCE {
        let counts = name != "Authorization" || path.starts_with("/api/");
        if counts && headers.get_all(name).nth(1).is_some() {
            let detail = bilingual!("Send this header only once.", "Senden Sie diesen Header einmal.");
            violations.header(name, "repeated", detail);
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    let detail =
        bilingual!("A header is malformed; see `errors`.", "Ein Header ist nicht lesbar; siehe `errors`.");
    Err(Error::with_violations(Code::BadRequest, detail, violations))
}
