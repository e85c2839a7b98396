//! Where the pieces of an export go, as a value: the encoders are compiled once, not once for each sink.

use std::ops::ControlFlow;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

/// Receives the pieces of an export.
pub(super) trait Sink {
    /// Takes the next piece; breaks if no more are wanted.
    fn push(&mut self, piece: Bytes) -> LocalBoxFuture<'_, ControlFlow<()>>;
}

impl<F: AsyncFnMut(Bytes) -> ControlFlow<()>> Sink for F {
    fn push(&mut self, piece: Bytes) -> LocalBoxFuture<'_, ControlFlow<()>> {
        Box::pin(self(piece))
    }
}
