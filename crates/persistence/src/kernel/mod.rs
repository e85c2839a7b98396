//! The mechanics every table shares.

pub mod answer;
pub mod backup;
pub(crate) mod card;
mod code;
pub mod connect;
mod cursor;
mod cursor_mac;
pub(crate) mod dependent;
pub(crate) mod error;
pub(crate) mod file;
pub mod history;
pub mod import;
pub mod keyring;
mod languages;
pub(crate) mod link;
mod page;
pub mod row;
mod save;
pub mod seal;
pub(crate) mod select;
mod settle;
mod show;
mod slug;
pub mod store;
pub mod table;
mod transition;
mod unique;
