//! The routes of a resource.

use actix_web::http::Method;
use actix_web::web::{Bytes, ServiceConfig};
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::table::unnested::Unnested;

use super::history::history;
use super::routes::{BoxHandler, Routes};
use super::{BodyCheck, handlers, list, transitions};
use crate::kernel::config::BASE;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::ID;

/// Registers the route of the list of the sub-resources of all parents.
pub fn route_of_all_parents(config: &mut ServiceConfig, table: &'static AnyTable, path: &str) {
    Routes::at(path).get(move |context: Context| list::list(table, context, None)).register(config);
}

/// Registers the route of a table of entries.
pub fn route_of_unnested(config: &mut ServiceConfig, table: &'static AnyTable, list: &'static Unnested) {
    let path = format!("{BASE}/{}", list.path);
    Routes::at(&path).get(move |context: Context| list::list_unnested(table, list, context)).register(config);
}

/// Registers the routes of a resource at the path of its collection. `custom_create` is the handler of `POST` on the
/// collection, if that is a single endpoint; `body_check` runs before the transaction of a write.
pub fn routes(
    config: &mut ServiceConfig,
    table: &'static AnyTable,
    collection: &str,
    custom_create: Option<fn() -> BoxHandler>,
    body_check: Option<BodyCheck>,
) {
    let one = format!("{collection}/{{{ID}}}");
    let create = move |context: Context, body: Bytes| handlers::create(table, body_check, context, body);
    Routes::at(collection)
        .get(move |context: Context| handlers::list(table, context))
        .route(Method::POST, custom_create.map_or_else(|| BoxHandler::new(create), |handler| handler()))
        .register(config);
    Routes::at(&one)
        .get(move |context: Context| handlers::get(table, context))
        .patch(move |context: Context, body: Bytes| handlers::update(table, body_check, context, body))
        .delete(move |context: Context| handlers::delete(table, context))
        .register(config);
    Routes::at(&format!("{one}/restore"))
        .post(move |context: Context| handlers::restore(table, context))
        .register(config);
    Routes::at(&format!("{one}/history"))
        .get(move |context: Context| history(table, context))
        .register(config);
    if table.info().has_status {
        Routes::at(&format!("{one}/transitions"))
            .get(move |context: Context| transitions::transitions(table, context))
            .post(move |context: Context, body: Bytes| transitions::transition(table, context, body))
            .register(config);
    }
}
