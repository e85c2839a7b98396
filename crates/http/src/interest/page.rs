//! The page that the link in the e-mail opens. Opening it confirms nothing, because programs that scan e-mails follow
//! links. Its button confirms, without a script.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Query};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Code;
use vku_persistence::InterestLink as Link;

use super::PATH;
use super::register::confirm;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::{page, token_of_link};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::unauthenticated::Unauthenticated;

/// Handles `GET`: says what the link is for, with a button.
pub async fn show_confirmation(Unauthenticated(context): Unauthenticated) -> Result<HttpResponse, Problem> {
    let token = token_of_link(&context.request)?;
    let link = context.shared.store.interest_link(&token).await?;
    Ok(match link {
        Some(Link::Good(_)) => confirmation_page(&context, &token),
        Some(Link::Used) => result_page(&context, Some(Code::LinkUsed)),
        Some(Link::Expired) => result_page(&context, Some(Code::LinkExpired)),
        None => result_page(&context, Some(Code::NotFound)),
    })
}

/// Handles `POST`, which the button sends.
pub async fn submit_confirmation(
    Unauthenticated(context): Unauthenticated,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let fields = std::str::from_utf8(&body)
        .ok()
        .and_then(|body| Query::<Vec<(String, String)>>::from_query(body).ok());
    let mut fields = fields.map(Query::into_inner).into_iter().flatten();
    let token = fields.find(|(name, _)| name == "token").map(|(_, token)| token).unwrap_or_default();
    match confirm(&context, &token).await {
        Ok(()) => Ok(result_page(&context, None)),
        Err(error) if [Code::LinkUsed, Code::LinkExpired].contains(&error.code) => {
            Ok(result_page(&context, Some(error.code)))
        }
        Err(error) if error.code == Code::ValidationFailed => Ok(result_page(&context, Some(Code::NotFound))),
        Err(error) => Err(error.into()),
    }
}

fn confirmation_page(context: &Context, token: &str) -> HttpResponse {
    // The token has been checked to be one of ours, and so has no characters that need escaping in HTML.
    let text = bilingual!(
        "You have registered your utility's interest in taking part in the exchange. Please confirm that it \
         was you.",
        "Sie bekunden, dass Ihr Unternehmen am Austausch teilnehmen möchte. Bestätigen Sie, dass Sie das waren."
    );
    let button = bilingual!("Confirm", "Bestätigen");
    let button = button.in_locale(negotiate_language(context.request.headers()));
    let form = format!(
        "<form method=\"post\" action=\"{PATH}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <button type=\"submit\">{button}</button></form>"
    );
    page(context.request.headers(), &title(), &text, &form)
}

fn result_page(context: &Context, problem: Option<Code>) -> HttpResponse {
    // People do not see the status code: instead of a problem, the page has a sentence.
    let text = match problem {
        None => bilingual!(
            "Thank you, your registration is confirmed. The coordination office will write to you.",
            "Vielen Dank, es ist bestätigt. Die Koordinierungsstelle schreibt Ihnen."
        ),
        Some(Code::LinkUsed) => bilingual!(
            "This link has already been used; there is nothing more to do.",
            "Diesem Link wurde schon gefolgt; es ist nichts weiter zu tun."
        ),
        Some(Code::LinkExpired) => bilingual!(
            "This link has expired. Please register again.",
            "Dieser Link ist abgelaufen. Bitte melden Sie sich noch einmal."
        ),
        Some(_) => bilingual!(
            "This link is incomplete. Copy the whole link from the e-mail.",
            "Dieser Link ist nicht vollständig. Kopieren Sie ihn ganz aus der E-Mail."
        ),
    };
    page(context.request.headers(), &title(), &text, "")
}

fn title() -> Bilingual {
    bilingual!("Interest registration", "Interessenbekundung")
}
