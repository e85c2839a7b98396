//! Futures that may be dropped when their worker ends: they return their database connection in the context of the
//! runtime, without which returning it panics.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use tokio::runtime::Handle;

/// A future that is dropped in the context of the runtime in which it was created.
pub(crate) struct InRuntime<T>(Option<LocalBoxFuture<'static, T>>, Handle);

impl<T> InRuntime<T> {
    /// Wraps a future for the current runtime.
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self(Some(Box::pin(future)), Handle::current())
    }
}

impl<T> Future for InRuntime<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(future) => future.as_mut().poll(task),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for InRuntime<T> {
    fn drop(&mut self) {
        let _context = self.1.enter();
        drop(self.0.take());
    }
}
