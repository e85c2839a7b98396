//! The documentation of each kind of problem, to which its `type` refers.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};

use crate::kernel::html::escape;
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::{page, prefers_html, token_in};
use crate::kernel::problem::Problem;

/// The documentation of a kind of problem.
#[derive(Serialize, ToSchema)]
pub struct ProblemType {
    /// The code.
    code: &'static str,
    /// The HTTP status code.
    status: u16,
    /// The title.
    title: String,
    /// What the problem means and what to do about it.
    description: String,
}

/// Look up a problem
///
/// Returns the documentation of a problem, in German or English (`Accept-Language`). The `type` of every problem is the
/// path of its documentation: `/problems/{code}`. Browsers get a page.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "service",
    operation_id = "get_problem_type",
    params(("code" = String, Path, description = "The code of the problem.", example = "precondition_failed")),
    responses((
        status = 200,
        description = "The documentation of the problem.",
        content(
            (ProblemType = "application/json", example = json!({
                "code": "not_found",
                "status": 404,
                "title": "Not found",
                "description": "There is no such resource, or the caller may not see it."
            })),
            (String = "text/html", example = "<!doctype html>…")
        )
    )),
    extensions(("x-problems" = json!([400, 404, 500]))),
    security(())
)]
pub async fn get_problem_type(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let code_in_path = token_in(request.match_info().get("code").unwrap_or_default());
    let code = Code::ALL.iter().find(|code| code.as_str() == code_in_path).ok_or_else(Error::not_found)?;
    let locale = negotiate_language(request.headers());
    if prefers_html(&request) {
        let text = code.documentation();
        let text = Bilingual { en: escape(&text.en).into(), de: escape(&text.de).into() };
        let mut response =
            page(request.headers(), &code.title(), &text, &format!("<p>HTTP {}</p>", code.status()));
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
        return Ok(response);
    }
    let body = ProblemType {
        code: code.as_str(),
        status: code.status(),
        title: code.title().in_locale(locale).to_owned(),
        description: code.documentation().in_locale(locale).to_owned(),
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((CONTENT_LANGUAGE, locale.as_str()))
        .insert_header((VARY, "Accept, Accept-Language"));
    Ok(response.json(body))
}
