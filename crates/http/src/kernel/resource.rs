//! A resource in the API: its routes, and its texts in the document.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, Resource as Routes, Route, web};
use serde_json::Value;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::lifecycle::State;
use vku_persistence::kernel::table::{Parent, Table};

use super::cors;
use super::handlers::{self, ID, PARENT};
use super::history::history;
use super::openapi::Operation;
use super::problem::Problem;

/// The path prefix of the API.
pub const BASE: &str = "/api/v1";

/// A resource in the API: what the document says in addition to what follows from the types.
pub trait ResourceApi: Table {
    /// The name with its article, as in "Create a utility".
    const SINGULAR: &'static str;
    /// The plural name, as in "List utilities".
    const PLURAL: &'static str;
    /// The description of the tag in the document.
    const DESCRIPTION: &'static str;
    /// The path segment of the parent resource.
    const PARENT_SEGMENT: &'static str = "";
    /// Whether a deletion can be rejected with 409 even if nothing refers to the resource.
    const DELETE_MAY_CONFLICT: bool = false;

    /// The route of `POST` on the collection, if that is a single endpoint with its own part of the document.
    const CUSTOM_CREATE: Option<fn() -> Route> = None;

    /// A complete example, as `GET` returns it.
    fn example() -> Value;

    /// What the description of an operation says in addition to the general text.
    fn extra_description(_operation: Operation) -> &'static str {
        ""
    }

    /// The name without an article, as in "Returns the utility".
    fn noun() -> &'static str {
        let name = Self::SINGULAR;
        name.strip_prefix("an ").or_else(|| name.strip_prefix("a ")).unwrap_or(name)
    }

    /// The path of the collection.
    fn path() -> String {
        match <Self::Parent as Parent>::NAME {
            Some(_) => format!("{BASE}/{}/{{{PARENT}}}/{}", Self::PARENT_SEGMENT, Self::PATH),
            None => format!("{BASE}/{}", Self::PATH),
        }
    }
}

/// Registers the routes of a resource.
pub fn routes<T: ResourceApi>(config: &mut ServiceConfig) {
    let collection = T::path();
    let one = format!("{collection}/{{{ID}}}");
    config.service(
        resource(&collection, &["GET", "HEAD", "POST"])
            .route(web::get().to(handlers::list::<T>))
            .route(web::head().to(handlers::list::<T>))
            .route(T::CUSTOM_CREATE.map_or_else(|| web::post().to(handlers::create::<T>), |route| route())),
    );
    config.service(
        resource(&one, &["GET", "HEAD", "PATCH", "DELETE"])
            .route(web::get().to(handlers::get::<T>))
            .route(web::head().to(handlers::get::<T>))
            .route(web::patch().to(handlers::update::<T>))
            .route(web::delete().to(handlers::delete::<T>)),
    );
    config.service(
        resource(&format!("{one}/restore"), &["POST"]).route(web::post().to(handlers::restore::<T>)),
    );
    config.service(
        resource(&format!("{one}/history"), &["GET", "HEAD"])
            .route(web::get().to(history::<T>))
            .route(web::head().to(history::<T>)),
    );
    if !T::Status::STATES.is_empty() {
        config.service(
            resource(&format!("{one}/transitions"), &["GET", "HEAD", "POST"])
                .route(web::get().to(handlers::transitions::<T>))
                .route(web::head().to(handlers::transitions::<T>))
                .route(web::post().to(handlers::transition::<T>)),
        );
    }
}

/// A path that answers preflight requests, and other methods with 405 and the methods that are allowed.
pub fn resource(path: &str, methods: &'static [&'static str]) -> Routes {
    web::resource(path).default_service(web::to(move |request: HttpRequest| async move {
        if let Some(answer) = cors::preflight(&request, methods) {
            return Ok(answer);
        }
        let allowed = methods.iter().map(|method| (*method).to_owned()).collect();
        let method = request.method();
        let detail = bilingual!(
            "`{method}` is not supported here; see `allowed`.",
            "`{method}` gibt es hier nicht; siehe `allowed`."
        );
        Err::<HttpResponse, _>(Problem(Error {
            allowed: Some(allowed),
            ..Error::new(Code::MethodNotAllowed, detail)
        }))
    }))
}
