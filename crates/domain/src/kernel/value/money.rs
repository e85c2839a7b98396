//! Exact amounts of money, instead of floating-point numbers.

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, Value, ValueKind, ValuePointerRef,
    take_cf_content,
};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::Currency;
use crate::bilingual;
use crate::kernel::violation::{FieldError, Violations, pointer};

/// The maximum number of digits before the decimal point.
const MAX_DIGITS: usize = 15;

/// An amount of money, stored in the smallest unit of its currency (such as cents).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Wire")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Makes an amount from the number of smallest units that [`minor_units`](Self::minor_units) returns.
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Parses an amount such as `125000.00`: not negative, less than 10^15, with at most as many decimals as the
    /// currency has. Errors: `invalid_format` or `out_of_range`.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, FieldError> {
        check_shape(amount)?;
        let decimals = currency.decimals();
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let missing =
            usize::try_from(decimals).ok().and_then(|decimals| decimals.checked_sub(fraction.len()));
        let Some(missing) = missing else {
            return Err(FieldError::format(bilingual!(
                "Amounts in {currency} can have at most {decimals} decimals.",
                "Beträge in {currency} haben höchstens {decimals} Nachkommastellen."
            )));
        };
        let digits = format!("{whole}{fraction}{}", "0".repeat(missing));
        match digits.parse() {
            Ok(minor) => Ok(Self { minor, currency }),
            Err(_) => Err(FieldError::new(
                "out_of_range",
                bilingual!("The amount is too large.", "Der Betrag ist zu groß."),
            )),
        }
    }

    /// Returns the sum of amounts in one currency; `None` if it exceeds the maximum amount.
    pub fn sum(minors: impl IntoIterator<Item = i64>, currency: Currency) -> Option<Self> {
        let minor = minors.into_iter().try_fold(0_i64, i64::checked_add)?;
        let sum = Self { minor, currency };
        Self::parse(&sum.amount(), sum.currency).ok()
    }

    /// Returns the amount as a decimal number with all decimals of the currency.
    pub fn amount(&self) -> String {
        let decimals = self.currency.decimals();
        let sign = if self.minor < 0 { "-" } else { "" };
        match usize::try_from(decimals) {
            Ok(width @ 1..) => {
                let one = 10_u64.saturating_pow(decimals);
                let minor = self.minor.unsigned_abs();
                format!("{sign}{}.{:0width$}", minor / one, minor % one)
            }
            _ => self.minor.to_string(),
        }
    }

    /// Returns the currency.
    pub fn currency(&self) -> &Currency {
        &self.currency
    }

    /// Returns the amount in the smallest unit of the currency.
    pub fn minor_units(&self) -> i64 {
        self.minor
    }
}

/// Checks that an amount is a decimal number. The errors cover other common notations.
fn check_shape(amount: &str) -> Result<(), FieldError> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "0"));
    if whole.strip_prefix('-').is_some_and(is_digits) && is_digits(fraction) {
        let detail = bilingual!("The amount must not be negative.", "Ein Betrag darf nicht negativ sein.");
        return Err(FieldError::new("out_of_range", detail));
    }
    if !is_digits(whole) || !is_digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(FieldError::format(bilingual!(
            "Expected a decimal number such as `125000.00`: with a decimal point, without thousands \
             separators or a currency.",
            "Erwartet: Dezimalzahl wie `125000.00`: Punkt vor den Nachkommastellen, keine Tausendertrennzeichen, \
             keine Währung."
        )));
    }
    if whole.len() > MAX_DIGITS {
        return Err(FieldError::new(
            "out_of_range",
            bilingual!(
                "The amount must be less than 1000000000000000 (10^15).",
                "Ein Betrag muss kleiner als 1000000000000000 (10^15) sein."
            ),
        ));
    }
    Ok(())
}

/// An amount of money.
#[derive(Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
#[schema(as = Money)]
struct Wire {
    /// A decimal number as a string, because JSON numbers can lose cents: not negative, less than 10^15, with at most
    /// as many decimals as the currency has (ISO 4217). Responses always contain all decimals.
    #[schema(value_type = String, pattern = "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,4})?$", example = "125000.00")]
    amount: Amount,
    currency: Currency,
}

/// An amount that is well-formed, but not yet checked against its currency.
#[derive(Serialize)]
#[serde(transparent)]
struct Amount(String);

impl Deserr<Violations> for Amount {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        match value {
            Value::String(text) => match check_shape(&text) {
                Ok(()) => Ok(Self(text)),
                Err(fault) => Err(take_cf_content(Violations::merge(None, fault, at))),
            },
            Value::Integer(_) | Value::NegativeInteger(_) | Value::Float(_) => {
                let mut violations = Violations::default();
                let detail = bilingual!(
                    "Expected a string such as \"125000.00\", found a number: JSON numbers can lose cents \
                     because many programs read them as binary floating-point numbers.",
                    "Erwartet: Text wie \"125000.00\", gefunden: Zahl. Zahlen in JSON werden als binäre \
                     Gleitkommazahlen gelesen und verlieren Cents."
                );
                violations.member(pointer(at), "wrong_type", detail);
                Err(violations)
            }
            actual => {
                let error = ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::String] };
                Err(take_cf_content(Violations::error::<V>(None, error, at)))
            }
        }
    }
}

