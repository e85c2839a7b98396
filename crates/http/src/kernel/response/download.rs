//! A list as a file for download.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use actix_web::web::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_persistence::any_table::{AnyQuery, AnyTable};
use vku_transfer::export::spool::SpoolReader;
use vku_transfer::export::{Export, file_name};
use vku_transfer::format::Format;

use crate::kernel::config::HttpConfig;
use crate::kernel::in_runtime::InRuntime;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::cached::CHANGE_TOKEN;
use crate::kernel::response::conditional::{DEPENDS_ON, cache_control};
use crate::kernel::response::export_tag::ExportTag;

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

/// Passes on what is read, as fast as the client receives it. A client that [`TransferRate`] gives up is considered
/// gone.
async fn forward(
    reading: JoinHandle<Result<(), Error>>,
    reader: SpoolReader,
    send: mpsc::Sender<Bytes>,
    limit: Duration,
) -> Result<(), Error> {
    let mut rate = TransferRate::new(limit);
    while let Some(piece) = reader.next().await? {
        let (length, started) = (piece.len() as u64, Instant::now());
        match tokio::time::timeout(rate.timeout(), send.send(piece)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(Error::new(Code::TimedOut, Code::TimedOut.title())),
        }
        rate.record(length, started.elapsed());
    }
    reading.await.map_err(Error::internal)?
}

/// How fast a client receives a download. It is given up if it receives nothing within the time limit, or less than
/// [`MIN_BYTES_PER_SECOND`] on average.
struct TransferRate {
    limit: Duration,
    /// The number of bytes that the client has received.
    sent: u64,
    /// How long the client has been waited for.
    waited: Duration,
}

impl TransferRate {
    fn new(limit: Duration) -> Self {
        Self { limit, sent: 0, waited: Duration::ZERO }
    }

    /// How long the client may take to receive the next piece.
    fn timeout(&self) -> Duration {
        let allowed = self.limit + Duration::from_secs(self.sent / MIN_BYTES_PER_SECOND);
        self.limit.min(allowed.saturating_sub(self.waited))
    }

    fn record(&mut self, bytes: u64, waited: Duration) {
        self.sent += bytes;
        self.waited += waited;
    }
}

/// How a list is written to a file.
pub(crate) struct FileOptions {
    /// The format.
    pub(crate) format: Format,
    /// The columns of CSV, XLSX and Parquet.
    pub(crate) columns: ColumnSet,
    /// The dialect of CSV.
    pub(crate) dialect: CsvDialect,
}

/// Responds with a list as a stream, or with 304 if the client has it already.
pub(crate) async fn stream(
    context: Context,
    table: &'static AnyTable,
    query: AnyQuery,
    parent: Option<Key>,
    FileOptions { format, columns, dialect }: FileOptions,
) -> Result<HttpResponse, Problem> {
    let name = file_name(&query, format, context.actor.today());
    // Before the snapshot of the export begins.
    let token = context.shared.store.change_token(&context.actor).await?;
    let tag = ExportTag::of(&context, &query, format);
    let known = match &tag {
        Some(tag) => tag.current(&context).await?,
        None => None,
    };
    let mut response =
        HttpResponse::build(if known.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    response.insert_header((CACHE_CONTROL, cache_control(&context))).insert_header((VARY, DEPENDS_ON));
    if let Some(tag) = known.clone().or_else(|| tag.map(|tag| tag.with_token(&token))) {
        response.insert_header((ETAG, tag.as_str()));
    }
    response.insert_header((CHANGE_TOKEN, token));
    if known.is_some() {
        return Ok(response.finish());
    }
    response
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    let (store, actor) = (context.shared.store.clone(), context.actor.clone());
    let (sheets, reporter) = (context.shared.sheets.clone(), context.shared.site.reporter.clone());
    let export = Export { store, actor, table, query, parent, format, columns, dialect, sheets, reporter };
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

    const LIMIT: Duration = Duration::from_millis(400);

    /// How many pieces of this many bytes a client receives that takes a tenth of a second for each, up to 1,000.
    fn received_slowly(bytes: u64) -> usize {
        let (mut rate, each) = (TransferRate::new(LIMIT), Duration::from_millis(100));
        let in_time = (0..1_000).take_while(|_| {
            let is_in_time = each <= rate.timeout();
            rate.record(bytes, each);
            is_in_time
        });
        in_time.count()
    }

    #[test]
    fn a_client_that_always_receives_a_little_but_too_slowly_is_given_up() {
        assert_eq!(received_slowly(100), 4);
        assert_eq!(received_slowly(MIN_BYTES_PER_SECOND), 1_000);
    }

    #[test]
    fn a_fast_client_is_given_up_once_it_receives_nothing_for_the_time_limit() {
        let mut rate = TransferRate::new(LIMIT);
        assert_eq!(rate.timeout(), LIMIT);
        rate.record(1_000 * MIN_BYTES_PER_SECOND, Duration::ZERO);
        assert_eq!(rate.timeout(), LIMIT);
    }

    /// Forwards this many pieces to a client with this time limit.
    async fn forwarded(
        pieces: usize,
        limit: Duration,
    ) -> (JoinHandle<Result<(), Error>>, mpsc::Receiver<Bytes>) {
        let (writer, reader) = SpoolSpace::default().spool();
        for _ in 0..pieces {
            assert!(writer.push(Bytes::from(vec![0; 100])).await.is_continue());
        }
        let (send, receive) = mpsc::channel(1);
        (spawn(forward(spawn(async { Ok(()) }), reader, send, limit)), receive)
    }

    #[test]
    fn a_client_that_receives_nothing_ends_the_download() {
        actix_web::rt::System::new().block_on(async {
            let (work, mut receive) = forwarded(2, Duration::from_millis(1)).await;
            assert_eq!(work.await.unwrap().unwrap_err().code, Code::TimedOut);
            // The first piece was waiting for the client.
            assert!(receive.recv().await.is_some());
            assert!(receive.recv().await.is_none());
        });
    }

    #[test]
    fn a_client_that_receives_in_time_gets_all_pieces() {
        actix_web::rt::System::new().block_on(async {
            let (work, mut receive) = forwarded(15, Duration::from_secs(3_600)).await;
            let mut received = 0;
            while receive.recv().await.is_some() {
                received += 1;
            }
            assert_eq!(received, 15);
            work.await.unwrap().unwrap();
        });
    }
}
