//! Who might work with whom, as the API offers it.

use actix_web::HttpResponse;
use vku_domain::kernel::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_domain::kernel::reference::Key;
use vku_domain::matching::{MatchQuery, Matches};
use vku_domain::utility::Utility;

use crate::kernel::cache::{self, Representation};
use crate::kernel::context::Context;
use crate::kernel::handlers::{ID, key};
use crate::kernel::negotiation::{Format, format};
use crate::kernel::problem::Problem;

/// Find partners for a utility
///
/// Ranks those that might work with it, the best first, and says why: a German utility gets utilities abroad, and the
/// reverse. Each score is the sum of its parts; each part has a weight (`weight_…`), of which it reaches a share:
///
/// - `sectors`: twice the number of sectors in common, of all that either has
/// - `needs`: the needs that the other can advise on, of all needs
/// - `expertise`: the other's needs that this one can advise on, of all of the other's
/// - `languages`: whether there is a language that both work in
/// - `size`: all where one serves up to twice as many people as the other, three quarters up to four times, a half up to
///   eight times, a quarter up to sixteen times
/// - `countries`: whether the German one is interested, as a member, in the other's country; of two German ones, twice the
///   number of countries in common, of all that either is interested in
/// - `climate`: all for the same class, a half for the same main group; the reverse with `climate=different`
/// - `ties`: all where they have worked together, a half where the German one has worked in the other's country
///
/// Points are whole numbers, rounded down; who has equal scores comes by id. Whoever has no sector in common, takes part
/// in the same partnership today, or has left the exchange is no match; `excluded=true` names them. What you may not see
/// is neither a match nor counts: interests and departures only where you may read members. For every account.
///
/// An API key needs the scope `utilities:read`, and `members:read` for what members are interested in.
#[utoipa::path(
    get,
    path = "/api/v1/utilities/{id}/matches",
    tag = "utilities",
    operation_id = "get_utility_matches",
    params(
        ("id" = Key, Path, description = "By id or slug.", example = "hamburg-wasser"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "Those that match, the best first.",
        headers(("ETag" = String, description = "The entity tag.")),
        body = Matches,
        example = json!({
            "utility": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a11",
                "slug": "hamburg-wasser",
                "name": "HAMBURG WASSER",
                "kind": "municipal",
                "country": "DE"
            },
            "among": "partner",
            "climate": "similar",
            "items": [{
                "utility": {
                    "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a12",
                    "slug": "kyivvodokanal",
                    "name": "Kyivvodokanal",
                    "kind": "partner",
                    "country": "UA"
                },
                "score": 450,
                "parts": [
                    {
                        "name": "sectors",
                        "points": 250,
                        "weight": 250,
                        "reason": {
                            "de": "Beide arbeiten in: Trinkwasser und Abwasser.",
                            "en": "Both work in: Drinking water and Wastewater."
                        }
                    },
                    {
                        "name": "expertise",
                        "points": 200,
                        "weight": 200,
                        "reason": {
                            "de": "HAMBURG WASSER kann Kyivvodokanal beraten zu: Labor (1 von 1 Bedarfen).",
                            "en": "HAMBURG WASSER can advise Kyivvodokanal on: Laboratory (1 of 1 needs)."
                        }
                    }
                ]
            }],
            "total": 1,
            "excluded": [{
                "utility": {
                    "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a14",
                    "slug": "lvivvodokanal",
                    "name": "Lvivvodokanal",
                    "kind": "partner",
                    "country": "UA"
                },
                "reason": "already_partners",
                "detail": {
                    "de": "Sie sind heute an derselben Partnerschaft beteiligt.",
                    "en": "They take part in the same partnership today."
                }
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = ["utilities:read"]))
)]
pub async fn get_utility_matches(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require::<Utility>(Action::Read)?;
    if let Some(answer) = cache::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let id = key(&context.request, ID)?;
    let mut parameters = Parameters::new(context.parameters()?);
    let query = MatchQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context, None, &[Format::Json])?;
    cache::get_or_insert_with(&context, async || {
        let matches = context.read().await?.matches(&id, &query).await?;
        let body = serde_json::to_vec(&matches).map_err(Error::internal)?;
        Ok(Representation::new(ETag::of_bytes(&body), body))
    })
    .await
}
