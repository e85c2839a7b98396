//! An import as it is answered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use vku_domain::import::{Counts, EncodingSource, ImportMode, ImportStatus, OnError, Report, Source};
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::diff::Difference;
use vku_domain::kernel::resource::instant;
use vku_persistence::import::Shown;

/// A file of rows on its way in.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportBody {
    /// The id (UUIDv7).
    id: Uuid,
    /// How far it is.
    status: ImportStatus,
    /// The collection that the rows are of.
    resource: String,
    /// What is done with slugs that are there already.
    mode: ImportMode,
    /// What is done when a row is not right.
    on_error: OnError,
    /// The file's format: `csv`, `xlsx`, `ndjson` or `json`.
    format: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was rehearsed, or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    finished_at: Option<String>,
    /// How many rows are done; absent while another instance works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<ImportProgress>,
    /// Why it failed, where the file is not to blame: the code of a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
    /// What was found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<ImportReport>,
    /// Commits what was rehearsed; absent where nothing can be committed, and a day after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan_token: Option<String>,
}

/// How far it is.
#[derive(Serialize, ToSchema)]
pub struct ImportProgress {
    /// Rows that are done.
    done: u64,
    /// All rows, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

/// What was found out about a file; a day after, the numbers only.
#[derive(Serialize, ToSchema)]
pub struct ImportReport {
    /// How the file was read.
    source: ImportSource,
    /// What the rows do.
    counts: ImportCounts,
    /// What is wrong: the first thousand.
    faults: Vec<ImportFault>,
    /// How many faults there are.
    faults_total: u64,
    /// What may be there already under another slug: the first thousand.
    duplicates: Vec<ImportDuplicate>,
    /// How many there are.
    duplicates_total: u64,
    /// What the rows change, row by row: the first thousand.
    changes: Vec<ImportChange>,
    /// How many of those that the rows make have which status then; none of a status that nobody knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    statuses: BTreeMap<String, u64>,
    /// How many rows change something.
    changes_total: u64,
}

/// How the file was read. What does not apply to its format is absent.
#[derive(Serialize, ToSchema)]
pub struct ImportSource {
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Tabelle1")]
    sheet: Option<String>,
    /// The character encoding of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "UTF-8")]
    encoding: Option<String>,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    encoding_source: Option<EncodingSource>,
    /// What separates the cells of a CSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = ";")]
    delimiter: Option<String>,
    /// The row of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    header_row: Option<u64>,
}

/// What the rows do, counted.
#[derive(Serialize, ToSchema)]
pub struct ImportCounts {
    /// Rows that make a new one.
    create: u64,
    /// Rows that change one.
    update: u64,
    /// Rows that say what is there already.
    unchanged: u64,
    /// Rows that are not right.
    faulty: u64,
    /// Rows that are left out because they are not right (`on_error=skip`).
    skipped: u64,
}

/// What is wrong in a row.
#[derive(Serialize, ToSchema)]
pub struct ImportFault {
    /// The line of the file, or the row of the sheet; in a JSON array the number of the entry, from 1.
    row: u64,
    /// The column, as the file calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<String>,
    /// The member of the row (JSON pointer, RFC 6901), where the file has no columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// Which fault: stable, snake_case.
    code: String,
    /// What is wrong and what would be right.
    detail: String,
}

/// Something that may be what a row would make anew.
#[derive(Serialize, ToSchema)]
pub struct ImportDuplicate {
    /// The row.
    row: u64,
    /// What the row calls it.
    name: String,
    /// How likely they are the same, from 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    /// What they have alike: `name`, `alias`, `country`, `website`.
    alike: Vec<String>,
    /// A reference to what is there.
    existing: Value,
}

/// What a row changes.
#[derive(Serialize, ToSchema)]
pub struct ImportChange {
    /// The row.
    row: u64,
    /// Which one it changes.
    id: Uuid,
    /// Its slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slug: Option<String>,
    /// The version that it had.
    version: i64,
    /// What changes, member by member.
    changes: Vec<Difference>,
}

/// Imports.
#[derive(Serialize, ToSchema)]
pub struct Imports {
    /// The latest, newest first.
    pub(super) items: Vec<ImportBody>,
}

impl ImportBody {
    pub(super) fn of(Shown { import, progress }: Shown, locale: Locale) -> Self {
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

    /// Without its report.
    pub(super) fn brief(self) -> Self {
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
