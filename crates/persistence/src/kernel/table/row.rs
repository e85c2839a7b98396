//! Rows: a feature lists its own columns. The columns that all tables have are those of
//! [`Meta`](vku_domain::kernel::resource::any::Meta).

use sea_orm::{DbErr, QueryResult, Value};

/// The columns of a feature, in a row.
pub trait TableRow: Clone {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];

    /// Reads the columns of a row.
    fn read(row: &QueryResult) -> Result<Self, DbErr>;

    /// Returns the values in the order of [`Self::COLUMNS`].
    fn into_values(self) -> Vec<Value>;
}

/// Declares the columns of a feature: `row! { name: String, … }`. Generates the struct `Row`.
macro_rules! row {
    ($($(#[$meta:meta])* $field:ident: $type:ty),+ $(,)?) => {
        mod row {
            use sea_orm::entity::prelude::*;

            /// A row of the table of the feature.
            #[derive(Clone)]
            pub struct Row {
                $($(#[$meta])* pub $field: $type,)+
            }

            impl $crate::kernel::table::row::TableRow for Row {
                const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

                fn read(row: &sea_orm::QueryResult) -> Result<Self, DbErr> {
                    Ok(Self { $($field: row.try_get("", stringify!($field))?,)+ })
                }

                fn into_values(self) -> Vec<sea_orm::Value> {
                    vec![$(self.$field.into()),+]
                }
            }
        }

        use self::row::Row;
    };
}

pub(crate) use row;
