//! TODO kernel::request

pub mod anybody;
pub mod context;
pub mod json_body;
pub mod params;
pub mod request_info;
