//! What all endpoints share: middleware, negotiation, errors, caching and the OpenAPI document.

pub mod auth;
pub mod cache;
pub mod config;
pub mod cors;
pub mod deprecation;
pub mod encoding;
pub(crate) mod in_runtime;
pub mod limits;
pub mod media_type;
pub mod middleware;
pub mod negotiation;
pub mod openapi;
pub mod page;
pub mod problem;
pub(crate) mod query_string;
pub mod request;
pub mod resource;
pub mod response;
pub mod state;
