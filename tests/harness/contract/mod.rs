//! Checks every response that a test gets against the OpenAPI document: the response has to be declared, and so does
//! the request if it was accepted. This covers the contract without a test for each endpoint.

pub(crate) mod coverage;
mod operation;
mod request;
mod response;
mod schemas;

use std::sync::OnceLock;

use reqwest::{Method, Request};
use serde_json::Value;

pub(crate) use operation::Operation;
pub(crate) use schemas::Schemas;

use super::Response;

/// Paths that are not in the OpenAPI document: the document itself, and pages for people.
const UNDOCUMENTED: [&str; 5] = ["/docs", "/openapi", "/interest", "/password", "/calendars"];

/// The parts of a request that the document describes.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) media: String,
    pub(crate) accept: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl Sent {
    /// A request from its request line, such as `POST /api/v1/utilities?dry_run=true`.
    pub(crate) fn of_target(target: &str, media: &str, body: Option<&str>) -> Self {
        let (method, rest) = target.split_once(' ').unwrap();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            media: media.to_owned(),
            accept: String::new(),
            body: body.map(|body| body.as_bytes().to_vec()),
        }
    }

    pub(crate) fn of(request: &Request) -> Self {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let (media, accept) = (header("content-type"), header("accept"));
        Self {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            query: request.url().query().unwrap_or_default().to_owned(),
            media: media.unwrap_or_default().to_ascii_lowercase(),
            accept: accept.unwrap_or_default().to_ascii_lowercase(),
            body: request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec),
        }
    }

    /// Whether errors are answered with an HTML page: the request comes from a browser and is not for the API.
    fn is_refused_by_page(&self) -> bool {
        self.accept.contains("text/html") && !self.path.starts_with("/api/")
    }
}

/// The OpenAPI document, prepared for checks.
pub(crate) struct Contract {
    pub(crate) schemas: Schemas,
    pub(crate) operations: Vec<Operation>,
}

impl Contract {
    /// The contract of the document that the server serves. `api/contract/document.rs` proves that it is the same one.
    pub(crate) fn served() -> &'static Self {
        static SERVED: OnceLock<Contract> = OnceLock::new();
        SERVED.get_or_init(|| {
            let document = vku_http::openapi_document::document();
            let operations = Operation::all(&document);
            Self { schemas: Schemas::of(document), operations }
        })
    }

    /// The operations whose path template matches the path, each with its path parameters. Literal segments take
    /// precedence over parameters.
    fn at(&self, path: &str) -> Vec<(&Operation, Vec<(&str, String)>)> {
        let segments = operation::segments(path);
        let with_keys = |it| Some((it, Operation::keys(it, &segments)?));
        let mut found: Vec<(&Operation, _)> = self.operations.iter().filter_map(with_keys).collect();
        let fewest = found.iter().map(|(_, keys)| keys.len()).min();
        found.retain(|(_, keys)| Some(keys.len()) == fewest);
        found
    }

    /// Panics if the document does not declare the response, or does not allow the request that was accepted.
    pub(crate) fn check(&self, sent: &Sent, answer: &Response) {
        let faults = self.faults(sent, answer);
        let Sent { method, path, query, .. } = sent;
        assert!(
            faults.is_empty(),
            "{method} {path}?{query} answers {} and breaks the contract: {faults:#?}\n{}",
            answer.status,
            answer.text().chars().take(2_000).collect::<String>()
        );
    }

    fn faults(&self, sent: &Sent, answer: &Response) -> Vec<String> {
        let (found, status) = (self.at(&sent.path), answer.status.as_u16());
        let method = if sent.method == Method::HEAD { &Method::GET } else { &sent.method };
        let mut faults = Vec::new();
        if status >= 400 && sent.is_refused_by_page() {
            let media = answer.header("content-type");
            return if essence(&media) == "text/html" {
                Vec::new()
            } else {
                vec![format!("a page of {media}")]
            };
        }
        if status >= 400 && sent.method != Method::HEAD {
            faults.extend(response::faults_of_problem(self, answer));
        }
        match found.iter().find(|(it, _)| it.method == *method) {
            Some((operation, keys)) => {
                let is_head = sent.method == Method::HEAD;
                faults.extend(response::faults(self, operation, sent, answer));
                if answer.status.is_success() && !is_head {
                    faults.extend(request::faults(self, operation, keys, sent));
                }
            }
            // A CORS preflight request.
            None if sent.method == Method::OPTIONS && answer.status.is_success() => {}
            None if !found.is_empty() => {
                if status < 400 || (status == 405 && answer.header("allow").is_empty()) {
                    faults.push(format!("{method} is not declared here, and not refused as it should be"));
                }
            }
            None => {
                let beside = UNDOCUMENTED.iter().any(|place| sent.path.starts_with(place));
                if status < 400 && !beside {
                    faults.push("there is no such path in the document".to_owned());
                }
            }
        }
        faults
    }
}

/// The media type without its parameters.
fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or_default().trim()
}

fn is_json(media: &str) -> bool {
    essence(media) == "application/json" || essence(media).ends_with("+json")
}

/// The members of an object, or none if the value is not an object.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
