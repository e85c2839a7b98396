//! Statistics of the resources that the caller can see, as JSON, as a table or as a chart. The JSON response states
//! the counting rule.

mod charts;
pub mod funding;
pub mod members;
pub mod partnerships;
pub mod sessions;

use std::pin::{Pin, pin};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, HeaderValue, VARY};
use serde::Serialize;
use serde_json::Value;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_domain::kernel::tabular::{Column, CsvDialect, Kind};
use vku_domain::statistics::FiguresFormat;
use vku_persistence::kernel::transaction::Reader;
use vku_transfer::export::write_record;
use vku_transfer::format::Format;

use crate::chart::Size;
use crate::kernel::cache::Representation;
use crate::kernel::negotiation::{MediaType, format, negotiate_language};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached;
use crate::kernel::response::conditional::respond_as;

/// The media type of charts.
const SVG: &str = "image/svg+xml";

impl MediaType for FiguresFormat {
    fn word(self) -> &'static str {
        self.as_str()
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => Format::Json.media_type(),
            Self::Csv => Format::Csv.media_type(),
            Self::Svg => SVG,
        }
    }
}

/// Statistics of any kind.
pub(crate) trait Figures: Serialize {
    /// The columns of the table; each is a field of the items.
    const COLUMNS: &'static [(&'static str, Kind)];

    /// An item.
    type Item: Serialize;

    /// The items.
    fn items(&self) -> &[Self::Item];

    /// The chart as SVG.
    fn chart(&self, locale: Locale, size: Size) -> Result<String, Error>;
}

/// The columns of the key and its name, which every table begins with.
const KEY_COLUMNS: [(&str, Kind); 3] =
    [("key", Kind::Text), ("label.de", Kind::Translation), ("label.en", Kind::Translation)];

/// The names of the columns of a table, and what they contain.
type TableColumns = &'static [(&'static str, Kind)];

/// Statistics as a value, so that the response is compiled once and not for each kind.
trait AnyFigures {
    /// Returns the statistics as JSON.
    fn json(&self) -> Result<Vec<u8>, Error>;

    /// Returns the items as JSON, and the columns of their table.
    fn rows(&self) -> Result<(TableColumns, Vec<Value>), Error>;

    /// Returns the whole chart as SVG.
    fn svg(&self, locale: Locale) -> Result<String, Error>;
}

impl<F: Figures> AnyFigures for F {
    fn json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(Error::internal)
    }

    fn rows(&self) -> Result<(TableColumns, Vec<Value>), Error> {
        let items = self.items().iter().map(serde_json::to_value).collect::<Result<_, _>>();
        Ok((F::COLUMNS, items.map_err(Error::internal)?))
    }

    fn svg(&self, locale: Locale) -> Result<String, Error> {
        self.chart(locale, Size::Full)
    }
}

/// Parses the query.
///
/// Errors: 400.
fn parse_query<F: FilterParameters>(context: &Context) -> Result<F, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let query = F::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    Ok(query)
}

/// Responds with statistics in the format that the query names, else in the one that `Accept` prefers.
///
/// Errors: 406 if neither names an available format, and those of `make`.
async fn negotiate<F: Figures + 'static>(
    context: &Context,
    named: Option<FiguresFormat>,
    make: impl AsyncFnOnce(&Reader<'_>) -> Result<F, Error>,
) -> Result<HttpResponse, Problem> {
    let format = match named {
        Some(named) => named,
        None => format(&context.request, None, FiguresFormat::ALL)?,
    };
    respond(context, format, make).await
}

/// Responds with statistics in a format. JSON is cached for callers with the same permissions.
async fn respond<F: Figures + 'static>(
    context: &Context,
    format: FiguresFormat,
    make: impl AsyncFnOnce(&Reader<'_>) -> Result<F, Error>,
) -> Result<HttpResponse, Problem> {
    let make = async { Ok(Box::new(make(&context.read().await?).await?) as Box<dyn AnyFigures>) };
    respond_with(context, format, pin!(make)).await
}

async fn respond_with(
    context: &Context,
    format: FiguresFormat,
    make: Pin<&mut dyn Future<Output = Result<Box<dyn AnyFigures>, Error>>>,
) -> Result<HttpResponse, Problem> {
    match format {
        FiguresFormat::Json => {
            cached::get_or_insert_with(context, async || {
                let bytes = make.await?.json()?;
                Ok(Representation::new(ETag::of_bytes(&bytes), bytes))
            })
            .await
        }
        FiguresFormat::Csv => {
            let table = table(make.await?.as_ref())?;
            Ok(respond_as(context, StatusCode::OK, &ETag::of_bytes(&table), format.media_type(), table))
        }
        FiguresFormat::Svg => {
            let figures = make.await?;
            respond_svg(context, |locale| figures.svg(locale))
        }
    }
}

/// Responds with an SVG in the language of the caller.
fn respond_svg(
    context: &Context,
    svg: impl FnOnce(Locale) -> Result<String, Error>,
) -> Result<HttpResponse, Problem> {
    let locale = negotiate_language(context.request.headers());
    let svg = svg(locale)?;
    let tag = ETag::of_bytes(svg.as_bytes());
    let mut response = respond_as(context, StatusCode::OK, &tag, SVG, svg);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Language, Authorization"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
    Ok(response)
}

/// The items as a CSV table, with cells encoded as in exports.
fn table(figures: &dyn AnyFigures) -> Result<Vec<u8>, Error> {
    let (dialect, mut table) = (CsvDialect::Rfc4180, Vec::new());
    let (columns, items) = figures.rows()?;
    let columns: Vec<_> = columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect();
    write_record(columns.iter().map(|column| column.title(dialect)), dialect, &mut table)?;
    for item in items {
        write_record(columns.iter().map(|column| column.of(&item).write(dialect)), dialect, &mut table)?;
    }
    Ok(table)
}
