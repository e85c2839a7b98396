//! Defines the problem codes as a table.

macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $status:literal, $code:literal, $title:literal => $de:literal: $doc_de:literal;
    )+) => {
        /// The code of a problem: stable, in snake_case, documented at `/problems/{code}`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $variant ),+ }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the code as it is written in `code` and in the URL of the problem.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Returns the HTTP status of responses with this code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// Returns a short title, the same for every occurrence (RFC 9457).
            pub fn title(self) -> Bilingual {
                match self { $(Self::$variant => bilingual!($title, $de)),+ }
            }

            /// Returns what the code means, and what the caller can do.
            pub fn documentation(self) -> Bilingual {
                let (en, de) = match self { $(Self::$variant => ([$($doc),+].concat(), $doc_de)),+ };
                Bilingual { en: en.trim().to_owned().into(), de: de.into() }
            }
        }
    };
}

pub(super) use codes;
