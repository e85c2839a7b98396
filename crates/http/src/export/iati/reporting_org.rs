//! Who reports to IATI: set by the operator.

use std::str::FromStr;

use super::codes::ORGANISATION_TYPES;

/// The organisation that reports, as IATI knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportingOrg {
    /// Its identifier, such as `DE-1`: every activity's identifier begins with it.
    pub(super) identifier: String,
    /// The code of what it is (code list OrganisationType).
    pub(super) kind: String,
    /// What it is called.
    pub(super) name: String,
    /// Whether anybody has said who it is.
    pub(super) is_known: bool,
}

/// Nobody has said who reports: what is made is right in its form, and not to be published.
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

/// Neither space nor what an identifier must not hold.
pub(super) fn is_plain(letter: char) -> bool {
    letter.is_ascii_graphic() && !['/', '&', '|', '?'].contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_each_as_iati_wants_it() {
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
