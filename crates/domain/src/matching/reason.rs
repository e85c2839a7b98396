//! The reasons for the points of a part, in a sentence.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::part::{Likeness, common};
use super::{Exclusion, Part, Profile, Tie};
use crate::bilingual;
use crate::code_lists::{COUNTRIES, LANGUAGES};
use crate::kernel::bilingual::{Bilingual, counted, format_thousands};
use crate::kernel::value::{Country, WorkingAreaCode};
use crate::kernel::vocabulary::label_of;

/// A sentence in German and English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sentence {
    /// In German.
    pub de: String,
    /// In English.
    pub en: String,
}

impl From<Bilingual> for Sentence {
    fn from(both: Bilingual) -> Self {
        Self { de: both.de.into_owned(), en: both.en.into_owned() }
    }
}

/// The names of two utilities, and of the working areas.
#[derive(Clone, Copy)]
pub struct DisplayNames<'a> {
    /// The utility that is looking for partners.
    pub asker: &'a str,
    /// The other utility.
    pub other: &'a str,
    /// The labels of working areas, by code.
    pub areas: &'a HashMap<String, Bilingual>,
}

/// Joins texts: `a, b and c`.
fn listed(all: impl IntoIterator<Item = Bilingual>) -> Bilingual {
    let mut all: Vec<Bilingual> = all.into_iter().collect();
    let last = all.pop();
    let first = all.into_iter().reduce(|all, next| all.then(bilingual!(", ", ", ")).then(next));
    match (first, last) {
        (Some(first), Some(last)) => first.then(bilingual!(" and ", " und ")).then(last),
        (None, last) => last.unwrap_or_default(),
        (first, None) => first.unwrap_or_default(),
    }
}

impl Part {
    /// Returns the reason for the points of the part.
    pub fn reason(self, asker: &Profile, other: &Profile, names: &DisplayNames<'_>) -> Sentence {
        let (one, two) = (names.asker, names.other);
        let both = match self {
            Self::Sectors => {
                let sectors = common(&asker.sectors, &other.sectors).into_iter();
                let sectors = listed(sectors.map(|sector| sector.label()));
                bilingual!("Both utilities work in: ", "Beide arbeiten in: ")
                    .then(sectors)
                    .then(bilingual!(".", "."))
            }
            Self::Needs => covered_needs(&asker.needs, &other.expertise, one, two, names),
            Self::Expertise => covered_needs(&other.needs, &asker.expertise, two, one, names),
            Self::Languages => {
                let languages = common(&asker.languages, &other.languages);
                if languages.is_empty() {
                    bilingual!(
                        "No common working language is known.",
                        "Es ist keine Sprache bekannt, in der beide arbeiten."
                    )
                } else {
                    let languages =
                        languages.into_iter().map(|language| label_of(&LANGUAGES, language.as_str()));
                    let languages = listed(languages);
                    bilingual!("Both utilities work in ", "Beide sprechen ")
                        .then(languages)
                        .then(bilingual!(".", "."))
                }
            }
            Self::Size => match (asker.population_served, other.population_served) {
                (Some(mine), Some(theirs)) => bilingual!("{one} serves ", "{one} versorgt ")
                    .then(format_thousands(mine))
                    .then(bilingual!(" people, {two} ", " Menschen, {two} "))
                    .then(format_thousands(theirs))
                    .then(bilingual!(".", ".")),
                _ => bilingual!(
                    "The number of people served is unknown for at least one of the utilities.",
                    "Wie viele Menschen sie versorgen, ist nicht von beiden bekannt."
                ),
            },
            Self::Countries => interest(asker, other, names),
            Self::Climate => match (asker.climate_zone, other.climate_zone) {
                (Some(mine), Some(theirs)) => {
                    let likeness = match Likeness::of(mine, theirs) {
                        Likeness::Same => bilingual!("the same", "gleich"),
                        Likeness::Related => bilingual!("related", "verwandt"),
                        Likeness::Different => bilingual!("different", "verschieden"),
                    };
                    let zones = bilingual!(": {mine} and {theirs}.", ": {mine} und {theirs}.");
                    bilingual!("The climate zones are ", "Die Klimate sind ").then(likeness).then(zones)
                }
                _ => {
                    bilingual!(
                        "The climate zone is unknown for at least one of the utilities.",
                        "Das Klima ist nicht von beiden bekannt."
                    )
                }
            },
            Self::Ties => relationship(asker, other, names),
        };
        both.into()
    }
}

