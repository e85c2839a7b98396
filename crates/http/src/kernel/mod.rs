//! The mechanics that all endpoints share.
//!
//! Folders are layers. From the top: `middleware` and `openapi`; `resource`; `response`; `request`; `state`; `cache`,
//! `config`; `auth` and `limits`; at the bottom the single files. A module imports only what stands below it, and no
//! two import each other (`.ci/circles.mjs` checks that).

pub mod auth;
pub mod cache;
pub mod config;
pub mod cors;
pub mod encoding;
pub mod event_streams;
pub(crate) mod html;
pub(crate) mod in_runtime;
pub mod limits;
pub mod media_type;
pub mod middleware;
pub mod negotiation;
pub mod openapi;
pub mod outbound;
pub mod page;
pub mod problem;
pub(crate) mod query_string;
pub mod request;
pub mod resource;
pub mod response;
pub mod state;
