//! The labels of the values of string enums.

use super::UNKNOWN;
use crate::bilingual;
use crate::code_lists::List;
use crate::funding::FundingKind;
use crate::kernel::bilingual::Bilingual;
use crate::member::MemberStatus;
use crate::partnership::PartnershipStatus;
use crate::session::SessionKind;

pub(super) fn partnership_status(status: PartnershipStatus) -> Bilingual {
    match status {
        PartnershipStatus::Idea => bilingual!("Idea", "Idee"),
        PartnershipStatus::Preparation => bilingual!("In preparation", "In Vorbereitung"),
        PartnershipStatus::Active => bilingual!("Active", "Aktiv"),
        PartnershipStatus::Suspended => bilingual!("Suspended", "Ruhend"),
        PartnershipStatus::Completed => bilingual!("Completed", "Abgeschlossen"),
        PartnershipStatus::Cancelled => bilingual!("Cancelled", "Abgebrochen"),
    }
}

pub(super) fn member_status(status: MemberStatus) -> Bilingual {
    match status {
        MemberStatus::Interested => bilingual!("Interested", "Interessiert"),
        MemberStatus::Active => bilingual!("Active", "Aktiv"),
        MemberStatus::Paused => bilingual!("Paused", "Pausiert"),
        MemberStatus::Left => bilingual!("Left", "Ausgetreten"),
    }
}

pub(super) fn funding_kind(kind: FundingKind) -> Bilingual {
    match kind {
        FundingKind::Grant => bilingual!("Grant", "Zuschuss"),
        FundingKind::OwnContribution => bilingual!("Own contribution", "Eigenbeitrag"),
        FundingKind::InKind => bilingual!("In kind", "Sachleistung"),
        FundingKind::ThirdParty => bilingual!("Third party", "Mittel Dritter"),
    }
}

pub(super) fn session_kind(kind: SessionKind) -> Bilingual {
    match kind {
        SessionKind::Exchange => bilingual!("Exchange", "Erfahrungsaustausch"),
        SessionKind::Workshop => bilingual!("Workshop", "Workshop"),
        SessionKind::ConsultationHour => bilingual!("Consultation hour", "Sprechstunde"),
        SessionKind::NetworkMeeting => bilingual!("Network meeting", "Netzwerktreffen"),
        SessionKind::InformationEvent => bilingual!("Information event", "Informationsveranstaltung"),
        SessionKind::Training => bilingual!("Training", "Schulung"),
        SessionKind::Conference => bilingual!("Conference", "Konferenz"),
        SessionKind::StudyTour => bilingual!("Study tour", "Studienreise"),
    }
}

/// Returns the label of a code in a code list.
pub(super) fn code_label(list: &List, code: &str) -> Option<Bilingual> {
    let entry = list.entries().iter().find(|entry| entry.code == code)?;
    Some(Bilingual { en: entry.label.en.clone().into(), de: entry.label.de.clone().into() })
}

/// Returns a label that is the same in all languages.
pub(super) fn key_as_label(key: &str) -> Bilingual {
    Bilingual { en: key.to_owned().into(), de: key.to_owned().into() }
}

/// Returns the label of an unknown value, or the key if it has no label.
pub(super) fn unknown(key: &str) -> Bilingual {
    if key == UNKNOWN { bilingual!("unknown", "unbekannt") } else { key_as_label(key) }
}
