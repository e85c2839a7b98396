//! Pages of changes.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use utoipa::ToSchema;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_persistence::feed::FeedPage;
use vku_persistence::feed::parameters::ChangesQuery;
use vku_transfer::format::Format;

use super::{ChangeEntry, write_entry};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::conditional::respond;

/// A page of changes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what is written by hand")]
pub struct ChangesPage {
    /// The entries, in the order of the changes.
    items: Vec<ChangeEntry>,
    /// The token to go on from; another one in each response.
    since: String,
    /// Whether there are more changes to read at once.
    has_more: bool,
}

/// Follow changes
///
/// Returns what has changed for you after a token, oldest first. Apply all entries to a copy of the lists, and it is
/// what the lists return now. To make the copy, read the lists (any format), and go on from the `Change-Token` of the
/// first one. Go on from `since` as long as `has_more` is `true`, and ask again later.
///
/// - Each entry names a resource that you can see, with its current representation in `state`. Several changes of a
///   resource may be one entry.
/// - `affected` entries were not changed themselves, but may look different, because they show something of another
///   resource, or have become visible with it.
/// - `deleted` and `hidden` entries are resources that you could see, and cannot any more: remove your copies. What you
///   have never seen has no entries.
/// - An entry may repeat what you have already.
/// - What depends on the time alone has no entries: `registration_state` of a session when registration closes, and what
///   is true on a day, such as who takes part in a partnership.
///
/// If the response is 410, your permissions have changed since the token, or the changes after it are no longer stored:
/// read the lists again.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    tag = "changes",
    operation_id = "list_changes",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "A page of changes.",
        headers(("ETag" = String, description = "The entity tag of the entries. It does not depend on `since`.")),
        body = ChangesPage,
        example = json!({
            "items": [{
                "at": "2026-03-01T08:00:00.000000Z",
                "resource": "organisation",
                "resource_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a30",
                "slug": "bmz",
                "action": "updated",
                "version": 2,
                "state": {
                    "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a30",
                    "slug": "bmz",
                    "name": "Bundesministerium für wirtschaftliche Zusammenarbeit und Entwicklung",
                    "kind": "ministry",
                    "version": 2,
                    "created_at": "2026-02-01T08:00:00.000000Z",
                    "updated_at": "2026-03-01T08:00:00.000000Z"
                }
            }, {
                "at": "2026-03-01T08:00:05.000000Z",
                "resource": "partnership",
                "resource_id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "action": "hidden",
                "version": 3
            }],
            "since": "q1LWVVxuyM1E5mWfC0d2bXgk3Sg0hWnB7s1k1b0Tq2c",
            "has_more": false
        })
    ), (status = 304, description = "The entries are those of your copy (`If-None-Match`); go on from its `since`.")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 410, 500, 503]))),
    security((), ("bearer" = []))
)]
pub async fn list_changes(context: Context) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let query = ChangesQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    let store = &context.shared.store;
    let FeedPage { items, since, has_more } = store.feed(&context.actor, &query.read(store)?).await?;
    let mut body = br#"{"items":["#.to_vec();
    for (index, (entry, _)) in items.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_entry(entry, &mut body)?;
    }
    body.extend_from_slice(format!(r#"],"has_more":{has_more}"#).as_bytes());
    // Without the token, which is another one each time.
    let tag = ETag::of_bytes(&body);
    body.extend_from_slice(format!(r#","since":"{}"}}"#, store.seal_change_token(since)?).as_bytes());
    Ok(respond(&context, StatusCode::OK, &tag, body))
}
