//! Mappings to the code lists of IATI 2.03 (<https://iatistandard.org/en/iati-standard/203/codelists/>).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use vku_domain::code_lists::SECTOR_PURPOSES;
use vku_domain::document::DocumentKind;
use vku_domain::kernel::value::{PartialDate, Sector};
use vku_domain::organisation::OrganisationKind;
use vku_domain::partnership::{ParticipantRole, Partnership, PartnershipStatus};

/// The code list OrganisationType.
pub(super) const ORGANISATION_TYPES: &[&str] =
    &["10", "11", "15", "21", "22", "23", "24", "30", "40", "60", "70", "71", "72", "73", "80", "90"];

/// OrganisationType of public utilities in Germany and abroad: other public sector.
pub(super) const UTILITY: &str = "15";

/// The OrganisationType of an organisation.
pub(super) const fn organisation_type(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Ministry => "10",
        OrganisationKind::Municipality => "11",
        OrganisationKind::Agency => "15",
        OrganisationKind::Ngo => "22",
        OrganisationKind::International => "40",
        OrganisationKind::Foundation => "60",
        OrganisationKind::Company => "70",
        OrganisationKind::Research => "80",
        OrganisationKind::Association => "90",
    }
}

/// OtherIdentifierType: the reporting organisation's internal identifier of an activity.
pub(super) const OWN_IDENTIFIER: &str = "A1";

/// OrganisationRole: funding.
pub(super) const FUNDING: &str = "1";
/// OrganisationRole: extending, that is, managing the money for the funder.
pub(super) const EXTENDING: &str = "3";

/// OrganisationRole of a participant: the lead is accountable and implementing, all others are implementing.
pub(super) const fn roles(role: ParticipantRole) -> &'static [&'static str] {
    match role {
        ParticipantRole::Lead => &["2", "4"],
        ParticipantRole::Associate | ParticipantRole::Partner | ParticipantRole::Supporting => &["4"],
    }
}

/// The ActivityStatus of a partnership. If the status is unknown, it follows from the dates: not started, ended, or
/// running.
pub(super) fn status(it: &Partnership, today: NaiveDate) -> &'static str {
    match it.status {
        Some(PartnershipStatus::Idea | PartnershipStatus::Preparation) => "1",
        Some(PartnershipStatus::Active) => "2",
        Some(PartnershipStatus::Completed) => "4",
        Some(PartnershipStatus::Cancelled) => "5",
        Some(PartnershipStatus::Suspended) => "6",
        None if it.start.as_ref().is_some_and(|start| start.first_day() > today) => "1",
        None if it.end.as_ref().is_some_and(|end| end.last_day() < today) => "4",
        None => "2",
    }
}

/// ActivityDateType of the start: planned, as long as the partnership has not started.
pub(super) fn start_type(it: &Partnership, start: &PartialDate, today: NaiveDate) -> &'static str {
    let planned = matches!(it.status, Some(PartnershipStatus::Idea | PartnershipStatus::Preparation));
    if planned || start.first_day() > today { "1" } else { "2" }
}

/// ActivityDateType of the end: actual, once the partnership is over and the last day that the date can mean has
/// passed.
pub(super) fn end_type(it: &Partnership, end: &PartialDate, today: NaiveDate) -> &'static str {
    let over = matches!(it.status, Some(PartnershipStatus::Completed | PartnershipStatus::Cancelled) | None);
    if over && end.last_day() <= today { "4" } else { "3" }
}

/// The DocumentCategory of a document.
pub(super) const fn document_category(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Mou => "A09",
        DocumentKind::Contract => "A11",
        DocumentKind::Report | DocumentKind::Presentation => "A08",
        DocumentKind::WebPage | DocumentKind::Other => "A12",
    }
}

/// The media type that follows from the extension of a URL; HTML if there is none or it is unknown.
pub(super) fn media_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "zip" => "application/zip",
        _ => "text/html",
    }
}

/// IndicatorMeasure: percentage or unit.
pub(super) fn measure(unit: &str) -> &'static str {
    if unit.contains('%') { "2" } else { "1" }
}

/// The purpose code of a sector (OECD DAC).
pub(super) fn purpose(sector: Sector) -> Option<&'static str> {
    static PURPOSES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let purposes = PURPOSES.get_or_init(|| {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(SECTOR_PURPOSES.as_bytes());
        // The file is compiled in; a test proves that it has every sector.
        reader.deserialize().filter_map(Result::ok).collect()
    });
    purposes.get(sector.as_str()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use vku_domain::code_lists::DAC_CODES;

    use super::*;

    #[test]
    fn every_sector_has_an_existing_purpose_code() {
        for sector in Sector::ALL {
            let purpose = purpose(*sector).unwrap_or_else(|| panic!("{sector}"));
            assert!(DAC_CODES.entries().iter().any(|entry| entry.code == purpose), "{sector}: {purpose}");
        }
    }

    #[test]
    fn the_media_type_follows_from_the_extension() {
        for (url, media) in [
            ("https://a.example/b.PDF?c=d.zip", "application/pdf"),
            ("https://a.example", "text/html"),
            ("https://a.example/b.pdf/", "text/html"),
            (
                "https://a.example/b.docx#c",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
        ] {
            assert_eq!(media_type(url), media, "{url}");
        }
    }
}
