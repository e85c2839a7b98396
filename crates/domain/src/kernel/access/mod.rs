//! Who asks: the actor with its role and utilities, and the scopes of an API key.
//!
//! May import `error` and `value`. What an actor may do with a resource is in `resource::permissions`.

pub mod actor;
pub mod scope;
