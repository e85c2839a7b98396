//! Whether a text that was read as Windows-1252 can have been written in it.
//!
//! Every byte of a text in another 8-bit encoding is some letter or sign in Windows-1252, too: nothing but how the letters
//! follow each other tells. Whatever is suspected here is refused, and the file is sent again in UTF-8 or with its
//! `charset`; so in doubt a word is suspected.

/// The letters that stand side by side in German and in the Nordic languages.
const NORTHERN: &str = "äöüßåøÄÖÜÅØ";
/// The signs that may stand between two letters.
const JOINING: &str = "’‘´·–—®…\u{ad}\u{a0}";
/// The signs that no word begins with.
const NEVER_FIRST: &str = "£¥¢¤¯¶†‡‰¬¦¨¸³²¹™";
/// The letters of Icelandic, which Turkish and Baltic letters are read as.
const ICELANDIC: &str = "þÞðÐýÝ";
/// The longest word that is looked at.
const LONGEST: usize = 200;

/// Looks at a text letter by letter.
#[derive(Default)]
pub(super) struct Western {
    word: Vec<char>,
}

impl Western {
    /// Takes the next letter; answers a word that is none as soon as it ends.
    pub(super) fn take(&mut self, letter: char) -> Option<String> {
        if letter.is_ascii_alphanumeric() || (!letter.is_ascii() && !letter.is_whitespace()) {
            self.word.push(letter);
            return if self.word.len() < LONGEST { None } else { self.end() };
        }
        self.end()
    }

    /// Ends the word.
    pub(super) fn end(&mut self) -> Option<String> {
        let found = (self.word.iter().any(|letter| !letter.is_ascii()) && is_foreign(&self.word))
            .then(|| self.word.iter().take(40).collect());
        self.word.clear();
        found
    }
}

/// Whether it is a letter of a word. Unicode has some signs among the letters.
fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && !matches!(letter, 'ª' | 'º' | 'µ' | 'ˆ' | 'ƒ')
}

fn is_vowel(letter: char) -> bool {
    "aeiouyäöüàáâãåèéêëìíîïòóôõøùúûýÿœæ".contains(letter.to_lowercase().next().unwrap_or(letter))
}

fn is_consonant(letter: char) -> bool {
    is_letter(letter) && !is_vowel(letter)
}

fn is_foreign(word: &[char]) -> bool {
    let at = |place: usize| word.get(place).copied();
    let run = |letters: &[char]| {
        letters.iter().all(|it| is_letter(*it) && !it.is_ascii())
            && letters.iter().any(|it| !NORTHERN.contains(*it))
    };
    word.windows(3).any(run)
        || (0..word.len()).any(|place| {
            let Some(letter) = at(place).filter(|it| !it.is_ascii()) else { return false };
            let before = place.checked_sub(1).and_then(at);
            let (after, rest) = (at(place + 1), word.len() - place - 1);
            match is_letter(letter) {
                true => is_odd_letter(before, letter, after, at(place + 2)),
                false => is_odd_sign(before, letter, after, rest),
            }
        })
}

/// `Wroc³aw`, `M„rz`, `Stra§e`; but not `kWh/m²a`.
fn is_odd_sign(before: Option<char>, sign: char, after: Option<char>, rest: usize) -> bool {
    let Some(after) = after.filter(|it| is_letter(*it)) else { return false };
    let Some(before) = before.filter(|it| is_letter(*it)) else {
        let begins = before.is_none();
        return begins && (NEVER_FIRST.contains(sign) || (sign == '€' && after.is_lowercase()));
    };
    match sign {
        '²' | '³' => before != 'm' || rest > 2,
        '…' => before.is_uppercase() && after.is_uppercase(),
        '×' => !before.is_ascii() || !after.is_ascii(),
        _ => !JOINING.contains(sign),
    }
}

