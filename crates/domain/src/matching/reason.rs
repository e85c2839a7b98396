//! Why a part has its points, in a sentence.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::part::{Likeness, common};
use super::{Exclusion, Part, Profile, Tie};
use crate::kernel::text::{Both, spelled};
use crate::kernel::value::{Country, WorkingAreaCode};
use crate::reference::{COUNTRIES, LANGUAGES, List, SECTORS};
use crate::say;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sentence {
    /// In German.
    pub de: String,
    /// In English.
    pub en: String,
}

impl From<Both> for Sentence {
    fn from(both: Both) -> Self {
        Self { de: both.de.into_owned(), en: both.en.into_owned() }
    }
}

/// What two utilities and the working areas are called.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The one that looks for partners.
    pub asker: &'a str,
    /// The other.
    pub other: &'a str,
    /// The labels of working areas, by their codes.
    pub areas: &'a HashMap<String, Both>,
}

/// What a code is called; where nobody knows, the code itself.
fn label(list: &List, code: &str) -> Both {
    let entry = list.entries().iter().find(|entry| entry.code == code);
    entry.map_or_else(
        || Both { en: code.to_owned().into(), de: code.to_owned().into() },
        |entry| Both { en: entry.label.en.clone().into(), de: entry.label.de.clone().into() },
    )
}

/// `a, b and c`.
fn listed(all: impl IntoIterator<Item = Both>) -> Both {
    let mut all: Vec<Both> = all.into_iter().collect();
    let last = all.pop();
    let first = all.into_iter().reduce(|all, next| all.then(say!(", ", ", ")).then(next));
    match (first, last) {
        (Some(first), Some(last)) => first.then(say!(" and ", " und ")).then(last),
        (None, last) => last.unwrap_or_default(),
        (first, None) => first.unwrap_or_default(),
    }
}

impl Part {
    /// Why it has its points.
    pub fn reason(self, asker: &Profile, other: &Profile, names: &Names<'_>) -> Sentence {
        let (one, two) = (names.asker, names.other);
        let both = match self {
            Self::Sectors => {
                let sectors = common(&asker.sectors, &other.sectors).into_iter();
                let sectors = listed(sectors.map(|sector| label(&SECTORS, sector.as_str())));
                say!("Both work in: ", "Beide arbeiten in: ").then(sectors).then(say!(".", "."))
            }
            Self::Needs => advice(&asker.needs, &other.expertise, one, two, names),
            Self::Expertise => advice(&other.needs, &asker.expertise, two, one, names),
            Self::Languages => {
                let languages = common(&asker.languages, &other.languages);
                if languages.is_empty() {
                    say!(
                        "No language is known that both work in.",
                        "Es ist keine Sprache bekannt, in der beide arbeiten."
                    )
                } else {
                    let languages = languages.into_iter().map(|it| label(&LANGUAGES, it.as_str()));
                    let languages = listed(languages);
                    say!("Both speak ", "Beide sprechen ").then(languages).then(say!(".", "."))
                }
            }
            Self::Size => match (asker.population_served, other.population_served) {
                (Some(mine), Some(theirs)) => say!("{one} serves ", "{one} versorgt ")
                    .then(spelled(mine))
                    .then(say!(" people, {two} ", " Menschen, {two} "))
                    .then(spelled(theirs))
                    .then(say!(".", ".")),
                _ => say!(
                    "How many people they serve is not known of both.",
                    "Wie viele Menschen sie versorgen, ist nicht von beiden bekannt."
                ),
            },
            Self::Countries => interest(asker, other, names),
            Self::Climate => match (asker.climate_zone, other.climate_zone) {
                (Some(mine), Some(theirs)) => {
                    let likeness = match Likeness::of(mine, theirs) {
                        Likeness::Same => say!("the same", "gleich"),
                        Likeness::Related => say!("related", "verwandt"),
                        Likeness::Different => say!("different", "verschieden"),
                    };
                    let zones = say!(": {mine} and {theirs}.", ": {mine} und {theirs}.");
                    say!("The climates are ", "Die Klimate sind ").then(likeness).then(zones)
                }
                _ => say!("The climate is not known of both.", "Das Klima ist nicht von beiden bekannt."),
            },
            Self::Ties => tie(asker, other, names),
        };
        both.into()
    }
}

