//! Words: how a text is split, which spellings of a word are equal, and under which keys a word is indexed.

use std::collections::BTreeSet;

use super::goal::with_goal_words;
use crate::kernel::collation::collation_key;

/// The number of letters of a word that are indexed.
const MAX_WORD_LENGTH: usize = 64;

/// Separates list and code in the word of a code. No other word contains it.
pub(super) const CODE_SEPARATOR: char = ':';

/// Returns whether a word of the index is that of a code.
pub(super) fn is_code_word(word: &str) -> bool {
    word.contains(CODE_SEPARATOR)
}

/// The minimum length of a term, in letters, with which a search also looks inside words and not only at their
/// beginnings.
pub(super) const MIN_INFIX_LENGTH: usize = 3;

/// The length of words that are also indexed without one of their letters: from one letter shorter to one letter longer
/// than the terms for which a typo is tolerated, but that are too short to be split in halves.
const DELETION_LENGTHS: std::ops::RangeInclusive<usize> = 4..=8;

/// Folded words that occur in many names and texts and do not distinguish them: legal forms, articles, conjunctions and
/// prepositions.
const STOP_WORDS: &[&str] = &[
    // Legal forms.
    "ab", "ad", "ag", "anstalt", "aor", "as", "bv", "cjsc", "co", "corp", "dd", "doo", "eg", "ev", "gag",
    "gbr", "ggmbh", "gmbh", "gup", "inc", "jsc", "kaor", "kd", "kdor", "kg", "kgaa", "kp", "limited", "llc",
    "llp", "ltd", "mbh", "mup", "nv", "oao", "ohg", "ojsc", "ooo", "oy", "pat", "pjsc", "plc", "prat", "sa",
    "sarl", "sas", "se", "spa", "srl", "tov", "ug", "zao", // German.
    "am", "an", "auf", "aus", "bei", "beim", "das", "dem", "den", "der", "des", "die", "ein", "eine",
    "einem", "einen", "einer", "eines", "fur", "im", "in", "mit", "nach", "oder", "uber", "und", "unter",
    "vom", "von", "zu", "zum", "zur", // English.
    "a", "and", "at", "by", "for", "from", "of", "on", "or", "the", "to", "with",
    // French, Spanish, Portuguese, Romanian.
    "al", "au", "aux", "d", "da", "das", "de", "del", "din", "do", "dos", "du", "e", "el", "en", "et", "la",
    "las", "le", "les", "los", "para", "pentru", "pour", "si", "y", // Ukrainian and Russian.
    "dlia", "i", "na", "ta", "u", "z",
];

/// Returns whether a folded word does not distinguish names.
pub(super) fn is_common(word: &str) -> bool {
    forms(word).iter().any(|form| STOP_WORDS.contains(&form.as_str()))
}

/// Returns a key that is equal for different spellings of a name: its distinctive words, joined, with `ae` as `a`.
/// `Hanse-Wasser GmbH` and `hanseWasser` both give `hansewasser`.
pub fn likeness(name: &str) -> String {
    let words = words(name);
    let significant: Vec<_> = words.iter().filter(|word| !is_common(word)).collect();
    let counted = if significant.is_empty() { words.iter().collect() } else { significant };
    counted.into_iter().map(|word| simple(word)).collect()
}

/// Splits a text into folded words: sequences of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    compounds(text).into_iter().flatten().collect()
}

/// Like [`words`], but words with a hyphen or an apostrophe are also returned as one word.
pub(super) fn indexed(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chain in compounds(text) {
        if chain.len() > 1 {
            words.push(cut(chain.concat()));
        }
        words.extend(chain);
    }
    words
}

/// Splits a text into sequences of words that are joined by hyphens or apostrophes.
fn compounds(text: &str) -> Vec<Vec<String>> {
    let (mut chains, mut chain, mut word) = (Vec::new(), Vec::new(), String::new());
    // The space ends the last word.
    for letter in with_goal_words(&abbreviated(&collation_key(text))).chars().chain([' ']) {
        if is_apostrophe(letter) || letter == '-' || letter == '\u{2010}' {
            if word.is_empty() {
                chains.push(std::mem::take(&mut chain));
            } else {
                chain.push(cut(std::mem::take(&mut word)));
            }
        } else if letter.is_alphanumeric() {
            word.push(letter);
        } else {
            if !word.is_empty() {
                chain.push(cut(std::mem::take(&mut word)));
            }
            chains.push(std::mem::take(&mut chain));
        }
    }
    chains.retain(|chain| !chain.is_empty());
    chains
}

/// Joins single letters with full stops into one word: `a.o.r.` and `e. v.` become `aor` and `ev`. The text is folded.
fn abbreviated(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied();
    let is_word = |index: usize| at(index).is_some_and(char::is_alphanumeric);
    let mut joined = String::with_capacity(text.len());
    let mut index = 0;
    while let Some(letter) = at(index) {
        joined.push(letter);
        index += 1;
        let is_single =
            letter.is_alphabetic() && !is_word(index) && !index.checked_sub(2).is_some_and(is_word);
        if is_single && at(index) == Some('.') {
            let next = index + 1 + usize::from(at(index + 1).is_some_and(char::is_whitespace));
            if at(next).is_some_and(char::is_alphabetic) && !is_word(next + 1) {
                index = next;
            }
        }
    }
    joined
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}' | '\u{2bc}' | '\u{2b9}')
}

