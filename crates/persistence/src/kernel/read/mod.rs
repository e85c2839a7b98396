//! Reading, for all kinds of resources: single resources and lists, with child rows, references and derived
//! members, pagination, projections and history.
//!
//! May import `search`, `table`, `transaction`, `crypto`, `database`, `codec` and `id`.

pub(crate) mod cursor;
pub(crate) mod entries;
pub mod history;
pub(crate) mod keyset;
pub(crate) mod languages;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod page;
pub(crate) mod projection;
pub(crate) mod ranking;
pub(crate) mod reference_lookup;
pub mod status_history;
pub(crate) mod stored_json;
pub(crate) mod stored_list;
mod total;
