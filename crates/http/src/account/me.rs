//! The caller's own account and password.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::access::scope::PERSONAL_DATA;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::reference::{Ref, ReferenceSummary};
use vku_domain::kernel::violation::Violations;
use vku_transfer::format::Format;

use crate::account::auth::authenticate;
use crate::kernel::auth::password;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::response::conditional::respond_json;

/// The account that made the request.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The id (UUIDv7).
    id: Uuid,
    /// The e-mail address for signing in; absent for an API key without the scope `personal_data:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vku_domain::kernel::value::Email>, nullable = false)]
    email: Option<String>,
    /// The name of the person; absent for an API key without the scope `personal_data:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// The role of the account.
    #[schema(value_type = Role)]
    role: &'static str,
    /// The utilities that the account is bound to.
    #[schema(value_type = Vec<vku_domain::utility::UtilityRef>)]
    utilities: Vec<ReferenceSummary>,
}

/// Get your own account
///
/// Returns your account, with your role and the utilities that it is bound to.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "auth",
    operation_id = "get_me",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
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
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn get_me(context: Context) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    let refused = || context.actor.refusal();
    let id = context.actor.account.ok_or_else(refused)?;
    let account = context.shared.store.account(id).await?.ok_or_else(refused)?;
    let may_read_personal_data =
        context.actor.scopes.as_ref().is_none_or(|scopes| scopes.grant(PERSONAL_DATA).is_ok());
    let me = Me {
        id: account.id,
        email: may_read_personal_data.then(|| account.data.email.to_string()),
        name: may_read_personal_data.then(|| account.data.name.to_string()),
        role: account.data.role.as_str(),
        utilities: account
            .data
            .utilities
            .iter()
            .filter_map(Ref::summary)
            .filter(|summary| context.actor.owns(summary.id))
            .cloned()
            .collect(),
    };
    Ok(respond_json(&context, &me)?)
}

/// A new password.
// Without `Debug`: passwords must not get into logs.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct PasswordChange {
    /// The current password.
    #[schema(format = Password)]
    current_password: String,
    /// The new password: 12 to 200 characters, and not just the e-mail address or the name.
    #[schema(format = Password, min_length = 12, max_length = 200)]
    new_password: String,
}

/// Change your password
///
/// Requires the current password, however you are signed in; a wrong password counts as a failed sign-in attempt. All
/// your other logins end; the current one continues. API keys remain valid. Not available with an API key.
#[utoipa::path(
    put,
    path = "/api/v1/me/password",
    tag = "auth",
    operation_id = "change_password",
    request_body(
        content = PasswordChange,
        example = json!({ "current_password": "demo-partnerships", "new_password": "correct horse battery" })
    ),
    responses((status = 204, description = "The password has been changed.")),
    extensions(("x-problems" = json!([400, 401, 403, 413, 415, 422, 429, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn change_password(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    let (id, login) = context.login()?;
    let [] = parse_write_flags(&context.request, [])?;
    let PasswordChange { current_password, new_password } = parsed(&context.request, &body)?;
    password::accept(&new_password, "/new_password", None)?;
    let store = &context.shared.store;
    let user = store.account(id).await?.ok_or_else(|| context.actor.refusal())?;
    password::accept(&new_password, "/new_password", Some(&user.data))?;
    let (account, email) = store.signed_in(id).await?.ok_or_else(|| context.actor.refusal())?;
    let found = authenticate(&context.request, &context.shared, &email, Some(account), current_password);
    let account = found.await.map_err(|error| match error.code {
        Code::InvalidCredentials => not_the_password(),
        _ => error,
    })?;
    let hash = password::hash(new_password).await.map_err(Error::internal)?;
    if !store.change_password(&account, &hash, login).await? {
        return Err(not_the_password().into());
    }
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}

fn not_the_password() -> Error {
    let detail = bilingual!("This is not your current password.", "Das ist nicht Ihr Passwort.");
    Error::invalid_at("/current_password", "wrong_password", detail)
}
