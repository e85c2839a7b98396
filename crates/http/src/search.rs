//! The search over all resources.

use actix_web::HttpResponse;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::search::{SearchQuery, SearchResults};
use vku_transfer::format::Format;

use crate::kernel::cache::Representation;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached;

/// Search everything
///
/// Searches all resources that you may read, in the same way as the parameter `q` of the lists: each kind has the same
/// results in the same order as its list. The best three of each kind come first, then the rest, each by score; use
/// `kind` to see more of one kind, or its list for all results.
///
/// An API key finds the resources of its scopes.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    tag = "search",
    operation_id = "search_everything",
    params(
        ("q" = String, Query, description = "What to search for; see the parameter `q` of the lists.", example = "abwasser lviv", min_length = 1),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The results, best first.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = SearchResults,
        example = json!({
            "items": [{
                "kind": "utility",
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a14",
                "slug": "lvivvodokanal",
                "name": "Lvivvodokanal",
                "excerpt": "Abwasser",
                "score": 17
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
    security((), ("bearer" = []))
)]
pub async fn search_everything(context: Context) -> Result<HttpResponse, Problem> {
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let mut parameters = Parameters::new(context.parameters()?);
    let query = SearchQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let results = match &query {
            Some(query) => context.search().await?.search(query).await?,
            None => SearchResults { items: Vec::new() },
        };
        let body = serde_json::to_vec(&results).map_err(Error::internal)?;
        Ok(Representation::new(ETag::of_bytes(&body), body))
    })
    .await
}
