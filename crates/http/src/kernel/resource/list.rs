//! Lists: one page as JSON with links, or all rows as a stream.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use serde::Serialize;
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::projection::{Projected, Projection};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::CsvDialect;
use vku_domain::kernel::violation::Violations;
use vku_persistence::kernel::table::Table;
use vku_transfer::format::Format;

use crate::kernel::cache::Representation;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::query_string::is_named;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached;
use crate::kernel::response::download;

#[derive(Serialize)]
struct ListBody<'a, T: Resource> {
    items: &'a [Projected<T>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// Responds with a list.
pub async fn list<T: Table>(mut context: Context, parent: Option<Key>) -> Result<HttpResponse, Problem> {
    // First of all: callers without permission do not learn what is wrong with their parameters.
    context.actor.require_read::<T>()?;
    context.snapshot = context.snapshot.filter(|_| !T::TIME_DEPENDENT);
    if let Some(answer) = cached::lookup(&context, Format::ALL).await {
        return Ok(answer);
    }
    let mut parameters = Parameters::new(context.parameters()?);
    let named = parameters.once("format");
    let dialect: Option<CsvDialect> = parameters.get("csv_dialect");
    let query = Query::<T>::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    let chosen = format(&context.request, named, &Format::of::<T>())?;
    if dialect.is_some() && chosen != Format::Csv {
        let mut violations = Violations::default();
        let format = chosen.as_str();
        let detail = bilingual!(
            "`{format}` has no dialects; only `csv` has.",
            "`{format}` hat keine Dialekte; `csv` hat welche."
        );
        violations.parameter("csv_dialect", "not_in_format", detail);
        return Err(Error::parameters(violations).into());
    }
    check_projection(&query.view, chosen)?;
    if chosen != Format::Json {
        // A cursor would leave out the rows before it.
        if query.cursor.is_some() {
            let mut violations = Violations::default();
            let format = chosen.as_str();
            let detail = bilingual!(
                "`{format}` always contains all rows, so there are no pages: leave out `cursor`.",
                "`{format}` hat alle Zeilen auf einmal, also keine Seiten: Lassen Sie `cursor` weg."
            );
            violations.parameter("cursor", "not_in_format", detail);
            return Err(Error::parameters(violations).into());
        }
        return download::stream(context, query, parent, chosen, dialect.unwrap_or(CsvDialect::Rfc4180))
            .await;
    }
    cached::get_or_insert_with(&context, async || {
        let reader = context.read().await?;
        let page = reader.list(&query, parent.as_ref()).await?;
        let Page { items, next, prev, total } = page;
        let items = reader.show(&query.view, items).await?;
        let body = ListBody {
            items: &items,
            next: with_cursor(&context, next),
            prev: with_cursor(&context, prev),
            total,
        };
        Ok(page_response(&body, &body.next, &body.prev)?.projected(&query.view))
    })
    .await
}

/// Rejects `expand` and `fields` if the format does not support them.
pub(crate) fn check_projection(view: &Projection, format: Format) -> Result<(), Error> {
    let mut violations = Violations::default();
    let name = format.as_str();
    if !view.expanded().is_empty() && !format.nests() {
        let detail = bilingual!(
            "`{name}` cannot contain expanded resources.",
            "`{name}` hat keinen Platz für Ganzes."
        );
        violations.parameter("expand", "not_in_format", detail);
    }
    if view.is_sparse() && !format.is_chosen_from() {
        let detail = bilingual!(
            "The content of `{name}` cannot be selected.",
            "Was `{name}` enthält, lässt sich nicht auswählen."
        );
        violations.parameter("fields", "not_in_format", detail);
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::parameters(violations)) }
}

/// The representation of a page, with its tag and with links (RFC 8288) to the next and previous pages.
pub(crate) fn page_response(
    body: &impl Serialize,
    next: &Option<String>,
    prev: &Option<String>,
) -> Result<Representation, Error> {
    let mut links = Vec::new();
    for (relation, target) in [("next", next), ("prev", prev)] {
        links.extend(target.as_ref().map(|target| format!("<{target}>; rel=\"{relation}\"")));
    }
    let bytes = serde_json::to_vec(body).map_err(Error::internal)?;
    let link = links.join(", ").parse::<HeaderValue>().ok().filter(|links| !links.is_empty());
    Ok(Representation::new(ETag::of_bytes(&bytes), bytes).with_links(link))
}

/// Returns the path and query of the request with another cursor, as an absolute path.
pub(crate) fn with_cursor(context: &Context, cursor: Option<String>) -> Option<String> {
    let cursor = cursor?;
    let pairs = context
        .request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_named(pair, "cursor"));
    let query: Vec<_> = pairs.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    Some(format!("{}?{}", context.request.path(), query.join("&")))
}
