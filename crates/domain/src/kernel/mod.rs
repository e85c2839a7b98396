//! The mechanics every resource shares.

pub mod access;
pub mod calendar;
pub mod cells;
pub mod code;
pub mod difference;
pub mod draft;
pub mod error;
pub mod fold;
pub mod lost;
pub mod mention;
pub mod merge;
pub mod parameters;
pub mod query;
pub mod reference;
pub mod resource;
pub mod rules;
pub mod scope;
pub mod search;
pub mod state;
pub mod tag;
pub mod text;
pub mod time;
pub mod value;
pub mod view;
pub mod violation;
pub mod vocabulary;
