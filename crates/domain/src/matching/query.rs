//! The parameters of matching.

use super::Part;
use crate::kernel::parameters::{BoolParam, bounded_number};
use crate::kernel::query::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::utility::UtilityKind;

crate::string_enum! {
    /// Which utilities are searched.
    Among in "match-candidates" {
        /// German utilities: possible leads for a utility abroad, possible associates (`associate`) for a German
        /// utility
        Municipal = "municipal" ("German utilities", "Deutsche Unternehmen":
            "mögliche Lead-Partner für ein Unternehmen im Ausland, mögliche Projektbeteiligte für ein \
             deutsches"),
        /// utilities abroad
        Partner = "partner" ("Utilities abroad", "Unternehmen im Ausland"),
    }
}

impl Among {
    /// Returns the side opposite to a kind of utility.
    pub fn opposite(kind: UtilityKind) -> Self {
        match kind {
            UtilityKind::Municipal => Self::Partner,
            UtilityKind::Partner => Self::Municipal,
        }
    }
}

crate::string_enum! {
    /// Which climates match.
    Climate in "match-climates" {
        /// similar climates, which pose the same problems
        Similar = "similar" ("Similar climate", "Ähnliches Klima":
            "ein ähnliches Klima mit den gleichen Problemen"),
        /// different climates, where the other utility has long experience with problems that are new to this one
        Different = "different" ("Different climate", "Anderes Klima":
            "ein anderes Klima, in dem das andere Unternehmen seit langem mit Problemen umgeht, die für \
             dieses neu sind"),
    }
}

/// The maximum weight.
const MAX_WEIGHT: u64 = 1_000;

bounded_number! {
    /// The maximum number of points of a part of the score; 0 ignores the part.
    Weight as "Weight": 0 to MAX_WEIGHT
}

bounded_number! {
    /// The maximum number of results.
    Limit as "MatchLimit": 1 to LIMIT_MAX, default: LIMIT_DEFAULT
}

crate::filter! {
    /// The parameters of matching.
    MatchQuery {
        /// Which utilities to search; those on the other side by default: utilities abroad for a German utility, and
        /// vice versa. For a German utility, `municipal` finds peers for an associate role.
        among: Option<Among>,
        /// Which climates match; `similar` by default.
        climate: Option<Climate>,
        /// Whether to list excluded utilities as well, with the reason.
        excluded: Option<BoolParam>,
        /// The maximum number of matches and of excluded utilities; 50 by default.
        limit: Option<Limit>,
        /// The weight of common sectors; 250 by default.
        weight_sectors: Option<Weight>,
        /// The weight of needs of this utility that match expertise of the other one; 200 by default.
        weight_needs: Option<Weight>,
        /// The weight of needs of the other utility that match expertise of this one; 200 by default.
        weight_expertise: Option<Weight>,
        /// The weight of a common language; 100 by default.
        weight_languages: Option<Weight>,
        /// The weight of a similar size; 75 by default.
        weight_size: Option<Weight>,
        /// The weight of countries of interest; 75 by default.
        weight_countries: Option<Weight>,
        /// The weight of the climate; 50 by default.
        weight_climate: Option<Weight>,
        /// The weight of previous cooperation, or of work in the same country; 50 by default.
        weight_ties: Option<Weight>,
    }
}

/// The weights of all parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    sectors: u32,
    needs: u32,
    expertise: u32,
    languages: u32,
    size: u32,
    countries: u32,
    climate: u32,
    ties: u32,
}

impl Weights {
    /// Returns the weight of a part.
    pub fn of(&self, part: Part) -> u32 {
        match part {
            Part::Sectors => self.sectors,
            Part::Needs => self.needs,
            Part::Expertise => self.expertise,
            Part::Languages => self.languages,
            Part::Size => self.size,
            Part::Countries => self.countries,
            Part::Climate => self.climate,
            Part::Ties => self.ties,
        }
    }
}

impl MatchQuery {
    /// Returns the weights. The defaults add up to 1,000 points.
    pub fn weights(&self) -> Weights {
        let or = |weight: Option<Weight>, usual| {
            weight.map_or(usual, |Weight(weight)| u32::try_from(weight).unwrap_or(u32::MAX))
        };
        Weights {
            sectors: or(self.weight_sectors, 250),
            needs: or(self.weight_needs, 200),
            expertise: or(self.weight_expertise, 200),
            languages: or(self.weight_languages, 100),
            size: or(self.weight_size, 75),
            countries: or(self.weight_countries, 75),
            climate: or(self.weight_climate, 50),
            ties: or(self.weight_ties, 50),
        }
    }

    /// Returns which utilities are searched for a utility of this kind.
    pub fn among(&self, kind: UtilityKind) -> Among {
        self.among.unwrap_or_else(|| Among::opposite(kind))
    }

    /// Returns which climate counts.
    pub fn climate(&self) -> Climate {
        self.climate.unwrap_or(Climate::Similar)
    }

    /// Returns the maximum number of results.
    pub fn limit(&self) -> usize {
        let limit = self.limit.map_or(LIMIT_DEFAULT, |Limit(limit)| limit);
        limit.try_into().unwrap_or(usize::MAX)
    }

    /// Returns whether excluded utilities are listed.
    pub fn includes_excluded(&self) -> bool {
        self.excluded.is_some_and(|BoolParam(excluded)| excluded)
    }
}
