//! End-to-end tests: the real app on a real database. Every API test runs on SQLite and on PostgreSQL.

#![allow(clippy::disallowed_methods, reason = "a test sees the time and makes ids from outside")]

#[cfg(test)]
mod api;
#[cfg(test)]
mod contract_coverage;
#[cfg(test)]
mod harness;
