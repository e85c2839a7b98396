//! The mechanics that all tables share.
//!
//! The folders are layers. From the top: `store`, `bulk_import`, `write`, `read`, `search`, `table`,
//! `transaction`, `crypto` and `database`. A folder may import only the folders below it, so that no two
//! import each other (`.ci/circles.mjs` checks that).
//!
//! Of the single files, `codec` and `id` are at the bottom: every folder above `database` may import
//! them, and they import nothing of the kernel, except that `codec` uses the errors of `database`. `migrate`
//! is beside `store`: no folder imports it. Every folder may also use the registry of the resources at the
//! root of the crate.

pub mod bulk_import;
pub(crate) mod codec;
pub mod crypto;
pub mod database;
pub(crate) mod id;
pub mod migrate;
pub mod read;
pub(crate) mod search;
pub mod store;
pub mod table;
pub mod transaction;
pub mod write;
