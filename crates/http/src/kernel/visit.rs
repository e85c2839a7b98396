//! What is noted of a request while it is answered: by whoever learns it, for whoever finishes the answer.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use vku_domain::kernel::error::Error;

use super::client;
use super::context::Shared;
use super::limit::{Taken, Who};

/// The notes of one request.
#[derive(Debug)]
pub struct Visit {
    /// Its id: given by the client if it is a sane one, made otherwise.
    pub id: Arc<str>,
    taken: Cell<Option<Taken>>,
}

impl Visit {
    /// Nothing is known yet but the id.
    pub fn new(id: Arc<str>) -> Self {
        Self { id, taken: Cell::new(None) }
    }

    /// The notes of this request.
    pub fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }

    /// Counts the request for somebody, unless it is counted already; for its address, where `who` is nobody.
    ///
    /// Errors: 429.
    pub fn count(&self, request: &HttpRequest, shared: &Shared, who: Option<Who>) -> Result<(), Error> {
        let (Some(limit), None) = (&shared.manners.limit, self.taken.get()) else { return Ok(()) };
        let who = who.unwrap_or_else(|| client::address(request, &shared.proxies).into());
        let (taken, result) = limit.take(who, shared.store.now());
        self.taken.set(Some(taken));
        result
    }

    /// What it took of a quota; what is given back is given back once.
    pub fn taken(&self) -> Option<Taken> {
        self.taken.take()
    }
}
