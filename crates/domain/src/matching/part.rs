//! The parts of a score: what each part compares, and the share of its weight that is earned.

use super::{Climate, Profile, Tie};
use crate::kernel::value::ClimateZone;

crate::string_enum! {
    /// A part of a score.
    Part in "match-parts" {
        /// the common sectors of both utilities
        Sectors = "sectors" ("Sectors", "Sparten": "die gemeinsamen Sparten beider Unternehmen"),
        /// the needs of the utility that is looking for partners, and the expertise of the other utility
        Needs = "needs" ("Needs", "Bedarf":
            "der Bedarf des Unternehmens, das sucht, und das Fachwissen des anderen"),
        /// the expertise of the utility that is looking for partners, and the needs of the other utility
        Expertise = "expertise" ("Expertise", "Fachwissen":
            "das Fachwissen des Unternehmens, das sucht, und der Bedarf des anderen"),
        /// a shared working language
        Languages = "languages" ("Languages", "Sprachen": "eine gemeinsame Arbeitssprache"),
        /// the numbers of people served, which should be similar
        Size = "size" ("Size", "Größe": "die Zahlen der versorgten Einwohner, die ähnlich sein sollten"),
        /// whether the German utility, as a member, is interested in the country of the other; for two German
        /// utilities, the common countries of interest
        Countries = "countries" ("Countries", "Länder":
            "ob sich das deutsche Unternehmen als Mitglied für das Land des anderen interessiert; bei zwei \
             deutschen die Länder, für die sich beide interessieren"),
        /// a similar climate, or a different one
        Climate = "climate" ("Climate", "Klima": "ein ähnliches oder ein anderes Klima"),
        /// whether they have worked together, or in the same country
        Ties = "ties" ("Ties", "Verbindungen": "ob sie schon zusammengearbeitet haben, oder im selben Land"),
    }
}

/// A share of a weight: a numerator and a denominator. With a denominator of 0, the share is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub usize, pub usize);

impl Share {
    const NOTHING: Self = Self(0, 1);
    const ALL: Self = Self(1, 1);

    /// Returns the points of the share for a weight, rounded down.
    pub fn of(self, weight: u32) -> u32 {
        let Self(some, all) = self;
        let weight = usize::try_from(weight).unwrap_or_default();
        (weight * some).checked_div(all).and_then(|points| points.try_into().ok()).unwrap_or_default()
    }
}

/// Returns the entries that occur in both lists, in the order of the first.
pub(super) fn common<'a, T: PartialEq>(one: &'a [T], other: &[T]) -> Vec<&'a T> {
    one.iter().filter(|entry| other.contains(entry)).collect()
}

impl Part {
    /// Returns the share of its weight that the part earns.
    pub fn share(self, asker: &Profile, other: &Profile, climate: Climate) -> Share {
        match self {
            Self::Sectors => dice_coefficient(&asker.sectors, &other.sectors),
            Self::Needs => Share(common(&asker.needs, &other.expertise).len(), asker.needs.len()),
            Self::Expertise => Share(common(&other.needs, &asker.expertise).len(), other.needs.len()),
            Self::Languages if common(&asker.languages, &other.languages).is_empty() => Share::NOTHING,
            Self::Languages => Share::ALL,
            Self::Size => size(asker.population_served, other.population_served),
            Self::Countries => countries(asker, other),
            Self::Climate => match (asker.climate_zone, other.climate_zone) {
                (Some(one), Some(other)) => {
                    let Share(near, all) = Likeness::of(one, other).share();
                    if climate == Climate::Similar { Share(near, all) } else { Share(all - near, all) }
                }
                _ => Share::NOTHING,
            },
            Self::Ties => match other.tie {
                Tie::None => Share::NOTHING,
                Tie::Country => Share(1, 2),
                Tie::Before | Tie::Now => Share::ALL,
            },
        }
    }
}

/// Returns how much two sets have in common (Sørensen–Dice coefficient): 1 if they are equal.
fn dice_coefficient<T: PartialEq>(one: &[T], other: &[T]) -> Share {
    Share(2 * common(one, other).len(), one.len() + other.len())
}

/// Returns 1 up to a ratio of 2, and a quarter less for each further doubling of the ratio.
fn size(one: Option<u64>, other: Option<u64>) -> Share {
    let (Some(one), Some(other)) = (one, other) else { return Share::NOTHING };
    let (small, large) = (u128::from(one.min(other)), u128::from(one.max(other)));
    let quarters = [2, 4, 8, 16].iter().filter(|times| large <= small * **times).count();
    if small == 0 { Share::NOTHING } else { Share(quarters, 4) }
}

fn countries(asker: &Profile, other: &Profile) -> Share {
    let interested = |who: &Profile, whom: &Profile| {
        if who.interests.contains(&whom.country) { Share::ALL } else { Share::NOTHING }
    };
    match (asker.country.is_germany(), other.country.is_germany()) {
        (true, true) => dice_coefficient(&asker.interests, &other.interests),
        (false, true) => interested(other, asker),
        (true | false, false) => interested(asker, other),
    }
}

/// The similarity of two climates, by the letters of their classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Related,
    Different,
}

impl Likeness {
    pub(super) fn of(one: ClimateZone, other: ClimateZone) -> Self {
        // The first letter of a class is its main group.
        let group = |zone: ClimateZone| zone.as_str().chars().next();
        if one == other {
            Self::Same
        } else if group(one) == group(other) {
            Self::Related
        } else {
            Self::Different
        }
    }

    fn share(self) -> Share {
        match self {
            Self::Same => Share(2, 2),
            Self::Related => Share(1, 2),
            Self::Different => Share(0, 2),
        }
    }
}
