//! Readable identifiers.

use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::kernel::characters::visible;
use crate::kernel::collation::collation_key;
use crate::kernel::script::{Cyrillic, greek};
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

const MAX_LENGTH: usize = 100;
/// Shorter than the maximum, to leave room for a number.
const MAX_LENGTH_FROM_NAME: usize = 80;

string_newtype! {
    /// A readable, unique and stable identifier that can be used in place of the id: lower-case ASCII letters and digits with
    /// single hyphens in between, 1 to 100 characters, but not in the form of a UUID.
    Slug {
        pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length: MAX_LENGTH,
        example: "hamburg-bremen-miyahuna",
        parse: |text| {
            let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_letter);
            if !text.split('-').all(is_word) {
                return Err(FieldError::format(bilingual!(
                    "Expected lower-case letters, digits and single hyphens, such as `hamburg-wasser`.",
                    "Erwartet: Kleinbuchstaben ohne Umlaute, Ziffern und einzelne Bindestriche, etwa `hamburg-wasser`."
                )));
            }
            if text.len() > MAX_LENGTH {
                return Err(FieldError::too_long(MAX_LENGTH, text.len()));
            }
            if Uuid::parse_str(text).is_ok() {
                return Err(FieldError::format(bilingual!(
                    "Must not have the form of a UUID, because it would be taken for an id.",
                    "Darf nicht die Form einer UUID haben: Die wird für eine ID gehalten."
                )));
            }
            Ok(text.to_owned())
        },
    }
}

impl Slug {
    /// Makes a slug from a name or a title: umlauts are spelled as in German, accents removed, other scripts
    /// transliterated. A word in another script is left out if its transliteration has already occurred. If nothing
    /// remains, the slug is `unnamed`. It is not necessarily unique: see [`numbered`](Self::numbered).
    pub fn from_name(name: &str) -> Self {
        let text = words(name).join("-");
        let text = cut(&text, MAX_LENGTH_FROM_NAME);
        if text.is_empty() {
            Self("unnamed".to_owned())
        } else if Uuid::parse_str(text).is_ok() {
            Self(format!("x-{text}"))
        } else {
            Self(text.to_owned())
        }
    }

    /// Appends a number, for the second resource of the same name: `hamburg-wasser-2`.
    pub fn numbered(&self, n: u32) -> Self {
        let number = n.to_string();
        let base = cut(self.as_str(), MAX_LENGTH.saturating_sub(number.len() + 1));
        Self(format!("{base}-{number}"))
    }
}

/// Splits a name into words in lower-case ASCII.
fn words(name: &str) -> Vec<String> {
    let name: String = visible(name).nfc().flat_map(char::to_lowercase).collect();
    let cyrillic = Cyrillic::of(&name);
    let (mut words, mut word, mut is_foreign, mut before) = (Vec::new(), String::new(), true, None);
    // The space ends the last word.
    let letters: Vec<char> = name.chars().chain([' ']).collect();
    for (index, letter) in letters.iter().copied().enumerate() {
        let spelled = match letter {
            'ä' => "ae".to_owned(),
            'ö' => "oe".to_owned(),
            'ü' => "ue".to_owned(),
            // In Ukrainian, an apostrophe is part of a word; elsewhere it separates two words.
            '\'' | '\u{2019}' if before.is_some_and(is_cyrillic) => continue,
            other => match cyrillic.transliterate(other, before).or_else(|| greek(&letters, index)) {
                Some(spelled) => spelled.to_owned(),
                None => collation_key(letter.encode_utf8(&mut [0; 4])),
            },
        };
        before = Some(letter);
        let is_latin = letter.is_ascii_alphanumeric() || matches!(letter, '\u{c0}'..='\u{24f}');
        for part in spelled.chars() {
            if part.is_ascii_alphanumeric() {
                is_foreign &= !is_latin;
                word.push(part);
            } else if !part.is_alphanumeric() && !word.is_empty() {
                let finished = std::mem::take(&mut word);
                if !(std::mem::replace(&mut is_foreign, true) && words.contains(&finished)) {
                    words.push(finished);
                }
            }
        }
    }
    words
}

fn is_cyrillic(letter: char) -> bool {
    matches!(letter, '\u{400}'..='\u{52f}')
}

