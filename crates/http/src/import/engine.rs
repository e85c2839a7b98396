//! What the rows of a file do: read, written and told, the same for a rehearsal and for the real thing.

use std::fs::File;

use serde::Serialize;
use sha2::{Digest, Sha256};
use vku_domain::import::{Duplicate, ImportMode, LISTED, OnError, Order, Report, RowChange, RowFault};
use vku_domain::kernel::change_log::diff::differences;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::lifecycle::State;
use vku_persistence::kernel::bulk_import::duplicates::NameIndex;
use vku_persistence::kernel::bulk_import::{Done, Outcome, Row};
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::Writer;
use vku_persistence::{Visitor, visit};

use super::deferred::Deferred;
use super::format::ImportFormat;
use super::reader::{self, ColumnBinding, ParsedRow};
use crate::kernel::json_body::oversized_members;

/// What was done, and a name for exactly that.
pub struct Plan {
    /// What there is to tell.
    pub report: Report,
    /// The same for the same rows on the same data.
    pub token: String,
}

/// From how many bytes on the rows of a file are staged.
const STAGED_FROM: u64 = 64 * 1024;

/// Is told how many rows are done, and of how many where that is known.
pub type ProgressFn<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

/// Writes the rows of a file as far as they are right. Whether what is written stays is the caller's to say.
///
/// Errors: 401, 403; what is no fault of the file.
pub async fn run(
    writer: &mut Writer<'_>,
    order: &Order,
    file: File,
    watch: ProgressFn<'_>,
) -> Result<Plan, Error> {
    let format = order.format.parse().map_err(Error::internal)?;
    let job = Run { writer, order, file, format, watch };
    let done = Box::pin(visit(&order.resource, job)).await;
    done.ok_or_else(|| Error::internal("a collection that is not known"))?
}

struct Run<'a, 'w> {
    writer: &'a mut Writer<'w>,
    order: &'a Order,
    file: File,
    format: ImportFormat,
    watch: ProgressFn<'a>,
}

impl Visitor for Run<'_, '_> {
    type Answer = Result<Plan, Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        let Self { writer, order, file, format, watch } = self;
        writer.actor().require_import::<T>()?;
        if file.metadata().map_err(Error::file)?.len() >= STAGED_FROM {
            writer.stage_import::<T>().await?;
        }
        let mut telling = ReportBuilder {
            report: Report { whole: true, ..Report::default() },
            digest: Sha256::new(),
            names: writer.names::<T>().await?,
            head: Vec::new(),
            on_error: order.on_error,
            deferred: Deferred::default(),
        };
        telling.add(&(&order.resource, order.mode.as_str(), order.on_error.as_str()))?;
        let mut total = None;
        let charset = order.charset.as_deref().map(str::parse).transpose();
        let charset = charset.map_err(|_| Error::internal("a charset that is not known"))?;
        let (mut items, reading) = reader::begin::<T>(file, format, order.sheet.clone(), charset);
        while let Some(batch) = items.recv().await {
            let mut rows = Vec::with_capacity(batch.len());
            for item in batch {
                match item {
                    ParsedRow::Source(source) => telling.report.source.learn(source),
                    ParsedRow::Total(found) => total = Some(found),
                    ParsedRow::Head(head) => telling.head = head,
                    ParsedRow::Row(number, row) => match oversized_members(&row.body) {
                        crowded if crowded.is_empty() => rows.push((number, row)),
                        crowded => {
                            let before = std::mem::take(&mut rows);
                            write::<T>(writer, order.mode, before, &mut telling).await?;
                            telling.record_outcome::<T>(number, Err(Error::invalid(crowded)))?;
                        }
                    },
                    ParsedRow::Faulty(number, faults) => {
                        // What was read before it is told before it.
                        let before = std::mem::take(&mut rows);
                        write::<T>(writer, order.mode, before, &mut telling).await?;
                        telling.record_faults(number, faults)?;
                    }
                    ParsedRow::Broken(faults) => {
                        let before = std::mem::take(&mut rows);
                        write::<T>(writer, order.mode, before, &mut telling).await?;
                        faults.into_iter().for_each(|fault| telling.report.fault(fault));
                        telling.report.whole = false;
                    }
                }
            }
            write::<T>(writer, order.mode, rows, &mut telling).await?;
            writer.end_batch(telling.is_doomed()).await?;
            watch(telling.report.rows(), total);
            // Others have their turn on this thread.
            tokio::task::yield_now().await;
        }
        reading.await.map_err(Error::internal)?.map_err(Error::internal)?;
        writer.end_hiding();
        let mut deferred = std::mem::take(&mut telling.deferred).read()?;
        while let Some(rows) = deferred.next_batch()? {
            write::<T>(writer, order.mode, rows, &mut telling).await?;
            writer.end_batch(telling.is_doomed()).await?;
            watch(telling.report.rows(), total);
            tokio::task::yield_now().await;
        }
        telling.report.in_order();
        let ReportBuilder { report, digest, .. } = telling;
        let token = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Plan { report, token })
    }
}

