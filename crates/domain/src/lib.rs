//! The domain of the exchange: its resources, their rules, and the permissions of each role.
//!
//! No IO, no tokio, no database and no HTTP: everything here is data and plain functions. Time is passed in; only
//! [`SystemClock`](kernel::clock::SystemClock) reads the clock of the machine. Each feature has a file or directory at
//! the root; the code that all of them share is in [`kernel`].

pub mod activity;
pub mod agenda;
pub mod api_key;
pub mod code_lists;
pub mod contact;
pub mod document;
pub mod feed;
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
pub mod search;
pub mod session;
pub mod statistics;
pub mod suggestion;
pub mod topic;
pub mod user;
pub mod utility;
pub mod webhook;
pub mod working_area;
