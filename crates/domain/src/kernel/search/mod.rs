//! Full-text search: the searched texts, the matches and their order. The SQL is tested against this code.
//!
//! A resource adds its texts in [`Resource::search_texts`](super::resource::Resource::search_texts). They are stored as
//! an [`Index`] of words. A [`Search`] finds the resources that have all of its words, the best match first.

mod code_word;
mod edit_distance;
mod goal;
mod highlight;
mod query;
mod term;
mod tokenizer;

use std::collections::BTreeMap;

pub use self::code_word::CodeList;
pub use self::highlight::{Highlight, Highlights};
pub use self::query::{Filler, LENGTH_MAX, Search, WORDS_MAX};
pub use self::term::{MatchKey, MatchQuality, SearchTerm};
pub use self::tokenizer::{keys, likeness};

use self::highlight::{SourceText, highlights};
use super::script::transliterations;
use super::value::Localized;

/// The type of text in which a word occurs, the most relevant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The name or title.
    Name,
    /// Another name, or a place.
    Detail,
    /// A description.
    Text,
}

impl Field {
    /// All fields, the most relevant first.
    pub const ALL: [Self; 3] = [Self::Name, Self::Detail, Self::Text];

    /// Returns the position of the field in this order.
    pub fn rank(self) -> i32 {
        match self {
            Self::Name => 0,
            Self::Detail => 1,
            Self::Text => 2,
        }
    }
}

/// The words and codes of a resource, each with the most relevant field in which it occurs.
pub type Index = BTreeMap<String, Field>;

/// Collects the searched texts of a resource, each with the member that has it.
#[derive(Debug, Default)]
pub struct Texts {
    index: Index,
    /// The texts themselves, for highlights.
    sources: Option<Vec<SourceText>>,
}

impl Texts {
    /// Collects the texts themselves, too.
    pub fn with_sources() -> Self {
        Self { sources: Some(Vec::new()), ..Self::default() }
    }

    /// Returns the collected words.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// Returns the members that match a search, the best first.
    pub fn highlights(&self, search: &Search) -> Vec<Highlight> {
        highlights(search, self.sources.as_deref().unwrap_or_default())
    }

    /// Returns the first text that is a name.
    pub fn first_name(&self) -> Option<&str> {
        let mut names = self.sources.iter().flatten().filter(|source| source.field == Field::Name);
        names.next()?.texts.first().map(String::as_str)
    }

    /// Adds the name or title.
    pub fn name(&mut self, member: &str, text: impl ToString) {
        self.add(Field::Name, member, &text.to_string());
    }

    /// Adds other names, and places.
    pub fn details<S: ToString>(&mut self, member: &str, texts: impl IntoIterator<Item = S>) {
        self.lines(Field::Detail, member, texts);
    }

    /// Adds codes, which are found by the words of their labels.
    pub fn codes<C: ToString>(
        &mut self,
        field: Field,
        member: &str,
        list: CodeList,
        codes: impl IntoIterator<Item = C>,
    ) {
        for code in codes {
            let code = code.to_string();
            if let Some(sources) = &mut self.sources {
                sources.push(SourceText::of_code(member, field, list, &code));
            }
            self.add_word(field, list.word(&code));
        }
    }

    /// Adds descriptions in all languages.
    pub fn text<'a>(&mut self, member: &str, texts: impl IntoIterator<Item = &'a Localized>) {
        self.localized(Field::Text, member, texts);
    }

    /// Adds texts of a single line.
    pub fn lines<S: ToString>(&mut self, field: Field, member: &str, texts: impl IntoIterator<Item = S>) {
        texts.into_iter().for_each(|text| self.add(field, member, &text.to_string()));
    }

    /// Adds texts in all languages.
    pub fn localized<'a>(
        &mut self,
        field: Field,
        member: &str,
        texts: impl IntoIterator<Item = &'a Localized>,
    ) {
        for (_, text) in texts.into_iter().flat_map(Localized::iter) {
            self.add(field, member, text);
        }
    }

    fn add(&mut self, field: Field, member: &str, text: &str) {
        if let Some(sources) = &mut self.sources {
            sources.push(SourceText::new(member, field, text));
        }
        for word in tokenizer::indexed(text) {
            self.add_word(field, word);
        }
        // Names, above all, are typed in other transliterations.
        let others = if field < Field::Text { transliterations(text) } else { Vec::new() };
        for word in others.iter().flat_map(|text| tokenizer::indexed(text)) {
            self.add_word(field, word);
        }
    }

    fn add_word(&mut self, field: Field, word: String) {
        let best = self.index.entry(word).or_insert(field);
        *best = field.min(*best);
    }
}

