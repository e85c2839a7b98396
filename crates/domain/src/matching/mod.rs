//! Matching: which utilities could work together, and why. These are plain functions; the store loads the profiles.
//!
//! A score is the sum of named parts. Each part is a share of its weight, in whole numbers, so that the same data
//! always has the same ranking.

mod part;
mod query;
mod reason;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use part::{Part, Share};
pub use query::{Among, Climate, Limit, MatchQuery, Weight, Weights};
pub use reason::{DisplayNames, Sentence};

use crate::kernel::resource::reference::ReferenceSummary;
use crate::kernel::value::{ClimateZone, Country, Language, Sector, WorkingAreaCode};
use crate::utility::{UtilityKind, UtilityRef};

/// The tie between a utility and the utility that is looking for partners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// No known tie.
    #[default]
    None,
    /// The German utility has worked in the country of the other, or both utilities are German and have worked in the same
    /// country.
    Country,
    /// Both utilities have worked together.
    Before,
    /// Both utilities currently take part in the same partnership.
    Now,
}

/// The properties of a utility that matching uses.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The id.
    pub id: Uuid,
    /// Whether the utility is in Germany or abroad.
    pub kind: UtilityKind,
    /// The country in which it operates.
    pub country: Country,
    /// The climate zone.
    pub climate_zone: Option<ClimateZone>,
    /// The number of people served.
    pub population_served: Option<u64>,
    /// The sectors.
    pub sectors: Vec<Sector>,
    /// The working languages.
    pub languages: Vec<Language>,
    /// The working areas on which it can advise.
    pub expertise: Vec<WorkingAreaCode>,
    /// The working areas on which it needs advice.
    pub needs: Vec<WorkingAreaCode>,
    /// The countries in which it is interested as a member.
    pub interests: Vec<Country>,
    /// Whether the utility has left the exchange.
    pub has_left: bool,
    /// The tie to the utility that is looking for partners.
    pub tie: Tie,
}

crate::string_enum! {
    /// Why a utility is excluded, regardless of its score.
    Exclusion in "match-exclusions" {
        /// there is no common sector
        NoCommonSector = "no_common_sector" ("No common sector", "Keine gemeinsame Sparte"),
        /// both utilities currently take part in the same partnership
        AlreadyPartners = "already_partners" ("Already partners", "Bereits Partner":
            "beide wirken zurzeit an derselben Partnerschaft mit"),
        /// the utility has left the exchange
        HasLeft = "has_left" ("Has left", "Ausgetreten": "das Unternehmen hat den Austausch verlassen"),
    }
}

/// The score of a utility: the points of each part, in the order of the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score(Vec<(Part, u32)>);

impl Score {
    /// Returns the sum of the points.
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, points)| points).sum()
    }

    /// Returns the parts with their points.
    pub fn parts(&self) -> &[(Part, u32)] {
        &self.0
    }
}

/// The matches, best first, and the excluded utilities. Equal scores are ordered by id.
#[derive(Clone, Debug)]
pub struct Ranking<'a> {
    /// The matches with their scores.
    pub matches: Vec<(&'a Profile, Score)>,
    /// The excluded utilities with the reason.
    pub excluded: Vec<(&'a Profile, Exclusion)>,
}

/// Returns the score of the other utility, or the reason for which it is excluded.
pub fn score(
    asker: &Profile,
    other: &Profile,
    climate: Climate,
    weights: &Weights,
) -> Result<Score, Exclusion> {
    if !asker.sectors.iter().any(|sector| other.sectors.contains(sector)) {
        return Err(Exclusion::NoCommonSector);
    }
    // Utilities on the same side may work together again. Those on different sides are already partners.
    if other.tie == Tie::Now && asker.kind != other.kind {
        return Err(Exclusion::AlreadyPartners);
    }
    if other.has_left {
        return Err(Exclusion::HasLeft);
    }
    let points = |part: &Part| (*part, part.share(asker, other, climate).of(weights.of(*part)));
    Ok(Score(Part::ALL.iter().map(points).collect()))
}

/// Ranks the other utilities.
pub fn rank<'a>(asker: &Profile, others: &'a [Profile], climate: Climate, weights: &Weights) -> Ranking<'a> {
    let mut ranking = Ranking { matches: Vec::with_capacity(others.len()), excluded: Vec::new() };
    for other in others.iter().filter(|other| other.id != asker.id) {
        match score(asker, other, climate, weights) {
            Ok(score) => ranking.matches.push((other, score)),
            Err(exclusion) => ranking.excluded.push((other, exclusion)),
        }
    }
    ranking.matches.sort_by_cached_key(|(other, score)| (Reverse(score.total()), other.id));
    ranking.excluded.sort_by_key(|(other, _)| other.id);
    ranking
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MatchPart {
    /// The name of the part.
    pub name: Part,
    /// The points that the part adds to the score.
    pub points: u32,
    /// The weight of the part: the maximum number of points.
    pub weight: u32,
    /// The reason, in a sentence.
    pub reason: Sentence,
}

/// A utility that could be a partner.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Match)]
pub struct Match {
    /// The utility.
    #[schema(value_type = UtilityRef)]
    pub utility: ReferenceSummary,
    /// The score: the sum of the points of all parts.
    pub score: u32,
    /// The parts of the score.
    pub parts: Vec<MatchPart>,
}

/// An excluded utility.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Excluded {
    /// The utility.
    #[schema(value_type = UtilityRef)]
    pub utility: ReferenceSummary,
    /// The reason.
    pub reason: Exclusion,
    /// The reason, in a sentence.
    pub detail: Sentence,
}

/// The utilities that could work with a utility.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Matches {
    /// The utility that is looking for partners.
    #[schema(value_type = UtilityRef)]
    pub utility: ReferenceSummary,
    /// Which utilities were searched.
    pub among: Among,
    /// Whether a similar or a different climate earns points.
    pub climate: Climate,
    /// The matches, best first.
    pub items: Vec<Match>,
    /// The total number of matches.
    pub total: u64,
    /// The excluded utilities, sorted by id; only with `excluded=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub excluded: Option<Vec<Excluded>>,
}
