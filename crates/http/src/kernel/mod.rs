//! The mechanics every endpoint shares.

pub mod arrival;
pub mod body;
pub mod bucket;
pub mod cache;
mod calendar;
pub mod client;
pub mod coding;
pub mod conditional;
pub mod context;
pub mod cors;
pub mod crud;
pub mod deprecation;
pub mod feature;
pub mod finish;
pub mod history;
pub mod idempotency;
pub mod limit;
pub mod list;
pub mod manners;
pub mod middleware;
pub mod negotiate;
pub mod openapi;
pub mod password;
pub mod problem;
pub mod throttle;
pub mod token;
pub mod visit;
