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

/// Whether a pair of a query string, such as `fields=id`, has this name; clients may write a name with percent signs.
pub(crate) fn is_named(pair: &str, name: &str) -> bool {
    let decoded = actix_web::web::Query::<Vec<(String, String)>>::from_query(pair);
    decoded.is_ok_and(|pairs| pairs.iter().any(|(found, _)| found == name))
}
