//! How long the server waits for a body.
//!
//! A body may take some time to begin with, and more for what has come: a large one over a slow line arrives, and one
//! that trickles in so that it holds a connection does not.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How much has to come in a second, in bytes.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// A body on its way.
pub struct BodyDeadline {
    payload: RefCell<Payload>,
    last: Cell<Instant>,
    is_whole: Cell<bool>,
    is_late: Cell<bool>,
}

impl std::fmt::Debug for BodyDeadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival").field("is_whole", &self.is_whole).field("is_late", &self.is_late).finish()
    }
}

impl BodyDeadline {
    /// Watches over the body of the request; `None` where it has none.
    pub fn watch(request: &mut ServiceRequest, timeout: Duration) -> Option<Rc<Self>> {
        let payload = match request.take_payload() {
            Payload::None => return None,
            payload => RefCell::new(payload),
        };
        let (last, is_whole, is_late) = (Cell::new(Instant::now()), Cell::default(), Cell::default());
        let arrival = Rc::new(Self { payload, last, is_whole, is_late });
        let watched = TimedPayload { arrival: arrival.clone(), timeout, deadline: None };
        request.set_payload(Payload::Stream { payload: Box::pin(watched) });
        Some(arrival)
    }

    /// When something of it came last.
    pub fn last_progress(&self) -> Instant {
        self.last.get()
    }

    /// Whether it did not come in time.
    pub fn is_late(&self) -> bool {
        self.is_late.get()
    }

    /// The body of an answer. While the rest of what was sent is not read, the connection is of no more use; it is closed
    /// after the answer because somebody holds on to the rest until then.
    pub fn attach(self: Rc<Self>, answer: BoxBody) -> BoxBody {
        if self.is_whole.get() { answer } else { BoxBody::new(DeadlineBody { answer, _rest: self }) }
    }
}

struct TimedPayload {
    arrival: Rc<BodyDeadline>,
    timeout: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Stream for TimedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { arrival, timeout, deadline } = self.get_mut();
        // From when on somebody wants it.
        let deadline = deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + *timeout)));
        let Ok(mut payload) = arrival.payload.try_borrow_mut() else { return Poll::Ready(None) };
        match Pin::new(&mut *payload).poll_next(context) {
            Poll::Ready(piece) => {
                arrival.last.set(Instant::now());
                if let Some(Ok(bytes)) = &piece {
                    let more = bytes.len() as u64 * 1000 / MIN_BYTES_PER_SECOND;
                    let until = deadline.deadline() + Duration::from_millis(more);
                    deadline.as_mut().reset(until);
                } else {
                    arrival.is_whole.set(piece.is_none());
                }
                Poll::Ready(piece)
            }
            Poll::Pending => {
                ready!(deadline.as_mut().poll(context));
                arrival.is_late.set(true);
                Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
            }
        }
    }
}

/// The body of an answer, and the rest of that of the request.
struct DeadlineBody {
    answer: BoxBody,
    _rest: Rc<BodyDeadline>,
}

impl MessageBody for DeadlineBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().answer).poll_next(context)
    }
}
