//! Transliteration of other scripts to Latin letters.

use deunicode::deunicode_char;

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
