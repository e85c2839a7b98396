//! The code that all resources share.
//!
//! Folders are layers. From the top: `input` and `tabular`; `query`; `resource`; `access`, `search`, `icalendar` and
//! `change_log`; `value`; `error`; `parameters`; at the bottom the single files. A module imports only what stands
//! below it, and no two import each other (`.ci/circles.mjs` checks that).

pub mod access;
pub mod bilingual;
pub mod change_log;
pub mod characters;
pub mod clock;
pub mod collation;
pub mod error;
pub mod etag;
pub mod icalendar;
pub mod input;
pub mod parameters;
pub mod query;
pub mod resource;
pub mod script;
pub mod search;
pub mod string_enum;
pub mod tabular;
pub mod value;
pub mod violation;
pub mod vocabulary;