fn is_odd_letter(before: Option<char>, letter: char, after: Option<char>, next: Option<char>) -> bool {
    let consonant = |it: Option<char>| it.is_some_and(is_consonant);
    let begins = before.is_none_or(|it| !is_letter(it));
    let ends = after.is_none_or(|it| !is_letter(it));
    let is_lower = |it: Option<char>| it.is_some_and(char::is_lowercase);
    match letter {
        _ if ICELANDIC.contains(letter) => true,
        // Capitals inside a word: `MŸnchen`, `mŠrz`; but a compound may have an umlaut there.
        'Ÿ' | 'Š' | 'Ž' | 'Œ' if !begins && is_lower(after) => true,
        _ if letter.is_uppercase() && is_lower(before) && !"ÄÖÜÅØ".contains(letter) => true,
        // `Kšln`, `Žnderung`, `šffentlich`; but not `Miloš`, `Škoda`.
        'š' | 'Š' | 'ž' | 'Ž' => match begins {
            true => after.is_some_and(|it| "bcdfgnrsxg".contains(it.to_ascii_lowercase())),
            false => consonant(before) && consonant(after),
        },
        // `Gdañsk`, `Poznañ`; but not `España`.
        'ñ' | 'Ñ' => (ends && !begins) || consonant(after),
        // `Czêstochowa`, `Bêdzin`; the circumflex of French stands for an `s`.
        'ê' | 'Ê' => match after.map(|it| it.to_ascii_lowercase()) {
            Some('s') => consonant(next),
            Some('c') => next.is_some_and(|it| !it.eq_ignore_ascii_case(&'h')),
            after => after.is_some_and(|it| "bdgkz".contains(it)),
        },
        // `Èakovec`, `Hrèava`: `č`.
        'è' | 'È' => after.is_some_and(is_vowel),
        // Italian has these at the end of words.
        'ì' | 'ò' | 'ù' => !ends,
        'ã' => after == Some('u') || (consonant(after) && after != Some('s')),
        'õ' => after != Some('e'),
        'œ' => consonant(after) && !matches!(after, Some('s' | 'c')),
        'ø' => after.is_some_and(|it| !it.is_ascii() && is_vowel(it)),
        // `Straáe`, `Maá`: `ß` of DOS.
        'á' => before.is_some_and(is_vowel) && (ends || after == Some('e')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        Encoding, GBK, ISO_8859_2, ISO_8859_5, KOI8_U, MACINTOSH, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251,
        WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1256, X_MAC_CYRILLIC,
    };

    use super::*;

    fn foreign(text: &str) -> Option<String> {
        let mut western = Western::default();
        text.chars().find_map(|letter| western.take(letter)).or_else(|| western.end())
    }

    /// The text as who takes it for Windows-1252 sees it; what has no meaning there is found elsewhere.
    fn misread(text: &str, encoding: &'static Encoding) -> String {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{text} {}", encoding.name());
        WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned()
    }

    #[test]
    fn other_encodings_are_told_apart() {
        for (encoding, texts) in [
            (WINDOWS_1251, &["Львівводоканал", "Київ", "Одеса", "Москва", "Бельцы", "вода"][..]),
            (KOI8_U, &["Львів", "Київводоканал", "вода"]),
            (ISO_8859_5, &["Львівводоканал", "Москва"]),
            (X_MAC_CYRILLIC, &["Львівводоканал", "Москва"]),
            (
                WINDOWS_1250,
                &[
                    "Łódź",
                    "Wrocław",
                    "Kraków, Gdańsk",
                    "Poznań",
                    "Plzeňský",
                    "Częstochowa",
                    "Będzin",
                    "Čakovec",
                    "Hrčava",
                    "Dvořák",
                    "České Budějovice",
                    "Chişinău",
                ],
            ),
            (ISO_8859_2, &["Łódź", "Wrocław", "Bielsko-Biała", "Śląsk", "Plzeňský"]),
            (WINDOWS_1253, &["Αθήνα", "Θεσσαλονίκη"]),
            (WINDOWS_1254, &["Beşiktaş", "İzmir", "Diyarbakır", "Eskişehir", "Elazığ"]),
            (WINDOWS_1256, &["مياهنا"]),
            (
                MACINTOSH,
                &[
                    "München",
                    "Köln",
                    "Bäder",
                    "Straße",
                    "Förderung",
                    "schön",
                    "KÖLN",
                    "Ägypten",
                    "Größe",
                    "öffentlich",
                ],
            ),
            (SHIFT_JIS, &["東京都水道局"]),
            (GBK, &["北京水务"]),
        ] {
            for text in texts {
                let seen = misread(text, encoding);
                assert!(
                    foreign(&seen).is_some() || seen.contains(|it| ('\u{80}'..'\u{a0}').contains(&it)),
                    "{text} in {} is {seen}",
                    encoding.name()
                );
            }
        }
        // Code pages 437 and 850.
        for seen in ["M„rz", "K”ln", "Straáe", "groáe", "™ffnung", "Žnderung", "šbersicht"] {
            assert!(foreign(seen).is_some(), "{seen}");
        }
    }

    #[test]
    fn what_people_write_in_windows_1252_is_not() {
        for text in [
            "München Köln Straße Größe Ägypten Öffnung Übersee KÖLN äöüß ÄÖÜ Maßgröße schön Rhône",
            "L’eau d´eau Rock´n´Roll rue de l'Évêché Nîmes créée Noël fenêtre prêt pêche três ciência Genève caffè œuvre cœur où goût São João irmã mães ações",
            "España Ñuñoa ¿Qué? ¡Hola! año Città perché più Smørrebrød Tromsø Malmö Ålesund træ",
            "Škoda Miloš Žižek Košice Štefan Tržič Dušan",
            "5 € 20 °C °dH 12 m³/h kWh/m²a 3 m³/d Nm³ 5 µm § 5 Abs. 2 ½jährlich 4×4 Zxq® Zxq™ „Wasser“ «eau» ‚a‘ ›b‹ …und und…",
            "Köln–Bonn Köln—Bonn Wasser\u{a0}Werk Stadt\u{ad}werke WasserÖkonomie T€ Mio.€ ©2026 ±5 †1944 Iquique n° 5 1ª 2º",
        ] {
            let text = text.replace('č', "c");
            assert_eq!(foreign(&text), None, "{text}");
        }
    }
}
