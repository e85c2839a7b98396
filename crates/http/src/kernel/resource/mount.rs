//! The routes of a resource.

use actix_web::web::{Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource as Routes, Route, web};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_persistence::any_table::AnyTable;

use super::history::history;
use super::{handlers, transitions};
use crate::kernel::cors;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::ID;
use crate::kernel::state::AppState;

/// Registers the routes of a resource at the path of its collection. `custom_create` is the route of `POST` on the
/// collection, if that is a single endpoint.
pub fn routes(
    config: &mut ServiceConfig,
    table: &'static AnyTable,
    collection: &str,
    custom_create: Option<fn() -> Route>,
) {
    let one = format!("{collection}/{{{ID}}}");
    let list = move |context: Context| handlers::list(table, context);
    let create = move |context: Context, body: Bytes| handlers::create(table, context, body);
    config.service(
        resource(collection, vec!["GET", "HEAD", "POST"])
            .route(web::get().to(list))
            .route(web::head().to(list))
            .route(custom_create.map_or_else(|| web::post().to(create), |route| route())),
    );
    let get = move |context: Context| handlers::get(table, context);
    config.service(
        resource(&one, vec!["GET", "HEAD", "PATCH", "DELETE"])
            .route(web::get().to(get))
            .route(web::head().to(get))
            .route(
                web::patch().to(move |context: Context, body: Bytes| handlers::update(table, context, body)),
            )
            .route(web::delete().to(move |context: Context| handlers::delete(table, context))),
    );
    config.service(
        resource(&format!("{one}/restore"), vec!["POST"])
            .route(web::post().to(move |context: Context| handlers::restore(table, context))),
    );
    let history = move |context: Context| history(table, context);
    config.service(
        resource(&format!("{one}/history"), vec!["GET", "HEAD"])
            .route(web::get().to(history))
            .route(web::head().to(history)),
    );
    if table.info().has_status {
        let transitions = move |context: Context| transitions::transitions(table, context);
        let transition = move |context: Context, body: Bytes| transitions::transition(table, context, body);
        config.service(
            resource(&format!("{one}/transitions"), vec!["GET", "HEAD", "POST"])
                .route(web::get().to(transitions))
                .route(web::head().to(transitions))
                .route(web::post().to(transition)),
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
