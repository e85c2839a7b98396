//! Exact decimal numbers, instead of floating-point numbers.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum number of digits before the decimal point.
const MAX_DIGITS: usize = 12;
/// The maximum number of digits after the decimal point.
const MAX_DECIMALS: usize = 6;

string_newtype! {
    /// A decimal number as a string, because many programs read JSON numbers as binary floating-point numbers: at most
    /// 12 digits before the decimal point and 6 after it. Trailing zeros are removed.
    Decimal {
        pattern: "^-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$",
        example: "41.5",
        parse: |text| {
            let (sign, number) = text.strip_prefix('-').map_or(("", text), |number| ("-", number));
            let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
            let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
            if !is_digits(whole) || !is_digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
                return Err(FieldError::format(bilingual!(
                    "Expected a decimal number such as `41.5`: with a decimal point, without thousands \
                     separators or a unit.",
                    "Erwartet: Dezimalzahl wie `41.5`: Punkt vor den Nachkommastellen, keine Tausendertrennzeichen, \
                     keine Einheit."
                )));
            }
            if fraction.len() > MAX_DECIMALS {
                return Err(FieldError::format(bilingual!(
                    "A number can have at most {MAX_DECIMALS} decimals.",
                    "Eine Zahl hat höchstens {MAX_DECIMALS} Nachkommastellen; mehr sind Rauschen einer Rechnung."
                )));
            }
            if whole.len() > MAX_DIGITS {
                return Err(FieldError::new("out_of_range", bilingual!(
                    "A number can have at most {MAX_DIGITS} digits before the decimal point.",
                    "Eine Zahl hat höchstens {MAX_DIGITS} Stellen vor dem Punkt."
                )));
            }
            let normal = match fraction.trim_end_matches('0') {
                "" => whole.to_owned(),
                fraction => format!("{whole}.{fraction}"),
            };
            Ok(if normal == "0" { normal } else { format!("{sign}{normal}") })
        },
    }
}

impl Decimal {
    /// Returns whether the number is less than zero.
    pub fn is_negative(&self) -> bool {
        self.as_str().starts_with('-')
    }

    /// Returns whether this number is less than the other; `None` if they are equal.
    pub fn is_under(&self, other: &Self) -> Option<bool> {
        let (mine, theirs) = (self.millionths(), other.millionths());
        (mine != theirs).then_some(mine < theirs)
    }

    /// Returns the number in millionths, the smallest unit.
    fn millionths(&self) -> i128 {
        let (sign, number) =
            self.as_str().strip_prefix('-').map_or((1, self.as_str()), |number| (-1, number));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction:0<MAX_DECIMALS$}");
        sign * digits.parse::<i128>().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn read(text: &str) -> Result<String, &'static str> {
        text.parse::<Decimal>().map(|number| number.to_string()).map_err(|fault| fault.code)
    }

    #[test]
    fn numbers_are_normalised() {
        for (text, normal) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("41.50", "41.5"),
            ("-3", "-3"),
            ("0.000001", "0.000001"),
            ("999999999999.999999", "999999999999.999999"),
            ("100", "100"),
        ] {
            assert_eq!(read(text), Ok(normal.to_owned()));
            assert_eq!(read(normal), Ok(normal.to_owned()));
        }
    }

    #[test]
    fn decimals_are_compared_by_value() {
        let under = |one: &str, other: &str| {
            one.parse::<Decimal>().unwrap().is_under(&other.parse::<Decimal>().unwrap())
        };
        for (one, other, expected) in [
            ("9", "10", Some(true)),
            ("10", "9.999999", Some(false)),
            ("-2", "-1.5", Some(true)),
            ("0.1", "0.09", Some(false)),
            ("1.50", "1.5", None),
            ("-0.000001", "0", Some(true)),
        ] {
            assert_eq!(under(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn rounding_noise_and_other_formats_are_refused() {
        for text in
            ["", "-", ".5", "5.", "1,5", "1 000", "1e3", "01", "+1", "--1", "NaN", "41 %", "٣", "1.2.3"]
        {
            assert_eq!(read(text), Err("invalid_format"), "{text:?}");
        }
        assert_eq!(read("0.30000000000000004"), Err("invalid_format"));
        assert_eq!(read("1000000000000"), Err("out_of_range"));
    }
}
