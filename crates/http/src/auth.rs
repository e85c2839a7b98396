//! Signing in, going on, and signing out.

use actix_web::http::header::{CACHE_CONTROL, USER_AGENT};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::value::Email;
use vku_domain::kernel::violation::Violations;
use vku_persistence::account::SigningIn;
use vku_persistence::api_key;
use vku_persistence::login::IssuedTokens;

use crate::kernel::client_ip;
use crate::kernel::context::{AppState, bearer};
use crate::kernel::handlers::parse_write_flags;
use crate::kernel::json_body::parsed;
use crate::kernel::password;
use crate::kernel::problem::Problem;
use crate::kernel::request_info::RequestInfo;

/// How much is kept of what a program calls itself, in letters.
const CLIENT: usize = 120;

/// What one signs in with.
// Without `Debug`: a password is in no log.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Credentials {
    /// The account's e-mail address; the case of its letters does not count.
    pub email: Email,
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// What one goes on with, or signs out with.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct RefreshToken {
    /// The refresh token that came last.
    pub refresh_token: String,
}

/// An access token, and a refresh token to get the next ones.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long the access token is valid, in seconds.
    expires_in: u64,
    /// Send it to `POST /api/v1/auth/refresh` before or after the access token has expired; it is good for one time.
    refresh_token: String,
    /// How long the refresh token is valid, in seconds.
    refresh_expires_in: i64,
}

/// Checks a password for an account that may not be there; throttled, and told alike whatever is wrong.
///
/// Errors: 401 where they do not belong together, 429 after too many failures.
pub(crate) async fn authenticate(
    request: &HttpRequest,
    shared: &AppState,
    email: &str,
    found: Option<SigningIn>,
    password: String,
) -> Result<SigningIn, Error> {
    let address = client_ip::address(request, &shared.proxies);
    let attempt = shared.sign_ins.attempt(email, address, shared.store.now())?;
    // An unknown account is verified too, against a hash of nobody, so that it takes as long.
    let hash = found.as_ref().and_then(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await.map_err(Error::internal)?;
    let account = found.filter(|_| right).ok_or_else(wrong)?;
    shared.sign_ins.succeeded(&attempt);
    Ok(account)
}

fn wrong() -> Error {
    let detail = bilingual!("E-mail or password is wrong.", "E-Mail-Adresse oder Passwort ist falsch.");
    Error::new(Code::InvalidCredentials, detail)
}

async fn tokens(shared: &AppState, login: IssuedTokens) -> Result<HttpResponse, Error> {
    let access = shared.tokens.issue(login.account, login.login, login.role.as_str()).await?;
    let left = |until: DateTime<Utc>| (until - shared.store.now()).num_seconds().max(0);
    let body = Tokens {
        access_token: access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        refresh_expires_in: left(login.expires_at),
        refresh_token: login.refresh_token,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Sign in
///
/// Gives an access token for e-mail and password. Send it with every request as `Authorization: Bearer …`; it is valid
/// for ten minutes. With the refresh token you get the next one from `POST /api/v1/auth/refresh`, without the password.
///
/// An unknown e-mail address and a wrong password are told alike. After ten failures for an account from one IP address,
/// or sixty from one IP address, attempts from there are answered 429 with `Retry-After`. After a hundred failures for an
/// account from everywhere, those from where nobody has signed in to it yet wait too, each longer than the one before.
#[utoipa::path(
    post,
    path = "/api/v1/auth/token",
    tag = "auth",
    operation_id = "create_access_token",
    request_body(
        content = Credentials,
        example = json!({ "email": "coordinator@demo.example", "password": "demo-partnerships" })
    ),
    responses((
        status = 200,
        description = "The tokens.",
        body = Tokens,
        example = json!({
            "access_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": "vkr_AZelwIo-fFGwpj8dW28qYAAAAAAAAAAB1c5Zr0mKQpVh3tY7uXwEJg",
            "refresh_expires_in": 2592000
        })
    )),
    extensions(("x-problems" = json!([400, 401, 413, 415, 422, 429, 500, 503]))),
    security(())
)]
pub async fn create_access_token(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let Credentials { email, password } = parsed(&request, &body)?;
    let found = shared.store.signing_in(&email).await?;
    let account = authenticate(&request, &shared, &email.folded(), found, password).await?;
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let client: String = agent.chars().take(CLIENT).collect();
    let login = shared.store.begin_login(&account, &client).await?.ok_or_else(wrong)?;
    Ok(tokens(&shared, login).await?)
}

fn ended() -> Error {
    let detail = bilingual!("Sign in again.", "Melden Sie sich neu an.");
    Error::new(Code::InvalidRefreshToken, detail)
}

fn refresh_token(request: &HttpRequest, body: &Bytes) -> Result<String, Error> {
    let given: RefreshToken = parsed(request, body)?;
    Ok(given.refresh_token)
}

/// Get the next tokens
///
/// Gives a new access token and a new refresh token for a refresh token, which is used up by it: keep the new one. For
/// ten seconds the old one still answers with the same new one, because an answer may be lost and two tabs may ask at
/// once. After that, a refresh token that comes back ends the whole login, its access tokens too: somebody else may have
/// it. The account gets a mail then, and the audit has a change `refresh_token_reused` of the user.
///
/// A login ends 30 days after it was last refreshed, and 90 days after you signed in.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "auth",
    operation_id = "refresh_access_token",
    request_body(
        content = RefreshToken,
        example = json!({ "refresh_token": "vkr_AZelwIo-fFGwpj8dW28qYAAAAAAAAAAB1c5Zr0mKQpVh3tY7uXwEJg" })
    ),
    responses((
        status = 200,
        description = "The next tokens.",
        body = Tokens,
        example = json!({
            "access_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": "vkr_AZelwIo-fFGwpj8dW28qYAAAAAAAAAACkT0Yw7QpXv2ZsB4nE8uRLA",
            "refresh_expires_in": 2592000
        })
    )),
    extensions(("x-problems" = json!([400, 401, 413, 415, 422, 500, 503]))),
    security(())
)]
pub async fn refresh_access_token(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let token = refresh_token(&request, &body)?;
    let login =
        shared.store.refresh_login(&token, &RequestInfo::of(&request)?.id).await?.ok_or_else(ended)?;
    Ok(tokens(&shared, login).await?)
}

