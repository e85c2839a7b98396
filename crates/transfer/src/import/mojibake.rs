//! Detects texts that were read as Windows-1252 but are in another encoding.
//!
//! Every byte of a text in another 8-bit encoding is a letter or sign in Windows-1252, too, so only the sequence of
//! letters shows that the encoding is wrong. A text that looks wrong is rejected, and can be sent again in UTF-8 or
//! with its `charset`; so in doubt, a word is considered wrong.

/// The letters that occur next to each other in German and in the Nordic languages.
const NORTHERN: &str = "äöüßåøÄÖÜÅØ";
/// The signs that may occur between two letters.
const JOINING: &str = "’‘´·–—®…\u{ad}\u{a0}";
/// The signs with which no word begins.
const NEVER_FIRST: &str = "£¥¢¤¯¶†‡‰¬¦¨¸³²¹™";
/// The Icelandic letters as which Turkish and Baltic letters are misread.
const ICELANDIC: &str = "þÞðÐýÝ";
/// The maximum length of a word that is checked as a whole.
const MAX_WORD_BYTES: usize = 200;

/// Checks a text letter by letter.
#[derive(Default)]
pub(super) struct MojibakeDetector {
    word: Vec<char>,
}

impl MojibakeDetector {
    /// Takes the next letter; returns a word that looks wrong as soon as it ends.
    pub(super) fn take(&mut self, letter: char) -> Option<String> {
        if letter.is_ascii_alphanumeric() || (!letter.is_ascii() && !letter.is_whitespace()) {
            self.word.push(letter);
            return if self.word.len() < MAX_WORD_BYTES { None } else { self.end() };
        }
        self.end()
    }

    /// Ends the word; returns the word if it looks wrong.
    pub(super) fn end(&mut self) -> Option<String> {
        let found = (self.word.iter().any(|letter| !letter.is_ascii()) && is_mojibake(&self.word))
            .then(|| self.word.iter().take(40).collect());
        self.word.clear();
        found
    }
}

/// Whether the character is a letter of a word. Unicode classifies some signs as letters.
fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && !matches!(letter, 'ª' | 'º' | 'µ' | 'ˆ' | 'ƒ')
}

fn is_vowel(letter: char) -> bool {
    "aeiouyäöüàáâãåèéêëìíîïòóôõøùúûýÿœæ".contains(letter.to_lowercase().next().unwrap_or(letter))
}

fn is_consonant(letter: char) -> bool {
    is_letter(letter) && !is_vowel(letter)
}

fn is_mojibake(word: &[char]) -> bool {
    let at = |index: usize| word.get(index).copied();
    let run = |letters: &[char]| {
        letters.iter().all(|it| is_letter(*it) && !it.is_ascii())
            && letters.iter().any(|it| !NORTHERN.contains(*it))
    };
    word.windows(3).any(run)
        || (0..word.len()).any(|index| {
            let Some(letter) = at(index).filter(|it| !it.is_ascii()) else { return false };
            let before = index.checked_sub(1).and_then(at);
            let (after, rest) = (at(index + 1), word.len() - index - 1);
            match is_letter(letter) {
                true => is_unlikely_letter(before, letter, after, at(index + 2)),
                false => is_unlikely_sign(before, letter, after, rest),
            }
        })
}

