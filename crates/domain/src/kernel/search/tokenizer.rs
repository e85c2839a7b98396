//! Words: how a text is cut, which spellings of a word meet, and by which keys a word is looked up.

use std::collections::BTreeSet;

use crate::kernel::collation::collation_key;

/// How many letters of a word count.
const LONGEST: usize = 64;

/// From how many letters on a search looks inside words, not only at their beginnings.
pub(super) const INSIDE: usize = 3;

/// How long words are that are also looked up by what is left of them without one of their letters: one letter
/// shorter to one letter longer than what is forgiven a typo but too short to be cut in halves.
const SHORT: std::ops::RangeInclusive<usize> = 4..=8;

/// What stands in many names and texts and tells nothing apart, folded: legal forms, articles, conjunctions and
/// prepositions.
const COMMON: &[&str] = &[
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

/// Whether a folded word is one that tells nothing apart.
pub(super) fn is_common(word: &str) -> bool {
    forms(word).iter().any(|form| COMMON.contains(&form.as_str()))
}

/// What two names have alike that are written otherwise: their words without those that tell nothing apart, `ae` as
/// `a`, and all in one. `Hanse-Wasser GmbH` is `hanseWasser`.
pub fn likeness(name: &str) -> String {
    let words = words(name);
    let telling: Vec<_> = words.iter().filter(|word| !is_common(word)).collect();
    let counting = if telling.is_empty() { words.iter().collect() } else { telling };
    counting.into_iter().map(|word| simple(word)).collect()
}

/// The folded words of a text: letters and digits, as they stand together.
pub(super) fn words(text: &str) -> Vec<String> {
    chains(text).into_iter().flatten().collect()
}

/// The folded words of a text, and those written with hyphen or apostrophe also as one.
pub(super) fn indexed(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chain in chains(text) {
        if chain.len() > 1 {
            words.push(cut(chain.concat()));
        }
        words.extend(chain);
    }
    words
}

/// Words that are held together by hyphens or apostrophes.
fn chains(text: &str) -> Vec<Vec<String>> {
    let (mut chains, mut chain, mut word) = (Vec::new(), Vec::new(), String::new());
    // The end of the text ends the last word too.
    for letter in abbreviated(&collation_key(text)).chars().chain([' ']) {
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

/// A folded text in which single letters with full stops are one word: `a.o.r.` and `e. v.` are `aor` and `ev`.
fn abbreviated(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |place: usize| letters.get(place).copied();
    let is_word = |place: usize| at(place).is_some_and(char::is_alphanumeric);
    let mut joined = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(letter) = at(place) {
        joined.push(letter);
        place += 1;
        let is_single =
            letter.is_alphabetic() && !is_word(place) && !place.checked_sub(2).is_some_and(is_word);
        if is_single && at(place) == Some('.') {
            let next = place + 1 + usize::from(at(place + 1).is_some_and(char::is_whitespace));
            if at(next).is_some_and(char::is_alphabetic) && !is_word(next + 1) {
                place = next;
            }
        }
    }
    joined
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}' | '\u{2bc}' | '\u{2b9}')
}

fn cut(word: String) -> String {
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => word.get(..end).map(str::to_owned).unwrap_or(word),
        None => word,
    }
}

/// The spellings that a folded word is met by: its own, and that with `ae`, `oe` and `ue` as `a`, `o` and `u`, which is
/// what is left of `ä`, `ö` and `ü`. Both, for in `Bioenergie` they are two letters.
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

/// The keys by which a folded word is looked up, by their beginnings: itself, marked as such; it and what is left of it
/// without its first letters, for what is in a word begins one of these; and for short ones what is left without one
/// letter.
pub fn keys(word: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for form in forms(word) {
        let letters = form.chars().count();
        let ends = form.char_indices().take((letters + 1).saturating_sub(INSIDE));
        keys.extend(ends.filter_map(|(start, _)| form.get(start..)).map(str::to_owned));
        keys.extend(without_one(&form));
        keys.insert(whole(&form));
    }
    keys
}

/// A word marked as one, and not the end of one.
pub(super) fn whole(form: &str) -> String {
    format!("^{form}")
}

/// A short word itself and what is left of it without one of its letters, marked as such: two words that are one typo
/// apart have one of these in common. None for numbers, in which there are no typos.
pub(super) fn without_one(form: &str) -> BTreeSet<String> {
    let letters: Vec<char> = form.chars().collect();
    if !SHORT.contains(&letters.len()) || has_digit(form) {
        return BTreeSet::new();
    }
    let left = |gap: usize| -> String {
        let kept = letters.iter().enumerate().filter(|(place, _)| *place != gap);
        ['-'].into_iter().chain(kept.map(|(_, letter)| *letter)).collect()
    };
    (0..=letters.len()).map(left).collect()
}

/// Whether there is a digit in it.
pub(super) fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::{forms, indexed, keys, likeness, words};

    #[test]
    fn a_text_is_cut_into_words() {
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
    fn names_are_alike_however_they_are_written() {
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
    fn both_spellings_of_a_word_count() {
        assert_eq!(forms("muenster"), ["muenster", "munster"]);
        assert_eq!(forms("bioenergie"), ["bioenergie", "bionergie"]);
        assert_eq!(forms("dresden"), ["dresden"]);
    }

    #[test]
    fn keys_are_ends_and_what_is_left() {
        let expected = ["-kie", "-kiew", "-kiw", "-kew", "-iew", "^kiew", "kiew", "iew"];
        assert_eq!(keys("kiew"), expected.into_iter().map(str::to_owned).collect());
        assert_eq!(keys("2019").len(), 3, "no typos in numbers");
        assert_eq!(keys("oé").into_iter().collect::<Vec<_>>(), ["^oé"]);
    }
}
