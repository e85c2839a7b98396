//! From a JSON body or a row of a file to a resource: merge patch (RFC 7396), parsing, and the rules that all resources
//! share.
//!
//! May import everything in the kernel but `query`.

pub mod draft;
pub mod lost_characters;
pub mod merge_patch;
pub mod size_limits;
pub mod validators;
