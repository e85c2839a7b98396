//! Macros for string types: enumerations, and texts with a format.

/// Declares an enumeration: a closed list of words with labels (an `enum` in the OpenAPI document). The error of an
/// unknown word names the nearest word and all valid ones.
///
/// The name behind `in` is that of the [vocabulary](crate::kernel::vocabulary::Vocabulary). Each word has its label in
/// English and German, and a German description if the label does not say all: `Word = "word" ("English", "German":
/// "description")`. The doc comments of the words are the descriptions in English, also in the OpenAPI document.
#[macro_export]
macro_rules! string_enum {
    (
        $(#[doc = $doc:literal])+
        $name:ident in $vocabulary:literal { $(
            $(#[doc = $about:literal])+
            $variant:ident = $word:literal ($en:literal, $de:literal $(: $de_about:literal)?)
        ),+ $(,)? }
    ) => {
        $crate::word_list! {
            $(#[doc = $doc])+
            #[vocabulary = $vocabulary]
            $name { $( $(#[doc = $about])+ $variant = $word ),+ }
        }

        impl $name {
            /// Returns the label.
            pub const fn label(self) -> $crate::kernel::bilingual::Bilingual {
                let (en, de) = match self { $(Self::$variant => ($en, $de)),+ };
                $crate::kernel::bilingual::Bilingual {
                    en: std::borrow::Cow::Borrowed(en),
                    de: std::borrow::Cow::Borrowed(de),
                }
            }
        }

        impl $crate::kernel::vocabulary::Vocabulary for $name {
            const NAME: &'static str = $vocabulary;

            fn entries() -> Vec<$crate::kernel::vocabulary::Entry> {
                const DESCRIPTIONS: &[(&[&str], Option<&str>)] =
                    &[$((&[$($about),+], $crate::string_enum!(@optional $($de_about)?))),+];
                let labels = Self::ALL.iter().map(|value| (value.as_str(), value.label()));
                $crate::kernel::vocabulary::described(labels, DESCRIPTIONS)
            }
        }
    };
    (@optional) => { None };
    (@optional $text:literal) => { Some($text) };
    ($($other:tt)*) => {
        compile_error!(
            "an enumeration is declared as `Name in \"vocabulary\" { Word = \"word\" (\"English label\", \"German \
             label\": \"German description\") }`, with a doc comment for the name and for each word; the German \
             description is optional, the labels are not"
        );
    };
}

/// Declares a closed list of words without labels, such as the keys of `sort`, which have the labels of the fields that
/// they name. Everything else is a [`string_enum!`](crate::string_enum).
#[macro_export]
macro_rules! word_list {
    (
        $(#[doc = $doc:literal])+
        $(#[vocabulary = $vocabulary:literal])?
        $name:ident { $( $(#[doc = $about:literal])+ $variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[doc = $about])+ $variant ),+ }

        impl $name {
            /// All words, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The words as they are written in JSON, URLs and tables.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Returns the word as it is written in JSON, URLs and tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::violation::FieldError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match $crate::kernel::bilingual::typed(text) {
                    $($word => Ok(Self::$variant),)+
                    text => Err($crate::kernel::violation::FieldError::unknown_value(text, Self::WORDS)),
                }
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let about = [$((concat!("`", $word, "`"), [$($about),+].concat())),+];
                let about = about.map(|(word, text)| format!("- {word}:{text}")).join("\n");
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(format!("{}\n\n{about}", [$($doc),+].join("\n").trim())))
                    .enum_values(Some(Self::WORDS.iter().copied()))
                    $(.extensions(Some($crate::kernel::vocabulary::extension($vocabulary))))?
                    .into()
            }
        }

        $crate::as_text!($name);
    };
}

/// Declares a text with a format: a newtype over `String` that can only be made by parsing.
///
/// The expression gets the text, [cleaned](crate::kernel::characters::cleaned) and trimmed, and returns the normalised
/// text or a [`FieldError`](crate::kernel::violation::FieldError). `pattern` and `example` go into the OpenAPI
/// document.
#[macro_export]
macro_rules! string_newtype {
    (
        $(#[doc = $doc:literal])+
        $name:ident { $(pattern: $pattern:literal,)? $(format: $format:literal,)? $(min_length: $shortest:expr,)? $(max_length: $longest:expr,)? example: $example:literal, parse: $parse:expr $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Returns the normalised text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::violation::FieldError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let parse: fn(&str) -> Result<String, Self::Err> = $parse;
                let text = $crate::kernel::characters::cleaned(text)?;
                parse($crate::kernel::bilingual::typed(&text)).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some([$($doc),+].join("\n").trim().to_owned()))
                    $(.pattern(Some($pattern)))?
                    $(.format(Some(utoipa::openapi::SchemaFormat::Custom($format.to_owned()))))?
                    $(.min_length(Some($shortest)))?
                    $(.max_length(Some($longest)))?
                    .examples([$example])
                    .into()
            }
        }

        $crate::as_text!($name);
    };
}

/// Implements `Display`, serde's `Serialize`, `Deserr` and `ToSchema` for a type that is one string in JSON, using its
/// `as_str` and `FromStr`.
#[macro_export]
macro_rules! as_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl deserr::Deserr<$crate::kernel::violation::Violations> for $name {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                at: deserr::ValuePointerRef<'_>,
            ) -> Result<Self, $crate::kernel::violation::Violations> {
                let text = <String as deserr::Deserr<$crate::kernel::violation::Violations>>::deserialize_from_value(value, at)?;
                text.parse().map_err(|fault| {
                    use deserr::MergeWithError;
                    deserr::take_cf_content($crate::kernel::violation::Violations::merge(None, fault, at))
                })
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}
