//! Integers with bounds.

use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::bilingual;
use crate::kernel::violation::{FieldError, Violations};

macro_rules! whole_number {
    ($(#[doc = $doc:literal])+ $name:ident: $least:literal to $most:literal, example: $example:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(u16);

        impl $name {
            /// Returns the number.
            pub fn get(self) -> u16 {
                self.0
            }

            /// Makes a value of this type; `None` if the number is out of bounds.
            pub fn new(number: usize) -> Option<Self> {
                u16::try_from(number).ok().filter(|number| ($least..=$most).contains(number)).map(Self)
            }
        }

        impl Deserr<Violations> for $name {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                at: ValuePointerRef<'_>,
            ) -> Result<Self, Violations> {
                let number = i128::deserialize_from_value(value, at)?;
                match u16::try_from(number) {
                    Ok(number @ $least..=$most) => Ok(Self(number)),
                    _ => Err(take_cf_content(Violations::merge(None, out_of_range($least, $most, number), at))),
                }
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .description(Some([$($doc),+].join("\n").trim().to_owned()))
                    .minimum(Some($least))
                    .maximum(Some($most))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

fn out_of_range(least: u16, most: u16, number: i128) -> FieldError {
    let detail = bilingual!(
        "Must be between {least} and {most}, found {number}.",
        "Muss zwischen {least} und {most} liegen, gefunden: {number}."
    );
    FieldError::new("out_of_range", detail)
}

whole_number! {
    /// A percentage, as a whole number from 0 to 100.
    Percent: 0 to 100, example: 10
}

whole_number! {
    /// A number of months, from 1 to 600.
    Months: 1 to 600, example: 24
}

whole_number! {
    /// A number of people, from 1 to 50,000.
    Headcount: 1 to 50000, example: 12
}

whole_number! {
    /// A number of seats, from 1 to 10,000.
    Seats: 1 to 10_000, example: 40
}

whole_number! {
    /// A duration in whole minutes, from 1 to 1,440.
    DurationMinutes: 1 to 1_440, example: 45
}

whole_number! {
    /// A position in a list, starting at 1.
    Position: 1 to 1_000, example: 2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Months, Percent, Violations};

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        for (number, fits) in [(json!(0), true), (json!(100), true), (json!(101), false), (json!(-1), false)]
        {
            assert_eq!(
                deserr::deserialize::<Percent, _, Violations>(number.clone()).is_ok(),
                fits,
                "{number}"
            );
        }
        for wrong in [json!(0), json!(601), json!("12"), json!(1.5), json!(1e30)] {
            assert!(deserr::deserialize::<Months, _, Violations>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
