//! The filters of lists, each of which is a struct of query parameters.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::Parameters;

/// A query parameter in the OpenAPI document.
pub struct FilterDescription {
    /// The name in the query string.
    pub name: &'static str,
    /// The description.
    pub about: String,
    /// The schema.
    pub schema: RefOr<Schema>,
    /// The named schemas to which the schema refers.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// The filters of a list; declared with [`filter!`](crate::filter).
pub trait FilterParameters: Clone + Default + Send + Sync {
    /// Takes the parameters of the filter.
    fn take(parameters: &mut Parameters) -> Self;

    /// Returns the documentation of each parameter.
    fn describe() -> Vec<FilterDescription>;
}

/// Declares a filter struct in which each field is a query parameter. Parsing, documentation and matching use the same
/// struct.
///
/// A `Vec<_>` may be repeated and means "any of these"; different parameters mean "all of these".
#[macro_export]
macro_rules! filter {
    ($(#[$meta:meta])* $name:ident { $( $(#[doc = $doc:literal])+ $field:ident: $type:ty ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $type ),+ }

        impl $crate::kernel::parameters::filter::FilterParameters for $name {
            fn take(parameters: &mut $crate::kernel::parameters::Parameters) -> Self {
                Self { $($field: parameters.get(stringify!($field))),+ }
            }

            fn describe() -> Vec<$crate::kernel::parameters::filter::FilterDescription> {
                use $crate::kernel::parameters::filter::FilterDescription;
                use $crate::kernel::parameters::from_parameter::FromParameter;
                vec![$(FilterDescription {
                    name: stringify!($field),
                    about: [$($doc),+].join("\n").trim().to_owned(),
                    schema: <$type as FromParameter>::schema(),
                    schemas: <$type as FromParameter>::schemas(),
                }),+]
            }
        }
    };
}
