//! Vocabularies: the values of an enumeration or of a code list, with their labels in German and English.

use utoipa::openapi::extensions::Extensions;

use super::bilingual::{Bilingual, Locale};
use crate::bilingual;
pub use crate::code_lists::{Entry, Label, List};

impl Entry {
    /// An entry without a description.
    pub fn new(code: impl Into<String>, label: Bilingual) -> Self {
        Self { code: code.into(), label: label.into(), description: None }
    }
}

impl Label {
    /// Returns the text in one of the languages.
    pub fn in_locale(&self, locale: Locale) -> &str {
        match locale {
            Locale::De => &self.de,
            Locale::En => &self.en,
        }
    }
}

impl From<Bilingual> for Label {
    fn from(both: Bilingual) -> Self {
        Self { de: both.de.into_owned(), en: both.en.into_owned() }
    }
}

impl From<&Label> for Bilingual {
    fn from(both: &Label) -> Self {
        Self { de: both.de.clone().into(), en: both.en.clone().into() }
    }
}

/// An enumeration with labels; declared with [`string_enum!`](crate::string_enum).
pub trait Vocabulary {
    /// The name of the vocabulary, as it is written in URLs.
    const NAME: &'static str;

    /// Returns all values, in the order in which they are declared.
    fn entries() -> Vec<Entry>;
}

/// Returns the label of a code, or the code itself if the list does not have it.
pub fn label_of(list: &List, code: &str) -> Bilingual {
    list.label(code).map_or_else(|| same_in_both(code), Bilingual::from)
}

/// Returns a label that is the same in both languages.
pub fn same_in_both(text: &str) -> Bilingual {
    Bilingual { en: text.to_owned().into(), de: text.to_owned().into() }
}

/// Returns the label of a value that is not known.
pub fn unknown() -> Bilingual {
    bilingual!("Unknown", "Unbekannt")
}

/// The extension of the OpenAPI document that names the vocabulary of an enumeration.
pub const EXTENSION: &str = "x-vocabulary";

/// Returns the extension of a schema that has this vocabulary.
pub fn extension(vocabulary: &str) -> Extensions {
    Extensions::builder().add(EXTENSION, vocabulary).build()
}

/// Makes the entries of an enumeration: from its words and labels, and for each word the lines of the English
/// description with the German one. If there is no German one, the label says all.
#[doc(hidden)]
pub fn described(
    labels: impl Iterator<Item = (&'static str, Bilingual)>,
    descriptions: &[(&[&str], Option<&str>)],
) -> Vec<Entry> {
    let described = |(word, label), en: &[&str], de: Option<&str>| {
        let en = || en.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let description = de.map(|de| Label { de: de.to_owned(), en: en() });
        Entry { description, ..Entry::new(word, label) }
    };
    labels.zip(descriptions).map(|(entry, (en, de))| described(entry, en, *de)).collect()
}
