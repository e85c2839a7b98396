//! Text formats that are written row by row, between a head and a tail.

use vku_domain::kernel::error::Error;

use super::Export;
use super::csv::CsvEncoder;
use super::encoder::Encoder;
use super::geojson::GeoJsonEncoder;
use super::icalendar::IcsEncoder;
use super::row_stream::Rows;
use super::sink::Sink;

/// The formats of this module.
pub(super) enum TextFormat {
    Csv,
    Geojson,
    Icalendar,
}

/// The approximate number of bytes that are passed on at once.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;

pub(super) async fn write(
    export: Export,
    format: TextFormat,
    mut sink: Box<dyn Sink + '_>,
) -> Result<(), Error> {
    let Export { store, actor, query, parent, columns, dialect, .. } = export;
    let reader = store.export(&actor).await?;
    let mut encoder: Box<dyn Encoder> = match format {
        TextFormat::Csv => {
            let languages = query.languages(&reader, parent.as_ref()).await?;
            Box::new(CsvEncoder::new(query.columns(&languages, columns), dialect))
        }
        TextFormat::Geojson => Box::new(GeoJsonEncoder::default()),
        TextFormat::Icalendar => Box::new(IcsEncoder::default()),
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
