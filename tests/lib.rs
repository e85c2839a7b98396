//! The tests of the whole: the real app on a real database, each API test on SQLite and on PostgreSQL.

#[cfg(test)]
mod api;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod seen;
