//! Code lists: fixed codes with labels in German and English.
//!
//! Each list is a file that names its source. Shorter lists are [enumerations](crate::kernel::vocabulary). The list that
//! the coordination office maintains is a resource: [working areas](crate::working_area).

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A code and its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReferenceEntry)]
pub struct Entry {
    /// The code, as used in other resources.
    pub code: String,
    /// The label.
    pub label: Label,
    /// What the label does not say; absent if it says all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Label>,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReferenceLabel)]
pub struct Label {
    /// In German.
    pub de: String,
    /// In English.
    pub en: String,
}

impl Label {
    /// Returns the label after a number, as in "6.1 Drinking water".
    #[must_use]
    pub fn after(&self, number: &str) -> Self {
        let Self { de, en } = self;
        Self { de: format!("{number} {de}"), en: format!("{number} {en}") }
    }
}

/// A code list, which is parsed from its file on first use.
pub struct List {
    file: &'static str,
    entries: OnceLock<Vec<Entry>>,
}

/// A row of the file.
#[derive(Deserialize)]
struct Row {
    code: String,
    de: String,
    en: String,
}

impl List {
    const fn of(file: &'static str) -> Self {
        Self { file, entries: OnceLock::new() }
    }

    /// Returns the label of a code. The file must be sorted by code.
    pub(crate) fn sorted_label(&self, code: &str) -> Option<&Label> {
        let entries = self.entries();
        let index = entries.binary_search_by(|entry| entry.code.as_str().cmp(code)).ok()?;
        entries.get(index).map(|entry| &entry.label)
    }

    /// Returns the label of a code.
    pub fn label(&self, code: &str) -> Option<&Label> {
        self.entries().iter().find(|entry| entry.code == code).map(|entry| &entry.label)
    }

    /// Returns whether the list has this code. The file must be sorted by code.
    pub(crate) fn has(&self, code: &str) -> bool {
        self.sorted_label(code).is_some()
    }

    /// Returns all codes, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        self.entries.get_or_init(|| {
            let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(self.file.as_bytes());
            // The files are part of the program, and a test checks that every row is valid.
            let rows = reader.deserialize().filter_map(Result::ok);
            rows.map(|Row { code, de, en }| Entry { code, label: Label { de, en }, description: None })
                .collect()
        })
    }
}

/// Countries and territories. Kosovo has no official code yet; the EU, the IMF and IATI use the user-assigned code `XK`.
pub static COUNTRIES: List = List::of(include_str!("code_lists/countries.csv"));
/// Languages.
pub static LANGUAGES: List = List::of(include_str!("code_lists/languages.csv"));
/// The Sustainable Development Goals.
pub static SDGS: List = List::of(include_str!("code_lists/sdgs.csv"));
/// Targets of the Sustainable Development Goals.
pub static SDG_TARGETS: List = List::of(include_str!("code_lists/sdg_targets.csv"));
/// Purpose codes of the OECD DAC.
pub static DAC_CODES: List = List::of(include_str!("code_lists/dac_codes.csv"));

/// The purpose code of the OECD DAC for each sector, as CSV with a header.
pub const SECTOR_PURPOSES: &str = include_str!("code_lists/sector_purposes.csv");

/// Other words for codes by which people search, as CSV with the header `list,code,words`.
pub(crate) const SYNONYMS: &str = include_str!("code_lists/synonyms.csv");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kernel::value::{Country, Language, SdgTarget, SingleLine};

    fn codes(list: &List) -> Vec<&str> {
        list.entries().iter().map(|entry| entry.code.as_str()).collect()
    }

    /// Returns all texts of two letters of an alphabet.
    fn pairs(letters: std::ops::RangeInclusive<char>) -> Vec<String> {
        let each = |first| letters.clone().map(move |second| format!("{first}{second}"));
        letters.clone().flat_map(each).collect()
    }

    #[test]
    fn the_lists_have_exactly_the_codes_of_iso_in_order() {
        let mut countries = pairs('A'..='Z');
        countries.retain(|code| code == "XK" || rust_iso3166::from_alpha2(code).is_some());
        assert_eq!(codes(&COUNTRIES), countries);
        let mut languages = pairs('a'..='z');
        languages.retain(|code| isolang::Language::from_639_1(code).is_some());
        assert_eq!(codes(&LANGUAGES), languages);
    }

    #[test]
    fn the_lists_have_exactly_the_codes_of_their_types_in_order() {
        let targets: Vec<_> = SdgTarget::all().map(|target| target.to_string()).collect();
        assert_eq!(codes(&SDG_TARGETS), targets);
        let mut goals: Vec<_> = targets.iter().filter_map(|target| target.split('.').next()).collect();
        goals.dedup();
        assert_eq!(codes(&SDGS), goals);
        let mut countries = pairs('A'..='Z');
        countries.retain(|code| code.parse::<Country>().is_ok());
        assert_eq!(codes(&COUNTRIES), countries);
        let mut languages = pairs('a'..='z');
        languages.retain(|code| code.parse::<Language>().is_ok());
        assert_eq!(codes(&LANGUAGES), languages);
    }

    #[test]
    fn dac_codes_are_those_in_use() {
        let codes = codes(&DAC_CODES);
        assert_eq!(codes.len(), 295);
        assert!(codes.is_sorted() && codes.iter().collect::<BTreeSet<_>>().len() == codes.len());
        assert!(codes.iter().all(|code| code.len() == 5 && code.bytes().all(|digit| digit.is_ascii_digit())));
        assert!(["14021", "14022", "14032", "14050"].iter().all(|code| codes.contains(code)));
        assert!(!codes.contains(&"23010"), "withdrawn");
    }

    #[test]
    fn every_row_is_an_entry_with_both_labels() {
        for list in [&COUNTRIES, &LANGUAGES, &SDGS, &SDG_TARGETS, &DAC_CODES] {
            let rows = list.file.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(list.entries().len() + 1, rows);
            for Entry { code, label: Label { de, en }, .. } in list.entries() {
                let is_label =
                    |text: &str| text.parse::<SingleLine>().is_ok_and(|line| line.as_str() == text);
                assert!(is_label(de) && is_label(en), "{code}: {de:?} {en:?}");
                assert!(de.chars().count() <= 120 && en.chars().count() <= 120, "{code}: {de:?} {en:?}");
            }
        }
    }
}
