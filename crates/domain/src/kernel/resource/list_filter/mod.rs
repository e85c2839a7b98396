//! The filters of the lists of resources. An ordinary filter declares its [`kind`] and its column; what it means in the
//! domain and in SQL follows from the kind. A special one is written by hand, in [`Resource::matches_special`] and in
//! the `special_filter_to_sql` of the table.

pub mod kind;

use chrono::{DateTime, NaiveDate, Utc};

use super::reference::Key;
use super::{Resource, Stored};
use crate::kernel::parameters::FilterParameters;

/// What a filter demands of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// The column, or the field of a set.
    pub column: &'static str,
    /// How the column is compared, and with what.
    pub comparison: Comparison,
}

impl Criterion {
    /// Makes a criterion of a filter; `None` if the filter is not given.
    pub fn of(column: &'static str, comparison: Option<Comparison>) -> Option<Self> {
        comparison.map(|comparison| Self { column, comparison })
    }
}

/// How a column is compared, and with what.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// The column is one of the words or, with `or_absent`, has no value.
    OneOf {
        /// The words.
        words: Vec<String>,
        /// Whether an absent value fits, too.
        or_absent: bool,
    },
    /// The set contains one of the words.
    InSet(Vec<String>),
    /// The column is true or false.
    Is(bool),
    /// The column, which is a collation key, contains this part of one.
    Contains(String),
    /// The column is this day or a later one.
    From(NaiveDate),
    /// The column is this day or an earlier one. It is empty if the day is unknown.
    To(NaiveDate),
    /// The column is this instant or a later one.
    Since(DateTime<Utc>),
    /// The column is the id of a resource that has one of the keys and that the actor sees.
    Reference(Vec<Key>),
}

/// The filters of the list of a resource; declared with [`list_filter!`](crate::list_filter).
pub trait ListFilter<T: Resource>: FilterParameters {
    /// Returns what the ordinary filters demand, as far as they are given.
    fn criteria(&self) -> Vec<Criterion>;

    /// Returns whether an item matches the ordinary filters.
    fn matches_ordinary(&self, item: &Stored<T>) -> bool;
}

/// Whether one of the values of a filter fits, or none is given.
pub fn any<V>(values: &[V], fits: impl Fn(&V) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}

/// Declares the filters of the list of a resource: [`filter!`](crate::filter) with `updated_since` as the last one, and
/// after each ordinary filter its kind and its column.
///
/// - `=> one_of(kind)`: the column `kind`, and the field `data.kind`.
/// - `=> one_of(slug = derived.code)`: the column `slug`, and `derived.code` of the stored resource.
#[macro_export]
macro_rules! list_filter {
    (@member $item:ident, $column:ident) => { &$item.data.$column };
    (@member $item:ident, $column:ident = $($member:tt)+) => { &$item.$($member)+ };
    ($(#[$meta:meta])* $name:ident of $resource:ident {
        $(
            $(#[doc = $doc:literal])+
            $field:ident: $type:ty $(=> $kind:ident($column:ident $(= $($member:tt)+)?))?
        ),+ $(,)?
    }) => {
        $crate::filter! {
            $(#[$meta])*
            $name {
                $( $(#[doc = $doc])+ $field: $type, )+
                /// Only resources that changed at or after this instant.
                updated_since: Option<$crate::kernel::parameters::InstantParam>,
            }
        }

        impl $crate::kernel::resource::list_filter::ListFilter<$resource> for $name {
            fn criteria(&self) -> Vec<$crate::kernel::resource::list_filter::Criterion> {
                use $crate::kernel::resource::list_filter::{Criterion, kind};
                let criteria = [
                    $( $( Criterion::of(stringify!($column), kind::$kind::comparison(&self.$field)), )? )+
                    Criterion::of("updated_at", kind::since::comparison(self.updated_since)),
                ];
                criteria.into_iter().flatten().collect()
            }

            fn matches_ordinary(&self, item: &$crate::kernel::resource::Stored<$resource>) -> bool {
                use $crate::kernel::resource::list_filter::kind;
                kind::since::matches(self.updated_since, item.updated_at)
                    $( $( && kind::$kind::matches(
                        &self.$field,
                        $crate::list_filter!(@member item, $column $(= $($member)+)?),
                    ) )? )+
            }
        }
    };
}