/// Who needs what, and who can advise on it.
fn advice(
    needs: &[WorkingAreaCode],
    expertise: &[WorkingAreaCode],
    needy: &str,
    adviser: &str,
    names: &Names<'_>,
) -> Both {
    let met = common(needs, expertise);
    if needs.is_empty() {
        return say!("{needy} names no needs.", "{needy} nennt keinen Bedarf.");
    }
    if met.is_empty() {
        return say!(
            "{adviser} offers nothing of what {needy} needs.",
            "{adviser} bietet nichts von dem, was {needy} braucht."
        );
    }
    let (some, all) = (met.len(), needs.len());
    let areas = listed(met.into_iter().map(|area| {
        let code = || Both { en: area.to_string().into(), de: area.to_string().into() };
        names.areas.get(area.as_str()).cloned().unwrap_or_else(code)
    }));
    say!("{adviser} can advise {needy} on: ", "{adviser} kann {needy} beraten zu: ")
        .then(areas)
        .then(say!(" ({some} of {all} needs).", " ({some} von {all} Bedarfen)."))
}

/// Who is interested in which country.
fn interest(asker: &Profile, other: &Profile, names: &Names<'_>) -> Both {
    let country = |country: &Country| label(&COUNTRIES, country.as_str());
    if asker.country.is_germany() && other.country.is_germany() {
        let same = common(&asker.interests, &other.interests);
        if same.is_empty() {
            return say!(
                "No country is known that both are interested in.",
                "Es ist kein Land bekannt, an dem beide interessiert sind."
            );
        }
        let same = listed(same.into_iter().map(country));
        return say!("Both are interested in: ", "Beide sind interessiert an: ")
            .then(same)
            .then(say!(".", "."));
    }
    let (who, name, there) = match other.country.is_germany() {
        true => (other, names.other, &asker.country),
        false => (asker, names.asker, &other.country),
    };
    let (interested, there) = (who.interests.contains(there), country(there));
    if interested {
        say!("{name} is interested in ", "{name} interessiert sich für: ").then(there).then(say!(".", "."))
    } else {
        say!("That {name} is interested in ", "Ein Interesse von {name} ist nicht bekannt für: ")
            .then(there)
            .then(say!(" is not known.", "."))
    }
}

/// What ties them.
fn tie(asker: &Profile, other: &Profile, names: &Names<'_>) -> Both {
    match other.tie {
        Tie::None => say!("No ties are known.", "Es sind keine Verbindungen bekannt."),
        Tie::Before => say!("They have worked together.", "Sie haben schon zusammengearbeitet."),
        Tie::Now => say!("They work together today.", "Sie arbeiten heute zusammen."),
        Tie::Country => {
            let (name, there) = match (asker.country.is_germany(), other.country.is_germany()) {
                (true, true) => {
                    return say!(
                        "Both have worked in the same country.",
                        "Beide haben schon im selben Land gearbeitet."
                    );
                }
                (false, true) => (names.other, &asker.country),
                (true | false, false) => (names.asker, &other.country),
            };
            let there = label(&COUNTRIES, there.as_str());
            say!("{name} has worked in this country: ", "{name} hat schon in diesem Land gearbeitet: ")
                .then(there)
                .then(say!(".", "."))
        }
    }
}

impl Exclusion {
    /// The same in a sentence.
    pub fn detail(self) -> Sentence {
        let both = match self {
            Self::NoCommonSector => {
                say!("They have no sector in common.", "Sie haben keine gemeinsame Sparte.")
            }
            Self::AlreadyPartners => say!(
                "They take part in the same partnership today.",
                "Sie sind heute an derselben Partnerschaft beteiligt."
            ),
            Self::HasLeft => say!("It has left the exchange.", "Es hat den Austausch verlassen."),
        };
        both.into()
    }
}
