//! Full text search: what is searched, what matches, and how well; the SQL is tested against it.
//!
//! A resource says its texts in [`Resource::search_texts`](super::resource::Resource::search_texts). They are kept as an
//! [`Index`] of words. What somebody looks for is a [`Search`]: it finds what has all of its words, the best first.

mod edit_distance;
mod query;
mod tokenizer;

use std::collections::BTreeMap;

pub use self::query::{LENGTH_MAX, MatchKey, MatchQuality, Search, SearchTerm, WORDS_MAX};
pub use self::tokenizer::{keys, likeness};

use super::value::{Country, Localized};
use crate::code_lists::COUNTRIES;

/// Where a word stands; the first is worth most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// In what it is called: name or title.
    Name,
    /// In another name of it, or of a place.
    Detail,
    /// In a text about it.
    Text,
}

impl Field {
    /// Every field, the best first.
    pub const ALL: [Self; 3] = [Self::Name, Self::Detail, Self::Text];

    /// Its place among them.
    pub fn rank(self) -> i32 {
        match self {
            Self::Name => 0,
            Self::Detail => 1,
            Self::Text => 2,
        }
    }
}

/// The words of something, each with the best field that it stands in.
pub type Index = BTreeMap<String, Field>;

/// Collects what is searched of something.
#[derive(Debug, Default)]
pub struct Texts(Index);

impl Texts {
    /// The words that were collected.
    pub fn into_index(self) -> Index {
        self.0
    }

    /// What it is called.
    pub fn name(&mut self, text: impl ToString) {
        self.add(Field::Name, &text.to_string());
    }

    /// Other names, and places.
    pub fn details<S: ToString>(&mut self, texts: impl IntoIterator<Item = S>) {
        self.lines(Field::Detail, texts);
    }

    /// What countries are called in German and English.
    pub fn countries<'a>(&mut self, countries: impl IntoIterator<Item = &'a Country>) {
        for country in countries {
            if let Some(label) = COUNTRIES.label(country.as_str()) {
                self.details([&label.de, &label.en]);
            }
        }
    }

    /// A text about it, in all languages.
    pub fn text<'a>(&mut self, texts: impl IntoIterator<Item = &'a Localized>) {
        self.localized(Field::Text, texts);
    }

    /// Texts of one line.
    pub fn lines<S: ToString>(&mut self, field: Field, texts: impl IntoIterator<Item = S>) {
        texts.into_iter().for_each(|text| self.add(field, &text.to_string()));
    }

    /// A text in all languages.
    pub fn localized<'a>(&mut self, field: Field, texts: impl IntoIterator<Item = &'a Localized>) {
        for (_, text) in texts.into_iter().flat_map(Localized::iter) {
            self.add(field, text);
        }
    }

    fn add(&mut self, field: Field, text: &str) {
        for word in tokenizer::indexed(text) {
            let best = self.0.entry(word).or_insert(field);
            *best = field.min(*best);
        }
    }
}

impl Search {
    /// How well something matches: the specification of the order; `None` where a word is missing.
    pub fn score(&self, index: &Index) -> Option<i64> {
        let best = |wanted: &SearchTerm| {
            let points = index.iter().filter_map(|(word, field)| Some(wanted.quality(word)?.points(*field)));
            points.max()
        };
        self.words().iter().map(best).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Search, Texts};

    fn index(name: &str, details: &[&str]) -> super::Index {
        let mut texts = Texts::default();
        texts.name(name);
        texts.details(details);
        texts.0
    }

    fn score(q: &str, index: &super::Index) -> Option<i64> {
        q.parse::<Search>().unwrap().score(index)
    }

    #[test]
    fn all_words_are_needed_and_the_best_hit_of_each_counts() {
        let it = index("Abwasserpartnerschaft Dresden", &["Lemberg", "Dresden Elbe"]);
        for q in ["dresden", "DRESDEN lemberg", "wasser", "abwa", "drezden", "partnerschaft elbe"] {
            assert!(score(q, &it).is_some(), "{q}");
        }
        assert_eq!(score("dresden köln", &it), None);
        assert_eq!(score("dresden lemberg", &it), Some(12 + 9));
        // A name before a detail, the whole word before its beginning, before another part, before a typo.
        let ordered = ["dresden", "abwasser", "wasser", "lemberg", "lemb", "ember", "dresdem"];
        assert!(ordered.iter().is_sorted_by(|one, other| score(one, &it) > score(other, &it)));
    }
}
