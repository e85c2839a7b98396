//! Suggestions while a search is typed.

use actix_web::HttpResponse;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::suggestion::{SuggestionQuery, Suggestions};
use vku_transfer::format::Format;

use crate::kernel::cache::Representation;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached;

/// Suggest names while a search is typed
///
/// Returns resources that you may read, in whose names each word of `q` is the beginning of a word: `stadt bonn` suggests
/// `Stadtwerke Bonn`. Spelling is as tolerant as in a search, but typos are not. If more than 500 names have the rarest
/// of several words, only 500 of them are compared.
///
/// An API key gets suggestions from the resources of its scopes.
#[utoipa::path(
    get,
    path = "/api/v1/suggest",
    tag = "search",
    operation_id = "suggest_names",
    params(
        ("q" = String, Query, description = "The beginnings of words of a name.", example = "stadtw dres", min_length = 1),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The suggestions: names that begin with `q` first, then by kind and name.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Suggestions,
        example = json!({
            "items": [{
                "kind": "utility",
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a11",
                "slug": "hamburg-wasser",
                "name": "HAMBURG WASSER"
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
    security((), ("bearer" = []))
)]
pub async fn suggest_names(context: Context) -> Result<HttpResponse, Problem> {
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let mut parameters = Parameters::new(context.parameters()?);
    let query = SuggestionQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let suggestions = match &query {
            Some(query) => context.read().await?.suggestions(query).await?,
            None => Suggestions { items: Vec::new() },
        };
        let body = serde_json::to_vec(&suggestions).map_err(Error::internal)?;
        Ok(Representation::new(ETag::of_bytes(&body), body))
    })
    .await
}