/// Whether a sign is unlikely at its position: `Wroc³aw`, `M„rz`, `Stra§e`; but not `kWh/m²a`.
fn is_unlikely_sign(before: Option<char>, sign: char, after: Option<char>, rest: usize) -> bool {
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

fn is_unlikely_letter(before: Option<char>, letter: char, after: Option<char>, next: Option<char>) -> bool {
    let consonant = |it: Option<char>| it.is_some_and(is_consonant);
    let begins = before.is_none_or(|it| !is_letter(it));
    let ends = after.is_none_or(|it| !is_letter(it));
    let is_lower = |it: Option<char>| it.is_some_and(char::is_lowercase);
    match letter {
        _ if ICELANDIC.contains(letter) => true,
        // Capitals inside a word: `MŸnchen`, `mŠrz`; but compounds may have an umlaut there.
        'Ÿ' | 'Š' | 'Ž' | 'Œ' if !begins && is_lower(after) => true,
        _ if letter.is_uppercase() && is_lower(before) && !"ÄÖÜÅØ".contains(letter) => true,
        // `Kšln`, `Žnderung`, `šffentlich`; but not `Miloš`, `Škoda`.
        'š' | 'Š' | 'ž' | 'Ž' => match begins {
            true => after.is_some_and(|it| "bcdfgnrsxg".contains(it.to_ascii_lowercase())),
            false => consonant(before) && consonant(after),
        },
        // `Gdañsk`, `Poznañ`; but not `España`.
        'ñ' | 'Ñ' => (ends && !begins) || consonant(after),
        // `Czêstochowa`, `Bêdzin`; in French, the circumflex stands for an `s`.
        'ê' | 'Ê' => match after.map(|it| it.to_ascii_lowercase()) {
            Some('s') => consonant(next),
            Some('c') => next.is_some_and(|it| !it.eq_ignore_ascii_case(&'h')),
            after => after.is_some_and(|it| "bdgkz".contains(it)),
        },
        // `Èakovec`, `Hrèava`: a misread `č`.
        'è' | 'È' => after.is_some_and(is_vowel),
        // In Italian, these only occur at the end of words.
        'ì' | 'ò' | 'ù' => !ends,
        'ã' => after == Some('u') || (consonant(after) && after != Some('s')),
        'õ' => after != Some('e'),
        'œ' => consonant(after) && !matches!(after, Some('s' | 'c')),
        'ø' => after.is_some_and(|it| !it.is_ascii() && is_vowel(it)),
        // `Straáe`, `Maá`: a misread `ß` of DOS.
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

    fn detected(text: &str) -> Option<String> {
        let mut detector = MojibakeDetector::default();
        text.chars().find_map(|letter| detector.take(letter)).or_else(|| detector.end())
    }

    /// Returns the text as it looks if it is read as Windows-1252. Bytes without a meaning there are detected
    /// elsewhere.
    fn misread(text: &str, encoding: &'static Encoding) -> String {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{text} {}", encoding.name());
        WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned()
    }

    #[test]
    fn texts_in_other_encodings_are_detected() {
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
                let misread_text = misread(text, encoding);
                assert!(
                    detected(&misread_text).is_some()
                        || misread_text.contains(|it| ('\u{80}'..'\u{a0}').contains(&it)),
                    "{text} in {} is {misread_text}",
                    encoding.name()
                );
            }
        }
        // Code pages 437 and 850.
        for misread_text in ["M„rz", "K”ln", "Straáe", "groáe", "™ffnung", "Žnderung", "šbersicht"]
        {
            assert!(detected(misread_text).is_some(), "{misread_text}");
        }
    }

    #[test]
    fn usual_texts_in_windows_1252_are_accepted() {
        for text in [
            "München Köln Straße Größe Ägypten Öffnung Übersee KÖLN äöüß ÄÖÜ Maßgröße schön Rhône",
            "L’eau d´eau Rock´n´Roll rue de l'Évêché Nîmes créée Noël fenêtre prêt pêche três ciência Genève caffè œuvre cœur où goût São João irmã mães ações",
            "España Ñuñoa ¿Qué? ¡Hola! año Città perché più Smørrebrød Tromsø Malmö Ålesund træ",
            "Škoda Miloš Žižek Košice Štefan Tržič Dušan",
            "5 € 20 °C °dH 12 m³/h kWh/m²a 3 m³/d Nm³ 5 µm § 5 Abs. 2 ½jährlich 4×4 Zxq® Zxq™ „Wasser“ «eau» ‚a‘ ›b‹ …und und…",
            "Köln–Bonn Köln—Bonn Wasser\u{a0}Werk Stadt\u{ad}werke WasserÖkonomie T€ Mio.€ ©2026 ±5 †1944 Iquique n° 5 1ª 2º",
        ] {
            let text = text.replace('č', "c");
            assert_eq!(detected(&text), None, "{text}");
        }
    }
}
