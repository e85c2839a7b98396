//! Forgotten passwords: an e-mail with a link, and the page that the link opens.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::value::Email;
use vku_domain::kernel::violation::Violations;
use vku_domain::mail::Mail;

use crate::kernel::auth::password;
use crate::kernel::html::escape;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::limits::client_ip;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::{page, token_in, token_of_link};
use crate::kernel::problem::Problem;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::state::AppState;

/// The path of the page.
pub const PATH: &str = "/password/new";

/// The account that needs a new password.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The e-mail address of the account; upper and lower case are equivalent.
    email: Email,
}

/// The acknowledgement, which is the same for known and unknown addresses.
#[derive(Serialize, ToSchema)]
pub struct PasswordResetAccepted {
    /// Always `mail_sent_if_known`.
    status: &'static str,
}

/// Request a new password
///
/// Sends a link for setting a password to the e-mail address if there is an account with this address, even if the
/// account has never had a password. The link can be used only once, and within an hour. The response does not reveal
/// whether there is an account. Three such e-mails can be requested for an address at once, and then one every eight
/// hours; further requests are answered with 429, for known and unknown addresses.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password-reset",
    tag = "auth",
    operation_id = "request_password_reset",
    request_body(content = PasswordResetRequest, example = json!({ "email": "reader@demo.example" })),
    responses((
        status = 202,
        description = "The request has been accepted.",
        body = PasswordResetAccepted,
        example = json!({ "status": "mail_sent_if_known" })
    )),
    extensions(("x-problems" = json!([400, 413, 415, 422, 429, 500, 503]))),
    security(())
)]
pub async fn request_password_reset(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let PasswordResetRequest { email } = parsed(&request, &body)?;
    let address = client_ip::address(&request, &shared.proxies);
    shared.mail_throttle.take(&email.folded(), address, shared.store.now())?;
    let found = shared.store.signing_in(&email).await?;
    if let Some(account) = found {
        let link = format!("{}{PATH}?token={}", shared.site.public_url, shared.store.reset_token(&account));
        let locale = negotiate_language(request.headers());
        let mail = match account.password_hash {
            Some(_) => reset_mail(email, locale, &link),
            None => invitation_mail(email, locale, &link),
        };
        // In the background, so that the response takes the same time whether there is an account or not.
        actix_web::rt::spawn(InRuntime::new(async move {
            if let Err(error) = shared.store.queue_mail_now(mail).await {
                tracing::warn!(%error, "an e-mail could not be added to the outbox");
            }
        }));
    }
    let accepted = PasswordResetAccepted { status: "mail_sent_if_known" };
    Ok(HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).json(accepted))
}

/// The e-mail for an account that has never had a password.
fn invitation_mail(to: Email, locale: Locale, link: &str) -> Mail {
    let mail = Mail::new(
        to,
        locale,
        &bilingual!("Set your password", "Passwort setzen"),
        &bilingual!(
            "Hello,\n\n\
             You have an account with the Internationale Partnerschaften exchange network, but no password yet. \
             Please set a password here within an hour:\n\n\
             {link}\n\n\
             Then sign in with this e-mail address. If the hour has passed, request another link in the \
             same way as for a forgotten password.\n\n\
             Internationale Partnerschaften, coordination office\n",
            "Guten Tag,\n\n\
             Sie haben ein Konto beim Austausch Internationale Partnerschaften, und noch kein Passwort. Setzen Sie es \
             binnen einer Stunde hier:\n\n\
             {link}\n\n\
             Melden Sie sich dann mit dieser E-Mail-Adresse an. Ist die Stunde vorbei, fordern Sie einen neuen Link an, \
             wie für ein vergessenes Passwort.\n\n\
             Koordinierungsstelle Internationale Partnerschaften\n"
        ),
    );
    mail.confidential()
}

fn reset_mail(to: Email, locale: Locale, link: &str) -> Mail {
    let mail = Mail::new(
        to,
        locale,
        &bilingual!("Set a new password", "Neues Passwort setzen"),
        &bilingual!(
            "Hello,\n\n\
             Somebody has requested a new password for this e-mail address. If that was you, set the new \
             password here within an hour:\n\n\
             {link}\n\n\
             If that was not you, you do not need to do anything: the password stays as it is.\n\n\
             Internationale Partnerschaften, coordination office\n",
            "Guten Tag,\n\n\
             jemand hat für diese Adresse ein neues Passwort angefordert. Wenn Sie das waren, setzen Sie es binnen einer \
             Stunde hier:\n\n\
             {link}\n\n\
             Wenn Sie es nicht waren, ist nichts zu tun: Das Passwort bleibt, wie es ist.\n\n\
             Koordinierungsstelle Internationale Partnerschaften\n"
        ),
    );
    // Confidential, because the link gives access to the account.
    mail.confidential()
}

/// A new password, with the token from the link.
// Without `Debug`: passwords must not get into logs.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct PasswordReset {
    /// The value of `token` in the link.
    token: String,
    /// The new password: 12 to 200 characters, and not just the e-mail address or the name.
    #[schema(format = Password, min_length = 12, max_length = 200)]
    new_password: String,
}

