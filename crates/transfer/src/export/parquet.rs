//! Parquet: the columns of CSV with types, for programs that analyse data. Each row group is encoded when it is full, so
//! that the memory is limited.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::tabular::cell::Cell;
use vku_domain::kernel::tabular::{Column, FieldSerializer, Kind};

use super::Export;
use super::row_stream::Rows;
use super::sink::Sink;

/// The number of rows in a row group.
const ROWS: usize = 5_000;

pub(super) async fn write(export: Export, mut sink: Box<dyn Sink + '_>) -> Result<(), Error> {
    let Export { store, actor, query, parent, columns, .. } = export;
    let reader = store.export(&actor).await?;
    let languages = query.languages(&reader, parent.as_ref()).await?;
    let fields = FieldSerializer::new(query.columns(&languages, columns));
    let mut file = ParquetFile::new(fields.columns())?;
    let mut rows = Rows::new(&reader, query, parent.as_ref());
    while let Some(batch) = rows.next().await? {
        for row in &batch {
            file.push(row.item.cells(&fields)?);
        }
        if file.rows >= ROWS {
            let group = file.end_group().map_err(Error::internal)?;
            if sink.push(group.into()).await.is_break() {
                return Ok(());
            }
        }
    }
    let rest = file.finish().map_err(Error::internal)?;
    // The last piece: it no longer matters whether more are wanted.
    let _ = sink.push(rest.into()).await;
    Ok(())
}

/// A file that is being written.
struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
    kinds: Vec<ValueType>,
    /// The cells of the current row group, by column.
    cells: Vec<Vec<Cell>>,
    rows: usize,
}

/// The type of the values of a column.
#[derive(Clone, Copy)]
enum ValueType {
    Text,
    Number,
    Integer,
    Boolean,
    Day,
    Instant,
}

impl ValueType {
    fn of(column: &Column) -> Self {
        match column.kind {
            Kind::Number | Kind::Decimal => Self::Number,
            Kind::Integer => Self::Integer,
            Kind::Boolean => Self::Boolean,
            Kind::Date => Self::Day,
            Kind::Instant => Self::Instant,
            _ => Self::Text,
        }
    }

    fn field(self, name: &str) -> Result<TypePtr, ParquetError> {
        let (physical, logical) = match self {
            Self::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Number => (PhysicalType::DOUBLE, None),
            Self::Integer => (PhysicalType::INT64, None),
            Self::Boolean => (PhysicalType::BOOLEAN, None),
            Self::Day => (PhysicalType::INT32, Some(LogicalType::Date)),
            Self::Instant => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    }

    /// Writes the cells of a column.
    ///
    /// Errors: a cell does not have the type.
    fn write(self, column: &mut SerializedColumnWriter<'_>, cells: &[Cell]) -> Result<(), ParquetError> {
        match self {
            Self::Text => values::<ByteArrayType>(column, cells, |cell| Some(text(cell)?.as_str().into())),
            Self::Number => values::<DoubleType>(column, cells, |cell| text(cell)?.parse().ok()),
            Self::Integer => values::<Int64Type>(column, cells, |cell| text(cell)?.parse().ok()),
            Self::Boolean => values::<BoolType>(column, cells, |cell| match cell {
                Cell::Boolean(yes) => Some(*yes),
                _ => None,
            }),
            Self::Day => values::<Int32Type>(column, cells, |cell| match cell {
                Cell::Date(day) => days(*day),
                _ => None,
            }),
            Self::Instant => values::<Int64Type>(column, cells, |cell| {
                let at = DateTime::parse_from_rfc3339(text(cell)?.as_str()).ok()?;
                Some(at.timestamp_micros())
            }),
        }
    }
}

/// The text of a cell.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) | Cell::Number(text) => Some(text.clone()),
        Cell::Date(day) => Some(day.to_string()),
        Cell::Boolean(yes) => Some(yes.to_string()),
    }
}

/// The number of days since 1 January 1970.
fn days(day: NaiveDate) -> Option<i32> {
    i32::try_from(day.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

fn values<T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    cells: &[Cell],
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let found = cells.iter().map(|cell| match value(cell) {
        None if *cell != Cell::Empty => Err(ParquetError::General("a cell of another type".to_owned())),
        found => Ok(found),
    });
    let found: Vec<Option<T::T>> = found.collect::<Result<_, _>>()?;
    let levels: Vec<i16> = found.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = found.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}

impl ParquetFile {
    fn new(columns: &[Column]) -> Result<Self, Error> {
        let kinds: Vec<_> = columns.iter().map(ValueType::of).collect();
        let fields = columns.iter().zip(&kinds).map(|(column, kind)| kind.field(&column.name));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
        let schema = Type::group_type_builder("row").with_fields(fields).build().map_err(Error::internal)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties));
        let cells = vec![Vec::new(); kinds.len()];
        Ok(Self { writer: writer.map_err(Error::internal)?, kinds, cells, rows: 0 })
    }

    fn push(&mut self, row: Vec<Cell>) {
        self.cells.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        self.rows += 1;
    }

    /// Writes the row group, and returns the bytes of the file that have not been returned yet.
    fn end_group(&mut self) -> Result<Vec<u8>, ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (kind, cells) in self.kinds.iter().zip(&mut self.cells) {
            let Some(mut column) = group.next_column()? else { break };
            kind.write(&mut column, cells)?;
            column.close()?;
            cells.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Writes the last row group and the footer.
    fn finish(mut self) -> Result<Vec<u8>, ParquetError> {
        let mut rest = if self.rows > 0 { self.end_group()? } else { Vec::new() };
        self.writer.finish()?;
        rest.append(self.writer.inner_mut());
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    #[test]
    fn a_file_of_several_row_groups_has_all_rows() {
        let columns = [Column::new("name", Kind::Text), Column::new("number", Kind::Integer)];
        let mut file = ParquetFile::new(&columns).unwrap();
        let mut bytes = Vec::new();
        for group in 0..3 {
            for row in 0..10 {
                let number = if row == 5 { Cell::Empty } else { Cell::Number(row.to_string()) };
                file.push(vec![Cell::Text(format!("{group}-{row}")), number]);
            }
            if group < 2 {
                bytes.append(&mut file.end_group().unwrap());
            }
        }
        bytes.append(&mut file.finish().unwrap());
        let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        assert_eq!(file.num_row_groups(), 3);
        let rows: Vec<_> = file.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows.len(), 30);
        assert!(rows[15].contains("1-5") && rows[15].contains("null"), "{}", rows[15]);
        assert!(rows[29].contains("2-9") && rows[29].contains(": 9"), "{}", rows[29]);
    }

    #[test]
    fn a_cell_of_another_type_is_an_error() {
        let mut file = ParquetFile::new(&[Column::new("number", Kind::Integer)]).unwrap();
        file.push(vec![Cell::Text("none".to_owned())]);
        assert!(file.finish().is_err());
    }

    #[test]
    fn a_file_without_rows_has_the_columns() {
        let file = ParquetFile::new(&[Column::new("name", Kind::Text)]).unwrap();
        let file = SerializedFileReader::new(Bytes::from(file.finish().unwrap())).unwrap();
        assert_eq!(file.metadata().file_metadata().schema_descr().num_columns(), 1);
        assert_eq!(file.metadata().file_metadata().num_rows(), 0);
    }
}
