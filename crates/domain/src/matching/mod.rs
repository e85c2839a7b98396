//! Matching: who might work with whom, and why. Plain functions; what they are told of the utilities, the store reads.
//!
//! A score is the sum of named parts. Each part is a weight and the share of it that is reached, in whole numbers, so
//! that the same world is always ranked alike.

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
pub use reason::{Names, Sentence};

use crate::kernel::resource::reference::ReferenceSummary;
use crate::kernel::value::{ClimateZone, Country, Language, Sector, WorkingAreaCode};
use crate::utility::{UtilityKind, UtilityRef};

/// What ties a utility to the one that looks for partners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// Nothing that is known.
    #[default]
    None,
    /// The German one has worked in the country of the other; two German ones in the same country.
    Country,
    /// They have worked together.
    Before,
    /// They take part in the same partnership today.
    Now,
}

/// What matching knows of a utility.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Which one.
    pub id: Uuid,
    /// German or abroad.
    pub kind: UtilityKind,
    /// Where it operates.
    pub country: Country,
    /// Climate of its area.
    pub climate_zone: Option<ClimateZone>,
    /// People served.
    pub population_served: Option<u64>,
    /// What it operates.
    pub sectors: Vec<Sector>,
    /// Languages it works in.
    pub languages: Vec<Language>,
    /// What it can advise on.
    pub expertise: Vec<WorkingAreaCode>,
    /// What it looks for advice on.
    pub needs: Vec<WorkingAreaCode>,
    /// The countries that it is interested in as a member.
    pub interests: Vec<Country>,
    /// Whether it has left the exchange.
    pub has_left: bool,
    /// What ties it to the one that looks for partners.
    pub tie: Tie,
}

crate::string_enum! {
    /// Why a utility is excluded, whatever else fits.
    Exclusion {
        /// there is no common sector
        NoCommonSector = "no_common_sector",
        /// both currently take part in the same partnership
        AlreadyPartners = "already_partners",
        /// the utility has left the exchange
        HasLeft = "has_left",
    }
}

/// How well a utility fits: the points of each part, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score(Vec<(Part, u32)>);

impl Score {
    /// The sum of its parts.
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, points)| points).sum()
    }

    /// The parts with their points.
    pub fn parts(&self) -> &[(Part, u32)] {
        &self.0
    }
}

/// Who matches, the best first, and who does not; ties go by id.
#[derive(Clone, Debug)]
pub struct Ranking<'a> {
    /// Those that match.
    pub matches: Vec<(&'a Profile, Score)>,
    /// Those that do not, and why.
    pub excluded: Vec<(&'a Profile, Exclusion)>,
}

/// How well the other fits, or why it does not at all.
pub fn score(
    asker: &Profile,
    other: &Profile,
    climate: Climate,
    weights: &Weights,
) -> Result<Score, Exclusion> {
    if !asker.sectors.iter().any(|sector| other.sectors.contains(sector)) {
        return Err(Exclusion::NoCommonSector);
    }
    // Peers who work together may do so again; partners who do have found each other.
    if other.tie == Tie::Now && asker.kind != other.kind {
        return Err(Exclusion::AlreadyPartners);
    }
    if other.has_left {
        return Err(Exclusion::HasLeft);
    }
    let points = |part: &Part| (*part, part.share(asker, other, climate).of(weights.of(*part)));
    Ok(Score(Part::ALL.iter().map(points).collect()))
}

/// Ranks the others.
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
    /// The utility that looks for partners.
    #[schema(value_type = UtilityRef)]
    pub utility: ReferenceSummary,
    /// Which utilities were searched.
    pub among: Among,
    /// Whether a similar or a different climate counts.
    pub climate: Climate,
    /// The matches, the best first.
    pub items: Vec<Match>,
    /// The number of all matches.
    pub total: u64,
    /// The excluded utilities, sorted by id; only with `excluded=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub excluded: Option<Vec<Excluded>>,
}
