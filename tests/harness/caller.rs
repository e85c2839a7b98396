//! An HTTP client of the API.

use std::net::SocketAddr;

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::contract::{Contract, Sent};

/// A client with the credentials of one account, or none.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    base: String,
    token: Option<String>,
}

/// A response, with its whole body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            base: format!("http://{address}"),
            token,
        }
    }

    /// The same client with another access token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request to a path, with the access token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and checks that request and response match the OpenAPI document.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Response {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let sent = Sent::of(&request);
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        // A stream does not end.
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream { Vec::new() } else { response.bytes().await.unwrap().to_vec() };
        let answer = Response { status, headers, body };
        Contract::served().check(&sent, &answer);
        answer
    }

    /// Opens a stream of events, and checks the head of the response against the OpenAPI document.
    pub(crate) async fn open(&self, request: RequestBuilder) -> reqwest::Response {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let sent = Sent::of(&request);
        let response = client.execute(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let (status, headers) = (response.status(), response.headers().clone());
        Contract::served().check(&sent, &Response { status, headers, body: Vec::new() });
        response
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn head(&self, path: &str) -> Response {
        self.send(self.request(Method::HEAD, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Sends a JSON Merge Patch with this entity tag as `If-Match`.
    pub(crate) async fn patch(&self, path: &str, tag: &str, body: &Value) -> Response {
        let request = self.request(Method::PATCH, path).header("If-Match", tag).json(body);
        self.send(request.header("Content-Type", "application/merge-patch+json")).await
    }

    pub(crate) async fn delete(&self, path: &str, tag: &str) -> Response {
        self.send(self.request(Method::DELETE, path).header("If-Match", tag)).await
    }

    /// Reads the items of all pages of a list.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = self.get(&path).await.ok().json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
        }
        items
    }
}

impl Response {
    /// Parses a raw HTTP response. The connection must have been closed after it.
    pub(crate) fn from_text(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let (first, lines) = head.split_once("\r\n").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.split("\r\n").map(|line| line.split_once(": ").unwrap()) {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let body = if is_chunked { dechunked(body.as_bytes()) } else { body.as_bytes().to_vec() };
        Self { status, headers, body }
    }

    /// Panics with the body if the status is another one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.expect(200)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The value of a header, or an empty string if there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub(crate) fn tag(&self) -> String {
        self.header("etag")
    }

    /// The body of a problem response (RFC 9457) with this status and code. Checks the members that each problem has.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{body:#}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert_eq!(body["request_id"], self.header("x-request-id"));
        for member in ["title", "detail", "instance"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {body:#}");
        }
        body
    }

    /// The `errors` of a problem as `place code`, sorted.
    #[track_caller]
    pub(crate) fn faults(self, status: u16, code: &str) -> Vec<String> {
        let body = self.problem(status, code);
        let place = |error: &Value| {
            ["pointer", "parameter", "header"]
                .into_iter()
                .find_map(|name| error[name].as_str().map(str::to_owned))
        };
        let faults = body["errors"].as_array().cloned().unwrap_or_default();
        let mut faults: Vec<_> = faults
            .iter()
            .map(|it| format!("{} {}", place(it).unwrap(), it["code"].as_str().unwrap()))
            .collect();
        faults.sort();
        faults
    }
}

/// Decodes a chunked body (RFC 9112, 7.1).
fn dechunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&chunks[..end]).unwrap();
        let (from, to) = (end + 2, end + 2 + usize::from_str_radix(size, 16).unwrap());
        if from == to {
            break;
        }
        body.extend_from_slice(&chunks[from..to]);
        chunks = &chunks[to + 2..];
    }
    body
}
