//! The API, feature by feature and promise by promise.

mod access;
mod accounts;
mod bad_input;
mod changes;
mod commands;
mod concurrency;
mod contacts;
mod contract;
mod fields;
mod filters;
mod given;
mod history;
mod http;
mod idempotency;
mod lists;
mod members;
mod outage;
mod programmes;
mod reference;
mod schema;
mod smoke;
mod states;
mod users;
mod visibility;
mod working_areas;
mod writing;
