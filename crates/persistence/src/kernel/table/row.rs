//! Rows: what every table has is written here once, a feature names its own columns only.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What every row has.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// UUIDv7.
    pub id: Uuid,
    /// The row that a part belongs to.
    pub parent: Option<Uuid>,
    /// Counts the changes from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted, if it is.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A row: what every row has, and a feature's own columns.
pub trait Row: Sized {
    /// The feature's own columns.
    type Columns;

    /// Puts both together; `None` for a part without what it belongs to.
    fn join(meta: Meta, columns: Self::Columns) -> Option<Self>;

    /// Takes both apart.
    fn split(self) -> (Meta, Self::Columns);
}

/// Declares the row of a table: `row! { "utility" { name: String, … } }`, and for a part with the column of what it
/// belongs to, `row! { "funding" in partnership_id { … } }`. Makes a module `row` with the sea-orm entity and the
/// feature's `Columns`.
macro_rules! row {
    ($table:literal $(in $parent:ident)? { $($field:ident: $type:ty),+ $(,)? }) => {
        pub mod row {
            //! The row of the feature's table.
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                pub version: i64,
                pub created_at: DateTimeUtc,
                pub updated_at: DateTimeUtc,
                pub deleted_at: Option<DateTimeUtc>,
                $(pub $parent: Uuid,)?
                $(pub $field: $type,)+
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}

            pub struct Columns {
                $(pub $field: $type,)+
            }

            impl $crate::kernel::table::row::Row for Model {
                type Columns = Columns;

                fn join(meta: $crate::kernel::table::row::Meta, columns: Columns) -> Option<Self> {
                    Some(Self {
                        id: meta.id,
                        version: meta.version,
                        created_at: meta.created_at,
                        updated_at: meta.updated_at,
                        deleted_at: meta.deleted_at,
                        $($parent: meta.parent?,)?
                        $($field: columns.$field,)+
                    })
                }

                fn split(self) -> ($crate::kernel::table::row::Meta, Columns) {
                    let parent = [$(self.$parent)?];
                    let meta = $crate::kernel::table::row::Meta {
                        id: self.id,
                        parent: <[Uuid]>::first(&parent).copied(),
                        version: self.version,
                        created_at: self.created_at,
                        updated_at: self.updated_at,
                        deleted_at: self.deleted_at,
                    };
                    (meta, Columns { $($field: self.$field),+ })
                }
            }
        }
    };
}
pub(crate) use row;
