//! The deadline of a request body.
//!
//! A body has a fixed time, and more in proportion to the bytes received: a large body over a slow line gets through,
//! but not one that is sent so slowly that it only holds the connection.

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

/// The minimum transfer rate, in bytes per second.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// A request body that is being received.
pub struct BodyDeadline {
    payload: RefCell<Payload>,
    last: Cell<Instant>,
    is_whole: Cell<bool>,
    is_late: Cell<bool>,
}

impl std::fmt::Debug for BodyDeadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyDeadline")
            .field("is_whole", &self.is_whole)
            .field("is_late", &self.is_late)
            .finish()
    }
}

impl BodyDeadline {
    /// Wraps the body of the request; `None` if it has no body.
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

    /// When a part of the body last arrived.
    pub fn last_progress(&self) -> Instant {
        self.last.get()
    }

    /// Whether the body missed its deadline.
    pub fn is_late(&self) -> bool {
        self.is_late.get()
    }

    /// Wraps the body of the response. If the request body has not been read to its end, the connection cannot be
    /// reused: the payload is held until the response has been sent, so that the connection is closed after it.
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
        // The time runs from the first poll, when somebody reads the body.
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

/// The body of a response, and the unread rest of the request body.
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
