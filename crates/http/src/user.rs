//! The API of users, for administrators, and setting their passwords.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use deserr::Deserr;
use serde_json::Value;
use utoipa::ToSchema;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::violation::Violations;
use vku_domain::user::User;

use crate::kernel::auth::password;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::json_body::parsed;
use crate::kernel::request::params::{ID, key, parse_write_flags};
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for User {
    const SINGULAR: &'static str = "a user";
    const PLURAL: &'static str = "users";
    const DESCRIPTION: &'static str = "Accounts and their roles. For administrators.";
    const DELETE_MAY_CONFLICT: bool = true;

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => {
                "A `member` is bound to municipal utilities, a `partner` to partner utilities. The user can \
                 sign in once there is a password: set one with `PUT …/password`, or have the person \
                 request one with `POST /api/v1/auth/password-reset`."
            }
            Operation::Update => {
                "Disabling a user (`disabled`) takes effect with the user's next request; all logins of the user \
                 end and all API keys are revoked, even if the user is enabled again later. The last active \
                 administrator can neither be disabled nor given another role (409 `last_admin`)."
            }
            Operation::Delete => "The last active administrator cannot be deleted (409 `last_admin`).",
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60",
            "email": "erika.mustermann@dresden.example",
            "name": "Erika Mustermann",
            "role": "member",
            "utilities": [{
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a13",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden",
                "kind": "municipal",
                "country": "DE"
            }],
            "disabled": false,
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}

/// A password for a user.
// Without `Debug`: passwords must not get into logs.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct NewPassword {
    /// The new password: 12 to 200 characters, and not just the e-mail address or the name.
    #[schema(format = Password, min_length = 12, max_length = 200)]
    password: String,
}

/// Set the password of a user
///
/// Sets the password of a new user, or of a user who has forgotten the password. All logins of the user end, and all
/// API keys of the user are revoked. For administrators; not available with an API key.
#[utoipa::path(
    put,
    path = "/api/v1/users/{id}/password",
    tag = "users",
    operation_id = "set_user_password",
    params(("id" = String, Path, description = "The id of the user.", format = Uuid, example = "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60")),
    request_body(content = NewPassword, example = json!({ "password": "correct horse battery" })),
    responses((status = 204, description = "The password has been set.")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 413, 415, 422, 500, 503]))),
    security(("bearer" = []))
)]
pub async fn set_user_password(context: Context, body: Bytes) -> Result<HttpResponse, Problem> {
    context.login()?;
    context.actor.require(User::INFO, Action::Update)?;
    let id = key(&context.request, ID)?;
    let [] = parse_write_flags(&context.request, [])?;
    let NewPassword { password } = parsed(&context.request, &body)?;
    password::accept(&password, "/password", None)?;
    // The user is looked up first, because hashing takes a while and the user may not exist.
    let user = context.read().await?.get::<User>(&id, None, false).await?;
    password::accept(&password, "/password", Some(&user.data))?;
    let hash = password::hash(password).await.map_err(Error::internal)?;
    context.shared.store.reset_password_of(user.id, &hash).await?;
    context.shared.login_throttle.clear_failures(&user.data.email.folded());
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}
