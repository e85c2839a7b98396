//! Text formats, which are written row by row, between a head and a tail.

use vku_domain::kernel::error::Error;

use super::Export;
use super::csv::CsvEncoder;
use super::encoder::Encoder;
use super::geojson::GeoJsonEncoder;
use super::icalendar::IcsEncoder;
use super::ndjson::NdjsonEncoder;
use super::row_stream::Rows;
use super::sink::Sink;
use crate::format::Format;

/// The approximate number of bytes that are passed on at once.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;

pub(super) async fn write(export: Export, mut sink: Box<dyn Sink + '_>) -> Result<(), Error> {
    let Export { store, actor, table, query, parent, format, dialect, .. } = export;
    let reader = store.export(&actor).await?;
    let mut encoder: Box<dyn Encoder> = match format {
        Format::Csv => {
            let languages = query.languages(&reader, parent.as_ref()).await?;
            Box::new(CsvEncoder::new(table.columns(&languages, &query.view), dialect))
        }
        Format::Geojson => Box::new(GeoJsonEncoder::default()),
        Format::Ics => Box::new(IcsEncoder::default()),
        Format::Ndjson | Format::Json | Format::Xlsx | Format::Iati => Box::new(NdjsonEncoder),
    };
    let mut rows = Rows::new(&reader, query, parent.as_ref());
    let mut next = rows.next().await?;
    let mut out = Vec::with_capacity(CHUNK_SIZE);
    encoder.header(&mut out)?;
    while let Some(batch) = next {
        for row in &batch {
            encoder.row(row, &mut out)?;
            if out.len() >= CHUNK_SIZE && sink.push(std::mem::take(&mut out).into()).await.is_break() {
                return Ok(());
            }
        }
        next = rows.next().await?;
    }
    encoder.footer(&mut out);
    // The last piece: it no longer matters whether more are wanted.
    let _ = sink.push(out.into()).await;
    Ok(())
}
