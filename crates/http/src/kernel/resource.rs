//! A feature is mounted in one gesture: its routes, and its part of the document.

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

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// A resource as it is offered: what the document says beside what follows from the types.
pub trait ResourceApi: Table {
    /// With its article, as in "Creates a utility".
    const SINGULAR: &'static str;
    /// What it is called in the plural, as in "Lists utilities".
    const PLURAL: &'static str;
    /// What the tag says in the document.
    const DESCRIPTION: &'static str;
    /// The path segment of what a part belongs to.
    const PARENT_SEGMENT: &'static str = "";
    /// Whether one may have to stay for what it is itself, whatever refers to it.
    const DELETE_MAY_CONFLICT: bool = false;

    /// The route of `POST` on the collection, where that is an endpoint of its own, with its own part of the document.
    const CUSTOM_CREATE: Option<fn() -> Route> = None;

    /// A whole one, as it is read.
    fn example() -> Value;

    /// What an operation's description says beyond what it says of every resource.
    fn extra_description(_operation: Operation) -> &'static str {
        ""
    }

    /// What it is called without an article, as in "Returns the utility".
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

/// A path that answers other methods with 405 and those there are.
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