/// Sign out
///
/// Ends the login of the access token: it and the refresh token are good for nothing from the next request on. Where the
/// access token has expired, send the refresh token in the body instead. Doing it twice does no harm.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "auth",
    operation_id = "end_login",
    request_body(
        content = Option<RefreshToken>,
        example = json!({ "refresh_token": "vkr_AZelwIo-fFGwpj8dW28qYAAAAAAAAAAB1c5Zr0mKQpVh3tY7uXwEJg" })
    ),
    responses((status = 204, description = "The login has ended.")),
    extensions(("x-problems" = json!([400, 401, 403, 413, 415, 422, 500, 503]))),
    security((), ("bearer" = []))
)]
pub async fn end_login(
    request: HttpRequest,
    shared: Data<AppState>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&request, [])?;
    let login = if body.is_empty() {
        // The token alone: one whose login has ended already is as good.
        match bearer(&request)? {
            None => {
                let detail = bilingual!(
                    "Send the access token, or the refresh token in the body.",
                    "Senden Sie das Access-Token, oder das Refresh-Token im Body."
                );
                return Err(Error::new(Code::Unauthenticated, detail).into());
            }
            Some(key) if key.starts_with(api_key::PREFIX) => {
                let detail = bilingual!(
                    "An API key has no login: revoke it instead.",
                    "Ein API-Schlüssel hat keine Anmeldung: Widerrufen Sie ihn stattdessen."
                );
                return Err(Error::new(Code::Forbidden, detail).into());
            }
            Some(token) => shared.tokens.verify(&token).await?.sid,
        }
    } else {
        shared.store.login_of(&refresh_token(&request, &body)?).ok_or_else(ended)?
    };
    shared.store.end_login(login).await?;
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}
