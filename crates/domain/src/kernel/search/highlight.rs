//! Highlights: which member of a resource a search matches, with an excerpt.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::query::Search;
use super::tokenizer::indexed;
use super::{CodeList, Field, MatchQuality};

/// The number of words of an excerpt, about.
const EXCERPT_WORDS: usize = 24;
/// The number of words before the first match.
const WORDS_BEFORE: usize = 6;

/// A member that matches a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlight {
    /// The member.
    pub member: String,
    /// The text around the match; of a code, its label.
    pub excerpt: String,
    /// Whether the member is the name.
    #[serde(skip)]
    pub is_name: bool,
}

/// The members of a resource that match a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlights {
    /// The id of the resource.
    pub id: Uuid,
    /// The members, the best match first; empty if the resource is found by something that it does not show, such as
    /// another name of a participant.
    pub matches: Vec<Highlight>,
}

/// A text of a resource that is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceText {
    member: String,
    pub(super) field: Field,
    /// The text, or the labels of a code.
    pub(super) texts: Vec<String>,
    /// The word of the code.
    code_word: Option<String>,
}

impl SourceText {
    pub(super) fn new(member: &str, field: Field, text: &str) -> Self {
        Self { member: member.to_owned(), field, texts: vec![text.to_owned()], code_word: None }
    }

    pub(super) fn of_code(member: &str, field: Field, list: CodeList, code: &str) -> Self {
        let code_word = Some(list.word(code));
        Self { member: member.to_owned(), field, texts: list.labels(code), code_word }
    }

    /// Returns the points and the excerpt if the text matches a word of the search.
    fn matched(&self, search: &Search) -> Option<(i64, String)> {
        if let Some(code_word) = &self.code_word {
            let quality = search.words().iter().filter_map(|term| term.quality(code_word)).min()?;
            let label = self.texts.iter().find(|label| best_word(search, label).is_some());
            return Some((quality.points(self.field), label.or(self.texts.last())?.clone()));
        }
        let best =
            |text: &String| best_word(search, text).map(|(quality, index)| (quality, excerpt(text, index)));
        let (quality, excerpt) = self.texts.iter().filter_map(best).min()?;
        Some((quality.points(self.field), excerpt))
    }
}

/// Returns how well the best word of a text matches, and its position.
fn best_word(search: &Search, text: &str) -> Option<(MatchQuality, usize)> {
    let quality = |word: &str| {
        let indexed = indexed(word);
        let qualities = search.words().iter().flat_map(|term| indexed.iter().map(move |it| term.quality(it)));
        qualities.flatten().min()
    };
    text.split_whitespace().enumerate().filter_map(|(index, word)| Some((quality(word)?, index))).min()
}

/// Returns the words around a position.
fn excerpt(text: &str, index: usize) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    if words.len() <= EXCERPT_WORDS {
        return words.join(" ");
    }
    let first = index.saturating_sub(WORDS_BEFORE).min(words.len() - EXCERPT_WORDS);
    let shown = words.iter().skip(first).take(EXCERPT_WORDS).copied().collect::<Vec<_>>().join(" ");
    let (before, after) = (first > 0, first + EXCERPT_WORDS < words.len());
    format!("{}{shown}{}", if before { "… " } else { "" }, if after { " …" } else { "" })
}

/// Returns the members that match a search, the best first.
pub(super) fn highlights(search: &Search, sources: &[SourceText]) -> Vec<Highlight> {
    let mut matched: Vec<_> =
        sources.iter().filter_map(|source| Some((source, source.matched(search)?))).collect();
    matched.sort_by_key(|(_, (points, _))| std::cmp::Reverse(*points));
    let mut highlights: Vec<Highlight> = Vec::new();
    for (source, (_, excerpt)) in matched {
        if highlights.iter().all(|known| known.member != source.member) {
            highlights.push(Highlight {
                member: source.member.clone(),
                excerpt,
                is_name: source.field == Field::Name,
            });
        }
    }
    highlights
}