/// Set a new password
///
/// Sets a password with the token from the link that was sent by e-mail. The token can be used only once, and within an
/// hour (otherwise 409 `link_expired`). All logins of the account end, and its API keys are revoked.
#[utoipa::path(
    put,
    path = "/api/v1/auth/password-reset",
    tag = "auth",
    operation_id = "complete_password_reset",
    request_body(
        content = PasswordReset,
        example = json!({
            "token": "AZelwIo-fFGwpj8dW28rIAAAAABp1c5Zr0mKQpVh3tY7uXwEJmCHkP0b3t4xq5o1mVqQ",
            "new_password": "correct horse battery"
        })
    ),
    responses((status = 204, description = "The password has been set.")),
    extensions(("x-problems" = json!([400, 409, 413, 415, 422, 500, 503]))),
    security(())
)]
pub async fn complete_password_reset(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let PasswordReset { token, new_password } = parsed(&request, &body)?;
    reset(&request, &shared, &token, new_password).await?;
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Sets the password, and forgets failed attempts to sign in to the account.
///
/// Errors: 409 if the token is no longer valid, 422 if the password is too weak.
async fn reset(
    request: &HttpRequest,
    shared: &AppState,
    token: &str,
    new_password: String,
) -> Result<(), Error> {
    let expired = || {
        let detail = bilingual!(
            "This link has been used, has expired or is incomplete; request a new one.",
            "Dieser Link ist benutzt, abgelaufen oder nicht vollständig; fordern Sie einen neuen an."
        );
        Error::new(Code::LinkExpired, detail)
    };
    let token = token_in(token);
    password::accept(&new_password, "/new_password", None)?;
    let account = shared.store.reset_of(token).await?.ok_or_else(expired)?;
    let user = shared.store.account(account.id).await?.ok_or_else(expired)?.data;
    password::accept(&new_password, "/new_password", Some(&user))?;
    let hash = password::hash(new_password).await.map_err(Error::internal)?;
    if !shared.store.reset_password(&account, &hash).await? {
        return Err(expired());
    }
    shared.login_throttle.reset(&user.email.folded(), client_ip::address(request, &shared.proxies));
    Ok(())
}

/// Handles `GET`: shows a form for the new password.
pub async fn show_reset(request: HttpRequest, shared: Data<AppState>) -> Result<HttpResponse, Problem> {
    let token = token_of_link(&request)?;
    Ok(reset_page(&request, shared.store.reset_of(&token).await?.is_some().then_some(&*token), ""))
}

/// Handles `POST`: sets the new password.
pub async fn submit_reset(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let fields = std::str::from_utf8(&body).ok();
    let fields = fields.and_then(|body| Query::<Vec<(String, String)>>::from_query(body).ok());
    let fields = fields.map(Query::into_inner).unwrap_or_default();
    let field = |name: &str| {
        fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let token = field("token");
    let token = token_in(&token);
    match reset(&request, &shared, token, field("new_password")).await {
        Ok(()) => {
            let text = bilingual!(
                "The new password is set. Sign in with it.",
                "Das neue Passwort ist gesetzt. Melden Sie sich damit an."
            );
            Ok(page(request.headers(), &title(), &text, ""))
        }
        Err(error) if error.code == Code::ValidationFailed => {
            let weak =
                error.violations.iter().map(|it| it.detail.in_locale(negotiate_language(request.headers())));
            let weak = weak.collect::<Vec<_>>().join(" ");
            Ok(reset_page(&request, shared.store.reset_of(token).await?.is_some().then_some(token), &weak))
        }
        Err(error) if error.code == Code::LinkExpired => Ok(reset_page(&request, None, "")),
        Err(error) => Err(error.into()),
    }
}

fn title() -> vku_domain::kernel::bilingual::Bilingual {
    bilingual!("New password", "Neues Passwort")
}

fn reset_page(request: &HttpRequest, token: Option<&str>, weak: &str) -> HttpResponse {
    let headers = request.headers();
    let Some(token) = token else {
        let text = bilingual!(
            "This link has been used, has expired or is incomplete. Request a new one.",
            "Dieser Link ist benutzt, abgelaufen oder nicht vollständig. Fordern Sie einen neuen an."
        );
        return page(headers, &title(), &text, "");
    };
    let text = bilingual!("At least 12 characters.", "Mindestens 12 Zeichen.");
    let both = [bilingual!("New password", "Neues Passwort"), bilingual!("Set", "Setzen")];
    let [label, button] = both.each_ref().map(|both| both.in_locale(negotiate_language(headers)));
    let weak = escape(weak);
    // The token has been checked to be one of ours, and so has no characters that need escaping in HTML.
    let form = format!(
        "<p role=\"alert\">{weak}</p><form method=\"post\" action=\"{PATH}\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\"><label>{label} <input type=\"password\" \
         name=\"new_password\" autocomplete=\"new-password\" minlength=\"12\" required></label> \
         <button type=\"submit\">{button}</button></form>"
    );
    page(headers, &title(), &text, &form)
}
