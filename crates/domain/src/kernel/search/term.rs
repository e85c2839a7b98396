//! A word of a search, and how well words of an index match it.

use super::Field;
use super::edit_distance::is_near;
use super::tokenizer::{MIN_INFIX_LENGTH, deletion_variants, forms, has_digit, is_code_word, mark_whole};

/// The minimum length of a term, in letters, for which a typo is tolerated.
const MIN_TYPO_LENGTH: usize = 5;
/// The minimum length of a term, in letters, for which a typo is tolerated in a part of a longer word, too.
const MIN_INFIX_TYPO_LENGTH: usize = 8;

/// How well a word matches a term, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchQuality {
    /// The word equals the term.
    Exact,
    /// The word begins with the term.
    Beginning,
    /// The word contains the term.
    Part,
    /// The word equals the term, or contains it, with one typo.
    Typo,
}

impl MatchQuality {
    /// Returns the points of a match in a name, and how many fewer points each further field has.
    pub fn points_and_step(self) -> (i32, i32) {
        match self {
            Self::Exact => (12, 3),
            Self::Beginning => (11, 3),
            Self::Part => (10, 3),
            Self::Typo => (3, 1),
        }
    }

    /// Returns the points of a match in a field: a typo has fewer than any other match, and a name has more than a
    /// detail, which has more than a description.
    pub fn points(self, field: Field) -> i64 {
        let (most, step) = self.points_and_step();
        i64::from(most - step * field.rank())
    }
}

/// A range of keys: from the first (inclusive) to the second (exclusive).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchKey(pub String, pub String);

impl MatchKey {
    /// Returns the range of keys with this prefix. No key contains the highest character.
    fn with_prefix(key: String) -> Self {
        let end = format!("{key}{}", char::MAX);
        Self(key, end)
    }

    /// Returns the range of this single key. No key contains the lowest character.
    fn only(key: String) -> Self {
        let end = format!("{key}\u{1}");
        Self(key, end)
    }
}

/// A word of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerm {
    /// The spellings of the word.
    pub(super) forms: Vec<String>,
}

impl SearchTerm {
    /// Returns how well a word of an index matches; `None` if it does not.
    pub fn quality(&self, word: &str) -> Option<MatchQuality> {
        if is_code_word(word) { self.code_quality(word) } else { self.word_quality(word, true) }
    }

    /// Returns how well a folded word matches, or, if `inside`, a part of it.
    pub(super) fn word_quality(&self, word: &str, inside: bool) -> Option<MatchQuality> {
        let others = forms(word);
        let pairs = || self.forms.iter().flat_map(|form| others.iter().map(move |other| (form, other)));
        let good = pairs().filter_map(|(form, other)| match other.find(form.as_str()) {
            Some(0) if form.len() == other.len() => Some(MatchQuality::Exact),
            Some(0) => Some(MatchQuality::Beginning),
            Some(_) if inside && length(form) >= MIN_INFIX_LENGTH => Some(MatchQuality::Part),
            _ => None,
        });
        let forgiven = || {
            let near = |(form, other): (&String, &String)| {
                let inside = inside && length(form) >= MIN_INFIX_TYPO_LENGTH;
                length(form) >= MIN_TYPO_LENGTH && is_near(form, other, inside)
            };
            (!self.is_number() && !has_digit(word) && pairs().any(near)).then_some(MatchQuality::Typo)
        };
        good.min().or_else(forgiven)
    }

    /// Returns the ranges of the keys of words that begin with the term.
    pub fn beginning_keys(&self) -> impl Iterator<Item = MatchKey> {
        self.forms.iter().map(|form| MatchKey::with_prefix(mark_whole(form)))
    }

    /// Returns ranges of keys: every word that matches has one of its [keys](super::keys) in one of them. Words that do
    /// not match may have one, too.
    pub fn match_keys(&self) -> Vec<MatchKey> {
        let mut match_keys = Vec::new();
        for form in &self.forms {
            let length = length(form);
            match_keys.push(MatchKey::with_prefix(if length < MIN_INFIX_LENGTH {
                mark_whole(form)
            } else {
                form.clone()
            }));
            if self.is_number() || length < MIN_TYPO_LENGTH {
                continue;
            }
            if length < MIN_INFIX_TYPO_LENGTH {
                match_keys.extend(deletion_variants(form).into_iter().map(MatchKey::only));
                continue;
            }
            // A typo lies in one half, so that the other half is intact, or it swaps the two letters in the middle.
            let middle = length / 2;
            let mut swapped: Vec<char> = form.chars().collect();
            swapped.swap(middle - 1, middle);
            let halves = [form.chars().take(middle).collect(), form.chars().skip(middle).collect()];
            match_keys
                .extend(halves.into_iter().chain([swapped.into_iter().collect()]).map(MatchKey::with_prefix));
        }
        match_keys
    }

    fn is_number(&self) -> bool {
        self.forms.iter().any(|form| has_digit(form))
    }
}

/// Returns the number of letters.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}
