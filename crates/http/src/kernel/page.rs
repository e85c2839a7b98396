//! Pages and links for people: what they have in common.
//!
//! Who follows a link has not written it: mail programs glue signs to it, trackers add parameters, and programs such as
//! Outlook send credentials that nobody has asked for. None of that is a fault there.

use actix_web::dev::Payload;
use actix_web::http::header::{
    Accept, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Header as _, HeaderMap,
    HeaderValue, Quality, REFERRER_POLICY, VARY,
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::{Bilingual, Locale};
use vku_domain::kernel::error::Error;

use super::context::{Context, parameters};
use super::negotiation::negotiate_language;
use super::problem::{Problem, head};

/// A request whose secret, if it has one, stands in its address or its body: whoever asks, `Authorization` is not looked at.
pub struct Anybody(pub Context);

impl FromRequest for Anybody {
    type Error = Problem;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async { Context::of_anybody(request).await.map(Self) })
    }
}

/// Whether what is asked for is no part of the API, and the client shows pages.
pub fn wants_page(request: &impl HttpMessage, path: &str) -> bool {
    !path.starts_with("/api/") && prefers_html(request)
}

/// Whether a page is asked for by name, and more than JSON is.
pub fn prefers_html(request: &impl HttpMessage) -> bool {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return false };
    let weight = |media: &str| {
        let named = ranges.iter().filter(|range| range.item.essence_str() == media);
        named.map(|range| range.quality).max().unwrap_or(Quality::ZERO)
    };
    weight("text/html") > weight("application/json")
}

/// The secret that a link holds, in `token`; empty where it has none.
///
/// Errors: 400 where the query string cannot be read.
pub fn token_of_link(request: &HttpRequest) -> Result<String, Problem> {
    let given = parameters(request)?.into_iter().find(|(name, _)| name == "token");
    Ok(given.map(|(_, token)| token_in(&token).to_owned()).unwrap_or_default())
}

/// The token in what was copied of a mail: without the brackets, quotes and full stops around it. A token of ours has
/// letters, digits, `-` and `_` only.
pub fn token_in(copied: &str) -> &str {
    let is_ours = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let begun = copied.trim_start_matches(|letter| !is_ours(letter));
    let end = begun.find(|letter| !is_ours(letter)).unwrap_or(begun.len());
    begun.get(..end).unwrap_or_default()
}

/// Text in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A small page for people, without a script, from whose address nothing leaks. `text` and `form` are HTML.
pub fn page(headers: &HeaderMap, title: &Bilingual, text: &Bilingual, form: &str) -> HttpResponse {
    let locale: Locale = negotiate_language(headers);
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "Accept-Language")).insert_header((CACHE_CONTROL, "no-store"));
    written(response.finish(), locale, title, text.in_locale(locale), form)
}

/// A problem as a page: what it is, and what to do about it.
pub fn problem_page(error: &Error, request_id: &str, locale: Locale) -> HttpResponse {
    let mut response = head(error, locale).finish();
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
    let detail = escaped(error.detail.in_locale(locale));
    let id = bilingual!("Request id", "Nummer dieser Anfrage");
    let form = format!("<p><small>{}: {}</small></p>", id.in_locale(locale), escaped(request_id));
    written(response, locale, &error.code.title(), &detail, &form)
}

fn written(head: HttpResponse, locale: Locale, title: &Bilingual, text: &str, form: &str) -> HttpResponse {
    let title = title.in_locale(locale);
    let style = include_str!("../index.css");
    let page = format!(
        "<!doctype html>\n<html lang=\"{locale}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title} · Internationale Partnerschaften</title><style>{style}</style></head>\n\
         <body><main><h1>{title}</h1><p>{text}</p>{form}</main></body>\n</html>\n"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let mut response = head.set_body(page).map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
    // The token may stand in the address.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn a_token_is_read_without_what_a_mail_program_glues_to_it() {
        let token = "vkc_AZelwIo-fFGwpj8d";
        for glued in [
            ".", ")", ">", ",", ";", "\"", "'", "]", "}", "!", "?", ":", "*", "=", "%3E", "%3E.", "&gt;",
            ").", ">,", "\u{201c}", "\u{bb}", "\u{a0}", "\u{200b}", " ", "\r\n", "\u{2026}", "<br>", "",
        ] {
            assert_eq!(token_in(&format!("{token}{glued}")), token, "{glued:?}");
        }
        for before in ["<", "\"", "(", " ", "\u{201e}"] {
            assert_eq!(token_in(&format!("{before}{token}")), token, "{before:?}");
        }
        assert_eq!((token_in(""), token_in("\"><script>")), ("", "script"));
    }
}
