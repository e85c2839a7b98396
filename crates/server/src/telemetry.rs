//! The log: for people on a terminal, as JSON lines otherwise; on standard error, so that output stays output.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;

/// Starts logging; a second start changes nothing.
pub(crate) fn start(config: &Config) {
    let targets: Targets =
        config.log.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    // What libraries tell at every start is noise here, unless it is asked for.
    let quiet = ["sqlx", "sea_orm_migration", "actix_server", "mio"]
        .into_iter()
        .filter(|target| !config.log.contains(target))
        .fold(targets, |targets, target| targets.with_target(target, LevelFilter::WARN));
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr);
    // Without the list of all spans: there is one, and it is told.
    let layer = if stderr().is_terminal() {
        layer.boxed()
    } else {
        layer.json().flatten_event(true).with_span_list(false).boxed()
    };
    // One filter for all: a filter of the layer alone remembers its last no when a library only asks (as sqlx does
    // before a notice of PostgreSQL), and drops the next event with it.
    let _ = tracing_subscriber::registry().with(quiet).with(layer).try_init();
}
