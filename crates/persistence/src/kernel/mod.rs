//! The mechanics that all tables share.

pub mod bulk_import;
pub(crate) mod codec;
pub mod crypto;
pub mod database;
pub(crate) mod id_list;
pub mod migrate;
pub mod read;
pub(crate) mod search;
pub mod store;
pub mod table;
pub mod transaction;
pub mod write;
