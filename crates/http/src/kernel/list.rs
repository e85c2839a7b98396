//! Lists: a page as JSON with links, or all rows streamed.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use serde::Serialize;
use vku_domain::kernel::cells::CsvDialect;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tag::Tag;
use vku_domain::kernel::view::{Shown, View};
use vku_domain::kernel::violation::Violations;
use vku_domain::say;
use vku_persistence::kernel::table::Table;

use super::cache::{self, Representation};
use super::context::Context;
use super::negotiate::{Format, format};
use super::problem::Problem;
use crate::export;

#[derive(Serialize)]
struct Body<'a, T: Resource> {
    items: &'a [Shown<T>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// Answers a list.
pub async fn list<T: Table>(mut context: Context, parent: Option<Key>) -> Result<HttpResponse, Problem> {
    // A stranger is not told what is wrong with a question that is not for strangers.
    context.actor.reads::<T>()?;
    context.moment = context.moment.filter(|_| !T::BRIEF);
    if let Some(answer) = cache::find(&context, Format::ALL).await {
        return Ok(answer);
    }
    let mut parameters = Parameters::new(context.parameters()?);
    let named = parameters.once("format");
    let dialect: Option<CsvDialect> = parameters.get("csv_dialect");
    let query = Query::<T>::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    let wanted = format(&context, named, &Format::of::<T>())?;
    if dialect.is_some() && wanted != Format::Csv {
        let mut violations = Violations::default();
        let format = wanted.as_str();
        let detail = say!(
            "`{format}` has no dialects; `csv` has.",
            "`{format}` hat keine Dialekte; `csv` hat welche."
        );
        violations.parameter("csv_dialect", "not_in_format", detail);
        return Err(Error::parameters(violations).into());
    }
    fits(&query.view, wanted)?;
    if wanted != Format::Json {
        // It would leave out what stands before it.
        if query.cursor.is_some() {
            let mut violations = Violations::default();
            let format = wanted.as_str();
            let detail = say!(
                "`{format}` has all rows at once, and so no pages: leave out `cursor`.",
                "`{format}` hat alle Zeilen auf einmal, also keine Seiten: Lassen Sie `cursor` weg."
            );
            violations.parameter("cursor", "not_in_format", detail);
            return Err(Error::parameters(violations).into());
        }
        return export::stream(context, query, parent, wanted, dialect.unwrap_or(CsvDialect::Rfc4180)).await;
    }
    cache::keep(&context, async || {
        let reader = context.read().await?;
        let page = reader.list(&query, parent.as_ref()).await?;
        let Page { items, next, prev, total } = page;
        let items = reader.show(&query.view, items).await?;
        let body = Body { items: &items, next: turned(&context, next), prev: turned(&context, prev), total };
        Ok(paged(&body, &body.next, &body.prev)?.shown(&query.view))
    })
    .await
}

/// Refuses a choice of members, or whole resources, where the format has no place for them.
pub(super) fn fits(view: &View, format: Format) -> Result<(), Error> {
    let mut violations = Violations::default();
    let name = format.as_str();
    if !view.expanded().is_empty() && !format.nests() {
        let detail =
            say!("`{name}` has no place for whole resources.", "`{name}` hat keinen Platz für Ganzes.");
        violations.parameter("expand", "not_in_format", detail);
    }
    if view.is_sparse() && !format.is_chosen_from() {
        let detail =
            say!("What `{name}` holds is not chosen.", "Was `{name}` enthält, lässt sich nicht auswählen.");
        violations.parameter("fields", "not_in_format", detail);
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::parameters(violations)) }
}

/// A page as it is answered: with its tag, and with links (RFC 8288) to its neighbours.
pub(crate) fn paged(
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
    Ok(Representation::new(Tag::of_bytes(&bytes), bytes).linked(link))
}

/// The same request with another cursor, as an absolute path.
pub(crate) fn turned(context: &Context, cursor: Option<String>) -> Option<String> {
    let cursor = cursor?;
    let kept = context
        .request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<_> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    Some(format!("{}?{}", context.request.path(), query.join("&")))
}
