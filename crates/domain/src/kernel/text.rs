//! What is said to people, in German and in English.

use std::borrow::Cow;
use std::fmt;

crate::vocabulary! {
    /// A language in which the service speaks.
    Tongue {
        /// English
        En = "en",
        /// German
        De = "de",
    }
}

/// A sentence in both languages; made by [`say!`](crate::say).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// In English.
    pub en: Cow<'static, str>,
    /// In German.
    pub de: Cow<'static, str>,
}

impl Both {
    /// The text in one of the languages.
    pub fn in_tongue(&self, tongue: Tongue) -> &str {
        match tongue {
            Tongue::En => &self.en,
            Tongue::De => &self.de,
        }
    }

    /// This, and directly behind it the other.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        let joined =
            |first: Cow<'static, str>, second: Cow<'static, str>| Cow::Owned(first.into_owned() + &second);
        Self { en: joined(self.en, other.en), de: joined(self.de, other.de) }
    }
}

/// In English: for the log and the command line.
impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// A sentence in English and in German, with names in braces as in `format!`: `say!("No {x}.", "Kein {x}.")`.
#[macro_export]
macro_rules! say {
    ($en:literal, $de:literal $(,)?) => {
        $crate::kernel::text::Both { en: format!($en).into(), de: format!($de).into() }
    };
}
