//! The import engine: reads and writes the rows of a file and reports the result, in the same way for dry runs and
//! for real imports.

use std::fs::File;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use sha2::{Digest, Sha256};
use vku_domain::import::{Duplicate, ImportMode, MAX_LISTED, OnError, Order, Report, RowChange, RowFault};
use vku_domain::kernel::change_log::diff::differences;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::size_limits::oversized_members;
use vku_persistence::any_table::{AnyTable, Imported, ImportedRow};
use vku_persistence::kernel::bulk_import::Row;
use vku_persistence::kernel::bulk_import::duplicates::NameIndex;
use vku_persistence::kernel::transaction::Writer;
use vku_persistence::table_of;

use super::deferred::Deferred;
use super::format::ImportFormat;
use super::reader;
use super::row::{self, ColumnBinding, ParsedRow};

/// What an import did, and a token that identifies exactly that.
pub struct Plan {
    /// The report.
    pub report: Report,
    /// The plan token, which is equal for the same rows on the same data.
    pub token: String,
}

/// The size of a file, in bytes, from which its rows are staged.
const STAGED_FROM: u64 = 64 * 1024;

/// Receives the number of rows that are done, and the total, if it is known.
pub type ProgressFn<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

/// Writes the valid rows of a file. The caller decides whether the transaction is committed.
///
/// Errors: 401, 403, and errors that are not caused by the file.
///
/// Boxed, so that its code is compiled in this crate and not in each that calls it.
pub fn run<'a>(
    writer: &'a mut Writer<'_>,
    order: &'a Order,
    file: File,
    watch: ProgressFn<'a>,
) -> LocalBoxFuture<'a, Result<Plan, Error>> {
    Box::pin(async move {
        let table = table_of(&order.resource).ok_or_else(|| Error::internal("an unknown collection"))?;
        let format = order.format.parse().map_err(Error::internal)?;
        Run { table, writer, order, file, format, watch }.run().await
    })
}

struct Run<'a, 'w> {
    table: &'static AnyTable,
    writer: &'a mut Writer<'w>,
    order: &'a Order,
    file: File,
    format: ImportFormat,
    watch: ProgressFn<'a>,
}

impl Run<'_, '_> {
    async fn run(self) -> Result<Plan, Error> {
        let Self { table, writer, order, file, format, watch } = self;
        table.require_import(writer.actor())?;
        writer.begin_file();
        if file.metadata().map_err(Error::file)?.len() >= STAGED_FROM {
            table.stage_import(writer).await?;
        }
        let mut builder = ReportBuilder {
            report: Report { whole: true, ..Report::default() },
            digest: Sha256::new(),
            names: table.names(writer).await?,
            head: Vec::new(),
            on_error: order.on_error,
            deferred: Deferred::default(),
            table,
        };
        builder.add(&(&order.resource, order.mode.as_str(), order.on_error.as_str()))?;
        let mut total = None;
        let charset = order.charset.as_deref().map(str::parse).transpose();
        let charset = charset.map_err(|_| Error::internal("an unknown charset"))?;
        let (mut items, reading) = reader::begin(table, file, format, order.sheet.clone(), charset);
        while let Some(batch) = items.recv().await {
            let mut rows = Vec::with_capacity(batch.len());
            for item in batch {
                match item {
                    ParsedRow::Source(source) => builder.report.source.merge(source),
                    ParsedRow::Total(found) => total = Some(found),
                    ParsedRow::Head(head) => builder.head = head,
                    ParsedRow::Row(number, row) => match oversized_members(&row.body) {
                        violations if violations.is_empty() => rows.push((number, row)),
                        violations => {
                            let before = std::mem::take(&mut rows);
                            write(writer, order.mode, before, &mut builder).await?;
                            builder.record_outcome(number, Err(Error::invalid(violations)))?;
                        }
                    },
                    ParsedRow::Faulty(number, faults) => {
                        // The rows before it are written first, so that the report stays in order.
                        let before = std::mem::take(&mut rows);
                        write(writer, order.mode, before, &mut builder).await?;
                        builder.record_faults(number, faults)?;
                    }
                    ParsedRow::Broken(faults) => {
                        let before = std::mem::take(&mut rows);
                        write(writer, order.mode, before, &mut builder).await?;
                        faults.into_iter().for_each(|fault| builder.report.fault(fault));
                        builder.report.whole = false;
                    }
                }
            }
            write(writer, order.mode, rows, &mut builder).await?;
            writer.end_batch(builder.is_refused()).await?;
            watch(builder.report.rows(), total);
            // Other tasks on this thread can run in between.
            tokio::task::yield_now().await;
        }
        reading.await.map_err(Error::internal)?.map_err(Error::internal)?;
        writer.end_hiding();
        let mut deferred = std::mem::take(&mut builder.deferred).read()?;
        while let Some(rows) = deferred.next_batch()? {
            write(writer, order.mode, rows, &mut builder).await?;
            writer.end_batch(builder.is_refused()).await?;
            watch(builder.report.rows(), total);
            tokio::task::yield_now().await;
        }
        builder.report.sort_rows();
        let ReportBuilder { report, digest, .. } = builder;
        let token = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Plan { report, token })
    }
}

