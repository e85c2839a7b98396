//! Signing in, refreshing tokens, and signing out.

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
use vku_persistence::api_key;
use vku_persistence::auth::account::SigningIn;
use vku_persistence::auth::login::IssuedTokens;

use crate::kernel::auth::password;
use crate::kernel::limits::client_ip;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::bearer;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::request::request_info::RequestInfo;
use crate::kernel::state::AppState;

/// The maximum length of the stored `User-Agent`, in characters.
const CLIENT: usize = 120;

/// The credentials for signing in.
// Without `Debug`: passwords must not get into logs.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Credentials {
    /// The e-mail address of the account; upper and lower case are equivalent.
    pub email: Email,
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// The token for renewing or ending a login.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct RefreshToken {
    /// The most recent refresh token.
    pub refresh_token: String,
}

/// An access token, and a refresh token for getting new tokens.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// The remaining lifetime of the access token, in seconds.
    expires_in: u64,
    /// Send it to `POST /api/v1/auth/refresh`, before or after the access token has expired. It can be used only once.
    refresh_token: String,
    /// The remaining lifetime of the refresh token, in seconds.
    refresh_expires_in: i64,
}

/// Verifies the password of an account that may not exist. Attempts are throttled, and the error does not reveal what
/// is wrong.
///
/// Errors: 401 if the password is not that of the account, 429 after too many failures.
pub(crate) async fn authenticate(
    request: &HttpRequest,
    shared: &AppState,
    email: &str,
    found: Option<SigningIn>,
    password: String,
) -> Result<SigningIn, Error> {
    let address = client_ip::address(request, &shared.proxies);
    let attempt = shared.login_throttle.attempt(email, address, shared.store.now())?;
    // For an unknown account, a dummy hash is verified, so that it takes as long.
    let hash = found.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = password::verify(password, hash).await.map_err(Error::internal)?;
    let account = found.filter(|_| is_right).ok_or_else(wrong_credentials)?;
    shared.login_throttle.succeeded(&attempt);
    Ok(account)
}

fn wrong_credentials() -> Error {
    let detail = bilingual!(
        "The e-mail address or the password is wrong.",
        "E-Mail-Adresse oder Passwort ist falsch."
    );
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
/// Returns an access token for an e-mail address and a password. Send the access token with every request as
/// `Authorization: Bearer …`; it is valid for ten minutes. Use the refresh token to get a new access token from
/// `POST /api/v1/auth/refresh`, without the password.
///
/// An unknown e-mail address and a wrong password get the same response. After ten failures for an account from one IP
/// address, or sixty failures in total from one IP address, further attempts from that address are answered with 429
/// and `Retry-After`. After a hundred failures for an account from any number of addresses, attempts from addresses
/// that have never signed in to that account are also delayed, each longer than the previous one.
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
    let login = shared.store.begin_login(&account, &client).await?.ok_or_else(wrong_credentials)?;
    Ok(tokens(&shared, login).await?)
}

fn ended() -> Error {
    let detail = bilingual!("Sign in again.", "Melden Sie sich neu an.");
    Error::new(Code::InvalidRefreshToken, detail)
}

fn refresh_token(request: &HttpRequest, body: &Bytes) -> Result<String, Error> {
    let body_token: RefreshToken = parsed(request, body)?;
    Ok(body_token.refresh_token)
}

/// Refresh the tokens
///
/// Returns a new access token and a new refresh token in exchange for a refresh token, which can be used only once:
/// store the new one. For ten seconds, the old refresh token still returns the same new one, in case a response is lost
/// or two browser tabs send it at the same time. After that, reusing a refresh token ends the login and invalidates its
/// access tokens, because somebody else may have the token. The account is then notified by e-mail, and the audit log
/// records the change `refresh_token_reused` of the user.
///
/// A login ends 30 days after its last refresh, and no later than 90 days after signing in.
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
        description = "The new tokens.",
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
/// Ends the login of the access token; the access token and the refresh token become invalid at once. If the access
/// token has expired, send the refresh token in the body instead. Repeating the request has no further effect.
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
        // Only the token is verified, so a login that has already ended can be ended again.
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
                    "An API key has no login: revoke the key instead.",
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
