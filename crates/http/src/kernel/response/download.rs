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
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::CsvDialect;
use vku_persistence::any_table::{AnyQuery, AnyTable};
use vku_transfer::export::spool::SpoolReader;
use vku_transfer::export::{Export, file_name};
use vku_transfer::format::Format;

use crate::kernel::config::HttpConfig;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::conditional::{DEPENDS_ON, cache_control};

/// The minimum average transfer rate of a client, in bytes per second.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// A running download.
struct Download {
    pieces: mpsc::Receiver<Bytes>,
    work: JoinHandle<Result<(), Error>>,
}

impl Download {
    fn start(export: Export, http_config: &HttpConfig) -> Self {
        let (writer, reader) = http_config.spool.spool();
        let write = export.write(async move |piece| writer.push(piece).await);
        let reading = spawn(InRuntime::new(write));
        let (send, pieces) = mpsc::channel(1);
        Self { pieces, work: spawn(forward(reading, reader, send, http_config.timeouts.download)) }
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

/// Passes on what is read, as fast as the client receives it. A client that receives nothing within the time limit, or
/// less than [`MIN_BYTES_PER_SECOND`] on average, is considered gone.
async fn forward(
    reading: JoinHandle<Result<(), Error>>,
    reader: SpoolReader,
    send: mpsc::Sender<Bytes>,
    limit: Duration,
) -> Result<(), Error> {
    let (mut sent, mut waited) = (0, Duration::ZERO);
    while let Some(piece) = reader.next().await? {
        let (length, started) = (piece.len() as u64, Instant::now());
        let allowed = limit + Duration::from_secs(sent / MIN_BYTES_PER_SECOND);
        let timeout = limit.min(allowed.saturating_sub(waited));
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
pub(crate) async fn stream(
    context: Context,
    table: &'static AnyTable,
    query: AnyQuery,
    parent: Option<Key>,
    format: Format,
    dialect: CsvDialect,
) -> Result<HttpResponse, Problem> {
    let name = file_name(table, format, context.actor.today());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CACHE_CONTROL, cache_control(&context)))
        .insert_header((VARY, DEPENDS_ON))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    let (store, actor) = (context.shared.store.clone(), context.actor.clone());
    let (sheets, reporter) = (context.shared.sheets.clone(), context.shared.site.reporter.clone());
    let export = Export { store, actor, table, query, parent, format, dialect, sheets, reporter };
    if context.request.method() == Method::HEAD {
        export.check().await?;
        return Ok(response.streaming(stream::empty::<Result<Bytes, Problem>>()));
    }
    let mut download = Download::start(export, &context.shared.http_config);
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

#[cfg(test)]
mod tests {
    use vku_transfer::export::spool::SpoolSpace;

    use super::*;

    /// The result for a client that receives a piece of this many bytes every tenth of a second, and the number of
    /// pieces that it receives.
    fn forwarded(pieces: usize, bytes: usize) -> (Result<(), Error>, usize) {
        actix_web::rt::System::new().block_on(async move {
            let (writer, reader) = SpoolSpace::default().spool();
            for _ in 0..pieces {
                assert!(writer.push(Bytes::from(vec![0; bytes])).await.is_continue());
            }
            drop(writer);
            let (send, mut receive) = mpsc::channel(1);
            let reading = spawn(async { Ok(()) });
            let work = spawn(forward(reading, reader, send, Duration::from_millis(400)));
            let mut received = 0;
            while receive.recv().await.is_some() {
                received += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (work.await.unwrap(), received)
        })
    }

    #[test]
    fn a_client_that_always_receives_a_little_but_too_slowly_is_given_up() {
        let (result, received) = forwarded(100, 100);
        assert_eq!(result.unwrap_err().code, Code::TimedOut);
        assert!((3..20).contains(&received), "{received} pieces");
        let (result, received) = forwarded(15, 16 * 1024);
        result.unwrap();
        assert_eq!(received, 15);
    }
}