fn cut(word: String) -> String {
    match word.char_indices().nth(MAX_WORD_LENGTH) {
        Some((end, _)) => word.get(..end).map(str::to_owned).unwrap_or(word),
        None => word,
    }
}

/// Returns the spellings of a folded word that are indexed: its own, and the one in which `ae`, `oe` and `ue` are `a`,
/// `o` and `u`, like folded `ä`, `ö` and `ü`. Both are needed, because `oe` in `Bioenergie` is not an umlaut.
pub(super) fn forms(word: &str) -> Vec<String> {
    let simple = simple(word);
    if simple == word { vec![simple] } else { vec![word.to_owned(), simple] }
}

fn simple(word: &str) -> String {
    let mut simple = String::with_capacity(word.len());
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        simple.push(letter);
        if matches!(letter, 'a' | 'o' | 'u') {
            letters.next_if_eq(&'e');
        }
    }
    simple
}

/// Returns the keys of a folded word, which are looked up by prefix: the word, marked as whole; the word and its
/// suffixes, since every part of a word is the prefix of a suffix; and, for short words, the word without one letter.
/// Codes have none.
pub fn keys(word: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    if is_code_word(word) {
        return keys;
    }
    for form in forms(word) {
        let letters = form.chars().count();
        let ends = form.char_indices().take((letters + 1).saturating_sub(MIN_INFIX_LENGTH));
        keys.extend(ends.filter_map(|(start, _)| form.get(start..)).map(str::to_owned));
        keys.extend(deletion_variants(&form));
        keys.insert(mark_whole(&form));
    }
    keys
}

/// Marks a word as whole, to distinguish it from suffixes.
pub(super) fn mark_whole(form: &str) -> String {
    format!("^{form}")
}

/// Returns a short word, and the word without each one of its letters, marked as such: two words that are one typo
/// apart have one of these in common. Empty for numbers, in which typos are not tolerated.
pub(super) fn deletion_variants(form: &str) -> BTreeSet<String> {
    let letters: Vec<char> = form.chars().collect();
    if !DELETION_LENGTHS.contains(&letters.len()) || has_digit(form) {
        return BTreeSet::new();
    }
    let left = |gap: usize| -> String {
        let rest = letters.iter().enumerate().filter(|(index, _)| *index != gap);
        ['-'].into_iter().chain(rest.map(|(_, letter)| *letter)).collect()
    };
    (0..=letters.len()).map(left).collect()
}

/// Returns whether a word contains a digit.
pub(super) fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::{forms, indexed, keys, likeness, words};

    #[test]
    fn a_text_is_split_into_words() {
        assert_eq!(
            words("Stadtentwässerung Dresden (GmbH), 2019/20"),
            ["stadtentwasserung", "dresden", "gmbh", "2019", "20"]
        );
        assert_eq!(indexed("Abwasser-Partnerschaft"), ["abwasserpartnerschaft", "abwasser", "partnerschaft"]);
        assert_eq!(indexed("Mess- und Regeltechnik"), ["mess", "und", "regeltechnik"]);
        assert_eq!(indexed("d’Ivoire – Львів"), ["divoire", "d", "ivoire", "lviv"]);
        assert_eq!(words("—! -- '"), Vec::<String>::new());
        assert_eq!(words(&"ß".repeat(100)), ["s".repeat(64)]);
    }

    #[test]
    fn abbreviations_are_one_word() {
        for (text, expected) in [
            ("Stadtwerke A.ö.R.", &["stadtwerke", "aor"][..]),
            ("Verein e. V.", &["verein", "ev"]),
            ("Verein e. V", &["verein", "ev"]),
            ("Werk d.o.o", &["werk", "doo"]),
            ("H. Muster, z. B.", &["h", "muster", "zb"]),
            ("Gruppe A. B", &["gruppe", "ab"]),
            ("Am 1. 2. Ost", &["am", "1", "2", "ost"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn spellings_of_a_name_have_the_same_likeness() {
        for (one, other) in [
            ("Stadtentwässerung Dresden", "STADTENTWAESSERUNG-DRESDEN GmbH"),
            ("hanseWasser Bremen", "Hanse-Wasser Bremen"),
            ("Stadtwerke Musterstadt AöR", "Stadtwerke Musterstadt A.ö.R."),
            ("Wasser und Abwasser", "Wasser & Abwasser e. V."),
            ("Die Stadtreiniger", "Stadt\u{ad}reiniger\u{200b}"),
            ("Львівводоканал", "Lvivvodokanal"),
        ] {
            assert_eq!(likeness(one), likeness(other), "{one}");
        }
        assert_eq!(likeness("AG"), "ag");
        assert_ne!(likeness("Stadtwerke Bonn"), likeness("Stadtwerke Köln"));
    }

    #[test]
    fn a_word_with_ae_oe_or_ue_has_two_forms() {
        assert_eq!(forms("muenster"), ["muenster", "munster"]);
        assert_eq!(forms("bioenergie"), ["bioenergie", "bionergie"]);
        assert_eq!(forms("dresden"), ["dresden"]);
    }

    #[test]
    fn keys_are_suffixes_and_words_without_a_letter() {
        let expected = ["-kie", "-kiew", "-kiw", "-kew", "-iew", "^kiew", "kiew", "iew"];
        assert_eq!(keys("kiew"), expected.into_iter().map(str::to_owned).collect());
        assert_eq!(keys("2019").len(), 3, "no typos in numbers");
        assert_eq!(keys("oé").into_iter().collect::<Vec<_>>(), ["^oé"]);
    }
}
