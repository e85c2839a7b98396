//! HTML pages, and links in e-mails.
//!
//! Users do not type these links themselves: mail programs append characters, trackers add parameters, and programs
//! such as Outlook send credentials unasked. None of that is an error here.

use actix_web::http::header::{
    Accept, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Header as _, HeaderMap,
    HeaderValue, Quality, REFERRER_POLICY, VARY,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::{Bilingual, Locale};
use vku_domain::kernel::error::Error;

use super::html::escape;
use super::negotiation::negotiate_language;
use super::problem::{Problem, head};
use super::query_string::parameters;

/// Whether the path is outside the API, and the client prefers HTML.
pub fn wants_page(request: &impl HttpMessage, path: &str) -> bool {
    !path.starts_with("/api/") && prefers_html(request)
}

/// Whether `Accept` names HTML with a higher quality than JSON.
pub fn prefers_html(request: &impl HttpMessage) -> bool {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return false };
    let weight = |media: &str| {
        let named = ranges.iter().filter(|range| range.item.essence_str() == media);
        named.map(|range| range.quality).max().unwrap_or(Quality::ZERO)
    };
    weight("text/html") > weight("application/json")
}

/// Returns the query parameter `token` of a link; empty if there is none.
///
/// Errors: 400 if the query string is malformed.
pub fn token_of_link(request: &HttpRequest) -> Result<String, Problem> {
    let parameter = parameters(request)?.into_iter().find(|(name, _)| name == "token");
    Ok(parameter.map(|(_, token)| token_in(&token).to_owned()).unwrap_or_default())
}

/// Extracts the token from text that was copied from an e-mail, without the brackets, quotes and full stops around
/// it. Our tokens consist of ASCII letters, digits, `-` and `_`.
pub fn token_in(text: &str) -> &str {
    let is_in_token = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let rest = text.trim_start_matches(|letter| !is_in_token(letter));
    let end = rest.find(|letter| !is_in_token(letter)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Renders a small HTML page without scripts, whose URL does not leak to other sites. `text` and `form` are HTML.
pub fn page(headers: &HeaderMap, title: &Bilingual, text: &Bilingual, form: &str) -> HttpResponse {
    let locale: Locale = negotiate_language(headers);
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "Accept-Language")).insert_header((CACHE_CONTROL, "no-store"));
    render(response.finish(), locale, title, text.in_locale(locale), form)
}

/// Renders a problem as an HTML page.
pub fn problem_page(error: &Error, request_id: &str, locale: Locale) -> HttpResponse {
    let mut response = head(error, locale).finish();
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
    let detail = escape(error.detail.in_locale(locale));
    let id = bilingual!("Request id", "Nummer dieser Anfrage");
    let form = format!("<p><small>{}: {}</small></p>", id.in_locale(locale), escape(request_id));
    render(response, locale, &error.code.title(), &detail, &form)
}

fn render(head: HttpResponse, locale: Locale, title: &Bilingual, text: &str, form: &str) -> HttpResponse {
    let title = title.in_locale(locale);
    let style = include_str!("page.css");
    let page = format!(
        "<!doctype html>\n<html lang=\"{locale}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title} · Internationale Partnerschaften</title><style>{style}</style></head>\n\
         <body><main><h1>{title}</h1><p>{text}</p>{form}\
         <p><a href=\"/\">Internationale Partnerschaften</a></p></main></body>\n</html>\n"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let mut response = head.set_body(page).map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
    // The URL may contain a token.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn a_token_is_read_without_the_characters_around_it() {
        let token = "vkc_AZelwIo-fFGwpj8d";
        for suffix in [
            ".", ")", ">", ",", ";", "\"", "'", "]", "}", "!", "?", ":", "*", "=", "%3E", "%3E.", "&gt;",
            ").", ">,", "\u{201c}", "\u{bb}", "\u{a0}", "\u{200b}", " ", "\r\n", "\u{2026}", "<br>", "",
        ] {
            assert_eq!(token_in(&format!("{token}{suffix}")), token, "{suffix:?}");
        }
        for prefix in ["<", "\"", "(", " ", "\u{201e}"] {
            assert_eq!(token_in(&format!("{prefix}{token}")), token, "{prefix:?}");
        }
        assert_eq!((token_in(""), token_in("\"><script>")), ("", "script"));
    }
}
