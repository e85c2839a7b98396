//! Other scripts in Latin letters.

use deunicode::deunicode_char;

/// Cyrillic letters by the Ukrainian national transliteration of 2010, each alike wherever it stands.
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

/// The letters and digits of ASCII that a letter of another script is written by; `None` where there are none.
pub(super) fn latin(letter: char) -> Option<String> {
    let spelled = deunicode_char(letter)?;
    let spelled: String = spelled.chars().filter(char::is_ascii_alphanumeric).collect();
    (!spelled.is_empty()).then(|| spelled.to_ascii_lowercase())
}

/// How the Cyrillic letters of one text are written: in Russian otherwise than in Ukrainian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cyrillic {
    Ukrainian,
    Russian,
}

impl Cyrillic {
    /// Ukrainian, unless there are letters that only Russian has.
    pub(super) fn of(text: &str) -> Self {
        let has = |letters: [char; 4]| text.contains(letters);
        match has(['ы', 'э', 'ё', 'ъ']) && !has(['і', 'ї', 'є', 'ґ']) {
            true => Self::Russian,
            false => Self::Ukrainian,
        }
    }

    /// A lower-case letter as a reader expects it: by the Ukrainian national transliteration of 2010, which tells the
    /// beginning of a word, or by that of Russian names in English (BGN/PCGN).
    pub(super) fn spelled(self, letter: char, before: Option<char>) -> Option<&'static str> {
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
