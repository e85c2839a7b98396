//! Currencies.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A currency: an ISO 4217 alphabetic code in upper-case letters. Former currencies are allowed; codes without a
    /// minor unit (precious metals, `XXX`) are not.
    Currency {
        pattern: "^[A-Z]{3}$",
        example: "EUR",
        parse: |text| match decimals(text) {
            Some(_) => Ok(text.to_owned()),
            None => Err(FieldError::new("unknown_value", bilingual!(
                "`{text}` is not a currency code: use ISO 4217 in upper-case letters, such as `EUR` or \
                 `UAH`.",
                "`{text}` ist kein Währungscode: ISO 4217, drei Großbuchstaben wie `EUR` oder `UAH`."
            ))),
        },
    }
}

impl Currency {
    /// Returns the number of decimals of amounts: 2 for the euro, 3 for the Jordanian dinar, 0 for the Ugandan
    /// shilling.
    pub fn decimals(&self) -> u32 {
        // Parsing refuses codes without a number of decimals.
        decimals(self.as_str()).unwrap_or_default()
    }
}

fn decimals(code: &str) -> Option<u32> {
    iso_currency::Currency::from_code(code)?.exponent().map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::Currency;

    #[test]
    fn iso_codes_have_their_number_of_decimals() {
        for (code, decimals) in
            [("EUR", 2), ("UAH", 2), ("JOD", 3), ("UGX", 0), ("XOF", 0), ("CLF", 4), ("HRK", 2)]
        {
            assert_eq!(code.parse::<Currency>().map(|currency| currency.decimals()), Ok(decimals), "{code}");
        }
    }

    #[test]
    fn other_codes_are_refused() {
        for code in ["", "eur", "€", "EURO", "DEM ", "XXX", "XAU", "ABC"] {
            assert_eq!(
                code.parse::<Currency>().map_err(|fault| fault.code),
                Err("unknown_value"),
                "{code:?}"
            );
        }
    }
}
