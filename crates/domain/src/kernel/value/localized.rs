//! A text in several languages.

use std::collections::BTreeMap;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Map, MergeWithError, Value, ValueKind, ValuePointerRef,
    take_cf_content,
};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Language, Text};
use crate::bilingual;
use crate::kernel::violation::{FieldError, Violations};

/// A text by language; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Localized(BTreeMap<Language, Text>);

impl Localized {
    /// Makes a localized text from at least one text. Errors: `empty` if there is none.
    pub fn new(texts: BTreeMap<Language, Text>) -> Result<Self, FieldError> {
        if texts.is_empty() {
            return Err(FieldError::new(
                "empty",
                bilingual!(
                    "Expected a text in at least one language, such as `{{\"de\": \"…\"}}`.",
                    "Erwartet: der Text in mindestens einer Sprache, etwa `{{\"de\": \"…\"}}`."
                ),
            ));
        }
        Ok(Self(texts))
    }

    /// Returns the languages and texts, ordered by language code.
    pub fn iter(&self) -> impl Iterator<Item = (&Language, &str)> {
        self.0.iter().map(|(language, text)| (language, text.as_str()))
    }

    /// Returns the text in a language (ISO 639-1 code), if there is one.
    pub fn get(&self, language: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.as_str() == language).map(|(_, text)| text)
    }

    /// Returns the text in English, or else in German, or else in the first language by its code.
    pub fn best(&self) -> &str {
        let first = || self.iter().next().map(|(_, text)| text);
        self.get("en").or_else(|| self.get("de")).or_else(first).unwrap_or_default()
    }
}

impl Deserr<Violations> for Localized {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let map = match value {
            Value::Map(map) => map,
            actual => {
                let error = ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::Map] };
                return Err(take_cf_content(Violations::error::<V>(None, error, at)));
            }
        };
        let mut violations = Violations::default();
        let mut texts = BTreeMap::new();
        for (key, value) in map.into_iter() {
            let here = at.push_key(&key);
            let text = Text::deserialize_from_value(value.into_value(), here);
            match (key.parse::<Language>(), text) {
                (Ok(language), Ok(text)) => {
                    texts.insert(language, text);
                }
                (language, text) => {
                    if let Err(fault) = language {
                        violations.append(take_cf_content(Violations::merge(None, fault, here)));
                    }
                    violations.append(text.err().unwrap_or_default());
                }
            }
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        Self::new(texts).map_err(|fault| take_cf_content(Violations::merge(None, fault, at)))
    }
}

impl PartialSchema for Localized {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "A text by language (ISO 639-1 code), in at least one language; each text has 1 to 10,000 \
                 characters, without control characters except line breaks and tabs.",
            ))
            .property_names(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z]{2}$"))))
            .additional_properties(Some(
                ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(10_000)),
            ))
            .min_properties(Some(1))
            .examples([serde_json::json!({ "de": "Weniger Wasserverluste", "en": "Less water lost" })])
            .into()
    }
}

impl ToSchema for Localized {
    fn name() -> std::borrow::Cow<'static, str> {
        "Localized".into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Localized, PartialSchema, Violations};

    fn parse(value: Value) -> Result<Localized, Vec<(String, &'static str)>> {
        deserr::deserialize::<Localized, _, Violations>(value).map_err(|faults| {
            faults.pointers().map(str::to_owned).zip(faults.iter().map(|fault| fault.code)).collect()
        })
    }

    #[test]
    fn a_localized_text_survives_a_round_trip() {
        let value = json!({ "uk": "Львів", "de": "Lemberg" });
        let text = parse(value.clone());
        assert_eq!(text.as_ref().ok().and_then(|text| serde_json::to_value(text).ok()), Some(value));
        assert_eq!(text.as_ref().map(|text| text.get("uk")), Ok(Some("Львів")));
        assert_eq!(text.as_ref().map(|text| text.get("en")), Ok(None));
        assert_eq!(
            text.as_ref().map(|text| text.iter().map(|(code, _)| code.as_str()).collect()),
            Ok(vec!["de", "uk"])
        );
    }

    #[test]
    fn the_best_text_is_english_then_german_then_the_first() {
        let best = |value| parse(value).map(|text| text.best().to_owned());
        assert_eq!(best(json!({ "de": "d", "en": "e", "ar": "a" })), Ok("e".to_owned()));
        assert_eq!(best(json!({ "de": "d", "ar": "a" })), Ok("d".to_owned()));
        assert_eq!(best(json!({ "fr": "f", "ar": "a" })), Ok("a".to_owned()));
    }

    #[test]
    fn all_faults_are_reported_at_once_with_their_pointers() {
        let faults = parse(json!({ "xx": "a", "de": 1, "en": " ", "fr": "a\u{0}", "a/b": null, "uk": "ok" }));
        let expected = [
            ("/xx", "unknown_value"),
            ("/de", "wrong_type"),
            ("/en", "empty"),
            ("/fr", "invalid_format"),
            ("/a~1b", "unknown_value"),
            ("/a~1b", "wrong_type"),
        ];
        assert_eq!(faults, Err(expected.map(|(pointer, code)| (pointer.to_owned(), code)).to_vec()));
    }

    #[test]
    fn empty_objects_and_other_types_are_refused() {
        assert_eq!(parse(json!({})), Err(vec![(String::new(), "empty")]));
        assert_eq!(parse(json!("text")), Err(vec![(String::new(), "wrong_type")]));
    }

    #[test]
    fn the_schema_states_the_rules() {
        let schema = serde_json::to_value(Localized::schema()).unwrap_or_default();
        assert_eq!(schema.pointer("/propertyNames/pattern"), Some(&json!("^[a-z]{2}$")));
        assert_eq!(schema.pointer("/minProperties"), Some(&json!(1)));
        assert_eq!(schema.pointer("/additionalProperties/type"), Some(&json!("string")));
    }
}
