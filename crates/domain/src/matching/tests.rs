//! Tests of matching with generated utilities.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::value::ClimateZone::{Aw, Cfb, Csa, Dfb};

const AREAS: [&str; 12] = [
    "gis",
    "pumps",
    "laboratory",
    "composting",
    "tariffs",
    "metering",
    "leakage",
    "sewers",
    "sludge",
    "training",
    "energy",
    "planning",
];

fn codes<T: std::str::FromStr>(all: &[&str]) -> Vec<T> {
    all.iter().filter_map(|code| code.parse().ok()).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests create their own ids")]
fn profile(kind: UtilityKind, country: &str) -> Profile {
    Profile {
        id: Uuid::now_v7(),
        kind,
        country: country.parse().unwrap(),
        climate_zone: Some(Cfb),
        population_served: Some(500_000),
        sectors: vec![Sector::Water, Sector::Wastewater],
        languages: codes(&["de", "en"]),
        expertise: codes(&["gis", "pumps", "leakage"]),
        needs: codes(&["training", "tariffs"]),
        interests: codes(&["ZM", "UA"]),
        has_left: false,
        tie: Tie::None,
    }
}

/// Returns a German utility and the ideal partner abroad.
fn ideal() -> (Profile, Profile) {
    let asker = profile(UtilityKind::Municipal, "DE");
    let other = Profile {
        expertise: asker.needs.clone(),
        needs: asker.expertise.clone(),
        languages: codes(&["en"]),
        tie: Tie::Before,
        ..profile(UtilityKind::Partner, "ZM")
    };
    (asker, other)
}

/// Generates utilities abroad, none of which is an ideal partner.
fn others() -> impl Strategy<Value = Profile> {
    let areas = || subsequence(AREAS.to_vec(), 0..6);
    let sectors = subsequence(vec![Sector::Water, Sector::Wastewater, Sector::Waste], 1..=3);
    let rest = (
        select(vec![None, Some(Cfb), Some(Csa), Some(Dfb), Some(Aw)]),
        proptest::option::of(0_u64..5_000_000),
        subsequence(vec!["en", "fr", "uk", "ar"], 0..3),
        select(vec!["ZM", "UA", "MA", "JO"]),
        select(vec![Tie::None, Tie::Country, Tie::Now]),
    );
    (areas(), areas(), sectors, rest).prop_map(|(expertise, needs, sectors, rest)| {
        let (climate_zone, population_served, languages, country, tie) = rest;
        Profile {
            climate_zone,
            population_served,
            sectors,
            languages: codes(&languages),
            expertise: codes(&expertise),
            needs: codes(&needs),
            tie,
            ..profile(UtilityKind::Partner, country)
        }
    })
}

fn points(score: &Score) -> Vec<u32> {
    score.parts().iter().map(|(_, points)| *points).collect()
}

#[test]
fn an_ideal_partner_ranks_first() {
    for seed in 0..50_u8 {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let mut candidates =
            proptest::collection::vec(others(), 200).new_tree(&mut runner).unwrap().current();
        let (asker, partner) = ideal();
        candidates.insert(usize::from(seed) * 4, partner.clone());
        let weights = MatchQuery::default().weights();
        let ranking = rank(&asker, &candidates, Climate::Similar, &weights);
        assert_eq!(ranking.matches.len() + ranking.excluded.len(), 201);
        assert!(!ranking.excluded.is_empty());
        let totals: Vec<_> = ranking.matches.iter().map(|(_, score)| score.total()).collect();
        assert_eq!((ranking.matches[0].0.id, totals[0]), (partner.id, 1_000));
        assert!(totals[1] < 1_000 && totals.is_sorted_by(|one, other| one >= other));
        // The order of the candidates does not matter.
        let reversed: Vec<_> = candidates.iter().rev().cloned().collect();
        let again = rank(&asker, &reversed, Climate::Similar, &weights);
        let ids =
            |ranking: &Ranking<'_>| ranking.matches.iter().map(|(other, _)| other.id).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&ranking));
    }
}

proptest! {
    #[test]
    fn parts_add_up_and_none_is_more_than_its_weight(other in others(), weight in 0_u32..1_000) {
        let (asker, _) = ideal();
        let query = MatchQuery { weight_needs: Some(Weight(weight.into())), ..MatchQuery::default() };
        let weights = query.weights();
        let Ok(score) = score(&asker, &other, Climate::Different, &weights) else { return Ok(()) };
        prop_assert_eq!(score.parts().len(), Part::ALL.len());
        prop_assert_eq!(points(&score).iter().sum::<u32>(), score.total());
        for (part, points) in score.parts() {
            prop_assert!(*points <= weights.of(*part), "{}", part);
        }
    }

    #[test]
    fn removing_an_expertise_lowers_only_the_needs_part(other in others()) {
        let (asker, _) = ideal();
        let weights = MatchQuery::default().weights();
        let Ok(before) = score(&asker, &other, Climate::Similar, &weights) else { return Ok(()) };
        for index in 0..other.expertise.len() {
            let mut less = other.clone();
            let removed = less.expertise.remove(index);
            let after = score(&asker, &less, Climate::Similar, &weights).unwrap();
            for ((part, before), (_, after)) in before.parts().iter().zip(after.parts()) {
                let lowered = *part == Part::Needs && asker.needs.contains(&removed);
                prop_assert_eq!(before > after, lowered, "{} without {}", part, removed);
                prop_assert!(before >= after);
            }
        }
    }
}

#[test]
fn each_part_states_its_reason() {
    let (asker, partner) = ideal();
    let areas = [("tariffs".to_owned(), Bilingual { en: "Tariffs".into(), de: "Tarife".into() })].into();
    let names = DisplayNames { asker: "Dresden", other: "Lusaka", areas: &areas };
    let reasons =
        |other: &Profile| Part::ALL.iter().map(|part| part.reason(&asker, other, &names)).collect::<Vec<_>>();
    let en: Vec<_> = reasons(&partner).into_iter().map(|sentence| sentence.en).collect();
    assert_eq!(
        en,
        [
            "Both utilities work in: Drinking water and Wastewater.",
            "Lusaka can advise Dresden on: training and Tariffs (2 of 2 needs).",
            "Dresden can advise Lusaka on: gis, pumps and leakage (3 of 3 needs).",
            "Both utilities work in English.",
            "Dresden serves 500,000 people, Lusaka 500,000.",
            "Dresden is interested in Zambia.",
            "The climate zones are the same: Cfb and Cfb.",
            "The utilities have worked together.",
        ]
    );
    let stranger = Profile {
        climate_zone: None,
        population_served: None,
        languages: Vec::new(),
        expertise: Vec::new(),
        needs: Vec::new(),
        tie: Tie::Country,
        ..profile(UtilityKind::Partner, "MA")
    };
    let de: Vec<_> = reasons(&stranger).into_iter().map(|sentence| sentence.de).collect();
    assert_eq!(
        de,
        [
            "Beide arbeiten in: Trinkwasser und Abwasser.",
            "Lusaka bietet nichts von dem, was Dresden braucht.",
            "Lusaka nennt keinen Bedarf.",
            "Es ist keine Sprache bekannt, in der beide arbeiten.",
            "Wie viele Menschen sie versorgen, ist nicht von beiden bekannt.",
            "Ein Interesse von Dresden ist nicht bekannt für: Marokko.",
            "Das Klima ist nicht von beiden bekannt.",
            "Dresden hat schon in diesem Land gearbeitet: Marokko.",
        ]
    );
}

#[test]
fn excluded_utilities_have_a_reason() {
    let (asker, partner) = ideal();
    let weights = MatchQuery::default().weights();
    let score = |other: &Profile| score(&asker, other, Climate::Similar, &weights).map(|score| score.total());
    assert_eq!(score(&partner), Ok(1_000));
    let waste = Profile { sectors: vec![Sector::Waste], ..partner.clone() };
    assert_eq!(score(&waste), Err(Exclusion::NoCommonSector));
    let now = Profile { tie: Tie::Now, ..partner.clone() };
    assert_eq!(score(&now), Err(Exclusion::AlreadyPartners));
    // Utilities on the same side may work together again.
    let peer = Profile { tie: Tie::Now, ..profile(UtilityKind::Municipal, "DE") };
    assert!(score(&peer).is_ok());
    assert_eq!(score(&Profile { has_left: true, ..peer }), Err(Exclusion::HasLeft));
}

#[test]
fn similar_sizes_and_climates_earn_a_larger_share() {
    let share = |one: Profile, other: Profile, part: Part, climate| part.share(&one, &other, climate).of(100);
    let serving = |people| Profile { population_served: people, ..profile(UtilityKind::Partner, "ZM") };
    for (people, points) in [
        (Some(500_000), 100),
        (Some(1_000_000), 100),
        (Some(1_000_001), 75),
        (Some(2_000_000), 75),
        (Some(62_500), 50),
        (Some(8_000_000), 25),
        (Some(8_000_001), 0),
        (Some(0), 0),
        (Some(u64::MAX), 0),
        (None, 0),
    ] {
        let asker = profile(UtilityKind::Municipal, "DE");
        assert_eq!(share(asker, serving(people), Part::Size, Climate::Similar), points, "{people:?}");
    }
    let living = |climate_zone| Profile { climate_zone, ..profile(UtilityKind::Partner, "ZM") };
    for (zone, similar, different) in
        [(Some(Cfb), 100, 0), (Some(Csa), 50, 50), (Some(Dfb), 0, 100), (None, 0, 0)]
    {
        let of = |climate| share(living(Some(Cfb)), living(zone), Part::Climate, climate);
        assert_eq!((of(Climate::Similar), of(Climate::Different)), (similar, different), "{zone:?}");
    }
}
