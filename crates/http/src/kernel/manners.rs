//! How the server treats whoever calls it: what the operator may configure of that.

use super::limit::Limit;

/// The configured manners.
#[derive(Default)]
pub struct Manners {
    /// How many requests somebody may make; `None` for as many as one likes.
    pub limit: Option<Limit>,
}
