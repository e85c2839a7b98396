//! Transliteration of other scripts to Latin letters.

use deunicode::deunicode_char;
use unicode_normalization::UnicodeNormalization;

/// Transliterates a Cyrillic letter by the Ukrainian national system of 2010, regardless of its position in the word.
pub(super) fn cyrillic(letter: char) -> Option<&'static str> {
    Some(match letter {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "h",
        'ґ' => "g",
        'д' => "d",
        'е' | 'э' | 'ё' => "e",
        'є' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'ы' => "y",
        'і' | 'ї' | 'й' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ь' | 'ъ' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    })
}

/// Transliterates a Greek letter by ELOT 743, the system of Greek passports and road signs. Takes all lower-case letters
/// of the text, because some letters depend on their neighbours.
pub(super) fn greek(letters: &[char], index: usize) -> Option<&'static str> {
    let letter = *letters.get(index)?;
    let base = |letter: char| std::iter::once(letter).nfd().next().unwrap_or(letter);
    let before = index.checked_sub(1).and_then(|index| letters.get(index));
    Some(match base(letter) {
        'α' => "a",
        'β' => "v",
        'γ' => match letters.get(index + 1) {
            Some('γ' | 'ξ' | 'χ') => "n",
            _ => "g",
        },
        'δ' => "d",
        'ε' => "e",
        'ζ' => "z",
        'η' | 'ι' => "i",
        'θ' => "th",
        'κ' => "k",
        'λ' => "l",
        'μ' => "m",
        'ν' => "n",
        'ξ' => "x",
        'ο' | 'ω' => "o",
        'π' => "p",
        'ρ' => "r",
        'σ' | 'ς' => "s",
        'τ' => "t",
        // With a diaeresis, or after an accent, it is a vowel of its own.
        'υ' if matches!(letter, 'υ' | 'ύ') => match before {
            Some('ο') => "u",
            Some('α' | 'ε') => match letters.get(index + 1) {
                Some(next) if next.is_alphabetic() && !"θκξπσςτφχψ".contains(*next) => "v",
                _ => "f",
            },
            _ => "y",
        },
        'υ' => "y",
        'φ' => "f",
        'χ' => "ch",
        'ψ' => "ps",
        _ => return None,
    })
}

/// Transliterates a lower-case Cyrillic letter as German texts do.
fn german(letter: char) -> Option<&'static str> {
    Some(match letter {
        'в' => "w",
        'є' => "je",
        'ж' | 'ш' => "sch",
        'з' => "s",
        'ї' => "ji",
        'й' => "j",
        'х' => "ch",
        'ц' => "z",
        'ч' => "tsch",
        'щ' => "schtsch",
        'ю' => "ju",
        'я' => "ja",
        _ => return cyrillic(letter),
    })
}

/// Returns other usual transliterations of a text with Cyrillic letters: the German one, and the English one of Russian
/// names.
pub(super) fn transliterations(text: &str) -> Vec<String> {
    if !text.chars().any(|letter| matches!(letter, '\u{400}'..='\u{52f}')) {
        return Vec::new();
    }
    let letters: Vec<char> = text.nfc().flat_map(char::to_lowercase).collect();
    let spelled = |spell: &dyn Fn(char, Option<char>) -> Option<&'static str>| {
        let (mut result, mut before) = (String::new(), None);
        for letter in &letters {
            match spell(*letter, before) {
                Some(spelled) => result.push_str(spelled),
                None => result.push(*letter),
            }
            before = Some(*letter);
        }
        result
    };
    vec![
        spelled(&|letter, _| german(letter)),
        spelled(&|letter, before| Cyrillic::Russian.transliterate(letter, before)),
    ]
}

/// Transliterates a letter of another script to ASCII letters and digits; `None` if there is no transliteration.
pub(super) fn latin(letter: char) -> Option<String> {
    let spelled = deunicode_char(letter)?;
    let spelled: String = spelled.chars().filter(char::is_ascii_alphanumeric).collect();
    (!spelled.is_empty()).then(|| spelled.to_ascii_lowercase())
}

/// The language by which the Cyrillic letters of a text are transliterated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cyrillic {
    Ukrainian,
    Russian,
}

impl Cyrillic {
    /// Detects the language: Ukrainian, unless the text has letters that only Russian has, and none that only Ukrainian
    /// has.
    pub(super) fn of(text: &str) -> Self {
        let has = |letters: [char; 4]| text.contains(letters);
        match has(['ы', 'э', 'ё', 'ъ']) && !has(['і', 'ї', 'є', 'ґ']) {
            true => Self::Russian,
            false => Self::Ukrainian,
        }
    }

    /// Transliterates a lower-case letter as readers expect it: by the Ukrainian national system of 2010, in which some
    /// letters differ at the start of a word, or by the system for Russian names in English (BGN/PCGN).
    pub(super) fn transliterate(self, letter: char, before: Option<char>) -> Option<&'static str> {
        let first = !before.is_some_and(char::is_alphanumeric);
        Some(match (self, letter) {
            (Self::Ukrainian, 'є') if first => "ye",
            (Self::Ukrainian, 'ї') if first => "yi",
            (Self::Ukrainian, 'й') if first => "y",
            (Self::Ukrainian, 'ю') if first => "yu",
            (Self::Ukrainian, 'я') if first => "ya",
            (Self::Ukrainian, 'г') if before == Some('з') => "gh",
            (Self::Russian, 'г') => "g",
            (Self::Russian, 'и') => "i",
            (Self::Russian, 'й') => "y",
            (Self::Russian, 'ё') => "yo",
            (Self::Russian, 'ю') => "yu",
            (Self::Russian, 'я') => "ya",
            _ => return cyrillic(letter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{greek, transliterations};

    #[test]
    fn greek_is_spelled_as_on_road_signs() {
        for (name, expected) in [
            ("θεσσαλονίκη", "thessaloniki"),
            ("αθήνα", "athina"),
            ("ευδαπ", "evdap"),
            ("ύδρευση", "ydrefsi"),
            ("βούλα", "voula"),
            ("άγγελος", "angelos"),
            ("ταΰγετος", "taygetos"),
        ] {
            let letters: Vec<char> = name.chars().collect();
            let spelled: String = (0..letters.len()).filter_map(|index| greek(&letters, index)).collect();
            assert_eq!(spelled, expected);
        }
    }

    #[test]
    fn cyrillic_has_other_transliterations() {
        assert_eq!(transliterations("Житомир"), ["schytomyr", "zhitomir"]);
        assert_eq!(transliterations("Горводоканал № 1"), ["horwodokanal № 1", "gorvodokanal № 1"]);
        assert!(transliterations("Münster").is_empty());
    }
}
