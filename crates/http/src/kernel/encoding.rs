//! Content codings (RFC 9110, sections 8.4.1 and 12.5.3): negotiation and compression.
//!
//! Cached responses are also stored compressed, and only these use Brotli; all others are compressed while they are
//! sent.

use std::io::{self, Write};

use actix_http::encoding::Encoder;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding, HeaderMap};
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Shorter bodies are not compressed: they fit into one packet anyway.
pub const MIN_COMPRESSED_BYTES: usize = 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentCoding {
    /// Brotli (RFC 7932): smaller, but expensive to compute.
    Br,
    /// gzip (RFC 1952).
    Gzip,
    /// The zlib format (RFC 1950).
    Deflate,
    /// No encoding.
    Identity,
}

impl ContentCoding {
    /// The codings of responses that are compressed while they are sent.
    pub const ANY: &[Self] = &[Self::Gzip, Self::Deflate, Self::Identity];
    /// The codings in which cached responses are stored.
    pub const CACHED: &[Self] = &[Self::Br, Self::Gzip, Self::Identity];

    /// The name in `Content-Encoding`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Identity => "identity",
        }
    }
}

/// The codings in `Accept-Encoding`, with their weights in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptEncoding {
    weights: Vec<(String, u16)>,
}

impl AcceptEncoding {
    /// Parses `Accept-Encoding`; `None` if the header is absent.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(ACCEPT_ENCODING).peekable();
        lines.peek()?;
        let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        Some(Self::parse(&lines.join(",")))
    }

    fn parse(text: &str) -> Self {
        let weights = text.split(',').filter_map(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight = weight.trim().strip_prefix("q=").or_else(|| weight.trim().strip_prefix("Q="))?;
            let weight = weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
            let name = name.trim().to_ascii_lowercase();
            // The value is between 0 and 1000.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            (!name.is_empty()).then_some((name, (weight * 1000.0).round() as u16))
        });
        Self { weights: weights.collect() }
    }

    /// The weight of a coding; 0 if it is not acceptable. Of the codings that the header does not cover, only
    /// identity is acceptable.
    fn weight(&self, coding: ContentCoding) -> u16 {
        let named = |name: &str| {
            let of = |(known, _): &&(String, u16)| known == name;
            self.weights.iter().find(of).map(|(_, weight)| *weight)
        };
        let old = || if coding == ContentCoding::Gzip { named("x-gzip") } else { None };
        // Identity is acceptable by default, with a lower weight than any coding that is named.
        let unnamed = if coding == ContentCoding::Identity { 1 } else { 0 };
        named(coding.as_str()).or_else(old).or_else(|| named("*")).unwrap_or(unnamed)
    }

    /// The offered coding with the highest weight, the first one if several are equal; `None` if none is acceptable.
    pub fn best(&self, offered: &[ContentCoding]) -> Option<ContentCoding> {
        let weighed =
            offered.iter().map(|coding| (self.weight(*coding), *coding)).filter(|(weight, _)| *weight > 0);
        weighed.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, coding)| coding)
    }

    /// Whether the body may be sent uncompressed.
    pub fn takes_plain(&self) -> bool {
        self.weight(ContentCoding::Identity) > 0
    }
}

/// Compresses the response with the best coding of [`ContentCoding::ANY`].
pub fn compress_response(
    response: ServiceResponse<BoxBody>,
    accepted: &AcceptEncoding,
) -> ServiceResponse<BoxBody> {
    let coding = match accepted.best(ContentCoding::ANY) {
        Some(ContentCoding::Gzip) => ContentEncoding::Gzip,
        Some(ContentCoding::Deflate) => ContentEncoding::Deflate,
        _ => return response,
    };
    let short = match response.response().body().size() {
        BodySize::None | BodySize::Sized(0) => return response,
        BodySize::Sized(size) => size < MIN_COMPRESSED_BYTES as u64,
        BodySize::Stream => false,
    };
    let compressed = response.headers().get(CONTENT_TYPE).is_some_and(|kind| is_compressed(kind.as_bytes()));
    let is_final = response.headers().contains_key(CONTENT_ENCODING) || !response.status().is_success();
    if is_final || ((short || compressed) && accepted.takes_plain()) {
        return response;
    }
    response.map_body(|head, body| Encoder::response(coding, head, body).boxed())
}

/// Whether content of this media type is already compressed, or would be held back until enough has come together.
fn is_compressed(media_type: &[u8]) -> bool {
    let begins = |kind: &str| media_type.starts_with(kind.as_bytes());
    begins("text/event-stream")
        || (begins("image/") && !begins("image/svg"))
        || begins("font/")
        || begins("application/vnd.openxml")
}

/// Compresses the bytes with a coding of [`ContentCoding::CACHED`]; `None` if that does not make them shorter.
pub fn compress(bytes: &Bytes, coding: ContentCoding) -> Option<Bytes> {
    let compressed = match coding {
        ContentCoding::Br => brotli(bytes),
        ContentCoding::Gzip => gzip(bytes),
        ContentCoding::Deflate | ContentCoding::Identity => return None,
    };
    compressed.ok().filter(|compressed| compressed.len() < bytes.len()).map(Bytes::from)
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // From this quality to the highest, 11, time grows tenfold, and size shrinks by a tenth.
    let parameters =
        BrotliEncoderParams { quality: 5, size_hint: bytes.len(), ..BrotliEncoderParams::default() };
    let mut compressed = Vec::with_capacity(bytes.len() / 4);
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_with_the_highest_weight_is_chosen() {
        use ContentCoding::{Br, Deflate, Gzip, Identity};
        for (header, any, cached) in [
            ("", Some(Identity), Some(Identity)),
            ("gzip", Some(Gzip), Some(Gzip)),
            ("br", Some(Identity), Some(Br)),
            ("gzip, deflate, br, zstd", Some(Gzip), Some(Br)),
            ("br;q=0.5, gzip;q=0.8", Some(Gzip), Some(Gzip)),
            ("GZIP;Q=0.2", Some(Gzip), Some(Gzip)),
            ("x-gzip", Some(Gzip), Some(Gzip)),
            ("deflate", Some(Deflate), Some(Identity)),
            ("*", Some(Gzip), Some(Br)),
            ("*;q=0", None, None),
            ("*;q=0, gzip", Some(Gzip), Some(Gzip)),
            ("identity;q=0, br", None, Some(Br)),
            ("identity;q=0", None, None),
            ("gzip;q=0, *", Some(Deflate), Some(Br)),
            ("gzip;q=0.5, identity", Some(Identity), Some(Identity)),
            ("gzip;q=nonsense", Some(Identity), Some(Identity)),
            ("gzip;q=0.001", Some(Gzip), Some(Gzip)),
            (" gzip ; q=0.9 , , br;q=0", Some(Gzip), Some(Gzip)),
        ] {
            let accepted = AcceptEncoding::parse(header);
            assert_eq!(
                (accepted.best(ContentCoding::ANY), accepted.best(ContentCoding::CACHED)),
                (any, cached),
                "{header}"
            );
        }
    }

    #[test]
    fn compressed_bytes_are_shorter() {
        let long = Bytes::from("water and wastewater ".repeat(500));
        for coding in [ContentCoding::Br, ContentCoding::Gzip] {
            assert!(compress(&long, coding).unwrap().len() < 500, "{coding:?}");
            assert!(compress(&Bytes::from_static(b"x"), coding).is_none(), "{coding:?}");
        }
        assert!(compress(&long, ContentCoding::Identity).is_none());
    }
}
