//! What tests are built on: a running app on a private database, and clients that call it.

mod app;
mod caller;
mod clock;
pub(crate) mod contract;
pub(crate) mod database;
pub(crate) mod hosts;
pub(crate) mod postgres;
pub(crate) mod receiver;
mod skipped;
pub(crate) mod smtp;
pub(crate) mod tmpfs;

pub(crate) use app::{Backend, SHEET_ROWS, TestApp, run};
pub(crate) use caller::{Caller, Response};
pub(crate) use database::ask;
pub(crate) use skipped::skip;

/// Defines API tests that run on SQLite, and on PostgreSQL if there is one.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($app: $crate::harness::TestApp) $body

            #[test]
            fn sqlite() {
                $crate::harness::run($crate::harness::Backend::Sqlite, test);
            }

            #[test]
            fn postgres() {
                $crate::harness::run($crate::harness::Backend::Postgres, test);
            }
        }
    )+};
}
pub(crate) use on_both;