/// Writes rows and tells what became of them.
async fn write<T: Table>(
    writer: &mut Writer<'_>,
    mode: ImportMode,
    rows: Vec<(u64, Row)>,
    telling: &mut ReportBuilder,
) -> Result<(), Error> {
    let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
    for (number, outcome) in numbers.into_iter().zip(Box::pin(writer.import::<T>(mode, rows)).await?) {
        telling.record_outcome(number, outcome)?;
    }
    Ok(())
}

/// The report in the making, and the digest of all that the plan does.
struct ReportBuilder {
    report: Report,
    digest: Sha256,
    names: NameIndex,
    head: Vec<ColumnBinding>,
    on_error: OnError,
    deferred: Deferred,
}

impl ReportBuilder {
    fn add(&mut self, what: &impl Serialize) -> Result<(), Error> {
        self.digest.update(serde_json::to_vec(what).map_err(Error::internal)?);
        self.digest.update([0]);
        Ok(())
    }

    /// Whether nothing will be written, because a row is faulty.
    fn is_doomed(&self) -> bool {
        !self.report.is_doable(self.on_error)
    }

    fn record_faults(&mut self, number: u64, faults: Vec<RowFault>) -> Result<(), Error> {
        self.report.counts.faulty += 1;
        if self.on_error == OnError::Skip {
            self.report.counts.skipped += 1;
        }
        self.add(&(number, "faulty"))?;
        faults.into_iter().for_each(|fault| self.report.fault(fault));
        Ok(())
    }

    fn record_outcome<T: Table>(&mut self, number: u64, outcome: Outcome<T>) -> Result<(), Error> {
        let parent = |stored: &Stored<T>| stored.parent.as_ref().map(|(_, card)| card.id);
        match outcome {
            Ok(Done::Created(made)) => {
                self.report.counts.create += 1;
                if let Some(status) = made.data.status() {
                    *self.report.statuses.entry(status.word().to_owned()).or_default() += 1;
                }
                self.add(&(number, "create", parent(&made), &made.data))?;
                self.record_duplicates(number, &made)
            }
            Ok(Done::Updated(both)) => {
                let (before, after) = *both;
                self.report.counts.update += 1;
                self.add(&(number, "update", before.id, before.version, &after.data))?;
                self.record_changes(number, &before, &after)
            }
            Ok(Done::Unchanged(known)) => {
                self.report.counts.unchanged += 1;
                self.add(&(number, "unchanged", known.id, known.version))
            }
            Ok(Done::Deferred(row)) => self.deferred.push(number, &row),
            Err(error) if error.is_ours() => Err(error),
            Err(error) => self.record_faults(number, reader::refused::<T>(number, &self.head, error)),
        }
    }

    fn record_duplicates<T: Table>(&mut self, number: u64, made: &Stored<T>) -> Result<(), Error> {
        for likely in self.names.like(made)? {
            self.report.duplicates_total += 1;
            if self.report.duplicates.len() < LISTED {
                self.report.duplicates.push(Duplicate {
                    row: number,
                    name: made.data.label().to_owned(),
                    score: likely.score,
                    alike: likely.alike.into_iter().map(str::to_owned).collect(),
                    existing: serde_json::to_value(&likely.card).map_err(Error::internal)?,
                });
            }
        }
        Ok(())
    }

    fn record_changes<T: Table>(
        &mut self,
        number: u64,
        before: &Stored<T>,
        after: &Stored<T>,
    ) -> Result<(), Error> {
        if self.report.changes.len() >= LISTED {
            return Ok(());
        }
        let value = |of: &T| serde_json::to_value(of).map_err(Error::internal);
        self.report.changes.push(RowChange {
            row: number,
            id: before.id,
            slug: before.data.clone().slug().and_then(Option::take).map(|slug| slug.to_string()),
            version: before.version,
            changes: differences(&value(&before.data)?, &value(&after.data)?),
        });
        Ok(())
    }
}
