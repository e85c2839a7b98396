//! The routes of a resource.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource as Routes, web};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::lifecycle::State;

use super::history::history;
use super::{ResourceApi, handlers, transitions};
use crate::kernel::cors;
use crate::kernel::problem::Problem;
use crate::kernel::request::params::ID;
use crate::kernel::state::AppState;

/// Registers the routes of a resource.
pub fn routes<T: ResourceApi>(config: &mut ServiceConfig) {
    let collection = T::path();
    let one = format!("{collection}/{{{ID}}}");
    config.service(
        resource(&collection, vec!["GET", "HEAD", "POST"])
            .route(web::get().to(handlers::list::<T>))
            .route(web::head().to(handlers::list::<T>))
            .route(T::CUSTOM_CREATE.map_or_else(|| web::post().to(handlers::create::<T>), |route| route())),
    );
    config.service(
        resource(&one, vec!["GET", "HEAD", "PATCH", "DELETE"])
            .route(web::get().to(handlers::get::<T>))
            .route(web::head().to(handlers::get::<T>))
            .route(web::patch().to(handlers::update::<T>))
            .route(web::delete().to(handlers::delete::<T>)),
    );
    config.service(
        resource(&format!("{one}/restore"), vec!["POST"]).route(web::post().to(handlers::restore::<T>)),
    );
    config.service(
        resource(&format!("{one}/history"), vec!["GET", "HEAD"])
            .route(web::get().to(history::<T>))
            .route(web::head().to(history::<T>)),
    );
    if !T::Status::STATES.is_empty() {
        config.service(
            resource(&format!("{one}/transitions"), vec!["GET", "HEAD", "POST"])
                .route(web::get().to(transitions::transitions::<T>))
                .route(web::head().to(transitions::transitions::<T>))
                .route(web::post().to(transitions::transition::<T>)),
        );
    }
}

/// A path that answers preflight requests, and other methods with 405 and the methods that are allowed.
pub fn resource(path: &str, methods: Vec<&'static str>) -> Routes {
    web::resource(path).default_service(web::to(move |request: HttpRequest| {
        let refused = other_method(&request, &methods);
        async move { refused }
    }))
}

/// Answers a preflight request, and refuses any other.
fn other_method(request: &HttpRequest, methods: &[&'static str]) -> Result<HttpResponse, Problem> {
    let origins = request.app_data::<Data<AppState>>().map(|state| &state.http_config.origins);
    if let Some(answer) = cors::preflight(origins, request, methods) {
        return Ok(answer);
    }
    let allowed = methods.iter().map(|method| (*method).to_owned()).collect();
    let method = request.method();
    let detail = bilingual!(
        "`{method}` is not supported here; see `allowed`.",
        "`{method}` gibt es hier nicht; siehe `allowed`."
    );
    Err(Problem(Error { allowed: Some(allowed), ..Error::new(Code::MethodNotAllowed, detail) }))
}
