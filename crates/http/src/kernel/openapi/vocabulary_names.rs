//! The names of the vocabularies that follow from others, or from resources.

/// Returns the vocabulary of the fields of a resource.
pub fn fields(resource: &str) -> String {
    format!("{}-fields", resource.replace('_', "-"))
}

/// Returns the vocabulary of the references of a resource that can be expanded.
pub fn expansions(resource: &str) -> String {
    format!("{}-expansions", resource.replace('_', "-"))
}

/// Returns the vocabulary of a filter by a status that may be unknown.
pub fn or_unknown(statuses: &str) -> String {
    format!("{statuses}-or-unknown")
}
