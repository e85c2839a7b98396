//! Rows: the common columns of all tables are defined here, so that a feature lists only its own.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The common columns of all rows.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// UUIDv7.
    pub id: Uuid,
    /// The id of the parent of a sub-resource.
    pub parent: Option<Uuid>,
    /// The version: 1 at first, and one more with each change.
    pub version: i64,
    /// When the resource was created.
    pub created_at: DateTime<Utc>,
    /// When the resource was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the resource was deleted, if it is.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A row: the common columns, and the columns of the feature.
pub trait Row: Sized {
    /// The columns of the feature.
    type Columns;

    /// Joins both; returns `None` for a sub-resource without its parent.
    fn join(meta: Meta, columns: Self::Columns) -> Option<Self>;

    /// Splits the row into both.
    fn split(self) -> (Meta, Self::Columns);
}

/// Declares the row of a table: `row! { "utility" { name: String, … } }`; for a sub-resource with the column
/// of its parent: `row! { "funding" in partnership_id { … } }`. Generates a module `row` with the sea-orm
/// entity and the `Columns` of the feature.
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
