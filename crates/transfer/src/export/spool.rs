//! A buffer between the database and a client: what is read faster than the client receives it is stored here, a
//! little of it in memory and the rest in an unnamed file. So an export holds its database connection, and its
//! snapshot, only while it reads, however slow its client is.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::Reading;

/// The maximum number of bytes of an export in memory.
const MEMORY: usize = 1024 * 1024;
/// The maximum number of bytes of all exports in files.
const ROOM: u64 = 2 * 1024 * 1024 * 1024;
/// The number of bytes that are read back at once.
const PIECE: u64 = 64 * 1024;

/// The number of bytes in files now.
static USED: AtomicU64 = AtomicU64::new(0);

/// The end where pieces go in.
pub struct Filling(Arc<Spool>);

/// The end where they come out, in the same order.
pub struct Taking(Arc<Spool>);

/// Creates a spool, and returns its two ends.
pub fn spool() -> (Filling, Taking) {
    let spool = Arc::new(Spool::default());
    (Filling(spool.clone()), Taking(spool))
}

#[derive(Default)]
struct Spool {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// The first pieces, up to [`MEMORY`] bytes.
    pieces: VecDeque<Bytes>,
    in_memory: usize,
    /// All pieces after those.
    file: Option<Arc<File>>,
    written: u64,
    taken: u64,
    /// Whether all pieces have gone in.
    is_whole: bool,
    /// Whether the reading end is gone.
    is_abandoned: bool,
    failure: Option<Error>,
}

/// The next thing that comes out.
enum Next {
    Piece(Bytes),
    Stored(Arc<File>, u64, u64),
    Nothing,
    NotYet,
}

impl Spool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        USED.fetch_sub(self.state().written, SeqCst);
    }
}

impl Filling {
    /// Stores the next piece; returns whether more are wanted.
    pub async fn push(&self, piece: Bytes) -> Reading {
        match self.keep(piece).await {
            Ok(reading) => reading,
            Err(error) => {
                self.0.state().failure = Some(error);
                Reading::Ended
            }
        }
    }

    async fn keep(&self, piece: Bytes) -> Result<Reading, Error> {
        let (file, at) = {
            let mut state = self.0.state();
            if state.is_abandoned {
                return Ok(Reading::Ended);
            }
            if state.file.is_none() && state.in_memory + piece.len() <= MEMORY {
                state.in_memory += piece.len();
                state.pieces.push_back(piece);
                self.0.changed.notify_one();
                return Ok(Reading::On);
            }
            (state.file.clone(), state.written)
        };
        let length = piece.len() as u64;
        if USED.load(SeqCst) + length > ROOM {
            return Err(no_room("exports take all the room that they may"));
        }
        let stored = spawn_blocking(move || {
            let file = file.map_or_else(|| tempfile::tempfile().map(Arc::new), Ok)?;
            file.write_all_at(&piece, at)?;
            std::io::Result::Ok(file)
        });
        let file = stored.await.map_err(Error::internal)?.map_err(no_room)?;
        USED.fetch_add(length, SeqCst);
        let mut state = self.0.state();
        state.file = Some(file);
        state.written += length;
        self.0.changed.notify_one();
        Ok(Reading::On)
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.0.state().is_whole = true;
        self.0.changed.notify_one();
    }
}

impl Taking {
    /// Returns the next piece; `None` at the end.
    pub async fn next(&self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.look()? {
                Next::Piece(piece) => return Ok(Some(piece)),
                Next::Stored(file, at, length) => {
                    let read = spawn_blocking(move || {
                        let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
                        file.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece))
                    });
                    let piece = read.await.map_err(Error::internal)?.map_err(Error::file)?;
                    self.0.state().taken += length;
                    return Ok(Some(piece));
                }
                Next::Nothing => return Ok(None),
                Next::NotYet => self.0.changed.notified().await,
            }
        }
    }

    fn look(&self) -> Result<Next, Error> {
        let mut state = self.0.state();
        if let Some(piece) = state.pieces.pop_front() {
            state.in_memory -= piece.len();
            return Ok(Next::Piece(piece));
        }
        if let Some(file) = state.file.as_ref().filter(|_| state.taken < state.written) {
            return Ok(Next::Stored(file.clone(), state.taken, PIECE.min(state.written - state.taken)));
        }
        match state.failure.take() {
            Some(error) => Err(error),
            None if state.is_whole => Ok(Next::Nothing),
            None => Ok(Next::NotYet),
        }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.0.state().is_abandoned = true;
    }
}

/// The error if there is no disk space for the file of an export.
pub fn no_room(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let detail = bilingual!(
        "There is not enough disk space for the export at the moment; please try again shortly.",
        "Für den Export ist gerade kein Platz; bitte versuchen Sie es gleich noch einmal."
    );
    Error { source: Some(source.into()), ..Error::new(Code::Unavailable, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses more bytes than are kept in memory.
    #[tokio::test]
    async fn all_pieces_come_out_in_order_and_the_space_is_freed() {
        let (filling, taking) = spool();
        let all: Vec<u8> = (0_u32..3_000_000).map(|number| number.to_le_bytes()[0]).collect();
        for piece in all.chunks(70_000) {
            assert_eq!(filling.push(Bytes::copy_from_slice(piece)).await, Reading::On);
        }
        drop(filling);
        let mut out = Vec::new();
        while let Some(piece) = taking.next().await.unwrap() {
            out.extend_from_slice(&piece);
        }
        assert!(out == all);
        assert!(USED.load(SeqCst) > 0);
        drop(taking);
        assert_eq!(USED.load(SeqCst), 0);
    }

    #[tokio::test]
    async fn writing_ends_when_the_reading_end_is_gone() {
        let (filling, taking) = spool();
        drop(taking);
        assert_eq!(filling.push(Bytes::from_static(b"x")).await, Reading::Ended);
    }
}
