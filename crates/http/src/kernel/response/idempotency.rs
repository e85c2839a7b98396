//! `Idempotency-Key`: a `POST` that is repeated is done once, and gets the stored response.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, VARY};
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::store::idempotency::{IdempotencyKey, InFlightGuard, StoredResponse};
use vku_persistence::kernel::transaction::Writer;

use super::conditional::{DEPENDS_ON, cache_control};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::write_work::WriteWork;

/// The request header with the key.
pub const KEY: &str = "Idempotency-Key";
/// The response header that marks a stored response.
pub const REPLAYED: &str = "Idempotency-Replayed";
/// The maximum length of a key, in characters.
pub const MAX_LENGTH: usize = 255;

impl Context {
    /// Does the work of a `POST` and responds to it; only once if the request has a key. `body` is the request body,
    /// or a hash of it. Check the caller's permission before: a stored response is returned without further checks.
    ///
    /// Errors: 400 if the key is malformed, 409 while a request with the same key is running, 422 if the key belongs
    /// to another request, and those of `work`.
    pub async fn post(
        &self,
        dry_run: bool,
        body: &[u8],
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<StoredResponse, Error>,
    ) -> Result<HttpResponse, Problem> {
        self.post_boxed(dry_run, body, Box::new(work)).await
    }

    async fn post_boxed(
        &self,
        dry_run: bool,
        body: &[u8],
        work: Box<dyn WriteWork<StoredResponse> + '_>,
    ) -> Result<HttpResponse, Problem> {
        let (writing, key) = (self.writing(dry_run), self.idempotency_key(body)?);
        let work = async |writer: &mut Writer<'_>| work.run(writer).await;
        let outcome = self.shared.store.write_idempotent(&writing, key, work).await?;
        Ok(response(self, outcome)?)
    }

    /// Claims the key of a `POST` whose work outlives the request; `None` if the request has no key.
    ///
    /// Errors: 400 if the key is malformed, 409 while a request with the same key is running.
    pub(crate) fn claim_key(&self, body: &[u8]) -> Result<Option<InFlightGuard>, Error> {
        self.idempotency_key(body)?.map(|key| self.shared.store.claim_key(key)).transpose()
    }

    /// The response to a `POST` whose work was done outside the request; the flag says whether the response is a
    /// stored one.
    pub(crate) fn respond_stored(&self, outcome: (StoredResponse, bool)) -> Result<HttpResponse, Error> {
        response(self, outcome)
    }

    fn idempotency_key(&self, body: &[u8]) -> Result<Option<IdempotencyKey>, Error> {
        let request = &self.request;
        let (method, path, query) = (request.method().as_str(), request.path(), request.query_string());
        let parts = [method.as_bytes(), path.as_bytes(), query.as_bytes(), body];
        Ok(key(self)?.map(|key| IdempotencyKey::new(&self.actor, key, &parts)))
    }
}

/// Returns the key; `None` if the request has none.
fn key(context: &Context) -> Result<Option<&str>, Error> {
    let mut values = context.request.headers().get_all(KEY);
    let Some(first) = values.next() else { return Ok(None) };
    let key = first.to_str().unwrap_or_default();
    let visible = (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && values.next().is_none() {
        return Ok(Some(key));
    }
    let detail = bilingual!(
        "Expected exactly one value of 1 to {MAX_LENGTH} visible ASCII characters, such as a UUID.",
        "Erwartet: einmal, 1 bis {MAX_LENGTH} sichtbare ASCII-Zeichen, etwa eine UUID."
    );
    Err(Error::invalid_header(KEY, "invalid_format", detail))
}

fn response(context: &Context, (answer, replayed): (StoredResponse, bool)) -> Result<HttpResponse, Error> {
    let StoredResponse { status, tag, location, media_type, body } = answer;
    let mut response = HttpResponse::build(StatusCode::from_u16(status).map_err(Error::internal)?);
    response
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, cache_control(context)))
        .insert_header((VARY, DEPENDS_ON));
    for (name, value) in [(ETAG, tag), (LOCATION, location)] {
        value.map(|value| response.insert_header((name, value)));
    }
    if replayed {
        response.insert_header((REPLAYED, "true"));
    }
    Ok(response.body(body))
}
