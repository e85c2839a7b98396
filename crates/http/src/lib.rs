//! The HTTP interface: actix-web and utoipa over the store.
//!
//! Each feature has a module at the root; what they share is in [`kernel`]. `account` is about signing in and the
//! caller's own account, `meta` about the service itself. `features.rs` lists all resources, `routes.rs` all single
//! endpoints.

mod account;
mod activity;
mod agenda;
mod audit;
mod calendar_feed;
pub mod chart;
mod contact;
pub mod docs;
mod document;
mod features;
mod feed;
mod funding;
mod guest;
pub mod import;
mod interest;
pub mod kernel;
mod mail;
mod matching;
mod member;
mod meta;
mod minutes;
pub mod openapi_document;
mod organisation;
mod partnership;
mod policy_update;
mod programme;
mod reference;
mod registration;
mod result;
mod routes;
mod search;
mod session;
mod statistics;
mod suggestion;
mod topic;
mod user;
mod utility;
pub mod webhook;
mod working_area;

use std::net::TcpListener;

use actix_web::body::BoxBody;
use actix_web::dev::Server;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use vku_domain::kernel::error::Error;

use crate::kernel::state::AppState;
use kernel::config::Timeouts;
use kernel::problem::Problem;

/// How long running requests may take after a shutdown was requested, in seconds.
const SHUTDOWN_SECONDS: u64 = 30;
/// The maximum number of connections of a worker, a few kilobytes each; further ones wait.
const CONNECTIONS: usize = 2_048;

async fn not_found(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Error::not_found().into())
}

/// Starts the server on a listener that is already bound. It runs until it is stopped through its handle.
///
/// Errors: the listener cannot be used.
pub fn server(listener: TcpListener, shared: Data<AppState>, workers: usize) -> std::io::Result<Server> {
    let Timeouts { request_head, keep_alive, disconnect, .. } = shared.http_config.timeouts;
    let notices = Data::new(openapi_document::notices());
    let front = Data::new(meta::index::HomePageCache::default());
    shared.store.database().listen();
    shared.store.follow_log();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(notices.clone())
            .app_data(front.clone())
            .app_data(PayloadConfig::new(kernel::request::json_body::LIMIT))
            .wrap(from_fn(kernel::middleware::log_request))
            .wrap(Condition::new(
                !notices.is_empty(),
                from_fn(kernel::middleware::deprecation::add_deprecation_headers::<BoxBody>),
            ))
            .configure(routes::configure)
            .configure(docs::routes)
            .default_service(web::to(not_found))
    })
    .workers(workers)
    .max_connections(CONNECTIONS)
    .keep_alive(keep_alive)
    .client_request_timeout(request_head)
    .client_disconnect_timeout(disconnect)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    // The caller handles signals: actix-web would start listening for them only some time after the start.
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}
