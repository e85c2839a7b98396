//! Futures that may be dropped when their worker ends: they return their database connection in the context of the
//! runtime, without which returning it panics.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that is dropped in the context of the runtime in which it was created.
pub(crate) struct InRuntime<F>(Option<Pin<Box<F>>>, Handle);

impl<F: Future> InRuntime<F> {
    /// Wraps a future for the current runtime.
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)), Handle::current())
    }
}

impl<F: Future> Future for InRuntime<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.0 {
            Some(future) => future.as_mut().poll(task),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for InRuntime<F> {
    fn drop(&mut self) {
        let _context = self.1.enter();
        drop(self.0.take());
    }
}
