//! The API, feature by feature and promise by promise.

mod smoke;
