//! Exports are the list: the whole filtered set, page by page, encoded as it goes, in constant memory.

mod csv;
mod ndjson;

pub use self::csv::CsvEncoder;
pub use self::ndjson::NdjsonEncoder;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::web::Bytes;
use futures_util::stream;
use vku_domain::kernel::access::Actor;
use vku_domain::kernel::cells::CsvDialect;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::{LIMIT_MAX, Query};
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::view::Shown;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;

use crate::kernel::conditional::{DEPENDS_ON, cache_control};
use crate::kernel::context::Context;
use crate::kernel::negotiate::Format;
use crate::kernel::problem::Problem;

/// Encodes rows into a format.
pub trait Encoder<T: Table> {
    /// What stands before all rows.
    fn head(&mut self) -> Result<Vec<u8>, Error>;

    /// A row.
    fn row(&mut self, item: &Shown<T>) -> Result<Vec<u8>, Error>;
}

/// All rows of a list, a page at a time; of one parent, or of all of them.
pub struct Rows<T: Table> {
    store: Store,
    actor: Actor,
    query: Option<Query<T>>,
    parent: Option<Key>,
}

impl<T: Table> Rows<T> {
    /// The rows of the query, from its cursor on.
    pub fn new(store: Store, actor: Actor, mut query: Query<T>, parent: Option<Key>) -> Self {
        query.limit = LIMIT_MAX;
        query.count = false;
        Self { store, actor, query: Some(query), parent }
    }

    /// The next rows; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Shown<T>>>, Error> {
        let Some(query) = &mut self.query else { return Ok(None) };
        let reader = self.store.read(&self.actor).await?;
        let page = match &self.parent {
            Some(parent) => reader.list(query, Some(parent)).await?,
            None => reader.list_everywhere(query).await?,
        };
        let items = reader.show(&query.view, page.items).await?;
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => self.query = None,
        }
        Ok(Some(items))
    }

    /// Encodes the next rows; `None` at the end.
    pub async fn encode(&mut self, encoder: &mut dyn Encoder<T>) -> Result<Option<Vec<u8>>, Error> {
        let Some(items) = self.next().await? else { return Ok(None) };
        let mut bytes = Vec::new();
        for item in &items {
            bytes.extend(encoder.row(item)?);
        }
        Ok(Some(bytes))
    }
}

/// The encoder of a format. CSV looks through the rows once before, for the languages they are written in.
pub async fn encoder<T: Table>(
    store: &Store,
    actor: &Actor,
    query: &Query<T>,
    parent: Option<&Key>,
    format: Format,
) -> Result<Box<dyn Encoder<T>>, Error> {
    Ok(match format {
        Format::Csv => {
            let languages = store.read(actor).await?.languages(query, parent).await?;
            Box::new(CsvEncoder::new::<T>(&languages, &query.view, CsvDialect::Rfc4180))
        }
        Format::Ndjson | Format::Json => Box::new(NdjsonEncoder),
    })
}

/// Answers a list as a stream.
pub async fn stream<T: Table>(
    context: Context,
    query: Query<T>,
    parent: Option<Key>,
    format: Format,
) -> Result<HttpResponse, Problem> {
    let (store, actor) = (context.shared.store.clone(), context.actor.clone());
    let mut encoder = encoder(&store, &actor, &query, parent.as_ref(), format).await?;
    let mut rows = Rows::new(store, actor, query, parent);
    // The first rows before the status is sent, so that what can go wrong is still told as a problem.
    let mut first = encoder.head()?;
    first.extend(rows.encode(encoder.as_mut()).await?.unwrap_or_default());
    let rest = stream::unfold(Some((rows, encoder, Some(first))), |state| async {
        let (mut rows, mut encoder, first) = state?;
        let bytes = match first {
            Some(first) => Ok(Some(first)),
            None => rows.encode(encoder.as_mut()).await,
        };
        match bytes {
            Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), Some((rows, encoder, None)))),
            Ok(None) => None,
            // Ends the connection without the last chunk, so that the client sees that rows are missing.
            Err(error) => {
                tracing::error!(code = error.code.as_str(), source = ?error.source, "an export broke off");
                Some((Err(Problem(error)), None))
            }
        }
    });
    let name = format!("attachment; filename=\"{}.{}\"", T::PATH, format.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CACHE_CONTROL, cache_control(&context)))
        .insert_header((VARY, DEPENDS_ON))
        .insert_header(("Content-Disposition", name))
        .streaming(rest))
}
