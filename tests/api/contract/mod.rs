//! The contract: the server does what the OpenAPI document declares. These tests walk through the document, so that
//! new operations are covered as soon as they are added.
//!
//! Other tests do the same: `http/path.rs` sends every method to every path, `lists.rs` pages through every list in
//! every order, `filters.rs` compares every filter with `matches`, `fields.rs` selects and expands members of every
//! resource, and `access.rs` has every role call every operation.

mod descriptions;
mod document;
mod examples;
mod lists;
mod narrowed;
mod rare_responses;
mod reading;
mod scopes;
mod unauthenticated;
mod writing;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::imports::{IMPORTS, ended};
use crate::api::interests::{INTERESTS, confirmed, interest};
use crate::harness::contract::{Contract, Operation, Schemas};
use crate::harness::{Caller, Response, TestApp};

/// Query parameters for a small import that ends quickly.
const REHEARSED: &str = "resource=organisations&dry_run=true";

/// A running app and its document.
struct Walk<'a> {
    app: &'a TestApp,
    schemas: &'static Schemas,
    operations: &'static [Operation],
}

impl<'a> Walk<'a> {
    fn of(app: &'a TestApp) -> Self {
        let Contract { schemas, operations } = Contract::served();
        Self { app, schemas, operations }
    }

    fn find(&self, method: &Method, path: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|it| it.method == *method && it.path == path)
    }

    /// A caller who may do everything.
    fn admin(&self) -> Caller {
        self.app.admin()
    }

    /// A path of an existing resource: each key is that of the first resource in the collection before it. If the
    /// collection is empty, a resource is created from the example of its `POST`. If there is no collection, the
    /// example of the parameter is used.
    async fn filled(&self, operation: &Operation) -> String {
        let (mut places, mut template) = (vec![String::new()], String::new());
        for segment in operation.path.split('/').skip(1) {
            if let Some(name) = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                places = match self.find(&Method::GET, &template) {
                    Some(_) => self.things(&places, &template).await,
                    None => {
                        let key = operation.parameter(name).and_then(|it| it["example"].as_str());
                        let key = key.unwrap_or_else(|| panic!("what is {name} in {}?", operation.path));
                        vec![format!("{}/{key}", places[0])]
                    }
                };
            } else {
                places.iter_mut().for_each(|place| *place = format!("{place}/{segment}"));
            }
            template = format!("{template}/{segment}");
        }
        let parameters = operation.definition["parameters"].as_array().into_iter().flatten();
        let required = parameters.filter(|it| it["in"] == "query" && it["required"] == true);
        required.fold(places.swap_remove(0), |path, it| {
            let value =
                it["example"].as_str().unwrap_or_else(|| panic!("{}: an example of {it}", operation.id));
            with_query(&path, &format!("{}={}", it["name"].as_str().unwrap(), value.replace(' ', "+")))
        })
    }

    /// The resources in the first collection that is not empty.
    async fn things(&self, collections: &[String], template: &str) -> Vec<String> {
        for collection in collections {
            let items = self.admin().get(collection).await.ok().json()["items"].clone();
            // Vocabularies have names.
            let id = |item: &Value| item["id"].as_str().or(item["name"].as_str()).map(str::to_owned).unwrap();
            let ids = items.as_array().unwrap().iter().map(id);
            let things: Vec<_> = ids.map(|id| format!("{collection}/{id}")).collect();
            if !things.is_empty() {
                return things;
            }
        }
        if [INTERESTS, "/api/v1/mails"].contains(&template) {
            // `POST` alone does not create these.
            let name = format!("Zxq{}", uuid::Uuid::now_v7().simple());
            confirmed(self.app, &interest(&name)).await;
            return Box::pin(self.things(collections, template)).await;
        }
        let create = self.find(&Method::POST, template);
        let (_, example) = create.and_then(Operation::body).unwrap_or_else(|| panic!("{template} is empty"));
        let path =
            if template == IMPORTS { format!("{template}?{REHEARSED}") } else { collections[0].clone() };
        let mut made = self.admin().post(&path, example).await;
        let mut place = &collections[0];
        // Not every parent accepts such a sub-resource, so try the others.
        for collection in collections.iter().skip(1) {
            if made.status.is_success() {
                break;
            }
            (made, place) = (self.admin().post(collection, example).await, collection);
        }
        let made = made.json();
        if template == IMPORTS {
            ended(&self.admin(), made["id"].as_str().unwrap()).await;
        }
        vec![format!("{place}/{}", made["id"].as_str().unwrap())]
    }

    /// A valid request: to an existing resource, with the example as its body and `If-Match: *`.
    fn request(&self, operation: &Operation, caller: &Caller, path: &str) -> RequestBuilder {
        // Required for callers who have no member.
        let needed = match operation.id.as_str() {
            "set_topic_support" | "delete_topic_support" => "member=stadtentwaesserung-dresden",
            _ => "",
        };
        let path = if needed.is_empty() { path.to_owned() } else { with_query(path, needed) };
        let mut request = caller.request(operation.method.clone(), &path);
        if operation.parameter("If-Match").is_some() {
            request = request.header("If-Match", "*");
        }
        match operation.body() {
            Some((media, example)) => request.header("Content-Type", media).body(example.to_string()),
            None => request,
        }
    }

    /// Sends the request. [`Caller::send`] checks the response against the document.
    async fn ask(&self, operation: &Operation, caller: &Caller, request: RequestBuilder) -> Response {
        let answer = caller.send(request).await;
        let (id, status) = (&operation.id, answer.status.as_u16());
        assert!(operation.declares(status), "{id} does not declare {status}: {}", answer.text());
        answer
    }
}

/// Adds a query parameter to a path, which may have others.
fn with_query(path: &str, parameter: &str) -> String {
    format!("{path}{}{parameter}", if path.contains('?') { '&' } else { '?' })
}
