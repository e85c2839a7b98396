//! Requests without authentication.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::context::Context;
use crate::kernel::problem::Problem;

/// A request that is not authenticated: its secret, if there is one, is in the URL or the body, and `Authorization`
/// is ignored.
pub struct Unauthenticated(pub Context);

impl FromRequest for Unauthenticated {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async { Context::unauthenticated(request).await.map(Self) })
    }
}
