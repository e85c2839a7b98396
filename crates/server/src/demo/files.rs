//! The files of the demo, in the order in which they are loaded.

use chrono::{NaiveDate, TimeDelta};
use vku_domain::import::{ImportMode, OnError, Order};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_persistence::kernel::transaction::Writer;

use super::Extent;
use crate::import;

/// A file of the demo. The name is that of the collection, after `example-` for invented data.
#[derive(Clone, Copy)]
pub(super) struct DataFile {
    name: &'static str,
    text: &'static str,
    mode: ImportMode,
}

macro_rules! files {
    ($mode:ident in $folder:literal: $($name:literal),+ $(,)?) => {
        &[$(DataFile {
            name: $name,
            text: include_str!(concat!("../../../../", $folder, "/", $name)),
            mode: ImportMode::$mode,
        }),+]
    };
}

/// Published facts, and a few examples.
const FACTS: &[DataFile] = files![Create in "tests/fixtures":
    "organisations.csv",
    "utilities.csv",
    "funding-programmes.csv",
    "partnerships.csv",
    "partnership-funding.csv",
    "members.csv",
    "member-contacts.csv",
    "sessions.csv",
    "session-guests.csv",
    "example-sessions.csv",
];

/// What is added to the facts, or changes them.
const ADDITIONS: &[DataFile] = files![Upsert in "crates/server/demo":
    "organisations.csv",
    "utilities.csv",
    "example-utilities.csv",
    "funding-programmes.json",
    "partnerships.csv",
    "example-partnerships.csv",
    "example-partnership-funding.csv",
    "example-partnership-activities.csv",
    "example-partnership-results.json",
    "partnership-documents.csv",
    "example-partnership-documents.csv",
    "members.csv",
    "example-members.csv",
    "example-member-contacts.csv",
    "policy-updates.csv",
    "example-topics.csv",
    "example-interest-registrations.csv",
    "sessions.csv",
    "example-sessions.csv",
    "example-session-guests.csv",
    "example-session-agenda.csv",
    "example-session-registrations.csv",
    "example-session-minutes.json",
    "example-webhooks.csv",
];

/// Which member supports which topic. Support is not a resource, so it cannot be imported.
const SUPPORT: &str = include_str!("../../demo/example-topic-support.csv");

impl DataFile {
    /// Returns the files, in an order in which each refers only to what the files before it contain.
    pub(super) fn all(extent: Extent) -> impl Iterator<Item = Self> {
        let additions = if extent == Extent::Everything { ADDITIONS } else { &[] };
        FACTS.iter().chain(additions).copied()
    }

    /// Loads the file. Returns what it has loaded, for the log. If a row is invalid, `faulty` says which.
    pub(super) async fn load(
        self,
        writer: &mut Writer<'_>,
        today: NaiveDate,
        faulty: &mut Option<String>,
    ) -> Result<String, Error> {
        let Self { name, text, mode } = self;
        let (stem, format) = name.split_once('.').unwrap_or((name, "csv"));
        let file = import::spooled(&mut dated(text, today).as_bytes()).map_err(Error::internal)?;
        let order = Order {
            resource: stem.trim_start_matches("example-").to_owned(),
            mode,
            on_error: OnError::Abort,
            format: format.to_owned(),
            sheet: None,
            charset: None,
        };
        let mut report = None;
        let written = import::rows(writer, &order, file, &mut report).await;
        let fault = report.iter().find_map(|report| report.faults.first());
        *faulty = fault.map(|fault| format!("{name}:{}: {}", fault.row, fault.detail));
        written?;
        Ok(format!("{} {stem}", report.map_or(0, |report| report.rows())))
    }
}

/// Records the members that support topics.
pub(super) async fn support_topics(writer: &mut Writer<'_>) -> Result<(), Error> {
    for row in csv::Reader::from_reader(SUPPORT.as_bytes()).deserialize() {
        let (topic, member): (String, String) = row.map_err(Error::internal)?;
        let key = |slug: &str| slug.parse::<Key>().map_err(|error| Error::internal(error.to_string()));
        writer.support(&key(&topic)?, Some(&key(&member)?), true).await?;
    }
    Ok(())
}

/// Replaces placeholders such as `{in 30 days}` and `{in -30 days}` by dates, so that upcoming events are always in the
/// future.
fn dated(text: &str, today: NaiveDate) -> String {
    let mut parts = text.split("{in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let (days, after) = part.split_once(" days}").unwrap_or(("0", part));
        let days = days.parse().ok().and_then(TimeDelta::try_days).unwrap_or_default();
        let day = today.checked_add_signed(days).unwrap_or(today);
        format!("{before}{day}{after}")
    })
}
