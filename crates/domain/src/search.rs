//! The search over all resources.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::parameters::{FilterParameters, Parameters, bounded_number};
use crate::kernel::search::Search;

crate::string_enum! {
    /// A kind of resource that can be searched.
    SearchedKind in "searched-kinds" {
        /// utilities
        Utility = "utility" ("Utilities", "Unternehmen"),
        /// partnerships
        Partnership = "partnership" ("Partnerships", "Partnerschaften"),
        /// funding programmes
        FundingProgramme = "funding_programme" ("Funding programmes", "Förderprogramme"),
        /// sessions
        Session = "session" ("Sessions", "Sitzungen"),
        /// organisations
        Organisation = "organisation" ("Organisations", "Organisationen"),
        /// members
        Member = "member" ("Members", "Mitglieder"),
        /// topics
        Topic = "topic" ("Topics", "Themen"),
        /// policy updates
        PolicyUpdate = "policy_update" ("Policy updates", "Politische Entwicklungen"),
        /// working areas
        WorkingArea = "working_area" ("Working areas", "Arbeitsfelder"),
        /// the activities of partnerships
        Activity = "activity" ("Activities", "Maßnahmen"),
        /// the results of partnerships
        Result = "result" ("Results", "Ergebnisse"),
        /// the documents of partnerships
        Document = "document" ("Documents", "Dokumente"),
        /// the guests of sessions
        Guest = "guest" ("Guests", "Gäste"),
        /// the agenda items of sessions
        AgendaItem = "agenda_item" ("Agenda items", "Tagesordnungspunkte"),
        /// the minutes of sessions
        Minutes = "minutes" ("Minutes", "Protokolle"),
        /// the contacts of members
        Contact = "contact" ("Contacts", "Ansprechpersonen"),
        /// interest registrations
        InterestRegistration = "interest_registration" ("Interest registrations", "Interessenbekundungen"),
        /// users
        User = "user" ("Users", "Konten"),
        /// webhooks
        Webhook = "webhook" ("Webhooks", "Webhooks"),
    }
}

/// So many of each kind come before the rest.
const FIRST_OF_EACH_KIND: usize = 3;
/// The default number of results.
const LIMIT_DEFAULT: u64 = 20;
/// The maximum number of results.
const LIMIT_MAX: u64 = 50;

bounded_number! {
    /// The maximum number of results.
    SearchLimit as "SearchLimit": 1 to LIMIT_MAX
}

crate::filter! {
    /// The parameters of the search besides `q`.
    SearchFilter {
        /// The kinds of resources to search; all by default.
        kind: Vec<SearchedKind>,
        /// The maximum number of results; 20 by default.
        limit: Option<SearchLimit>,
    }
}

/// The parameters of the search.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What to search for.
    pub search: Search,
    filter: SearchFilter,
}

impl SearchQuery {
    /// Takes the parameters; `None` if `q` is invalid.
    pub fn take(parameters: &mut Parameters) -> Option<Self> {
        let filter = SearchFilter::take(parameters);
        let search = parameters.required("q", str::parse)?;
        Some(Self { search, filter })
    }

    /// Returns whether resources of this kind are searched.
    pub fn includes(&self, kind: SearchedKind) -> bool {
        self.filter.kind.is_empty() || self.filter.kind.contains(&kind)
    }

    /// Returns the maximum number of results.
    pub fn limit(&self) -> u64 {
        self.filter.limit.map_or(LIMIT_DEFAULT, |SearchLimit(limit)| limit)
    }
}

/// A resource and its score, as a search ranks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The kind.
    pub kind: SearchedKind,
    /// The id.
    pub id: Uuid,
    /// The score.
    pub score: i64,
}

/// Merges the results of all kinds, each sorted: first a few of each kind, then the rest, by score.
pub fn merged(results: Vec<Vec<Ranked>>, limit: usize) -> Vec<Ranked> {
    let numbered = results.into_iter().flat_map(|of_kind| of_kind.into_iter().enumerate());
    let mut merged: Vec<_> = numbered.map(|(index, ranked)| (index >= FIRST_OF_EACH_KIND, ranked)).collect();
    merged.sort_by_key(|(is_later, ranked)| {
        (*is_later, std::cmp::Reverse(ranked.score), ranked.kind, ranked.id)
    });
    merged.into_iter().map(|(_, ranked)| ranked).take(limit).collect()
}

/// A result of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchResult {
    /// The kind of resource.
    pub kind: SearchedKind,
    /// The id.
    pub id: Uuid,
    /// The slug, if the resource has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The id of the parent of a sub-resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Uuid>,
    /// The name or title.
    pub name: String,
    /// The text that matches best, apart from the name; absent if the resource matches by its name or by that of
    /// another resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The score; higher is better.
    #[schema(minimum = 1)]
    pub score: i64,
}

/// The results of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// The results: first the best of each kind, at most three, then the rest, each by score.
    pub items: Vec<SearchResult>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Ranked, SearchedKind, merged};

    #[test]
    fn the_first_of_each_kind_come_before_the_rest() {
        let ranked = |kind, score| Ranked { kind, id: Uuid::from_u128(score as u128), score };
        let utilities = [12, 11, 10, 9, 8].map(|score| ranked(SearchedKind::Utility, score)).to_vec();
        let sessions = [11, 7].map(|score| ranked(SearchedKind::Session, score)).to_vec();
        let scores = |limit| -> Vec<_> {
            merged(vec![utilities.clone(), sessions.clone()], limit)
                .iter()
                .map(|it| (it.kind.as_str(), it.score))
                .collect()
        };
        assert_eq!(
            scores(6),
            [
                ("utility", 12),
                ("utility", 11),
                ("session", 11),
                ("utility", 10),
                ("session", 7),
                ("utility", 9)
            ]
        );
        assert_eq!(scores(2).len(), 2);
    }
}
