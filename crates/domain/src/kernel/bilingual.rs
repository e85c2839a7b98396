//! Texts in German and English.

use std::borrow::Cow;
use std::fmt;

crate::string_enum! {
    /// A language of the service.
    Locale in "locales" {
        /// English
        En = "en" ("English", "Englisch"),
        /// German
        De = "de" ("German", "Deutsch"),
    }
}

/// A sentence in both languages; made by [`bilingual!`](crate::bilingual).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bilingual {
    /// In English.
    pub en: Cow<'static, str>,
    /// In German.
    pub de: Cow<'static, str>,
}

impl Bilingual {
    /// Makes the texts of [`bilingual!`](crate::bilingual). A function, because the macro is used in hundreds of
    /// places.
    #[doc(hidden)]
    pub fn formatted(en: fmt::Arguments<'_>, de: fmt::Arguments<'_>) -> Self {
        let text = |text: fmt::Arguments<'_>| match text.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(text.to_string()),
        };
        Self { en: text(en), de: text(de) }
    }

    /// Returns the text in one of the languages.
    pub fn in_locale(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.en,
            Locale::De => &self.de,
        }
    }

    /// Appends another text, without a separator.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        let joined =
            |first: Cow<'static, str>, second: Cow<'static, str>| Cow::Owned(first.into_owned() + &second);
        Self { en: joined(self.en, other.en), de: joined(self.de, other.de) }
    }
}

/// Writes the English text: for the log and the command line.
impl fmt::Display for Bilingual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// Trims whitespace of every width, line breaks (Unicode's `White_Space`, with the no-break space) and zero-width
/// characters from both ends of a text that somebody typed or pasted.
///
/// Every value that is parsed from text passes through this function once, whether it comes from JSON, a query string,
/// a table cell or the command line.
pub fn typed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Returns whether a character is whitespace or has no width.
pub fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Formats a number with thousands separators: `12,345` in English, `12.345` in German.
pub fn format_thousands(number: u64) -> Bilingual {
    let digits = number.to_string();
    let grouped = |separator: char| {
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    };
    Bilingual { en: grouped(',').into(), de: grouped('.').into() }
}

/// Writes a number with its noun, of which the singular and the plural are given: `counted(1, ["seat", "seats"], …)` is
/// `1 seat`.
pub fn counted(number: impl Into<i128>, [one, many]: [&str; 2], [eins, viele]: [&str; 2]) -> Bilingual {
    let number = number.into();
    let (en, de) = if number == 1 { (one, eins) } else { (many, viele) };
    Bilingual { en: format!("{number} {en}").into(), de: format!("{number} {de}").into() }
}

/// Makes a [`Bilingual`] from an English and a German text, with variables in braces as in `format!`:
/// `bilingual!("No {x}.", "Kein {x}.")`. Variables that are [`Bilingual`] themselves are named behind the texts:
/// `bilingual!("Wait for {time}.", "Warten Sie {time}.", time)`.
#[macro_export]
macro_rules! bilingual {
    // A block, as in `format!`: the arguments must not live across an `await` in the same statement.
    ($en:literal, $de:literal $(, $text:ident)* $(,)?) => {{
        let texts = $crate::kernel::bilingual::Bilingual::formatted(
            format_args!($en $(, $text = $text.en)*),
            format_args!($de $(, $text = $text.de)*),
        );
        texts
    }};
}

#[cfg(test)]
mod tests {
    use super::{counted, format_thousands, typed};

    #[test]
    fn invisible_characters_around_a_text_are_trimmed() {
        for text in [" DE", "DE\u{a0}", "\u{feff}DE\r\n", "\u{200b}\u{202f}DE\u{2003}\u{ad}", "\tDE\u{3000}"]
        {
            assert_eq!(typed(text), "DE", "{text:?}");
        }
        assert_eq!(typed(" a b\u{a0}c "), "a b\u{a0}c");
        assert_eq!(typed("\u{a0}"), "");
    }

    #[test]
    fn a_noun_agrees_with_its_number() {
        let seats = |number: u32| counted(number, ["seat", "seats"], ["Platz", "Plätze"]);
        let one = seats(1);
        assert_eq!((one.en.as_ref(), one.de.as_ref()), ("1 seat", "1 Platz"));
        let free = seats(0);
        let free = bilingual!("{free} left.", "Noch {free}.", free);
        assert_eq!((free.en.as_ref(), free.de.as_ref()), ("0 seats left.", "Noch 0 Plätze."));
    }

    #[test]
    fn thousands_have_the_separator_of_the_language() {
        for (number, en, de) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1.000"),
            (12_345_678, "12,345,678", "12.345.678"),
        ] {
            assert_eq!(
                (format_thousands(number).en.as_ref(), format_thousands(number).de.as_ref()),
                (en, de)
            );
        }
    }
}