/// Writes rows and records the outcomes.
async fn write(
    writer: &mut Writer<'_>,
    mode: ImportMode,
    rows: Vec<(u64, Row)>,
    builder: &mut ReportBuilder,
) -> Result<(), Error> {
    let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
    for (number, outcome) in numbers.into_iter().zip(builder.table.import(writer, mode, rows).await?) {
        builder.record_outcome(number, outcome)?;
    }
    Ok(())
}

/// The report that is being built, and the digest of everything that the import does.
struct ReportBuilder {
    report: Report,
    digest: Sha256,
    names: NameIndex,
    head: Vec<ColumnBinding>,
    on_error: OnError,
    deferred: Deferred,
    table: &'static AnyTable,
}

impl ReportBuilder {
    fn add(&mut self, what: &impl Serialize) -> Result<(), Error> {
        self.digest.update(serde_json::to_vec(what).map_err(Error::internal)?);
        self.digest.update([0]);
        Ok(())
    }

    /// Whether nothing will be written, because a row has errors.
    fn is_refused(&self) -> bool {
        !self.report.can_be_written(self.on_error)
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

    fn record_outcome(&mut self, number: u64, outcome: Result<ImportedRow, Error>) -> Result<(), Error> {
        match outcome {
            Ok(ImportedRow::Created(created)) => {
                self.report.counts.create += 1;
                if let Some(status) = created.status {
                    *self.report.statuses.entry(status.to_owned()).or_default() += 1;
                }
                self.add(&(number, "create", created.parent, &created.data))?;
                self.record_duplicates(number, &created)
            }
            Ok(ImportedRow::Updated(states)) => {
                let (before, after) = *states;
                self.report.counts.update += 1;
                self.add(&(number, "update", before.id, before.version, &after.data))?;
                self.report_changes(number, &before, &after);
                Ok(())
            }
            Ok(ImportedRow::Unchanged(id, version)) => {
                self.report.counts.unchanged += 1;
                self.add(&(number, "unchanged", id, version))
            }
            Ok(ImportedRow::Deferred(row)) => self.deferred.push(number, &row),
            Err(error) if error.is_server_error() => Err(error),
            Err(error) => self.record_faults(number, row::refused(self.table, number, &self.head, error)),
        }
    }

    fn record_duplicates(&mut self, number: u64, created: &Imported) -> Result<(), Error> {
        for likely in self.names.candidates_for_body(created.id, &created.label, &created.data) {
            self.report.duplicates_total += 1;
            if self.report.duplicates.len() < MAX_LISTED {
                self.report.duplicates.push(Duplicate {
                    row: number,
                    name: created.label.clone(),
                    score: likely.score,
                    alike: likely.alike.into_iter().map(str::to_owned).collect(),
                    existing: serde_json::to_value(&likely.summary).map_err(Error::internal)?,
                });
            }
        }
        Ok(())
    }

    fn report_changes(&mut self, number: u64, before: &Imported, after: &Imported) {
        if self.report.changes.len() >= MAX_LISTED {
            return;
        }
        self.report.changes.push(RowChange {
            row: number,
            id: before.id,
            slug: before.slug.as_ref().map(ToString::to_string),
            version: before.version,
            changes: differences(&before.data, &after.data),
        });
    }
}
