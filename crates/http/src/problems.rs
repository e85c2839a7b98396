//! The documentation of each problem, where its `type` leads to.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};

use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::{escaped, page, prefers_html, token_in};
use crate::kernel::problem::Problem;

/// What a problem is and what to do about it.
#[derive(Serialize, ToSchema)]
pub struct ProblemType {
    /// Its code.
    code: &'static str,
    /// The HTTP status that it comes with.
    status: u16,
    /// What it is, in a few words.
    title: String,
    /// What it means and what to do about it.
    description: String,
}

/// Look up a problem
///
/// Every error names its `type`, `/problems/{code}`: this is what stands there, in German or in English
/// (`Accept-Language`); a browser gets it as a page.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "service",
    operation_id = "get_problem_type",
    params(("code" = String, Path, description = "The code of the problem.", example = "precondition_failed")),
    responses((
        status = 200,
        description = "The documentation.",
        content(
            (ProblemType = "application/json", example = json!({
                "code": "not_found",
                "status": 404,
                "title": "Not found",
                "description": "There is no such thing, or not for this caller."
            })),
            (String = "text/html", example = "<!doctype html>…")
        )
    )),
    extensions(("x-problems" = json!([400, 404, 500]))),
    security(())
)]
pub async fn get_problem_type(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let wanted = token_in(request.match_info().get("code").unwrap_or_default());
    let code = Code::ALL.iter().find(|code| code.as_str() == wanted).ok_or_else(Error::not_found)?;
    let locale = negotiate_language(request.headers());
    if prefers_html(&request) {
        let text = code.documentation();
        let text = Bilingual { en: escaped(&text.en).into(), de: escaped(&text.de).into() };
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
