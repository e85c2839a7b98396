//! `export`: a whole resource to standard output.

use std::io::Write;

use vku_domain::kernel::access::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Query;
use vku_http::export::{Rows, encoder};
use vku_http::kernel::negotiate::Format;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, visit};

use crate::config::Config;
use crate::import::known;
use crate::{ExportFormat, Failure, open};

/// `export <resource> --format …`.
pub(crate) async fn command(config: &Config, collection: &str, format: ExportFormat) -> Result<(), Failure> {
    known(collection)?;
    let (store, _) = open::store(config).await?;
    let format = match format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Ndjson => Format::Ndjson,
    };
    match visit(collection, Export { store, format }).await {
        Some(done) => done,
        None => known(collection),
    }
}

struct Export {
    store: Store,
    format: Format,
}

impl Visitor for Export {
    type Answer = Result<(), Failure>;

    async fn visit<T: Table>(self) -> Self::Answer {
        let Self { store, format } = self;
        let (operator, query) = (Actor::operator(store.now()), Query::<T>::all());
        let mut encoder = encoder(&store, &operator, &query, None, format).await?;
        let mut rows = Rows::new(store, operator, query, None);
        let mut output = std::io::stdout().lock();
        let mut next: Result<_, Error> = encoder.head().map(Some);
        while let Some(bytes) = next? {
            match output.write_all(&bytes) {
                // Whoever reads has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
            next = rows.encode(encoder.as_mut()).await;
        }
        Ok(output.flush()?)
    }
}
