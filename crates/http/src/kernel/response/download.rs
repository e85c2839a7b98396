//! A list as a file for download.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use actix_web::web::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::CsvDialect;
use vku_persistence::kernel::table::Table;
use vku_transfer::export::spool::{SpoolReader, spool};
use vku_transfer::export::{Export, file_name};
use vku_transfer::format::Format;

use crate::kernel::in_runtime::InRuntime;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::conditional::{DEPENDS_ON, cache_control};

/// How long a client may receive nothing before it is considered gone.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The minimum average transfer rate of a client, in bytes per second.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// A running download.
struct Download {
    pieces: mpsc::Receiver<Bytes>,
    work: JoinHandle<Result<(), Error>>,
}

impl Download {
    fn start<T: Table>(export: Export<T>) -> Self {
        let (writer, reader) = spool();
        let write = export.write(async move |piece| writer.push(piece).await);
        let reading = spawn(InRuntime::new(write));
        let (send, pieces) = mpsc::channel(1);
        Self { pieces, work: spawn(forward(reading, reader, send)) }
    }

    /// Returns the next piece; `None` at the end. If rows are missing, it returns an error: the connection then ends
    /// without its last chunk.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.pieces.recv().await {
            Some(piece) => Ok(Some(piece)),
            None => (&mut self.work).await.map_err(Error::internal)?.map(|()| None),
        }
    }
}

/// Passes on what is read, as fast as the client receives it.
async fn forward(
    reading: JoinHandle<Result<(), Error>>,
    reader: SpoolReader,
    send: mpsc::Sender<Bytes>,
) -> Result<(), Error> {
    let (mut sent, mut waited) = (0, Duration::ZERO);
    while let Some(piece) = reader.next().await? {
        let (length, started) = (piece.len() as u64, Instant::now());
        let allowed = TIMEOUT + Duration::from_secs(sent / MIN_BYTES_PER_SECOND);
        let timeout = TIMEOUT.min(allowed.saturating_sub(waited));
        match tokio::time::timeout(timeout, send.send(piece)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(Error::new(Code::TimedOut, Code::TimedOut.title())),
        }
        sent += length;
        waited += started.elapsed();
    }
    reading.await.map_err(Error::internal)?
}

/// Responds with a list as a stream.
pub(crate) async fn stream<T: Table>(
    context: Context,
    query: Query<T>,
    parent: Option<Key>,
    format: Format,
    dialect: CsvDialect,
) -> Result<HttpResponse, Problem> {
    let name = file_name::<T>(format, context.actor.today());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CACHE_CONTROL, cache_control(&context)))
        .insert_header((VARY, DEPENDS_ON))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    let (store, actor) = (context.shared.store.clone(), context.actor.clone());
    let (sheets, reporter) = (context.shared.sheets.clone(), context.shared.site.reporter.clone());
    let export = Export { store, actor, query, parent, format, dialect, sheets, reporter };
    if context.request.method() == Method::HEAD {
        export.check().await?;
        return Ok(response.streaming(stream::empty::<Result<Bytes, Problem>>()));
    }
    let mut download = Download::start(export);
    // The first piece is awaited before the status is sent, so that an early error can still be a problem response.
    let first = download.next().await?;
    let rest = stream::unfold(Some((first, download)), |state| async {
        let (piece, mut download) = state?;
        let piece = piece?;
        match download.next().await {
            Ok(next) => Some((Ok(piece), Some((next, download)))),
            Err(error) => {
                tracing::error!(code = error.code.as_str(), source = ?error.source, "an export was aborted");
                Some((Err(Problem(error)), None))
            }
        }
    });
    Ok(response.streaming(rest))
}
