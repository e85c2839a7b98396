//! The file of an import, which is stored in chunks until it is no longer needed.

use std::io::{Read, Write};

use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;
use crate::kernel::transaction::Writer;

/// The size of a file chunk in bytes.
const CHUNK_SIZE: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_piece")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub content: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Copies the file of an import to a writer; returns false if the file is no longer stored.
    ///
    /// Errors: the database is unavailable, or the writer fails.
    pub async fn import_file(&self, id: Uuid, to: &mut (impl Write + Send)) -> Result<bool, Error> {
        for position in 0_i64.. {
            let (select, reading) = (Entity::find_by_id((id, position)), self.database().reading());
            let found = retry_on_broken_connection(|| select.clone().one(reading)).await.map_err(failed)?;
            let Some(piece) = found else { return Ok(position > 0) };
            to.write_all(&piece.content).map_err(Error::file)?;
        }
        Ok(true)
    }
}

impl Writer<'_> {
    /// Stores the file of an import in chunks.
    pub(super) async fn store_file(&self, id: Uuid, file: &mut (impl Read + Send)) -> Result<(), Error> {
        for position in 0.. {
            let mut content = Vec::new();
            let mut next = (&mut *file).take(u64::try_from(CHUNK_SIZE).unwrap_or(u64::MAX));
            if next.read_to_end(&mut content).map_err(Error::file)? == 0 {
                break;
            }
            let piece = Model { import_id: id, position, content }.into_active_model();
            Entity::insert(piece).exec_without_returning(self.tx()).await.map_err(failed)?;
        }
        Ok(())
    }

    pub(super) async fn drop_file(&self, id: Uuid) -> Result<(), Error> {
        let delete = Entity::delete_many().filter(Column::ImportId.eq(id));
        delete.exec(self.tx()).await.map(drop).map_err(failed)
    }
}
