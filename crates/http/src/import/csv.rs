//! CSV, separated by commas or by semicolons.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use csv::{ByteRecord, Error, ErrorKind, Position, Reader, ReaderBuilder, StringRecord};
use vku_domain::import::Source;
use vku_domain::kernel::cells::CsvDialect;
use vku_domain::kernel::text::Both;
use vku_domain::say;
use vku_persistence::kernel::table::Table;

use super::encoding;
use super::read::{Enough, Item, Sink, fault};
use super::table::Sheet;

/// How much of the first line is looked at.
const HEAD: u64 = 1 << 16;

/// Reads all rows.
pub(super) fn read<T: Table>(file: File, sink: &mut Sink) -> io::Result<Result<(), Enough>> {
    let mut file = match encoding::utf8(file)? {
        Ok(file) => file,
        Err(fault) => return Ok(sink.put(Item::Broken(vec![fault]))),
    };
    let begin = file.stream_position()?;
    let dialect = dialect(&file)?;
    file.seek(SeekFrom::Start(begin))?;
    let total = rows(table(&file, dialect));
    file.seek(SeekFrom::Start(begin))?;
    Ok(each::<T>(table(&file, dialect), dialect, total, sink))
}

fn table(file: &File, dialect: CsvDialect) -> Reader<BufReader<&File>> {
    ReaderBuilder::new().delimiter(dialect.separator()).from_reader(BufReader::new(file))
}

/// Whatever stands more often in the header, outside quotes.
fn dialect(file: &File) -> io::Result<CsvDialect> {
    let (mut line, mut quoted, mut lead) = (Vec::new(), false, 0_i64);
    BufReader::new(file.take(HEAD)).read_until(b'\n', &mut line)?;
    for byte in line {
        match byte {
            b'"' => quoted = !quoted,
            b';' if !quoted => lead += 1,
            b',' if !quoted => lead -= 1,
            _ => {}
        }
    }
    Ok(if lead > 0 { CsvDialect::ExcelDe } else { CsvDialect::Rfc4180 })
}

fn rows(mut reader: Reader<BufReader<&File>>) -> u64 {
    let (mut record, mut total) = (ByteRecord::new(), 0);
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return total,
            // What is wrong in it is told when it is read.
            Ok(true) | Err(_) => total += 1,
        }
    }
}

fn each<T: Table>(
    mut reader: Reader<BufReader<&File>>,
    dialect: CsvDialect,
    total: u64,
    sink: &mut Sink,
) -> Result<(), Enough> {
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return sink.put(Item::Broken(vec![unreadable(&error)])),
    };
    let delimiter = Some(char::from(dialect.separator()).to_string());
    sink.put(Item::Source(Source { delimiter, header_row: Some(1), ..Source::default() }))?;
    let sheet = match Sheet::open::<T>(1, &header, dialect) {
        Ok(sheet) => sheet,
        Err(faults) => return sink.put(Item::Broken(faults)),
    };
    sink.put(Item::Total(total))?;
    sink.put(Item::Head(sheet.head()))?;
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(0, Position::line);
                sink.put(sheet.row(line, &record))?;
            }
            Err(error) => {
                let wrong = unreadable(&error);
                sink.put(Item::Faulty(wrong.row, vec![wrong]))?;
            }
        }
    }
}

fn unreadable(error: &Error) -> vku_domain::import::RowFault {
    let line = error.position().map_or(1, Position::line);
    let detail: Both = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => say!(
            "The row has {len} cells, the header has {expected_len}.",
            "Die Zeile hat {len} Zellen, die Kopfzeile {expected_len}."
        ),
        _ => say!("The row cannot be read.", "Die Zeile ist nicht lesbar."),
    };
    fault(line, "malformed_row", detail)
}