/// Cuts `text` to `longest` bytes at a word boundary, or inside the first word if that alone is longer.
fn cut(text: &str, longest: usize) -> &str {
    // The text is ASCII, so every byte is a character boundary.
    let Some(beginning) = text.get(..longest) else {
        return text;
    };
    if text.get(longest..).is_none_or(|rest| rest.is_empty() || rest.starts_with('-')) {
        return beginning;
    }
    beginning.rsplit_once('-').map_or(beginning, |(words, _)| words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Slug, Uuid};

    #[test]
    fn slugs_are_made_from_names_in_any_script() {
        for (name, slug) in [
            ("HAMBURG WASSER", "hamburg-wasser"),
            ("Stadtentwässerung Dresden", "stadtentwaesserung-dresden"),
            ("Stadtentwa\u{308}sserung", "stadtentwaesserung"),
            ("ÖKOLOGIE & Größe", "oekologie-groesse"),
            ("Emschergenossenschaft / Lippeverband", "emschergenossenschaft-lippeverband"),
            ("Apă-Canal Chișinău", "apa-canal-chisinau"),
            ("Łódź, Ærø, Đakovo, Þórshöfn, Diyarbakır", "lodz-aero-dakovo-thorshoefn-diyarbakir"),
            ("Jordan Water Company – Miyahuna", "jordan-water-company-miyahuna"),
            ("Lvivvodokanal (Львівводоканал)", "lvivvodokanal"),
            ("Львівводоканал", "lvivvodokanal"),
            ("КП «Харківводоканал»", "kp-kharkivvodokanal"),
            ("Кам’янець-Подільський, Яготин, Згурівка", "kamianets-podilskyi-yahotyn-zghurivka"),
            ("Київський Йод", "kyivskyi-yod"),
            ("Горводоканал Электросталь", "gorvodokanal-elektrostal"),
            ("Ύδρευση Αθήνα", "ydrefsi-athina"),
            ("Θεσσαλονίκη (Thessaloniki)", "thessaloniki-thessaloniki"),
            ("თბილისი", "tbilisi"),
            ("مياهنا", "myhn"),
            ("Stadt\u{ad}werke\u{200b}Bonn\u{202e}", "stadtwerkebonn"),
            ("\u{200b}", "unnamed"),
            ("🚰", "unnamed"),
            (" -- ", "unnamed"),
            ("H₂O™ ½", "h2otm-1-2"),
            ("0190c3d5-7c1e-7000-8000-000000000001", "x-0190c3d5-7c1e-7000-8000-000000000001"),
            ("0190c3d57c1e70008000000000000001", "x-0190c3d57c1e70008000000000000001"),
        ] {
            assert_eq!(Slug::from_name(name).as_str(), slug, "{name}");
        }
    }

    #[test]
    fn long_names_are_cut_at_a_word_boundary() {
        let slug = Slug::from_name(&"abfall ".repeat(20));
        assert_eq!(slug.as_str(), "abfall-".repeat(11).trim_end_matches('-'));
        assert_eq!(Slug::from_name(&"a".repeat(90)).as_str(), "a".repeat(80));
        assert_eq!(Slug::from_name(&format!("{} b", "a".repeat(80))).as_str(), "a".repeat(80));
    }

    #[test]
    fn numbers_are_appended() {
        assert_eq!(Slug::from_name("Hamburg Wasser").numbered(2).as_str(), "hamburg-wasser-2");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "-", "a-", "-a", "a--b", "A", "ä", "a b", "a_b", "a/b", "0190c3d57c1e70008000000000000001"]
        {
            assert_eq!(text.parse::<Slug>().map_err(|fault| fault.code), Err("invalid_format"), "{text:?}");
        }
        assert_eq!("a".repeat(101).parse::<Slug>().map_err(|fault| fault.code), Err("too_long"));
    }

    proptest! {
        #[test]
        fn a_slug_from_a_name_is_valid(name in any::<String>(), n in any::<u32>()) {
            let slug = Slug::from_name(&name);
            prop_assert_eq!(slug.as_str().parse(), Ok(slug.clone()));
            let numbered = slug.numbered(n);
            prop_assert_eq!(numbered.as_str().parse(), Ok(numbered));
        }

        #[test]
        fn a_numbered_slug_is_never_too_long(text in "[a-z0-9]{1,12}(-[a-z0-9]{1,12}){6}", n in any::<u32>()) {
            if let Ok(slug) = text.parse::<Slug>() {
                let numbered = slug.numbered(n);
                prop_assert_eq!(numbered.as_str().parse(), Ok(numbered));
            }
        }

        #[test]
        fn a_slug_is_never_a_uuid(bits in any::<u128>()) {
            let id = Uuid::from_u128(bits);
            let dashed = id.hyphenated();
            let simple = id.simple();
            let (dashed, braced) = (dashed.to_string(), format!("{{{dashed}}}"));
            for text in [dashed, braced, simple.to_string(), id.urn().to_string()] {
                prop_assert!(text.parse::<Slug>().is_err());
                prop_assert!(Uuid::parse_str(Slug::from_name(&text).as_str()).is_err());
            }
        }
    }
}
