//! Lists: one page as JSON with links, or all rows as a stream.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use serde::Serialize;
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_domain::kernel::violation::Violations;
use vku_persistence::any_table::{AnyQuery, AnyTable};
use vku_persistence::kernel::table::unnested::Unnested;
use vku_transfer::format::Format;

use crate::kernel::cache::Representation;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::query_string::is_named;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached;
use crate::kernel::response::download::{self, FileOptions};

/// Writes the body of a page around its items, which are JSON already.
fn list_body(
    mut body: Vec<u8>,
    next: &Option<String>,
    prev: &Option<String>,
    total: Option<u64>,
) -> Result<Vec<u8>, Error> {
    for (name, link) in [("next", next), ("prev", prev)] {
        if let Some(link) = link {
            body.extend_from_slice(format!(r#","{name}":"#).as_bytes());
            serde_json::to_writer(&mut body, link).map_err(Error::internal)?;
        }
    }
    if let Some(total) = total {
        body.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
    }
    body.push(b'}');
    Ok(body)
}

/// Responds with a list: of the sub-resources of all parents, if the resource has parents and none is given.
pub async fn list(
    table: &'static AnyTable,
    context: Context,
    parent: Option<Key>,
) -> Result<HttpResponse, Problem> {
    let formats = Format::of(table);
    let is_below_parent = parent.is_some();
    let take = move |parameters: &mut Parameters| match is_below_parent {
        true => table.query(parameters),
        false => table.query_of_all_parents(parameters),
    };
    respond(table, context, parent, &formats, &take).await
}

/// Responds with a table of entries.
pub async fn list_unnested(
    table: &'static AnyTable,
    list: &'static Unnested,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let take = |parameters: &mut Parameters| table.query_of_unnested(list, parameters);
    respond(table, context, None, Format::PLAIN, &take).await
}

/// Responds with a list in one of these formats. `take` takes its parameters.
async fn respond(
    table: &'static AnyTable,
    mut context: Context,
    parent: Option<Key>,
    formats: &[Format],
    take: &dyn Fn(&mut Parameters) -> AnyQuery,
) -> Result<HttpResponse, Problem> {
    // First of all: callers without permission do not learn what is wrong with their parameters.
    table.require_read(&context.actor)?;
    context.snapshot = context.snapshot.filter(|_| !table.info().is_time_dependent);
    if let Some(answer) = cached::lookup(&context, Format::ALL).await {
        return Ok(answer);
    }
    let mut parameters = Parameters::new(context.parameters()?);
    let named = parameters.once("format");
    let dialect: Option<CsvDialect> = parameters.get("csv_dialect");
    let columns: Option<ColumnSet> = parameters.get("columns");
    let query = take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    let chosen = format(&context.request, named, formats)?;
    if dialect.is_some() && chosen != Format::Csv {
        let format = chosen.as_str();
        let detail = bilingual!(
            "`{format}` does not have dialects; only `csv` does.",
            "`{format}` hat keine Dialekte; `csv` hat welche."
        );
        return Err(Error::invalid_parameter("csv_dialect", "not_in_format", detail).into());
    }
    if columns.is_some() && !chosen.has_columns() {
        let format = chosen.as_str();
        let detail = bilingual!(
            "`{format}` does not have columns; `csv`, `xlsx` and `parquet` do.",
            "`{format}` hat keine Spalten; `csv`, `xlsx` und `parquet` haben welche."
        );
        return Err(Error::invalid_parameter("columns", "not_in_format", detail).into());
    }
    check_projection(&query.view, chosen)?;
    if chosen != Format::Json {
        // A cursor would leave out the rows before it.
        if query.cursor.is_some() {
            let format = chosen.as_str();
            let detail = bilingual!(
                "`{format}` always contains all rows, so there are no pages: leave out `cursor`.",
                "`{format}` hat alle Zeilen auf einmal, also keine Seiten: Lassen Sie `cursor` weg."
            );
            return Err(Error::invalid_parameter("cursor", "not_in_format", detail).into());
        }
        let (columns, dialect) =
            (columns.unwrap_or(ColumnSet::Import), dialect.unwrap_or(CsvDialect::Rfc4180));
        let options = FileOptions { format: chosen, columns, dialect };
        return download::stream(context, table, query, parent, options).await;
    }
    cached::get_or_insert_with(&context, async || {
        // Before the snapshot begins: the changes after the token are at most those that it does not have.
        let token = context.shared.store.change_token(&context.actor).await?;
        let page = query.read_page(&context.shared.store, &context.actor, parent.as_ref()).await?;
        let (next, prev) = (with_cursor(&context, page.next), with_cursor(&context, page.prev));
        let body = list_body(page.beginning, &next, &prev, page.total)?;
        Ok(page_representation(body, &next, &prev).projected(&query.view).with_change_token(token))
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
            "`fields` is not available for `{name}`.",
            "Was `{name}` enthält, lässt sich nicht auswählen."
        );
        violations.parameter("fields", "not_in_format", detail);
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::parameters(violations)) }
}

/// The representation of a page that is serialized here; see [`page_representation`].
pub(crate) fn page_response(
    body: &impl Serialize,
    next: &Option<String>,
    prev: &Option<String>,
) -> Result<Representation, Error> {
    Ok(page_representation(serde_json::to_vec(body).map_err(Error::internal)?, next, prev))
}

/// The representation of a page, with its tag and with links (RFC 8288) to the next and previous pages.
fn page_representation(body: Vec<u8>, next: &Option<String>, prev: &Option<String>) -> Representation {
    let mut links = Vec::new();
    for (relation, target) in [("next", next), ("prev", prev)] {
        links.extend(target.as_ref().map(|target| format!("<{target}>; rel=\"{relation}\"")));
    }
    let link = links.join(", ").parse::<HeaderValue>().ok().filter(|links| !links.is_empty());
    Representation::new(ETag::of_bytes(&body), body).with_links(link)
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
