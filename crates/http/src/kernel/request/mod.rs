//! What is known of a request: its caller, its parameters, its JSON body.
//!
//! May import `state`, `cache`, `auth`, `limits` and the single files of the kernel.

pub mod context;
pub mod json_body;
pub mod params;
pub mod request_info;
pub mod unauthenticated;
pub(crate) mod write_work;
