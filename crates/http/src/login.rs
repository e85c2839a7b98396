//! Signing in, and who one is.

use actix_web::web::Bytes;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::kernel::access::Role;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::reference::Card;
use vku_domain::kernel::tag::Tag;
use vku_domain::kernel::value::Email;
use vku_domain::kernel::violation::Violations;
use vku_domain::say;

use crate::kernel::body::{JSON, json};
use crate::kernel::conditional::respond;
use crate::kernel::context::{Context, Shared};
use crate::kernel::crud::flags;
use crate::kernel::password;
use crate::kernel::problem::Problem;

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

/// An access token.
#[derive(Serialize, ToSchema)]
pub struct AccessToken {
    /// Send it as `Authorization: Bearer <access_token>`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// How long it is valid, in seconds.
    pub expires_in: u64,
}

/// Sign in
///
/// Gives an access token for e-mail and password. Send it with every request as `Authorization: Bearer …`; it is valid
/// for ten minutes. An unknown address and a wrong password are told alike.
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
        description = "The token.",
        body = AccessToken,
        example = json!({ "access_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 600 })
    )),
    extensions(("x-problems" = json!([400, 401, 413, 415, 422, 500, 503]))),
    security(())
)]
pub async fn create_access_token(
    request: HttpRequest,
    shared: Data<Shared>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let [] = flags(&request, [])?;
    let body = json(&request, &body, &[JSON])?;
    let Credentials { email, password } =
        deserr::deserialize::<_, _, Violations>(body).map_err(Error::invalid)?;
    let found = shared.store.signing_in(&email).await?;
    // An unknown account is verified too, against a hash of nobody, so that it takes as long.
    let hash = found.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await.map_err(Error::internal)?;
    let Some(account) = found.filter(|_| right) else {
        let detail = say!("E-mail or password is wrong.", "E-Mail-Adresse oder Passwort ist falsch.");
        return Err(Error::new(Code::InvalidCredentials, detail).into());
    };
    let token = shared
        .tokens
        .issue(account.id, account.role.as_str(), shared.store.now())
        .map_err(Error::internal)?;
    let body = AccessToken { access_token: token.token, token_type: "Bearer", expires_in: token.expires_in };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(body))
}

/// The account that asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// Its id (UUIDv7).
    id: Uuid,
    /// The address it signs in with.
    #[schema(value_type = Email)]
    email: String,
    /// What the person is called.
    name: String,
    /// What it may do.
    #[schema(value_type = Role)]
    role: &'static str,
    /// The utilities that it is bound to.
    #[schema(value_type = Vec<vku_domain::utility::UtilityRef>)]
    utilities: Vec<Card>,
}

/// Get your own account
///
/// Tells who you are to this API: your role, and the utilities that are your own.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "auth",
    operation_id = "get_me",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` that you have.")),
    responses((
        status = 200,
        description = "Your account.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Me,
        example = json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60",
            "email": "member@demo.example",
            "name": "Demo member",
            "role": "member",
            "utilities": [{
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a13",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden",
                "kind": "municipal",
                "country": "DE"
            }]
        })
    ), (status = 304, description = "You have it already (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn get_me(context: Context) -> Result<HttpResponse, Problem> {
    let [] = flags(&context.request, [])?;
    let Some(account) = context.account.clone() else { return Err(Error::refused(&context.actor).into()) };
    let me = Me {
        id: account.id,
        email: account.email.to_string(),
        name: account.name.to_string(),
        role: account.role.as_str(),
        utilities: account.utilities,
    };
    let body = serde_json::to_vec(&me).map_err(Error::internal)?;
    Ok(respond(&context, actix_web::http::StatusCode::OK, &Tag::of_bytes(&body), body))
}
