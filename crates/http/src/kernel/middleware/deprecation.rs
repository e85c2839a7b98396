//! Deprecations: marked in the OpenAPI document, and announced in the headers of every response concerned (RFC 9745,
//! RFC 8594).
//!
//! They are declared in [`openapi_document`](crate::openapi_document). If there are none, requests skip this middleware.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LINK};
use actix_web::middleware::Next;
use actix_web::web::Data;
use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::kernel::query_string::parameters;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// A deprecation of an operation, a feature or a query parameter.
#[derive(Clone, Copy, Debug)]
pub struct Deprecated {
    /// The id of an operation (`list_utilities`), or the tag of a feature (`utilities`), which stands for all its
    /// operations.
    pub what: &'static str,
    /// The query parameter, if only that is deprecated.
    pub parameter: Option<&'static str>,
    /// The day from which it is deprecated, such as `2027-01-01`.
    pub since: &'static str,
    /// The day from which it may be removed, if that is known.
    pub until: Option<&'static str>,
    /// The URL of a text that says what to use instead.
    pub link: &'static str,
}

/// The headers that responses of an operation have.
#[derive(Debug)]
struct Notice {
    method: String,
    path: String,
    parameter: Option<&'static str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The deprecation headers of all operations concerned.
#[derive(Debug, Default)]
pub struct Deprecations(Vec<Notice>);

impl Deprecations {
    /// Marks the declared deprecations in the document, and collects their headers. A declaration that matches
    /// nothing in the document, or has an invalid day, is skipped.
    pub fn annotate(document: &mut Value, declared: &[Deprecated]) -> Self {
        let mut notices = Vec::new();
        let paths = document.get_mut("paths").and_then(Value::as_object_mut);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                for it in declared {
                    let headers = it.is_of(operation).then(|| it.headers()).flatten();
                    let Some(headers) = headers.filter(|_| it.mark(operation).is_some()) else { continue };
                    let (method, path) = (method.clone(), path_template(path));
                    notices.push(Notice { method, path, parameter: it.parameter, headers });
                }
            }
        }
        Self(notices)
    }

    /// Whether there are no deprecations.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&self, request: &actix_web::HttpRequest, answer: &mut HeaderMap) {
        let Some(pattern) = request.match_pattern().map(|pattern| path_template(&pattern)) else { return };
        let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
        let query = parameters(request).unwrap_or_default();
        let is_sent = |name| query.iter().any(|(key, _)| key == name);
        let applies = |notice: &&Notice| {
            notice.path == pattern
                && method.eq_ignore_ascii_case(&notice.method)
                && notice.parameter.is_none_or(is_sent)
        };
        for (name, value) in self.0.iter().filter(applies).flat_map(|notice| &notice.headers) {
            // Each header once, from the first declaration that applies; only `Link` may be repeated.
            if *name == LINK || !answer.contains_key(name) {
                answer.append(name.clone(), value.clone());
            }
        }
    }
}

impl Deprecated {
    fn is_of(&self, operation: &Value) -> bool {
        let tags = operation.get("tags").and_then(Value::as_array);
        operation.get("operationId").is_some_and(|id| id == self.what)
            || tags.is_some_and(|tags| tags.iter().any(|tag| tag == self.what))
    }

