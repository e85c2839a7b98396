//! Documents that are the same for everybody, as long as the process runs.

use std::sync::OnceLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;

use super::conditional::is_not_modified;
use crate::kernel::encoding::{AcceptEncoding, ContentCoding, MIN_COMPRESSED_BYTES, compress};
use crate::kernel::problem::Problem;

/// A document that is made for the first request, with its tag, and compressed once for each coding.
pub struct StaticDocument {
    media_type: &'static str,
    cache_control: &'static str,
    made: OnceLock<Made>,
}

/// A document with its tag, and in each coding for which somebody has asked; `None` if that does not make it shorter.
struct Made {
    tag: ETag,
    body: Bytes,
    br: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
}

impl StaticDocument {
    /// A document of this media type, with this `Cache-Control`.
    pub const fn new(media_type: &'static str, cache_control: &'static str) -> Self {
        Self { media_type, cache_control, made: OnceLock::new() }
    }

    /// Responds with the document, which `make` returns, or with 304 if the client already has it.
    ///
    /// Errors: those of `make`.
    pub fn respond<B: Into<Bytes>>(
        &self,
        request: &HttpRequest,
        make: impl FnOnce() -> Result<B, Error>,
    ) -> Result<HttpResponse, Problem> {
        let made = match self.made.get() {
            Some(made) => made,
            None => {
                let made = Made::new(make()?.into());
                self.made.get_or_init(|| made)
            }
        };
        let known = is_not_modified(request, &made.tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((ETAG, made.tag.as_str()))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static(self.cache_control)));
        if known {
            return Ok(response.finish());
        }
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static(self.media_type)));
        let coding = AcceptEncoding::of(request.headers()).and_then(|it| it.best(ContentCoding::CACHED));
        let Some((coding, body)) = coding.and_then(|coding| Some((coding, made.compressed(coding)?))) else {
            return Ok(response.body(made.body.clone()));
        };
        response
            .insert_header((CONTENT_ENCODING, HeaderValue::from_static(coding.as_str())))
            .insert_header((VARY, HeaderValue::from_static("accept-encoding")));
        Ok(response.body(body))
    }
}

impl Made {
    fn new(body: Bytes) -> Self {
        Self { tag: ETag::of_bytes(&body), body, br: OnceLock::new(), gzip: OnceLock::new() }
    }

    /// Returns the document in a coding; `None` to send it uncompressed.
    fn compressed(&self, coding: ContentCoding) -> Option<Bytes> {
        if self.body.len() < MIN_COMPRESSED_BYTES {
            return None;
        }
        let compressed = match coding {
            ContentCoding::Br => &self.br,
            ContentCoding::Gzip => &self.gzip,
            ContentCoding::Deflate | ContentCoding::Identity => return None,
        };
        compressed.get_or_init(|| compress(&self.body, coding)).clone()
    }
}
