//! Codes in the index. A code, such as that of a country, is indexed as one word, and matches a term as the words of its
//! labels would: the index stays small, and new words for a code need no new index.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use super::MatchQuality;
use super::goal::goal_word;
use super::term::SearchTerm;
use super::tokenizer::{CODE_SEPARATOR, indexed, keys};
use crate::code_lists::{COUNTRIES, Entry, SDG_TARGETS, SYNONYMS};
use crate::kernel::value::{ClimateZone, Sector};
use crate::kernel::vocabulary::Vocabulary;

/// A code list whose labels find resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeList {
    /// Countries.
    Country,
    /// Sectors.
    Sector,
    /// Targets of the Sustainable Development Goals.
    SdgTarget,
    /// Climate zones.
    ClimateZone,
}

impl CodeList {
    const ALL: [Self; 4] = [Self::Country, Self::Sector, Self::SdgTarget, Self::ClimateZone];

    fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Sector => "sector",
            Self::SdgTarget => "sdg",
            Self::ClimateZone => "climate",
        }
    }

    fn entries(self) -> Cow<'static, [Entry]> {
        match self {
            Self::Country => COUNTRIES.entries().into(),
            Self::Sector => Sector::entries().into(),
            Self::SdgTarget => SDG_TARGETS.entries().into(),
            Self::ClimateZone => ClimateZone::entries().into(),
        }
    }

    /// Returns the labels of a code, in German and English.
    pub(super) fn labels(self, code: &str) -> Vec<String> {
        let entries = self.entries();
        let labels = entries.iter().find(|entry| entry.code == code);
        labels.map(|entry| vec![entry.label.de.clone(), entry.label.en.clone()]).unwrap_or_default()
    }

    /// Returns the word of a code in the index.
    pub(super) fn word(self, code: &str) -> String {
        format!("{}{CODE_SEPARATOR}{code}", self.name())
    }

    /// Returns the words by which the code is found, besides those of its labels.
    fn other_words(self, code: &str, synonyms: &Synonyms) -> Vec<String> {
        let of = |list: &str, code: &str| {
            let words = synonyms.iter().find(|(row, _)| row.0 == list && row.1 == code);
            words.map(|(_, words)| words.clone()).unwrap_or_default()
        };
        match (self, code.split_once('.')) {
            (Self::SdgTarget, Some((goal, target))) => {
                let mut words = of("sdg_goal", goal);
                words.push(goal_word(goal, target));
                words
            }
            (Self::ClimateZone, _) => indexed(code),
            _ => of(self.name(), code),
        }
    }
}

/// List, code, and the words.
type Synonyms = Vec<((String, String), Vec<String>)>;

#[derive(Deserialize)]
struct SynonymRow {
    list: String,
    code: String,
    words: String,
}

fn synonyms() -> Synonyms {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(SYNONYMS.as_bytes());
    // The file is part of the program, and a test checks that every row is valid.
    let rows = reader.deserialize::<SynonymRow>().filter_map(Result::ok);
    rows.map(|row| ((row.list, row.code), indexed(&row.words))).collect()
}

/// The words of all labels, with their keys.
struct LabelWords {
    /// Key and word, like the table `search_part`.
    parts: BTreeSet<(String, String)>,
    /// The codes whose labels have a word.
    codes: BTreeMap<String, Vec<String>>,
    /// The words of the labels of a code.
    labels: BTreeMap<String, Vec<String>>,
}

impl LabelWords {
    fn get() -> &'static Self {
        static LABEL_WORDS: OnceLock<LabelWords> = OnceLock::new();
        LABEL_WORDS.get_or_init(Self::build)
    }

    fn build() -> Self {
        let (synonyms, mut labels) = (synonyms(), BTreeMap::new());
        for list in CodeList::ALL {
            for entry in list.entries().iter() {
                let texts = [&entry.label.de, &entry.label.en].into_iter().flat_map(|text| indexed(text));
                let words: BTreeSet<_> = texts.chain(list.other_words(&entry.code, &synonyms)).collect();
                labels.insert(list.word(&entry.code), words.into_iter().collect::<Vec<_>>());
            }
        }
        let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (code, words) in &labels {
            words.iter().for_each(|word| codes.entry(word.clone()).or_default().push(code.clone()));
        }
        let parts = codes.keys().flat_map(|word| keys(word).into_iter().map(move |key| (key, word.clone())));
        Self { parts: parts.collect(), codes, labels }
    }
}

impl SearchTerm {
    /// Returns how well the code with this word matches; `None` if it does not.
    pub(super) fn code_quality(&self, code_word: &str) -> Option<MatchQuality> {
        let labels = LabelWords::get().labels.get(code_word)?;
        labels.iter().filter_map(|label| self.label_quality(code_word, label)).min()
    }

    /// A country is not found by a part of its name: Oman is not in Romania.
    fn label_quality(&self, code_word: &str, label: &str) -> Option<MatchQuality> {
        let is_country = code_word.split(CODE_SEPARATOR).next() == Some(CodeList::Country.name());
        self.word_quality(label, !is_country)
    }

    /// Returns the words of all codes that match, each with how well it does.
    pub fn code_words(&self) -> BTreeMap<&'static str, MatchQuality> {
        let words_of = LabelWords::get();
        let ranges = self.match_keys().into_iter().map(|key| (key.0, String::new())..(key.1, String::new()));
        let words: BTreeSet<_> =
            ranges.flat_map(|range| words_of.parts.range(range)).map(|part| &part.1).collect();
        let mut found = BTreeMap::new();
        for word in words {
            for code in words_of.codes.get(word).into_iter().flatten() {
                let Some(quality) = self.label_quality(code, word) else { continue };
                let best = found.entry(code.as_str()).or_insert(quality);
                *best = quality.min(*best);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::Search;
    use super::{CodeList, LabelWords, SynonymRow};
    use crate::code_lists::SYNONYMS;

    fn codes(q: &str) -> Vec<&'static str> {
        q.parse::<Search>().unwrap().words()[0].code_words().into_keys().collect()
    }

    #[test]
    fn codes_are_found_by_the_words_of_their_labels() {
        for (q, code) in [
            ("Ukraine", "country:UA"),
            ("ukrainische", "country:UA"),
            ("Sambia", "country:ZM"),
            ("zambi", "country:ZM"),
            ("Jordanein", "country:JO"),
            ("Abwasser", "sector:wastewater"),
            ("Müll", "sector:waste"),
            ("ÖPNV", "sector:public_transport"),
            ("SDG 6.1", "sdg:6.1"),
            ("sdg6", "sdg:6.a"),
            ("Cfb", "climate:Cfb"),
            ("mediterran", "climate:Csa"),
        ] {
            assert!(codes(q).contains(&code), "{q}: {:?}", codes(q));
        }
        assert_eq!(codes("Oman"), ["country:OM"]);
        assert_eq!(codes("SDG 17.1"), ["sdg:17.1"]);
        assert!(codes("SDG 1").iter().all(|code| code.starts_with("sdg:1.")));
        assert!(codes("Zxq").is_empty());
    }

    #[test]
    fn every_synonym_belongs_to_a_code() {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(SYNONYMS.as_bytes());
        let mut rows = 0;
        for row in reader.deserialize::<SynonymRow>() {
            let SynonymRow { list, code, .. } = row.unwrap();
            let word = if list == "sdg_goal" {
                CodeList::SdgTarget.word(&format!("{code}.1"))
            } else {
                format!("{list}:{code}")
            };
            assert!(LabelWords::get().labels.contains_key(&word), "{list} {code}");
            rows += 1;
        }
        assert!(rows > 100);
    }
}
