//! The terms of a search, parsed from `q`.

use std::str::FromStr;

use super::term::{MatchQuality, SearchTerm, length};
use super::tokenizer::{forms, indexed, is_common, words};
use crate::bilingual;
use crate::kernel::violation::FieldError;

/// The number of characters of a search that are read: more than any name has.
pub const LENGTH_MAX: usize = 2_000;
/// The maximum number of words of a search. If there are more, only the longest are used.
pub const WORDS_MAX: usize = 24;
/// The maximum number of filler words that count for the order.
const FILLERS_MAX: usize = 4;

/// A word of a search that resources need not have, such as an article or a legal form: those that have it in their name
/// come first among equals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filler {
    forms: Vec<String>,
}

impl Filler {
    /// Returns the spellings of the word.
    pub fn forms(&self) -> &[String] {
        &self.forms
    }
}

/// A parsed search: a resource matches if it has all of the words. A search without any matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    words: Vec<SearchTerm>,
    fillers: Vec<Filler>,
}

impl Search {
    /// Returns the words that a resource must have.
    pub fn words(&self) -> &[SearchTerm] {
        &self.words
    }

    /// Returns whether each word is the beginning of a word of a name.
    pub fn begins_words_of(&self, name: &str) -> bool {
        let words = indexed(name);
        let begins = |term: &SearchTerm, word: &str| {
            matches!(term.quality(word), Some(MatchQuality::Exact | MatchQuality::Beginning))
        };
        self.words.iter().all(|term| words.iter().any(|word| begins(term, word)))
    }

    /// Returns the words that only count for the order.
    pub fn fillers(&self) -> &[Filler] {
        &self.fillers
    }
}

impl FromStr for Search {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        if text.is_empty() {
            return Err(FieldError::new("empty", bilingual!("Must not be empty.", "Darf nicht leer sein.")));
        }
        let text: String = text.chars().take(LENGTH_MAX).collect();
        let (common, significant): (Vec<_>, Vec<_>) =
            words(&text).into_iter().partition(|word| is_common(word));
        // Common words are searched for if there are no others.
        let (required, optional) =
            if significant.is_empty() { (common, Vec::new()) } else { (significant, common) };
        let mut terms: Vec<_> = distinct(required).map(|forms| SearchTerm { forms }).collect();
        terms.sort_by_key(|word| std::cmp::Reverse(word.forms.first().map_or(0, |form| length(form))));
        terms.truncate(WORDS_MAX);
        let fillers = distinct(optional).take(FILLERS_MAX).map(|forms| Filler { forms }).collect();
        Ok(Self { words: terms, fillers })
    }
}

/// Returns the spellings of each word, once.
fn distinct(words: Vec<String>) -> impl Iterator<Item = Vec<String>> {
    let mut distinct: Vec<Vec<String>> = Vec::new();
    for forms in words.iter().map(|word| forms(word)) {
        if !distinct.contains(&forms) {
            distinct.push(forms);
        }
    }
    distinct.into_iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tokenizer::{keys, words};
    use super::{MatchQuality, Search};

    fn quality(q: &str, text: &str) -> Option<MatchQuality> {
        let (search, words) = (q.parse::<Search>().unwrap(), words(text));
        search.words()[0].quality(&words[0])
    }

    #[test]
    fn spellings_parts_and_typos_match() {
        for (q, text, expected) in [
            ("muenster", "Münster", Some(MatchQuality::Exact)),
            ("Münster", "Muenster", Some(MatchQuality::Exact)),
            ("munster", "MÜNSTER", Some(MatchQuality::Exact)),
            ("strasse", "Straße", Some(MatchQuality::Exact)),
            ("energie", "Bioenergie", Some(MatchQuality::Part)),
            ("wasser", "Abwasserpartnerschaft", Some(MatchQuality::Part)),
            ("abwasser", "Abwasserpartnerschaft", Some(MatchQuality::Beginning)),
            ("abwaserp", "Abwasserpartnerschaft", Some(MatchQuality::Typo)),
            ("lemberg", "Württemberg", None),
            ("drezden", "Dresden", Some(MatchQuality::Typo)),
            ("waser", "Wasser", Some(MatchQuality::Typo)),
            ("waser", "Abwasser", None),
            ("kiew", "Kiev", None),
            ("as", "Wasser", None),
            ("wa", "Wasser", Some(MatchQuality::Beginning)),
            ("20199", "2019", None),
            ("2019", "2018", None),
        ] {
            assert_eq!(quality(q, text), expected, "{q} in {text}");
        }
    }

    #[test]
    fn any_text_is_a_search() {
        let code = |text: &str| text.parse::<Search>().err().map(|fault| fault.code);
        let count = |text: &str| text.parse::<Search>().unwrap().words().len();
        assert_eq!((code(""), code(&"a".repeat(2_001))), (Some("empty"), None));
        assert_eq!((count("-"), count(" -- !"), count("💧")), (0, 0, 0));
        assert_eq!(count("Wasser und wasser, Und"), 1);
        assert_eq!(count("Die Stadtwerke Bonn GmbH & Co. KG"), 2);
        assert_eq!(count("Stadtwerke Bonn A.ö.R."), 2);
        assert_eq!((count("und"), count("die GmbH"), count("e. V.")), (1, 2, 1), "nothing else is said");
        let fillers = |text: &str| text.parse::<Search>().unwrap().fillers().len();
        assert_eq!((fillers("Die Stadtwerke der Stadt, die GmbH"), fillers("die GmbH")), (3, 0));
        let many = (0..60).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(count(&many), 24);
    }

    proptest! {
        #[test]
        fn every_match_has_a_key_in_one_of_the_ranges(q in "[abue]{1,9}", word in "[abue]{1,12}") {
            let search: Search = q.parse().unwrap();
            prop_assume!(!search.words().is_empty());
            let (term, keys) = (&search.words()[0], keys(&word));
            if term.quality(&word).is_some() {
                prop_assert!(term.match_keys().iter().any(|key| keys.range(key.0.clone()..key.1.clone()).next().is_some()));
            }
        }

        #[test]
        fn a_typo_in_a_long_word_is_forgiven(word in "[a-d]{8,12}", index in 0_usize..7, letter in proptest::char::range('a', 'e'), kind in 0..4) {
            let mut letters: Vec<char> = word.chars().collect();
            match kind {
                0 => letters[index] = letter,
                1 => letters.insert(index, letter),
                2 => drop(letters.remove(index)),
                _ => letters.swap(index.min(5), index.min(5) + 1),
            }
            let q: String = letters.into_iter().collect();
            let (search, word) = (q.parse::<Search>().unwrap(), format!("xy{word}z"));
            prop_assume!(q.len() >= 8);
            prop_assert!(search.words()[0].quality(&word).is_some(), "{q} in {word}");
            let keys = keys(&word);
            prop_assert!(search.words()[0].match_keys().iter().any(|key| keys.range(key.0.clone()..key.1.clone()).next().is_some()));
        }
    }
}
