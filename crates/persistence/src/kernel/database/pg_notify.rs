//! Notifications between instances on PostgreSQL: a `NOTIFY` follows every commit, one for several commits
//! that come close together, and each instance that caches responses listens on a separate connection
//! (see [`pg_listener`](super::pg_listener)). (A `NOTIFY` within the transaction would serialise all commits:
//! PostgreSQL holds one lock for all notifying transactions until they are on disk.)

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, TransactionOptions};
use uuid::Uuid;

use super::retry::begin;
use super::table_set::TableSet;

/// The notification channel.
pub(super) const CHANNEL: &str = "vku_written";
/// How many bytes of marks a notification may have; PostgreSQL limits it to 8,000 bytes altogether.
const MAX_MARKS: usize = 5_000;
/// The tables of a notification, if they are all.
const ALL: &str = "*";

/// Notifies other instances of writes.
#[derive(Debug)]
pub(crate) struct Notifier {
    connections: DatabaseConnection,
    instance: Uuid,
    /// What the next notification says, if one is about to be sent.
    pending: Mutex<Option<Written>>,
}

/// What was written: the tables, and the marks of the first changes of the transactions, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) tables: TableSet,
    pub(super) marks: String,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// An instance has written.
    Written(Option<Uuid>, Written),
    /// An instance listens.
    Heartbeat(Uuid, u64),
}

impl Notice {
    /// Reads a notification. One without a text, or that cannot be read, is of another version: it says that anything may
    /// have been written.
    pub(super) fn read(payload: &str) -> Self {
        let parts: Vec<_> = payload.split(' ').collect();
        let read = match parts.as_slice() {
            [instance, number] => {
                instance.parse().ok().zip(number.parse().ok()).map(|(of, number)| Self::Heartbeat(of, number))
            }
            [instance, tables, marks] => instance.parse().ok().map(|instance| {
                let tables = if *tables == ALL { TableSet::ALL } else { TableSet::from_names(tables) };
                Self::Written(Some(instance), Written { tables, marks: (*marks).to_owned() })
            }),
            _ => None,
        };
        read.unwrap_or(Self::Written(None, Written { tables: TableSet::ALL, marks: String::new() }))
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Heartbeat(instance, number) => write!(f, "{instance} {number}"),
            Self::Written(Some(instance), Written { tables, marks }) if *tables == TableSet::ALL => {
                write!(f, "{instance} {ALL} {marks}")
            }
            Self::Written(Some(instance), Written { tables, marks }) => {
                write!(f, "{instance} {} {marks}", tables.names())
            }
            Self::Written(None, _) => Ok(()),
        }
    }
}

impl Notifier {
    /// Makes a notifier that uses these connections.
    pub(crate) fn new(connections: DatabaseConnection) -> Arc<Self> {
        #[allow(clippy::disallowed_methods, reason = "the id is not one of a row")]
        let instance = Uuid::new_v4();
        Arc::new(Self { connections, instance, pending: Mutex::default() })
    }

    /// The id of this instance in its notifications.
    pub(super) fn instance(&self) -> Uuid {
        self.instance
    }

    /// Sends a notification soon, one for all calls until then.
    pub(crate) fn notify_soon(self: &Arc<Self>, tables: TableSet, first: Option<String>) {
        if tables.is_empty() {
            return;
        }
        let mut pending = self.pending();
        let is_first = pending.is_none();
        let written = pending.get_or_insert_default();
        written.tables |= tables;
        if let Some(mark) = first {
            let comma = if written.marks.is_empty() { "" } else { "," };
            written.marks = format!("{}{comma}{mark}", written.marks);
        }
        if is_first {
            let notifier = self.clone();
            tokio::spawn(async move { notifier.send().await });
        }
    }

    /// Sends the notification now, if one is still pending.
    pub(crate) async fn finish(&self) {
        if self.pending().is_some() {
            self.send().await;
        }
    }

    async fn send(&self) {
        let tx = begin(&self.connections, TransactionOptions::default()).await;
        // A write from here on sends another notification. An instance that this one does not reach invalidates its
        // cache by itself.
        let (Ok(tx), Some(written)) = (tx, self.pending().take()) else { return };
        let notice = match written.marks.len() {
            ..=MAX_MARKS => Notice::Written(Some(self.instance), written).to_string(),
            _ => String::new(),
        };
        notify(tx, notice).await;
    }

    /// Sends a notification now: anything may have been written.
    pub(crate) async fn notify_of_all(&self) {
        if let Ok(tx) = begin(&self.connections, TransactionOptions::default()).await {
            notify(tx, String::new()).await;
        }
    }

    fn pending(&self) -> MutexGuard<'_, Option<Written>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn notify(tx: DatabaseTransaction, notice: String) {
    let values = [CHANNEL.into(), notice.into()];
    let notify =
        Statement::from_sql_and_values(tx.get_database_backend(), "SELECT pg_notify($1, $2)", values);
    let _ = tx.execute_raw(notify).await;
    let _ = tx.commit().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_read_as_they_were_written() {
        let instance = Uuid::from_u128(7);
        let some = TableSet::of("registration") | TableSet::of("change");
        for (tables, marks) in [(some, "12,4294967295"), (some, ""), (TableSet::ALL, "3")] {
            let notice = Notice::Written(Some(instance), Written { tables, marks: marks.to_owned() });
            assert_eq!(Notice::read(&notice.to_string()), notice);
        }
        let heartbeat = Notice::Heartbeat(instance, 12);
        assert_eq!(Notice::read(&heartbeat.to_string()), heartbeat);
    }

    #[test]
    fn a_notice_of_another_version_concerns_all_tables() {
        let all = Notice::Written(None, Written { tables: TableSet::ALL, marks: String::new() });
        for payload in ["", "*", "a b", "a b c d", "registration", "00000000-0000-0000-0000-000000000007 x"] {
            assert_eq!(Notice::read(payload), all, "{payload}");
        }
        let unknown = Notice::read("00000000-0000-0000-0000-000000000007 registration,novelty 3");
        assert!(matches!(unknown, Notice::Written(Some(_), Written { tables: TableSet::ALL, .. })));
    }
}