impl From<Money> for Wire {
    fn from(money: Money) -> Self {
        Self { amount: Amount(money.amount()), currency: money.currency }
    }
}

impl Deserr<Violations> for Money {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let Wire { amount: Amount(amount), currency } = Wire::deserialize_from_value(value, at)?;
        Self::parse(&amount, currency)
            .map_err(|fault| take_cf_content(Violations::merge(None, fault, at.push_key("amount"))))
    }
}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        Wire::schema()
    }
}

impl ToSchema for Money {
    fn name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Wire::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Money, PartialSchema, ToSchema, Violations};

    fn parse(value: Value) -> Result<Money, Vec<(String, &'static str)>> {
        deserr::deserialize::<Money, _, Violations>(value).map_err(|faults| {
            faults.pointers().map(str::to_owned).zip(faults.iter().map(|fault| fault.code)).collect()
        })
    }

    fn written(amount: &str, currency: &str) -> Result<(String, i64), Vec<(String, &'static str)>> {
        let money = parse(json!({ "amount": amount, "currency": currency }))?;
        Ok((money.amount(), money.minor_units()))
    }

    #[test]
    fn amounts_have_all_decimals_of_their_currency() {
        assert_eq!(written("125000.00", "EUR"), Ok(("125000.00".to_owned(), 12_500_000)));
        assert_eq!(written("125000", "EUR"), Ok(("125000.00".to_owned(), 12_500_000)));
        assert_eq!(written("0.5", "EUR"), Ok(("0.50".to_owned(), 50)));
        assert_eq!(written("0", "EUR"), Ok(("0.00".to_owned(), 0)));
        assert_eq!(written("1.05", "JOD"), Ok(("1.050".to_owned(), 1_050)));
        assert_eq!(written("1000", "UGX"), Ok(("1000".to_owned(), 1_000)));
        assert_eq!(
            written("999999999999999.99", "EUR"),
            Ok(("999999999999999.99".to_owned(), 99_999_999_999_999_999))
        );
        let json = parse(json!({ "currency": "EUR", "amount": "1" }))
            .ok()
            .and_then(|money| serde_json::to_value(money).ok());
        assert_eq!(json, Some(json!({ "amount": "1.00", "currency": "EUR" })));
    }

    #[test]
    fn invalid_amounts_are_refused_with_a_code() {
        let code = |amount: &str, currency: &str| {
            let faults = written(amount, currency).err().unwrap_or_default();
            assert!(faults.iter().all(|(pointer, _)| pointer == "/amount"), "{faults:?}");
            faults.into_iter().map(|(_, code)| code).next()
        };
        for amount in [
            "", ".5", "5.", "1.000,50", "1,5", "1 000", "1e3", "01", "00", "+1", "--1", "NaN", "5 €", "0x1",
            "٣", "1.2.3",
        ] {
            assert_eq!(code(amount, "EUR"), Some("invalid_format"), "{amount:?}");
        }
        assert_eq!(code("1.005", "EUR"), Some("invalid_format"));
        assert_eq!(code("1.0", "UGX"), Some("invalid_format"));
        assert_eq!(code("-1", "EUR"), Some("out_of_range"));
        assert_eq!(code("1000000000000000", "EUR"), Some("out_of_range"));
        assert_eq!(code("999999999999999", "CLF"), Some("out_of_range"));
    }

    #[test]
    fn all_faults_are_reported_at_once_with_their_pointers() {
        let faults = parse(json!({ "amount": 1.5, "currency": "eur", "note": "" }));
        let expected =
            [("/amount", "wrong_type"), ("/currency", "unknown_value"), ("/note", "unknown_member")];
        assert_eq!(faults, Err(expected.map(|(pointer, code)| (pointer.to_owned(), code)).to_vec()));
        assert_eq!(
            parse(json!({})),
            Err(vec![("/amount".to_owned(), "required"), ("/currency".to_owned(), "required")])
        );
        assert_eq!(
            parse(json!({ "amount": null, "currency": "EUR" })),
            Err(vec![("/amount".to_owned(), "wrong_type")])
        );
        assert_eq!(parse(json!("1 EUR")), Err(vec![(String::new(), "wrong_type")]));
    }

    #[test]
    fn the_schema_has_a_string_amount_and_includes_the_currency() {
        let schema = serde_json::to_value(Money::schema()).unwrap_or_default();
        assert_eq!(schema.pointer("/properties/amount/type"), Some(&json!("string")));
        assert_eq!(
            schema.pointer("/properties/currency/$ref"),
            Some(&json!("#/components/schemas/Currency"))
        );
        let mut schemas = Vec::new();
        Money::schemas(&mut schemas);
        assert!(schemas.iter().any(|(name, _)| name == "Currency"));
    }

    proptest! {
        #[test]
        fn minor_units_survive_a_round_trip(minor in 0..100_000_000_000_000_000_i64, currency in "EUR|JOD|UGX|UAH") {
            let Ok(currency) = currency.parse() else { return Ok(()) };
            let money = Money::from_minor(minor, currency);
            if let Ok(read) = Money::parse(&money.amount(), money.currency().clone()) {
                prop_assert_eq!(read, money);
            } else {
                // More than 10^15 in a currency without decimals.
                prop_assert!(minor >= 1_000_000_000_000_000);
            }
        }
    }
}
