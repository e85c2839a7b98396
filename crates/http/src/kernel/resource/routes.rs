//! The routes of a path. Handlers become values here, so that what actix-web does around a handler is compiled once and
//! not for each of them.

use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error as ActixError, FromRequest, Handler, HttpRequest, HttpResponse, Resource};
use futures_util::future::LocalBoxFuture;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use crate::kernel::cors;
use crate::kernel::problem::Problem;
use crate::kernel::state::AppState;

/// A handler as a value.
#[derive(Clone)]
pub struct BoxHandler(Rc<dyn Fn(HttpRequest, Payload) -> Response>);

type Response = LocalBoxFuture<'static, Result<HttpResponse, ActixError>>;

impl BoxHandler {
    /// Makes a value of a handler, with whatever extractors it has.
    pub fn new<A: FromRequest + 'static>(
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        Self(Rc::new(move |request, mut payload| {
            let handler = handler.clone();
            Box::pin(async move {
                let arguments =
                    A::from_request(&request, &mut payload).await.map_err(Into::<ActixError>::into)?;
                Ok(handler.call(arguments).await?)
            })
        }))
    }
}

/// The routes of a path, which also answers preflight requests, and other methods with 405 and the methods that are
/// allowed.
pub struct Routes {
    resource: Resource,
    methods: Vec<Method>,
}

impl Routes {
    /// A path without routes.
    pub fn at(path: &str) -> Self {
        Self { resource: web::resource(path), methods: Vec::new() }
    }

    /// Handles `GET` and `HEAD`.
    pub fn get<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        let handler = BoxHandler::new(handler);
        self.route(Method::GET, handler.clone()).route(Method::HEAD, handler)
    }

    /// Handles `POST`.
    pub fn post<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        self.route(Method::POST, BoxHandler::new(handler))
    }

    /// Handles `PUT`.
    pub fn put<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        self.route(Method::PUT, BoxHandler::new(handler))
    }

    /// Handles `PATCH`.
    pub fn patch<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        self.route(Method::PATCH, BoxHandler::new(handler))
    }

    /// Handles `DELETE`.
    pub fn delete<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output = Result<HttpResponse, Problem>>,
    ) -> Self {
        self.route(Method::DELETE, BoxHandler::new(handler))
    }

    /// Handles a method.
    pub fn route(mut self, method: Method, BoxHandler(handler): BoxHandler) -> Self {
        self.methods.push(method.clone());
        let handler =
            move |request: HttpRequest, payload: web::Payload| handler(request, payload.into_inner());
        Self { resource: self.resource.route(web::method(method).to(handler)), ..self }
    }

    /// Registers the routes.
    pub fn register(self, config: &mut ServiceConfig) {
        let Self { resource, methods } = self;
        config.service(resource.default_service(web::to(move |request: HttpRequest| {
            let refused = other_method(&request, &methods);
            async move { refused }
        })));
    }
}

/// Answers a preflight request, and refuses any other.
fn other_method(request: &HttpRequest, methods: &[Method]) -> Result<HttpResponse, Problem> {
    let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
    let origins = request.app_data::<Data<AppState>>().map(|state| &state.http_config.origins);
    if let Some(answer) = cors::preflight(origins, request, &methods) {
        return Ok(answer);
    }
    let allowed = methods.into_iter().map(str::to_owned).collect();
    let method = request.method();
    let detail = bilingual!(
        "`{method}` is not supported here; see `allowed`.",
        "`{method}` gibt es hier nicht; siehe `allowed`."
    );
    Err(Problem(Error { allowed: Some(allowed), ..Error::new(Code::MethodNotAllowed, detail) }))
}
