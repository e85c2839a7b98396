//! Published numbers. They age and sources disagree, so each has a date and a source.

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PartialDate, WebUrl};
use crate::bilingual;
use crate::kernel::violation::{FieldError, Violations};

/// The largest integer that every JSON parser represents exactly (RFC 8259, section 6): 2^53 - 1.
const MAX: u64 = 9_007_199_254_740_991;

/// A published figure, such as the number of people served or of employees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Figure {
    /// A non-negative whole number.
    #[deserr(try_from(i128) = check_value -> FieldError)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64, example = 2_000_000)]
    pub value: u64,
    /// The date to which the number applies, as precisely as it is known.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub as_of: Option<PartialDate>,
    /// Where the number is published.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source_url: Option<WebUrl>,
}

fn check_value(number: i128) -> Result<u64, FieldError> {
    u64::try_from(number).ok().filter(|number| *number <= MAX).ok_or_else(|| {
        let detail = bilingual!(
            "Must be between 0 and {MAX}, found {number}.",
            "Muss zwischen 0 und {MAX} liegen, gefunden: {number}."
        );
        FieldError::new("out_of_range", detail)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    use super::{Figure, Violations};

    fn parse(value: Value) -> Result<Figure, Vec<(String, &'static str)>> {
        deserr::deserialize::<Figure, _, Violations>(value).map_err(|faults| {
            faults.pointers().map(str::to_owned).zip(faults.iter().map(|fault| fault.code)).collect()
        })
    }

    #[test]
    fn a_figure_survives_a_round_trip() {
        for value in [
            json!({ "value": 0 }),
            json!({ "value": 9_007_199_254_740_991_u64, "as_of": "2023" }),
            json!({ "value": 2_000_000, "as_of": "2023-05", "source_url": "https://www.example.org/report" }),
        ] {
            assert_eq!(
                parse(value.clone()).ok().and_then(|figure| serde_json::to_value(figure).ok()),
                Some(value)
            );
        }
    }

    #[test]
    fn all_faults_are_reported_at_once_with_their_pointers() {
        let faults =
            parse(json!({ "value": -1, "as_of": "2023-13", "source_url": "example.org", "unit": "people" }));
        let expected = [
            ("/value", "out_of_range"),
            ("/as_of", "invalid_date"),
            ("/source_url", "invalid_format"),
            ("/unit", "unknown_member"),
        ];
        assert_eq!(faults, Err(expected.map(|(pointer, code)| (pointer.to_owned(), code)).to_vec()));
    }

    #[test]
    fn only_whole_numbers_from_0_to_the_maximum_are_valid() {
        for (value, code) in [
            (json!({ "value": 1.5 }), "wrong_type"),
            (json!({ "value": "1" }), "wrong_type"),
            (json!({ "value": null }), "wrong_type"),
            (json!({ "value": u64::MAX }), "out_of_range"),
            (json!({ "value": i64::MIN }), "out_of_range"),
            (json!({}), "required"),
        ] {
            assert_eq!(parse(value), Err(vec![("/value".to_owned(), code)]));
        }
    }

    #[test]
    fn the_schema_states_the_rules() {
        let schema = serde_json::to_value(Figure::schema()).unwrap_or_default();
        assert_eq!(schema.pointer("/required"), Some(&json!(["value"])));
        assert_eq!(schema.pointer("/properties/value/minimum"), Some(&json!(0)));
        assert!(
            schema.pointer("/properties/as_of").is_some_and(|member| !member.to_string().contains("null"))
        );
    }
}
