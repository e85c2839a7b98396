//! Parquet files, read by the library of Apache Arrow.

use std::collections::BTreeMap;

use bytes::Bytes;
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::{exported, records};
use crate::api::fixtures::{PARTNERSHIPS, UTILITIES};
use crate::harness::{Response, on_both};

fn file(answer: &Response) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(Bytes::from(answer.body.clone())).unwrap()
}

/// A value as CSV has it.
fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Date(days) => {
            let day = chrono::NaiveDate::default() + chrono::Days::new(u64::try_from(*days).unwrap());
            day.to_string()
        }
        Field::TimestampMicros(at) => {
            let at = chrono::DateTime::from_timestamp_micros(*at).unwrap();
            at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
        }
        Field::Double(number) => number.to_string(),
        Field::Long(number) => number.to_string(),
        Field::Bool(yes) => yes.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The names and the values of all rows.
pub(super) fn rows(answer: &Response) -> Vec<Vec<(String, String)>> {
    let file = file(answer);
    let rows = file.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        row.get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect()
    });
    rows.collect()
}

/// The physical and the logical types of the columns.
fn types(answer: &Response) -> BTreeMap<String, (PhysicalType, Option<LogicalType>)> {
    let file = file(answer);
    let columns = file.metadata().file_metadata().schema_descr().columns().iter();
    columns.map(|it| (it.name().to_owned(), (it.physical_type(), it.logical_type_ref().cloned()))).collect()
}

on_both! {
    /// CSV protects texts that a spreadsheet would take for a formula, and writes numbers as they are written in JSON.
    async fn a_parquet_file_has_the_cells_of_the_csv(app: TestApp) {
        let staff = app.coordinator();
        for path in [PARTNERSHIPS, UTILITIES, "/api/v1/partnership-participants", "/api/v1/partnership-funding", "/api/v1/sessions"] {
            let path = format!("{path}{}", if path.contains("sessions") { "?columns=import" } else { "?columns=all" });
            let answer = exported(&staff, &path, "parquet").await;
            assert_eq!(answer.headers["content-type"], "application/vnd.apache.parquet");
            let csv = records(&exported(&staff, &path, "csv").await.text(), b',');
            let rows = rows(&answer);
            assert_eq!(rows.len(), csv.len() - 1, "{path}");
            for (row, record) in rows.iter().zip(&csv[1..]) {
                for ((name, value), (title, cell)) in row.iter().zip(csv[0].iter().zip(record)) {
                    assert_eq!(name, title, "{path}");
                    let same = value == cell.trim_start_matches('\'')
                        || value.parse::<f64>().is_ok_and(|number| cell.parse() == Ok(number));
                    assert!(same, "{path} {name}: {value:?} {cell:?}");
                }
            }
        }
    }

    async fn columns_have_types(app: TestApp) {
        let staff = app.coordinator();
        let types = types(&exported(&staff, &format!("{PARTNERSHIPS}?columns=all"), "parquet").await);
        let text = || (PhysicalType::BYTE_ARRAY, Some(LogicalType::String));
        for (name, wanted) in [
            ("id", text()),
            ("title", text()),
            ("start", text()),
            ("start_earliest", (PhysicalType::INT32, Some(LogicalType::Date))),
            ("start_year", (PhysicalType::INT64, None)),
            ("version", (PhysicalType::INT64, None)),
        ] {
            assert_eq!(types[name], wanted, "{name}");
        }
        let (physical, logical) = &types["created_at"];
        assert!(*physical == PhysicalType::INT64 && matches!(logical, Some(LogicalType::Timestamp(_))), "{logical:?}");
        let utilities = self::types(&exported(&staff, UTILITIES, "parquet").await);
        assert_eq!(utilities["location.latitude"].0, PhysicalType::DOUBLE);
    }
}
