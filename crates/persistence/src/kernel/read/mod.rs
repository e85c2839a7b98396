//! TODO kernel::read

pub(crate) mod cursor;
pub mod history;
pub(crate) mod languages;
pub(crate) mod list;
pub(crate) mod load;
mod parent;
pub(crate) mod projection;
pub(crate) mod reference_lookup;
pub mod status_history;
