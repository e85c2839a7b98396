//! The keys by which a list is sorted.

use std::str::FromStr;

use utoipa::ToSchema;

use crate::kernel::violation::FieldError;

/// The keys by which a list can be sorted; declared with [`string_enum!`](crate::string_enum).
pub trait SortKey: Copy + Eq + Send + Sync + FromStr<Err = FieldError> + ToSchema + 'static {
    /// All keys.
    const KEYS: &'static [&'static str];

    /// Returns the default order.
    fn default_order() -> Vec<(Self, Direction)>;

    /// Returns the key as it is written in `sort`.
    fn word(self) -> &'static str;
}

/// The direction in which a list is sorted by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first; an absent value comes before all others.
    Ascending,
    /// Largest first; an absent value comes last.
    Descending,
}

/// Implements [`SortKey`] for a string enum, with its default order.
#[macro_export]
macro_rules! sort_keys {
    ($name:ident, default: $default:expr) => {
        impl $crate::kernel::parameters::sort::SortKey for $name {
            const KEYS: &'static [&'static str] = Self::WORDS;

            fn default_order() -> Vec<(Self, $crate::kernel::parameters::sort::Direction)> {
                $default.to_vec()
            }

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    };
}
