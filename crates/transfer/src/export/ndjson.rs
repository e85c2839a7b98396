//! NDJSON: one JSON text per line, each row as `GET` on the resource returns it.

use vku_domain::kernel::error::Error;

use super::Export;
use super::sink::Sink;
use super::text::CHUNK_SIZE;

pub(super) async fn write(export: Export, mut sink: Box<dyn Sink + '_>) -> Result<(), Error> {
    let Export { store, actor, mut query, parent, .. } = export;
    let reader = store.export(&actor).await?;
    let (mut out, mut has_more) = (Vec::with_capacity(CHUNK_SIZE), true);
    while has_more {
        let lines;
        (lines, has_more) = query.next_lines(&store, &reader, parent.as_ref()).await?;
        for line in lines {
            out.extend_from_slice(&line);
            out.push(b'\n');
            if out.len() >= CHUNK_SIZE && sink.push(std::mem::take(&mut out).into()).await.is_break() {
                return Ok(());
            }
        }
    }
    // The last piece: it no longer matters whether more are wanted.
    let _ = sink.push(out.into()).await;
    Ok(())
}
