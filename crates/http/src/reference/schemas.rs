//! The schemas of reference data. Labels are in both languages, or, with `lang`, in one of them, which is another media
//! type with schemas of its own.

use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::vocabulary::{Entry, Label};

/// A reference list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: a `List` is what is written")]
pub(super) struct ReferenceList {
    /// All codes, in their order.
    items: Vec<Entry>,
}

/// A vocabulary: the values of an enumeration or of a code list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: a `NamedList` is what is written")]
pub(super) struct ReferenceVocabulary {
    /// The name, as in `GET /api/v1/reference/{vocabulary}` and in `x-vocabulary`.
    name: String,
    /// All codes, in their order.
    items: Vec<Entry>,
}

/// All vocabularies.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: `Vocabularies` are what is written")]
pub(super) struct ReferenceVocabularies {
    /// The vocabularies, by name.
    items: Vec<ReferenceVocabulary>,
}

/// A text in the language that `lang` names.
#[derive(Serialize, ToSchema)]
#[schema(as = SparseReferenceLabel)]
pub(super) struct Text<'a> {
    /// In German.
    #[serde(skip_serializing_if = "Option::is_none")]
    de: Option<&'a str>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    en: Option<&'a str>,
}

impl<'a> Text<'a> {
    fn new(label: &'a Label, lang: Option<Locale>) -> Self {
        let has = |locale| lang.is_none_or(|lang| lang == locale);
        Self { de: has(Locale::De).then_some(&label.de), en: has(Locale::En).then_some(&label.en) }
    }
}

/// A code and its label in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = SparseReferenceEntry)]
pub(super) struct Item<'a> {
    /// The code, as used in other resources.
    code: &'a str,
    /// The label.
    label: Text<'a>,
    /// What the label does not say; absent if it says all.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
}

/// A reference list in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = SparseReferenceList)]
pub(super) struct List<'a> {
    /// All codes, in their order.
    items: Vec<Item<'a>>,
}

impl<'a> List<'a> {
    pub(super) fn new(entries: &'a [Entry], lang: Option<Locale>) -> Self {
        let item = |entry: &'a Entry| Item {
            code: &entry.code,
            label: Text::new(&entry.label, lang),
            description: entry.description.as_ref().map(|text| Text::new(text, lang)),
        };
        Self { items: entries.iter().map(item).collect() }
    }
}

/// A vocabulary in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = SparseReferenceVocabulary)]
pub(super) struct NamedList<'a> {
    /// The name, as in `GET /api/v1/reference/{vocabulary}` and in `x-vocabulary`.
    pub(super) name: &'a str,
    /// All codes, in their order.
    pub(super) items: Vec<Item<'a>>,
}

/// All vocabularies in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = SparseReferenceVocabularies)]
pub(super) struct Vocabularies<'a> {
    /// The vocabularies, by name.
    items: Vec<NamedList<'a>>,
}

impl<'a> Vocabularies<'a> {
    pub(super) fn new(all: impl Iterator<Item = (&'a str, &'a [Entry])>, lang: Option<Locale>) -> Self {
        let named = |(name, entries)| NamedList { name, items: List::new(entries, lang).items };
        Self { items: all.map(named).collect() }
    }
}
