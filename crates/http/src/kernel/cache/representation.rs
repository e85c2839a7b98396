//! What is cached: a body with its tag and headers.

use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::resource::projection::Projection;
use vku_persistence::kernel::database::cache_generation::TablesRead;

use crate::kernel::encoding::ContentCoding;
use crate::kernel::media_type::{JSON, SPARSE};

/// A representation of stored data, before the conditional headers and the content coding are evaluated.
#[derive(Clone, Debug)]
pub struct Representation {
    pub(in crate::kernel) tag: ETag,
    pub(in crate::kernel) link: Option<HeaderValue>,
    pub(in crate::kernel) change_token: Option<HeaderValue>,
    pub(in crate::kernel) media_type: &'static str,
    pub(in crate::kernel) body: Bytes,
    pub(in crate::kernel) gzip: Option<Bytes>,
    pub(in crate::kernel) br: Option<Bytes>,
    pub(in crate::kernel) reads: Option<Arc<TablesRead>>,
}

impl Representation {
    /// A JSON representation with its tag.
    pub fn new(tag: ETag, body: Vec<u8>) -> Self {
        Self {
            tag,
            link: None,
            change_token: None,
            media_type: JSON,
            body: body.into(),
            gzip: None,
            br: None,
            reads: None,
        }
    }

    /// Sets the sparse media type if the projection leaves members out.
    pub fn projected(self, view: &Projection) -> Self {
        if view.is_sparse() { Self { media_type: SPARSE, ..self } } else { self }
    }

    /// Sets the tables that it was read from. Without them, any write makes it outdated.
    pub(in crate::kernel) fn read_from(self, reads: Arc<TablesRead>) -> Self {
        Self { reads: Some(reads), ..self }
    }

    /// Sets the `Link` header.
    pub fn with_links(self, link: Option<HeaderValue>) -> Self {
        Self { link, ..self }
    }

    /// Sets the `Change-Token` header: the token that was valid before the representation was read.
    pub fn with_change_token(self, token: String) -> Self {
        Self { change_token: token.try_into().ok(), ..self }
    }

    pub(super) fn encoded_body(&self, coding: ContentCoding) -> Option<&Bytes> {
        match coding {
            ContentCoding::Br => self.br.as_ref(),
            ContentCoding::Gzip => self.gzip.as_ref(),
            ContentCoding::Deflate | ContentCoding::Identity => None,
        }
    }
}
