//! A buffer between the database and a client: what is read faster than the client receives it is stored here, a
//! little of it in memory and the rest in an unnamed file. So an export holds its database connection, and its
//! snapshot, only while it reads, however slow its client is. If the file cannot be written, because the disk is full,
//! the export waits for its client instead.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

/// The maximum number of bytes of an export in memory.
const MAX_MEMORY_BYTES: usize = 1024 * 1024;
/// The number of bytes that are read back at once.
const CHUNK_SIZE: u64 = 64 * 1024;

/// The disk space that all exports share.
#[derive(Clone, Debug)]
pub struct SpoolSpace {
    capacity: u64,
    used: Arc<AtomicU64>,
    create_file: fn() -> io::Result<File>,
}

impl Default for SpoolSpace {
    fn default() -> Self {
        Self::of(Self::DEFAULT_CAPACITY)
    }
}

/// The end to which pieces are written.
pub struct SpoolWriter(Arc<Spool>);

/// The end from which they are read, in the same order.
pub struct SpoolReader(Arc<Spool>);

impl SpoolSpace {
    /// The default capacity, in bytes (2 GiB).
    pub const DEFAULT_CAPACITY: u64 = 2 * 1024 * 1024 * 1024;

    /// Limits the files of all exports together to this number of bytes.
    pub fn of(capacity: u64) -> Self {
        Self { capacity, used: Arc::default(), create_file: tempfile::tempfile }
    }

    /// The number of bytes in files now.
    pub fn used(&self) -> u64 {
        self.used.load(SeqCst)
    }

    /// Creates a spool, and returns its two ends.
    pub fn spool(&self) -> (SpoolWriter, SpoolReader) {
        let spool = Spool {
            space: self.clone(),
            state: Mutex::default(),
            written: Notify::new(),
            read: Notify::new(),
        };
        let spool = Arc::new(spool);
        (SpoolWriter(spool.clone()), SpoolReader(spool))
    }
}

struct Spool {
    space: SpoolSpace,
    state: Mutex<State>,
    /// Notifies the reading end.
    written: Notify,
    /// Notifies the writing end.
    read: Notify,
}

#[derive(Default)]
struct State {
    /// The first pieces, up to [`MAX_MEMORY_BYTES`] bytes.
    pieces: VecDeque<Bytes>,
    in_memory: usize,
    /// All pieces after those.
    file: Option<Arc<File>>,
    /// The length of the file, and how much of it has been read.
    file_length: u64,
    file_position: u64,
    /// Whether all pieces have been written.
    is_complete: bool,
    /// Whether the reading end is gone.
    is_abandoned: bool,
    failure: Option<Error>,
}

impl State {
    fn push(&mut self, piece: Bytes) {
        self.in_memory += piece.len();
        self.pieces.push_back(piece);
    }

    /// Whether everything that was written has been read.
    fn is_drained(&self) -> bool {
        self.pieces.is_empty() && self.file_position == self.file_length
    }
}

/// What the reader gets next.
enum Next {
    Piece(Bytes),
    InFile(Arc<File>, u64, u64),
    End,
    Pending,
}

impl Spool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.space.used.fetch_sub(self.state().file_length, SeqCst);
    }
}

impl SpoolWriter {
    /// Stores the next piece; returns whether more are wanted.
    pub async fn push(&self, piece: Bytes) -> ControlFlow<()> {
        match self.store(piece).await {
            Ok(flow) => flow,
            Err(error) => {
                self.0.state().failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    async fn store(&self, piece: Bytes) -> Result<ControlFlow<()>, Error> {
        let (file, at) = {
            let mut state = self.0.state();
            if state.is_abandoned {
                return Ok(ControlFlow::Break(()));
            }
            if state.file.is_none() && state.in_memory + piece.len() <= MAX_MEMORY_BYTES {
                state.push(piece);
                self.0.written.notify_one();
                return Ok(ControlFlow::Continue(()));
            }
            (state.file.clone(), state.file_length)
        };
        let length = piece.len() as u64;
        let space = &self.0.space;
        if space.used() + length > space.capacity {
            return Err(out_of_disk_space("exports use all the disk space that they may use"));
        }
        let (create, bytes) = (space.create_file, piece.clone());
        let stored = spawn_blocking(move || {
            let file = file.map_or_else(|| create().map(Arc::new), Ok)?;
            file.write_all_at(&bytes, at)?;
            io::Result::Ok(file)
        });
        let Ok(file) = stored.await.map_err(Error::internal)? else {
            return Ok(self.push_when_drained(piece).await);
        };
        space.used.fetch_add(length, SeqCst);
        let mut state = self.0.state();
        state.file = Some(file);
        state.file_length += length;
        self.0.written.notify_one();
        Ok(ControlFlow::Continue(()))
    }

    /// Keeps a piece in memory once all earlier ones have been read.
    async fn push_when_drained(&self, piece: Bytes) -> ControlFlow<()> {
        loop {
            {
                let mut state = self.0.state();
                if state.is_abandoned {
                    return ControlFlow::Break(());
                }
                if state.is_drained() {
                    state.push(piece);
                    self.0.written.notify_one();
                    return ControlFlow::Continue(());
                }
            }
            self.0.read.notified().await;
        }
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        self.0.state().is_complete = true;
        self.0.written.notify_one();
    }
}

impl SpoolReader {
    /// Returns the next piece; `None` at the end.
    pub async fn next(&self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.next_state()? {
                Next::Piece(piece) => {
                    self.0.read.notify_one();
                    return Ok(Some(piece));
                }
                Next::InFile(file, at, length) => {
                    let read = spawn_blocking(move || {
                        let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
                        file.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece))
                    });
                    let piece = read.await.map_err(Error::internal)?.map_err(Error::file)?;
                    self.0.state().file_position += length;
                    self.0.read.notify_one();
                    return Ok(Some(piece));
                }
                Next::End => return Ok(None),
                Next::Pending => self.0.written.notified().await,
            }
        }
    }

    fn next_state(&self) -> Result<Next, Error> {
        let mut state = self.0.state();
        if let Some(piece) = state.pieces.pop_front() {
            state.in_memory -= piece.len();
            return Ok(Next::Piece(piece));
        }
        if let Some(file) = state.file.as_ref().filter(|_| state.file_position < state.file_length) {
            return Ok(Next::InFile(
                file.clone(),
                state.file_position,
                CHUNK_SIZE.min(state.file_length - state.file_position),
            ));
        }
        match state.failure.take() {
            Some(error) => Err(error),
            None if state.is_complete => Ok(Next::End),
            None => Ok(Next::Pending),
        }
    }
}

impl Drop for SpoolReader {
    fn drop(&mut self) {
        self.0.state().is_abandoned = true;
        self.0.read.notify_one();
    }
}

/// The error if there is no disk space for the file of an export.
pub fn out_of_disk_space(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let detail = bilingual!(
        "There is not enough disk space for the export at the moment; please try again shortly.",
        "Für den Export ist gerade kein Platz; bitte versuchen Sie es gleich noch einmal."
    );
    Error { source: Some(source.into()), ..Error::new(Code::Unavailable, detail) }
}

#[cfg(test)]
mod tests;
