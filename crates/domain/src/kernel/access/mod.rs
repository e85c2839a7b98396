//! Who asks, and who may do what: the actor with its role and utilities, the scopes of an API key, and the policies.
//!
//! May import `error` and `value`. What an actor may do with a resource is in `resource::permissions`.

pub mod actor;
pub mod policy;
pub mod scope;
