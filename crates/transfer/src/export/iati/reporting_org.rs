//! The organisation that reports to IATI, as the operator configures it.

use std::str::FromStr;

use super::codes::ORGANISATION_TYPES;

/// The reporting organisation of IATI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportingOrg {
    /// The identifier, such as `DE-1`, which the identifier of every activity begins with.
    pub(super) identifier: String,
    /// The type of organisation (code list OrganisationType).
    pub(super) kind: String,
    /// The name.
    pub(super) name: String,
    /// Whether the operator has configured it.
    pub(super) is_known: bool,
}

/// For an unconfigured service: the exported file is well-formed, but must not be published.
impl Default for ReportingOrg {
    fn default() -> Self {
        Self {
            identifier: "XX-NOT-REGISTERED".into(),
            kind: "90".into(),
            name: "Internationale Partnerschaften".into(),
            is_known: false,
        }
    }
}

/// `identifier;type;name`, such as `DE-1;10;Ministry`.
impl FromStr for ReportingOrg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ';').map(str::trim);
        let (Some(identifier), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("expected identifier;type;name, such as DE-1;10;Ministry of Examples".into());
        };
        if identifier.is_empty() || identifier.contains(|letter: char| !is_plain(letter)) {
            return Err(format!("`{identifier}` is not an organisation identifier, such as DE-1"));
        }
        if !ORGANISATION_TYPES.contains(&kind) {
            let known = ORGANISATION_TYPES.join(", ");
            return Err(format!("`{kind}` is not an IATI organisation type; use one of {known}"));
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("the name of the reporting organisation is missing".into());
        }
        Ok(Self { identifier: identifier.into(), kind: kind.into(), name: name.into(), is_known: true })
    }
}

/// Whether an identifier may contain the character.
pub(super) fn is_plain(letter: char) -> bool {
    letter.is_ascii_graphic() && !['/', '&', '|', '?'].contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporting_organisation_has_three_valid_parts() {
        let reporter: ReportingOrg = "DE-1; 10 ;Ministry; of Examples".parse().unwrap();
        assert_eq!((&*reporter.identifier, &*reporter.kind), ("DE-1", "10"));
        assert_eq!((&*reporter.name, reporter.is_known), ("Ministry; of Examples", true));
        for wrong in [
            "",
            "DE-1",
            "DE-1;10",
            "DE-1;10;",
            "DE/1;10;A",
            "DE 1;10;A",
            ";10;A",
            "DE-1;12;A",
            "DE-1;10;A\nB",
        ] {
            assert!(wrong.parse::<ReportingOrg>().is_err(), "{wrong:?}");
        }
    }
}