impl Search {
    /// Returns how well a resource matches; `None` if a word is missing. This is the specification of the order.
    pub fn score(&self, index: &Index) -> Option<i64> {
        let best = |term: &SearchTerm| {
            let points = index.iter().filter_map(|(word, field)| Some(term.quality(word)?.points(*field)));
            points.max()
        };
        let points = self.words().iter().map(best).sum::<Option<i64>>()?;
        let is_in_name =
            |filler: &&Filler| filler.forms().iter().any(|form| index.get(form) == Some(&Field::Name));
        let fillers = self.fillers().iter().filter(is_in_name).count();
        (!self.words().is_empty()).then(|| points + i64::try_from(fillers).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeList, Field, Search, Texts};

    fn index(name: &str, details: &[&str]) -> super::Index {
        let mut texts = Texts::default();
        texts.name("name", name);
        texts.details("aliases", details);
        texts.into_index()
    }

    fn score(q: &str, index: &super::Index) -> Option<i64> {
        q.parse::<Search>().unwrap().score(index)
    }

    #[test]
    fn highlights_say_which_member_matches() {
        let mut texts = Texts::with_sources();
        texts.name("name", "Stadtwerke Bonn");
        texts.details("aliases", ["Kölsche Werke"]);
        let long = "Sie pumpt Wasser. ".repeat(20);
        texts.lines(Field::Text, "description", [format!("{long} Die Kläranlage liegt am Rhein. {long}")]);
        texts.codes(Field::Text, "sectors", CodeList::Sector, ["waste", "energy"]);
        let highlights = |q: &str| -> Vec<_> {
            let found = texts.highlights(&q.parse().unwrap());
            found.into_iter().map(|it| (it.member, it.excerpt)).collect()
        };
        let one = |member: &str, excerpt: &str| vec![(member.to_owned(), excerpt.to_owned())];
        assert_eq!(highlights("bonn"), one("name", "Stadtwerke Bonn"));
        assert_eq!(highlights("koelsche"), one("aliases", "Kölsche Werke"));
        assert_eq!(highlights("Strom"), one("sectors", "Energie (Strom und Gas)"));
        assert_eq!(highlights("Müllabfuhr"), one("sectors", "Waste management and street cleaning"));
        let [(member, excerpt)] = &highlights("klaeranlage")[..] else { panic!() };
        assert!(member == "description" && excerpt.starts_with("… ") && excerpt.ends_with(" …"), "{excerpt}");
        assert!(
            excerpt.contains("Die Kläranlage liegt am Rhein.") && excerpt.split(' ').count() < 30,
            "{excerpt}"
        );
        assert!(highlights("Köln").is_empty());
        assert_eq!(texts.first_name(), Some("Stadtwerke Bonn"));
    }

    #[test]
    fn filler_words_count_for_the_order_only() {
        let words = index("Die Stadtwerke Bonn GmbH", &["und"]);
        assert_eq!(score("Stadtwerke Bonn", &words), Some(24));
        assert_eq!(score("die Stadtwerke und Bonn GmbH", &words), Some(26));
        assert_eq!(score("the Stadtwerke of Bonn AöR", &words), Some(24));
        assert_eq!((score("GmbH", &words), score("AöR", &words), score("-", &words)), (Some(12), None, None));
    }

    #[test]
    fn a_code_is_found_like_the_words_of_its_labels() {
        let mut texts = Texts::default();
        texts.codes(Field::Detail, "country", CodeList::Country, ["ZA"]);
        let words = texts.into_index();
        for (q, expected) in [
            ("Südafrika", Some(9)),
            ("south africa", Some(18)),
            ("Suedafrica", Some(2)),
            ("south", Some(9)),
            ("sudafrica", Some(2)),
            ("Sambia", None),
            ("afrika", Some(2)),
        ] {
            assert_eq!(score(q, &words), expected, "{q}");
        }
        assert_eq!(words.len(), 1);
    }

    #[test]
    fn all_words_are_needed_and_the_best_hit_of_each_counts() {
        let words = index("Abwasserpartnerschaft Dresden", &["Lemberg", "Dresden Elbe"]);
        for q in ["dresden", "DRESDEN lemberg", "wasser", "abwa", "drezden", "partnerschaft elbe"] {
            assert!(score(q, &words).is_some(), "{q}");
        }
        assert_eq!(score("dresden köln", &words), None);
        assert_eq!(score("dresden lemberg", &words), Some(12 + 9));
        // A name counts more than a detail, the whole word more than a prefix, that more than another part, and that
        // more than a typo.
        let ordered = ["dresden", "abwasser", "wasser", "lemberg", "lemb", "ember", "dresdem"];
        assert!(ordered.iter().is_sorted_by(|one, other| score(one, &words) > score(other, &words)));
    }
}
