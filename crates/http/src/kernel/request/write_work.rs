//! The work of a write as a value: the transaction around it is compiled once, not once for each handler.

use futures_util::future::LocalBoxFuture;
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::transaction::Writer;

/// What is done in the transaction of a write.
pub(crate) trait WriteWork<R> {
    /// Does the work.
    fn run<'a>(self: Box<Self>, writer: &'a mut Writer<'_>) -> LocalBoxFuture<'a, Result<R, Error>>
    where
        Self: 'a;
}

impl<R, W: AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>> WriteWork<R> for W {
    fn run<'a>(self: Box<Self>, writer: &'a mut Writer<'_>) -> LocalBoxFuture<'a, Result<R, Error>>
    where
        Self: 'a,
    {
        Box::pin(self(writer))
    }
}
