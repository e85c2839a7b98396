//! Whole numbers with bounds.

use crate::bilingual;
use crate::kernel::violation::FieldError;

/// Declares the type of a parameter that is a whole number with bounds, with the name of its schema.
macro_rules! bounded_number {
    (
        $(#[doc = $doc:literal])+
        $name:ident as $schema:literal: $least:literal to $most:ident $(, default: $default:ident)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub u64);

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::violation::FieldError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::kernel::parameters::bounded_number::parse(text, $least, $most).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::Integer)
                    .description(Some([$($doc),+].join("\n").trim().to_owned()))
                    .minimum(Some($least))
                    .maximum(Some($most))
                    $(.default(Some($default.into())))?
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }
        }
    };
}

pub(crate) use bounded_number;

/// Parses a whole number with bounds.
pub(crate) fn parse(text: &str, least: u64, most: u64) -> Result<u64, FieldError> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        let detail = bilingual!(
            "Expected a whole number from {least} to {most}.",
            "Erwartet: ganze Zahl von {least} bis {most}."
        );
        FieldError::new("out_of_range", detail)
    })
}
