//! The supported character encodings and their labels.

use std::str::FromStr;

use encoding_rs::{Encoding, REPLACEMENT, X_USER_DEFINED};
use vku_domain::bilingual;
use vku_domain::kernel::violation::FieldError;

/// The encodings that the error for another one lists; each has more labels (WHATWG Encoding Standard).
const NAMED: &str = "utf-8, utf-16le, utf-16be, windows-1250, windows-1251, windows-1252, windows-1253, windows-1254, \
    windows-1257, iso-8859-2, iso-8859-5, iso-8859-15, koi8-u, macintosh, x-mac-cyrillic";

/// A character encoding by its label, such as `windows-1251`, `cp1251` or `latin1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(pub(super) &'static Encoding);

impl Charset {
    /// The name of the encoding.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl FromStr for Charset {
    type Err = FieldError;

    fn from_str(label: &str) -> Result<Self, FieldError> {
        let known = Encoding::for_label_no_replacement(label.as_bytes());
        known.filter(|it| *it != X_USER_DEFINED && *it != REPLACEMENT).map(Self).ok_or_else(|| {
            let detail = bilingual!(
                "The character encoding `{label}` is not supported. Save the file as UTF-8 (in Excel: “CSV \
                 UTF-8”), or use one of {NAMED}.",
                "`{label}` ist keine Zeichenkodierung, die hier gelesen wird. Speichern Sie die Datei als UTF-8 (in Excel: \
                 „CSV UTF-8“), oder nennen Sie eine von {NAMED}."
            );
            FieldError::new("unknown_value", detail)
        })
    }
}

/// Returns the `charset` of a media type.
///
/// Errors: the encoding is not supported.
pub fn of_media(media: &str) -> Result<Option<Charset>, FieldError> {
    let label = media.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    label.filter(|label| !label.is_empty()).map(str::parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_name_their_charset() {
        for (media, name) in [
            ("text/csv", None),
            ("text/csv; charset=", None),
            ("text/csv; charset=utf-8", Some("UTF-8")),
            ("text/csv;header=present; Charset=\"CP1251\"", Some("windows-1251")),
            ("text/csv; charset=ISO-8859-1", Some("windows-1252")),
            ("text/csv; charset=macintosh", Some("macintosh")),
        ] {
            assert_eq!(of_media(media).unwrap().map(Charset::name), name, "{media}");
        }
        for label in ["cp850", "ibm437", "utf-7", "x-user-defined", "iso-2022-kr", "zxq"] {
            assert_eq!(
                of_media(&format!("text/csv; charset={label}")).unwrap_err().code,
                "unknown_value",
                "{label}"
            );
        }
    }
}
