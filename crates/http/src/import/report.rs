//! The schemas of imports in responses.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::import::{Counts, EncodingSource, ImportMode, ImportStatus, OnError, Report, Source};
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::change_log::diff::Difference;
use vku_domain::kernel::clock::instant;
use vku_persistence::import::ImportWithProgress;

/// An import of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportBody {
    /// The id (UUIDv7).
    id: Uuid,
    /// The state of the import.
    status: ImportStatus,
    /// The collection of the rows.
    resource: String,
    /// How slugs that already exist are handled.
    mode: ImportMode,
    /// How invalid rows are handled.
    on_error: OnError,
    /// The format of the file: `csv`, `xlsx`, `ndjson` or `json`.
    format: String,
    /// When the import was requested.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the dry run or the import ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    finished_at: Option<String>,
    /// The progress; absent while another server instance is running the import.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<ImportProgress>,
    /// The code of the problem, if the import failed for a reason other than the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
    /// The report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<ImportReport>,
    /// The token for committing the dry run; absent if nothing can be committed, and after a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan_token: Option<String>,
}

/// The progress of an import.
#[derive(Serialize, ToSchema)]
pub struct ImportProgress {
    /// The number of rows processed so far.
    done: u64,
    /// The total number of rows, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

/// The report on a file; after a day, only the numbers.
#[derive(Serialize, ToSchema)]
pub struct ImportReport {
    /// How the file was read.
    source: ImportSource,
    /// What the rows do.
    counts: ImportCounts,
    /// The first 1,000 errors.
    faults: Vec<ImportFault>,
    /// The total number of errors.
    faults_total: u64,
    /// The first 1,000 possible duplicates: resources that may already exist under another slug.
    duplicates: Vec<ImportDuplicate>,
    /// The total number of possible duplicates.
    duplicates_total: u64,
    /// The first 1,000 rows that change something, with their changes.
    changes: Vec<ImportChange>,
    /// The number of created resources by status; those with an unknown status are not included.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    statuses: BTreeMap<String, u64>,
    /// The total number of rows that change something.
    changes_total: u64,
}

/// How the file was read. Fields that do not apply to the format are absent.
#[derive(Serialize, ToSchema)]
pub struct ImportSource {
    /// The worksheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Tabelle1")]
    sheet: Option<String>,
    /// The character encoding of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "UTF-8")]
    encoding: Option<String>,
    /// How the character encoding was determined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    encoding_source: Option<EncodingSource>,
    /// The delimiter of a CSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = ";")]
    delimiter: Option<String>,
    /// The row of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    header_row: Option<u64>,
}

/// The number of rows by effect.
#[derive(Serialize, ToSchema)]
pub struct ImportCounts {
    /// Rows that create a resource.
    create: u64,
    /// Rows that change a resource.
    update: u64,
    /// Rows that change nothing.
    unchanged: u64,
    /// Rows with errors.
    faulty: u64,
    /// Rows that are left out because of errors (`on_error=skip`).
    skipped: u64,
}

/// An error in a row.
#[derive(Serialize, ToSchema)]
pub struct ImportFault {
    /// The line of the file or the row of the worksheet; for a JSON array, the number of the entry, starting at 1.
    row: u64,
    /// The column, as named in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<String>,
    /// The field of the row (JSON pointer, RFC 6901), if the file has no columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// The kind of error: a stable code in snake_case.
    code: String,
    /// What is wrong, and what would be valid.
    detail: String,
}

/// An existing resource that may be the same as the one that a row would create.
#[derive(Serialize, ToSchema)]
pub struct ImportDuplicate {
    /// The number of the row.
    row: u64,
    /// The name in the row.
    name: String,
    /// How likely it is that the two are the same, from 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    /// What the two have in common: `name`, `alias`, `country`, `website`.
    alike: Vec<String>,
    /// A reference to the existing resource.
    existing: Value,
}

/// The changes that a row makes.
#[derive(Serialize, ToSchema)]
pub struct ImportChange {
    /// The number of the row.
    row: u64,
    /// The id of the changed resource.
    id: Uuid,
    /// The slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slug: Option<String>,
    /// The version before the change.
    version: i64,
    /// What changes, field by field.
    changes: Vec<Difference>,
}

/// Imports.
#[derive(Serialize, ToSchema)]
pub struct Imports {
    /// The latest imports, newest first.
    pub(super) items: Vec<ImportBody>,
}

impl ImportBody {
    pub(super) fn of(ImportWithProgress { import, progress }: ImportWithProgress, locale: Locale) -> Self {
        let rows = import.report.as_ref().map(Report::rows);
        let progress = progress.or(rows.map(|rows| (rows, Some(rows))));
        Self {
            id: import.id,
            status: import.status,
            resource: import.order.resource,
            mode: import.order.mode,
            on_error: import.order.on_error,
            format: import.order.format,
            created_at: instant(import.created_at),
            finished_at: import.finished_at.map(instant),
            progress: progress.map(|(done, total)| ImportProgress { done, total }),
            problem: import.problem,
            report: import.report.map(|report| ImportReport::of(report, locale)),
            plan_token: import.plan_token,
        }
    }

    /// Removes the report.
    pub(super) fn without_report(self) -> Self {
        Self { report: None, ..self }
    }
}

impl ImportReport {
    fn of(report: Report, locale: Locale) -> Self {
        let Counts { create, update, unchanged, faulty, skipped } = report.counts;
        let faults = report.faults.into_iter().map(|fault| ImportFault {
            row: fault.row,
            column: fault.column,
            pointer: fault.pointer,
            code: fault.code,
            detail: fault.detail.in_locale(locale).to_owned(),
        });
        let duplicates = report.duplicates.into_iter().map(|it| ImportDuplicate {
            row: it.row,
            name: it.name,
            score: it.score,
            alike: it.alike,
            existing: it.existing,
        });
        let changes = report.changes.into_iter().map(|it| ImportChange {
            row: it.row,
            id: it.id,
            slug: it.slug,
            version: it.version,
            changes: it.changes,
        });
        let Source { sheet, encoding, encoding_source, delimiter, header_row } = report.source;
        Self {
            source: ImportSource { sheet, encoding, encoding_source, delimiter, header_row },
            counts: ImportCounts { create, update, unchanged, faulty, skipped },
            faults: faults.collect(),
            faults_total: report.faults_total,
            duplicates: duplicates.collect(),
            duplicates_total: report.duplicates_total,
            changes: changes.collect(),
            statuses: report.statuses,
            changes_total: update,
        }
    }
}
