//! The page that the link in the mail leads to. To look at it confirms nothing: programs that look through mails follow
//! links. Its button does, without any script.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, VARY};
use actix_web::web::{Bytes, Query};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::text::{Both, Tongue};
use vku_domain::say;
use vku_persistence::InterestLink as Link;

use super::register::confirm;
use crate::kernel::context::Context;
use crate::kernel::negotiate::tongue;
use crate::kernel::problem::Problem;

/// Where it is.
pub const PATH: &str = "/interest/confirmation";

/// `GET`: what the link is for, with a button.
pub async fn show(context: Context) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let token = parameters.once("token").unwrap_or_default();
    parameters.finish().map_err(Error::parameters)?;
    let link = context.shared.store.interest_link(&token).await?;
    Ok(match link {
        Some(Link::Good(_)) => asked(&context, &token),
        Some(Link::Used) => told(&context, Some(Code::LinkUsed)),
        Some(Link::Expired) => told(&context, Some(Code::LinkExpired)),
        None => told(&context, Some(Code::NotFound)),
    })
}

/// `POST`: the button.
pub async fn press(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    let fields = std::str::from_utf8(&body)
        .ok()
        .and_then(|body| Query::<Vec<(String, String)>>::from_query(body).ok());
    let mut fields = fields.map(Query::into_inner).into_iter().flatten();
    let token = fields.find(|(name, _)| name == "token").map(|(_, token)| token).unwrap_or_default();
    match confirm(&context, &token).await {
        Ok(()) => Ok(told(&context, None)),
        Err(error) if [Code::LinkUsed, Code::LinkExpired].contains(&error.code) => {
            Ok(told(&context, Some(error.code)))
        }
        Err(error) if error.code == Code::ValidationFailed => Ok(told(&context, Some(Code::NotFound))),
        Err(error) => Err(error.into()),
    }
}

fn asked(context: &Context, token: &str) -> HttpResponse {
    // Of the letters of a token none means anything in HTML; that it is ours was checked.
    let text = say!(
        "You say that your utility wants to take part in the exchange. Confirm that it was you.",
        "Sie bekunden, dass Ihr Unternehmen am Austausch teilnehmen möchte. Bestätigen Sie, dass Sie das waren."
    );
    let button = say!("Confirm", "Bestätigen");
    let button = button.in_tongue(tongue(context.request.headers()));
    let form = format!(
        "<form method=\"post\" action=\"{PATH}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <button type=\"submit\">{button}</button></form>"
    );
    page(context.request.headers(), &title(), &text, &form)
}

fn told(context: &Context, problem: Option<Code>) -> HttpResponse {
    // For people, who read no status: what is a problem to a program is a sentence here.
    let text = match problem {
        None => say!(
            "Thank you, it is confirmed. The coordination office will write to you.",
            "Vielen Dank, es ist bestätigt. Die Koordinierungsstelle schreibt Ihnen."
        ),
        Some(Code::LinkUsed) => say!(
            "This link was followed already; nothing more is to be done.",
            "Diesem Link wurde schon gefolgt; es ist nichts weiter zu tun."
        ),
        Some(Code::LinkExpired) => say!(
            "This link has expired. Please register again.",
            "Dieser Link ist abgelaufen. Bitte melden Sie sich noch einmal."
        ),
        Some(_) => say!(
            "This link is not complete. Copy all of it from the mail.",
            "Dieser Link ist nicht vollständig. Kopieren Sie ihn ganz aus der E-Mail."
        ),
    };
    page(context.request.headers(), &title(), &text, "")
}

fn title() -> Both {
    say!("Registration of interest", "Interessenbekundung")
}

/// A small page for people, without a script, from whose address nothing leaks.
pub(crate) fn page(headers: &HeaderMap, title: &Both, text: &Both, form: &str) -> HttpResponse {
    let tongue: Tongue = tongue(headers);
    let (title, text) = (title.in_tongue(tongue), text.in_tongue(tongue));
    let style = include_str!("../index.css");
    let page = format!(
        "<!doctype html>\n<html lang=\"{tongue}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title} · Internationale Partnerschaften</title><style>{style}</style></head>\n\
         <body><main><h1>{title}</h1><p>{text}</p>{form}</main></body>\n</html>\n"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, tongue.as_str()))
        .insert_header((VARY, "Accept-Language"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // The token stands in the address.
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("Content-Security-Policy", policy))
        .body(page)
}
