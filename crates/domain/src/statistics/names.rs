//! What the words of closed lists are called, for people.

use super::UNKNOWN;
use crate::funding::FundingKind;
use crate::kernel::text::Both;
use crate::member::MemberStatus;
use crate::partnership::PartnershipStatus;
use crate::reference::List;
use crate::say;
use crate::session::SessionKind;

pub(super) fn partnership_status(status: PartnershipStatus) -> Both {
    match status {
        PartnershipStatus::Idea => say!("Idea", "Idee"),
        PartnershipStatus::Preparation => say!("In preparation", "In Vorbereitung"),
        PartnershipStatus::Active => say!("Active", "Aktiv"),
        PartnershipStatus::Suspended => say!("Suspended", "Ruhend"),
        PartnershipStatus::Completed => say!("Completed", "Abgeschlossen"),
        PartnershipStatus::Cancelled => say!("Cancelled", "Abgebrochen"),
    }
}

pub(super) fn member_status(status: MemberStatus) -> Both {
    match status {
        MemberStatus::Interested => say!("Interested", "Interessiert"),
        MemberStatus::Active => say!("Active", "Aktiv"),
        MemberStatus::Paused => say!("Paused", "Pausiert"),
        MemberStatus::Left => say!("Left", "Ausgetreten"),
    }
}

pub(super) fn funding_kind(kind: FundingKind) -> Both {
    match kind {
        FundingKind::Grant => say!("Grant", "Zuschuss"),
        FundingKind::OwnContribution => say!("Own contribution", "Eigenbeitrag"),
        FundingKind::InKind => say!("In kind", "Sachleistung"),
        FundingKind::ThirdParty => say!("Third party", "Mittel Dritter"),
    }
}

pub(super) fn session_kind(kind: SessionKind) -> Both {
    match kind {
        SessionKind::Exchange => say!("Exchange", "Erfahrungsaustausch"),
        SessionKind::Workshop => say!("Workshop", "Workshop"),
        SessionKind::ConsultationHour => say!("Consultation hour", "Sprechstunde"),
        SessionKind::NetworkMeeting => say!("Network meeting", "Netzwerktreffen"),
        SessionKind::InformationEvent => say!("Information event", "Informationsveranstaltung"),
        SessionKind::Training => say!("Training", "Schulung"),
        SessionKind::Conference => say!("Conference", "Konferenz"),
        SessionKind::StudyTour => say!("Study tour", "Studienreise"),
    }
}

/// What a code of a reference list is called.
pub(super) fn listed(list: &List, code: &str) -> Option<Both> {
    let entry = list.entries().iter().find(|entry| entry.code == code)?;
    Some(Both { en: entry.label.en.clone().into(), de: entry.label.de.clone().into() })
}

/// What is called the same in all languages.
pub(super) fn itself(key: &str) -> Both {
    Both { en: key.to_owned().into(), de: key.to_owned().into() }
}

/// What nobody knows, or nobody has a name for.
pub(super) fn unknown(key: &str) -> Both {
    if key == UNKNOWN { say!("unknown", "unbekannt") } else { itself(key) }
}
