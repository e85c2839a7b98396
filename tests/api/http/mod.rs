//! HTTP: representations, conditional requests, methods and headers, as the RFCs and the conventions require.

mod conditional;
mod cors;
mod headers;
mod language;
mod pages;
mod path;
mod rate_limit;
mod representation;
mod security_txt;
mod timeouts;

use reqwest::header::HeaderMap;

use crate::harness::Response;

/// The values of all `Vary` headers, in lower case.
pub(super) fn vary(answer: &Response) -> Vec<String> {
    let values =
        answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_ascii_lowercase());
    values.flat_map(|value| value.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// The headers that describe the response, without those that differ for each request.
pub(super) fn comparable_headers(answer: &Response) -> HeaderMap {
    let mut told = answer.headers.clone();
    for own in ["date", "x-request-id", "transfer-encoding", "server-timing", "change-token"] {
        told.remove(own);
    }
    // So does the weak tag of an export.
    if answer.tag().starts_with("W/") {
        told.remove("etag");
    }
    // The body of a problem contains the request id, whose length may vary.
    if answer.status.is_client_error() {
        told.remove("content-length");
    }
    told
}
