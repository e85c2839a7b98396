//! End-to-end tests: the real app on a real database. Every API test runs on SQLite and on PostgreSQL.

#[cfg(test)]
mod api;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod seen;
