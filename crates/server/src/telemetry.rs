//! The log: as text on a terminal, else as JSON lines; on standard error, so that standard output only has the output
//! of commands.

use std::fmt::Debug;
use std::io::{IsTerminal, stderr};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;

/// Starts logging; a second start changes nothing.
pub(crate) fn start(config: &Config) {
    let targets: Targets =
        config.log.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    // What libraries log at every start is noise, unless it is requested.
    let quiet = ["sqlx", "actix_server", "mio"]
        .into_iter()
        .filter(|target| !config.log.contains(target))
        .fold(targets, |targets, target| targets.with_target(target, LevelFilter::WARN));
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr);
    // Without the list of spans, because there is only one, which each event already has.
    let layer = if stderr().is_terminal() {
        layer.boxed()
    } else {
        layer.json().flatten_event(true).with_span_list(false).boxed()
    };
    // One filter for all layers: a per-layer filter remembers that it was disabled when a library only checks whether
    // an event is enabled (as sqlx does before a notice of PostgreSQL), and then drops the next event.
    let filter =
        UnparsedRequestFilter { is_disabled: config.log.contains("debug") || config.log.contains("trace") };
    let _ = tracing_subscriber::registry().with(quiet).with(filter).with(layer).try_init();
}

/// Suppresses log events about requests that actix-http cannot parse: it logs each as an error, and anybody can send
/// one.
struct UnparsedRequestFilter {
    is_disabled: bool,
}

impl<S: Subscriber> Layer<S> for UnparsedRequestFilter {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if self.is_disabled || !event.metadata().target().starts_with("actix_http::h1") {
            return true;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let text = &message.0;
        !(text.starts_with("stream error") || text.starts_with("MAX_BUFFER_SIZE"))
    }
}

/// The message of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
