//! Media types.

/// The media type of JSON.
pub const JSON: &str = "application/json";
/// The media type of JSON in which `fields` left members out: it has another schema, so it has another media type. (A
/// parameter of `application/json` is not enough: validators look up the schema without parameters.)
pub const SPARSE: &str = "application/vnd.vku.sparse+json";
/// The media type of JSON Merge Patch (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";
