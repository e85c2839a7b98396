//! Work that may be dropped when its worker ends: what it holds of the database is given back in the runtime's context,
//! without which giving back panics.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that is dropped within the runtime that it was made in.
pub(crate) struct InRuntime<F>(Option<Pin<Box<F>>>, Handle);

impl<F: Future> InRuntime<F> {
    /// Of the runtime that this is called in.
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
