//! The query string of a request.

use actix_web::HttpRequest;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::problem::Problem;

/// Decodes the query string of a request into names and values.
///
/// Errors: 400 if the query string is malformed.
pub(crate) fn parameters(request: &HttpRequest) -> Result<Vec<(String, String)>, Problem> {
    let query = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_err(|_| {
        let detail = bilingual!("The query string is malformed.", "Der Query-String ist nicht lesbar.");
        Error::new(Code::BadRequest, detail)
    })?;
    Ok(query.into_inner())
}
