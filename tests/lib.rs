//! End-to-end tests: the real app on a real database. Every API test runs on SQLite and on PostgreSQL.

#![allow(clippy::disallowed_methods, reason = "tests read the real clock and create their own ids")]

#[cfg(test)]
mod api;
#[cfg(test)]
mod contract_coverage;
#[cfg(test)]
mod harness;
