//! Suggestions while a search is typed.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::collation::collation_key;
use crate::kernel::parameters::{FilterParameters, Parameters};
use crate::kernel::search::Search;
use crate::search::{SearchLimit, SearchedKind};

/// The default number of suggestions.
const LIMIT_DEFAULT: u64 = 10;

crate::filter! {
    /// The parameters of suggestions besides `q`.
    SuggestionFilter {
        /// The kinds of resources to suggest; all by default. Only those with names are suggested.
        kind: Vec<SearchedKind>,
        /// The maximum number of suggestions; 10 by default.
        limit: Option<SearchLimit>,
    }
}

/// The parameters of suggestions.
#[derive(Clone, Debug)]
pub struct SuggestionQuery {
    /// The beginnings of words of a name.
    pub search: Search,
    key: String,
    filter: SuggestionFilter,
}

impl SuggestionQuery {
    /// Takes the parameters; `None` if `q` is invalid.
    pub fn take(parameters: &mut Parameters) -> Option<Self> {
        let filter = SuggestionFilter::take(parameters);
        let parse = |q: &str| Ok((q.parse()?, collation_key(q)));
        let (search, key) = parameters.required("q", parse)?;
        Some(Self { search, key, filter })
    }

    /// Returns whether resources of this kind are suggested.
    pub fn includes(&self, kind: SearchedKind) -> bool {
        self.filter.kind.is_empty() || self.filter.kind.contains(&kind)
    }

    /// Returns the maximum number of suggestions.
    pub fn limit(&self) -> usize {
        let limit = self.filter.limit.map_or(LIMIT_DEFAULT, |SearchLimit(limit)| limit);
        limit.try_into().unwrap_or(usize::MAX)
    }

    /// Sorts suggestions: names that begin with the whole text first, then by kind and name.
    pub fn sort(&self, suggestions: &mut [Suggestion]) {
        suggestions.sort_by_cached_key(|it| {
            let key = collation_key(&it.name);
            (!key.starts_with(&self.key), it.kind, key, it.id)
        });
    }
}

/// A resource whose name matches what has been typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suggestion {
    /// The kind of resource.
    pub kind: SearchedKind,
    /// The id.
    pub id: Uuid,
    /// The slug, if the resource has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The name or title.
    pub name: String,
}

/// Suggestions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// The suggestions: names that begin with `q` first.
    pub items: Vec<Suggestion>,
}
