//! The domain of the exchange: what there is, what the rules are, who may do what.
//!
//! No IO, no tokio, no database, no HTTP and no system clock: everything here is data and plain functions.
//! Features stand at the root, one file each; the mechanics that all of them share are in [`kernel`].

pub mod activity;
pub mod agenda;
pub mod api_key;
pub mod code_lists;
pub mod contact;
pub mod document;
pub mod funding;
pub mod guest;
pub mod import;
pub mod interest;
pub mod kernel;
pub mod mail;
pub mod matching;
pub mod member;
pub mod minutes;
pub mod organisation;
pub mod partnership;
pub mod party;
pub mod policy_update;
pub mod programme;
pub mod registration;
pub mod result;
pub mod session;
pub mod statistics;
pub mod topic;
pub mod user;
pub mod utility;
pub mod working_area;
