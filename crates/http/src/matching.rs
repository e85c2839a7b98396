//! The endpoint that finds partners for a utility.

use actix_web::HttpResponse;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::matching::{MatchQuery, Matches};
use vku_domain::utility::Utility;
use vku_transfer::format::Format;

use crate::kernel::cache::Representation;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::{ID, key};
use crate::kernel::response::cached;

/// Find partners for a utility
///
/// Ranks the utilities that could work with this one, best first, and gives the reasons. By default, a German
/// utility gets utilities abroad, and vice versa. Each score is the sum of its parts; each part earns a share of its
/// weight (`weight_…`):
///
/// - `sectors`: twice the number of common sectors, divided by the total number of sectors of both utilities
/// - `needs`: the share of the needs of this utility that the other utility can advise on
/// - `expertise`: the share of the needs of the other utility that this utility can advise on
/// - `languages`: the full weight if both utilities share a working language
/// - `size`: the full weight if one serves up to twice as many people as the other, three quarters of it up to four
///   times as many, half up to eight times, and a quarter up to sixteen times
/// - `countries`: the full weight if the German utility, as a member, is interested in the country of the other; for
///   two German utilities, twice the number of common countries of interest, divided by the total number of countries
///   of interest of both utilities
/// - `climate`: the full weight for the same class, half of it for the same main group; the reverse with
///   `climate=different`
/// - `ties`: the full weight if they have worked together; half of it if the German utility has worked in the country
///   of the other, or if two German utilities have worked in the same country
///
/// Points are whole numbers, rounded down; utilities with equal scores are sorted by id. A utility is excluded if there
/// is no common sector, if it has left the exchange, or if it is on the other side and both utilities currently take
/// part in the same partnership; `excluded=true` lists the excluded utilities. Utilities that you may not see are
/// neither listed nor counted; interests and departures are only considered if you may read members. For every account.
///
/// An API key needs the scope `utilities:read`, and `members:read` for interests and departures to be considered.
#[utoipa::path(
    get,
    path = "/api/v1/utilities/{id}/matches",
    tag = "utilities",
    operation_id = "get_utility_matches",
    params(
        ("id" = Key, Path, description = "The id or slug of the utility.", example = "hamburg-wasser"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The matches, best first.",
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
                            "en": "Both utilities work in: Drinking water and Wastewater."
                        }
                    },
                    {
                        "name": "expertise",
                        "points": 200,
                        "weight": 200,
                        "reason": {
                            "de": "HAMBURG WASSER kann Kyivvodokanal beraten zu: Labor (1 von 1 Bedarf).",
                            "en": "HAMBURG WASSER can advise Kyivvodokanal on: Laboratory (1 of 1 need)."
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
                    "en": "Both utilities currently take part in the same partnership."
                }
            }]
        })
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 404, 406, 500, 503]))),
    security(("bearer" = ["utilities:read"]))
)]
pub async fn get_utility_matches(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require(Utility::INFO, Action::Read)?;
    if let Some(answer) = cached::lookup(&context, &[Format::Json]).await {
        return Ok(answer);
    }
    let id = key(&context.request, ID)?;
    let mut parameters = Parameters::new(context.parameters()?);
    let query = MatchQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    cached::get_or_insert_with(&context, async || {
        let matches = context.read().await?.matches(&id, &query).await?;
        let body = serde_json::to_vec(&matches).map_err(Error::internal)?;
        Ok(Representation::new(ETag::of_bytes(&body), body))
    })
    .await
}