    /// The headers: `Deprecation` is a date in the syntax of structured fields, `Sunset` an HTTP date.
    fn headers(&self) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let since = day(self.since)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
        let mut headers = vec![(DEPRECATION, format!("@{since}"))];
        if let Some(until) = self.until {
            headers.push((SUNSET, day(until)?.format("%a, %d %b %Y 00:00:00 GMT").to_string()));
        }
        headers.push((LINK, format!("<{}>; rel=\"deprecation\"", self.link)));
        headers.into_iter().map(|(name, value)| Some((name, value.parse().ok()?))).collect()
    }

    /// Marks the operation, or only its parameter; `None` if the operation does not have the parameter.
    fn mark(&self, operation: &mut Value) -> Option<()> {
        let target = match self.parameter {
            None => operation,
            Some(name) => {
                let all = operation.get_mut("parameters")?.as_array_mut()?;
                all.iter_mut().find(|it| it["in"] == "query" && it["name"] == name)?
            }
        };
        let end =
            self.until.map(|until| format!(", and may be removed on or after {until}")).unwrap_or_default();
        let note = format!("Deprecated since {}{end}: see {}", self.since, self.link);
        let members = target.as_object_mut()?;
        let about = members.get("description").and_then(Value::as_str).unwrap_or_default();
        let about = if about.is_empty() { note } else { format!("{about}\n\n{note}") };
        members.insert("description".into(), json!(about));
        members.insert("deprecated".into(), json!(true));
        Some(())
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

/// The path without the names of its parameters, which differ between routes and document.
fn path_template(path: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Adds the deprecation headers to the response, whatever its status.
///
/// Errors: those of the wrapped service.
pub async fn add_deprecation_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    if let Some(notices) = response.request().app_data::<Data<Deprecations>>().cloned() {
        let request = response.request().clone();
        notices.add(&request, response.headers_mut());
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, StatusCode};
    use actix_web::middleware::{Condition, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    /// A document with invented features.
    fn document() -> Value {
        json!({ "paths": {
            "/things": {
                "get": { "operationId": "list_things", "tags": ["things"], "parameters": [
                    { "name": "size", "in": "query", "description": "How many." },
                    { "name": "old", "in": "query", "description": "As it was." },
                    { "name": "old", "in": "header" }
                ] },
                "post": { "operationId": "create_thing", "tags": ["things"], "description": "Makes one." }
            },
            "/things/{thing_id}/parts/{id}": { "get": { "operationId": "get_part", "tags": ["parts"] } },
            "/others": { "get": { "operationId": "list_others", "tags": ["others"] } }
        } })
    }

    const DECLARED: &[Deprecated] = &[
        Deprecated {
            what: "create_thing",
            parameter: None,
            since: "2027-01-01",
            until: Some("2027-12-31"),
            link: "https://partnerships.example/#things",
        },
        Deprecated {
            what: "list_things",
            parameter: Some("old"),
            since: "2027-02-01",
            until: None,
            link: "/#old",
        },
        Deprecated { what: "parts", parameter: None, since: "2027-03-01", until: None, link: "/#parts" },
    ];

    #[test]
    fn deprecations_are_marked_in_the_document() {
        let mut marked = document();
        let notices = Deprecations::annotate(&mut marked, DECLARED);
        assert_eq!(notices.0.len(), 3);
        let is_marked = |pointer: &str| marked.pointer(pointer).unwrap()["deprecated"] == true;
        assert!(is_marked("/paths/~1things/post"));
        assert!(is_marked("/paths/~1things/get/parameters/1"));
        assert!(is_marked("/paths/~1things~1{thing_id}~1parts~1{id}/get"));
        for pointer in ["/things/get", "/things/get/parameters/0", "/things/get/parameters/2", "/others/get"]
        {
            let pointer = format!("/paths/~1{}", &pointer[1..]);
            assert!(!is_marked(&pointer), "{pointer}");
        }
        assert_eq!(
            marked.pointer("/paths/~1things/post/description").unwrap(),
            "Makes one.\n\nDeprecated since 2027-01-01, and may be removed on or after 2027-12-31: \
             see https://partnerships.example/#things"
        );
        // Declarations that match nothing are skipped.
        for wrong in [
            Deprecated { what: "list_nothing", ..DECLARED[0] },
            Deprecated { since: "soon", ..DECLARED[0] },
            Deprecated { until: Some("2027-02-30"), ..DECLARED[0] },
            Deprecated { parameter: Some("older"), ..DECLARED[1] },
        ] {
            let mut unmarked = document();
            assert!(Deprecations::annotate(&mut unmarked, &[wrong]).is_empty(), "{wrong:?}");
            assert_eq!(unmarked, document(), "{wrong:?}");
        }
        assert!(Deprecations::annotate(&mut document(), &[]).is_empty());
    }

    #[tokio::test]
    async fn responses_have_the_deprecation_headers() {
        let notices = Data::new(Deprecations::annotate(&mut document(), DECLARED));
        let ok = || async {
            HttpResponse::Ok().insert_header((LINK, "</things?cursor=x>; rel=\"next\"")).finish()
        };
        let not_found = || async { HttpResponse::NotFound().finish() };
        let app = init_service(
            App::new()
                .app_data(notices.clone())
                .wrap(Condition::new(
                    !notices.is_empty(),
                    from_fn(add_deprecation_headers::<actix_web::body::BoxBody>),
                ))
                .service(web::resource("/things").route(web::to(ok)))
                .service(web::resource("/things/{parent_id}/parts/{id}").route(web::to(not_found)))
                .service(web::resource("/others").route(web::to(ok))),
        )
        .await;
        let next = "</things?cursor=x>; rel=\"next\"";
        let old = Some("@1801440000");
        for (method, path, deprecation, sunset, links) in [
            (
                Method::POST,
                "/things",
                Some("@1798761600"),
                Some("Fri, 31 Dec 2027 00:00:00 GMT"),
                vec![next, "<https://partnerships.example/#things>; rel=\"deprecation\""],
            ),
            (Method::GET, "/things", None, None, vec![next]),
            (Method::GET, "/things?size=old&older=1", None, None, vec![next]),
            (Method::GET, "/things?size=1&old=x", old, None, vec![next, "</#old>; rel=\"deprecation\""]),
            (Method::HEAD, "/things?%6Fld", old, None, vec![next, "</#old>; rel=\"deprecation\""]),
            (
                Method::GET,
                "/things/a/parts/b",
                Some("@1803859200"),
                None,
                vec!["</#parts>; rel=\"deprecation\""],
            ),
            (Method::PATCH, "/things/a/parts/b", None, None, vec![]),
            (Method::GET, "/others", None, None, vec![next]),
            (Method::GET, "/nowhere", None, None, vec![]),
        ] {
            let request = TestRequest::default().method(method.clone()).uri(path).to_request();
            let answer = call_service(&app, request).await;
            let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!((text("deprecation"), text("sunset")), (deprecation, sunset), "{method} {path}");
            let found: Vec<_> = answer.headers().get_all(LINK).map(|value| value.to_str().unwrap()).collect();
            assert_eq!(found, links, "{method} {path}");
            let missing = ["parts", "nowhere"].iter().any(|part| path.contains(part));
            assert_eq!(answer.status() == StatusCode::NOT_FOUND, missing, "{method} {path}");
        }
    }

    #[test]
    fn every_declared_deprecation_matches_the_document() {
        let mut plain = crate::openapi_document::plain_document();
        for it in crate::openapi_document::DEPRECATED {
            assert!(!Deprecations::annotate(&mut plain, &[*it]).is_empty(), "{it:?}");
        }
        assert_eq!(
            crate::openapi_document::notices().is_empty(),
            crate::openapi_document::DEPRECATED.is_empty()
        );
    }
}