/// Returns which needs of a utility the other one can advise on.
fn covered_needs(
    needs: &[WorkingAreaCode],
    expertise: &[WorkingAreaCode],
    needy: &str,
    adviser: &str,
    names: &DisplayNames<'_>,
) -> Bilingual {
    let met = common(needs, expertise);
    if needs.is_empty() {
        return bilingual!("{needy} has not stated any needs.", "{needy} nennt keinen Bedarf.");
    }
    if met.is_empty() {
        return bilingual!(
            "{adviser} cannot advise on any of the needs of {needy}.",
            "{adviser} bietet nichts von dem, was {needy} braucht."
        );
    }
    let (some, all) = (met.len(), needs.len() as u64);
    let all = counted(all, ["need", "needs"], ["Bedarf", "Bedarfen"]);
    let areas = listed(met.into_iter().map(|area| {
        let code = || Bilingual { en: area.to_string().into(), de: area.to_string().into() };
        names.areas.get(area.as_str()).cloned().unwrap_or_else(code)
    }));
    bilingual!("{adviser} can advise {needy} on: ", "{adviser} kann {needy} beraten zu: ")
        .then(areas)
        .then(bilingual!(" ({some} of {all}).", " ({some} von {all}).", all))
}

/// Returns which utility is interested in which country.
fn interest(asker: &Profile, other: &Profile, names: &DisplayNames<'_>) -> Bilingual {
    let country = |country: &Country| label_of(&COUNTRIES, country.as_str());
    if asker.country.is_germany() && other.country.is_germany() {
        let same = common(&asker.interests, &other.interests);
        if same.is_empty() {
            return bilingual!(
                "No common country of interest is known.",
                "Es ist kein Land bekannt, an dem beide interessiert sind."
            );
        }
        let same = listed(same.into_iter().map(country));
        return bilingual!("Both utilities are interested in: ", "Beide sind interessiert an: ")
            .then(same)
            .then(bilingual!(".", "."));
    }
    let (who, name, there) = match other.country.is_germany() {
        true => (other, names.other, &asker.country),
        false => (asker, names.asker, &other.country),
    };
    let (interested, there) = (who.interests.contains(there), country(there));
    if interested {
        bilingual!("{name} is interested in ", "{name} interessiert sich für: ")
            .then(there)
            .then(bilingual!(".", "."))
    } else {
        bilingual!(
            "{name} has not stated an interest in this country: ",
            "Ein Interesse von {name} ist nicht bekannt für: "
        )
        .then(there)
        .then(bilingual!(".", "."))
    }
}

/// Returns the tie between the two utilities.
fn relationship(asker: &Profile, other: &Profile, names: &DisplayNames<'_>) -> Bilingual {
    match other.tie {
        Tie::None => bilingual!("No previous cooperation is known.", "Es sind keine Verbindungen bekannt."),
        Tie::Before => {
            bilingual!("The utilities have worked together.", "Sie haben schon zusammengearbeitet.")
        }
        Tie::Now => bilingual!("The utilities currently work together.", "Sie arbeiten heute zusammen."),
        Tie::Country => {
            let (name, there) = match (asker.country.is_germany(), other.country.is_germany()) {
                (true, true) => {
                    return bilingual!(
                        "Both utilities have worked in the same country.",
                        "Beide haben schon im selben Land gearbeitet."
                    );
                }
                (false, true) => (names.other, &asker.country),
                (true | false, false) => (names.asker, &other.country),
            };
            let there = label_of(&COUNTRIES, there.as_str());
            bilingual!(
                "{name} has already worked in this country: ",
                "{name} hat schon in diesem Land gearbeitet: "
            )
            .then(there)
            .then(bilingual!(".", "."))
        }
    }
}

impl Exclusion {
    /// Returns the reason in a sentence.
    pub fn detail(self) -> Sentence {
        let both = match self {
            Self::NoCommonSector => {
                bilingual!("There is no common sector.", "Sie haben keine gemeinsame Sparte.")
            }
            Self::AlreadyPartners => bilingual!(
                "Both utilities currently take part in the same partnership.",
                "Sie sind heute an derselben Partnerschaft beteiligt."
            ),
            Self::HasLeft => {
                bilingual!("The utility has left the exchange.", "Es hat den Austausch verlassen.")
            }
        };
        both.into()
    }
}
