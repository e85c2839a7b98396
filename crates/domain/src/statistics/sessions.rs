//! Sessions, counted, and who came.

use super::{FiguresFormat, UNKNOWN, names};
use crate::kernel::text::Both;
use crate::reference::SECTORS;
use crate::say;

crate::vocabulary! {
    /// What sessions are counted by.
    SessionsBy {
        /// the year in which they begin
        Year = "year",
        /// what kind of meeting they are
        Kind = "kind",
        /// the sectors that they are for
        Sector = "sector",
        /// the regional groups of the members whose staff registered; for readers and the coordination office
        RegionalGroup = "regional_group",
    }
}

impl SessionsBy {
    /// The rule by which a session, and who comes to it, counts.
    pub fn rule(self) -> Both {
        let how = match self {
            Self::Year => say!(
                "Each session that is published or was held counts once, in the year in which it begins.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal, im Jahr ihres Beginns."
            ),
            Self::Kind => say!(
                "Each session that is published or was held counts once, for its kind.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal, bei ihrer Art."
            ),
            Self::Sector => say!(
                "Each session that is published or was held counts once in each sector that it is for; so the figures add up to \
                 more than there are.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal in jeder Sparte, für die sie ist; die Zahlen ergeben \
                 darum zusammen mehr, als es gibt."
            ),
            Self::RegionalGroup => say!(
                "Each session that is published or was held counts once in the regional group of each member whose staff registered; \
                 `unknown` where the member has none, or you do not see it.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal in der Regionalgruppe jedes Mitglieds, dessen \
                 Beschäftigte sich angemeldet haben; `unknown`, wo das Mitglied keine hat oder Sie es nicht sehen."
            ),
        };
        how.then(say!(
            " Registered is who has a seat, or had one, whether they came or not; attended is who came.",
            " Angemeldet ist, wer einen Platz hat oder hatte, ob gekommen oder nicht; teilgenommen hat, wer gekommen ist."
        ))
    }

    /// What the figures are called.
    pub fn title(self) -> Both {
        match self {
            Self::Year => say!("Sessions by year", "Sitzungen nach Jahr"),
            Self::Kind => say!("Sessions by kind", "Sitzungen nach Art"),
            Self::Sector => say!("Sessions by sector", "Sitzungen nach Sparte"),
            Self::RegionalGroup => {
                say!("Registrations by regional group", "Anmeldungen nach Regionalgruppe")
            }
        }
    }

    /// What a chart shows of them.
    pub fn counted(self) -> Both {
        match self {
            Self::RegionalGroup => say!("Registrations", "Anmeldungen"),
            Self::Year | Self::Kind | Self::Sector => say!("Sessions", "Sitzungen"),
        }
    }

    /// What is counted by is called.
    pub fn axis(self) -> Both {
        match self {
            Self::Year => say!("Year", "Jahr"),
            Self::Kind => say!("Kind", "Art"),
            Self::Sector => say!("Sector", "Sparte"),
            Self::RegionalGroup => say!("Regional group", "Regionalgruppe"),
        }
    }

    /// What a key is called.
    pub fn called(self, key: &str) -> Both {
        let named = match self {
            Self::RegionalGroup if key == UNKNOWN => Some(say!("no regional group", "ohne Regionalgruppe")),
            _ if key == UNKNOWN => None,
            Self::Kind => key.parse().ok().map(names::session_kind),
            Self::Sector => names::listed(&SECTORS, key),
            Self::Year | Self::RegionalGroup => Some(names::itself(key)),
        };
        named.unwrap_or_else(|| names::unknown(key))
    }
}

crate::filter! {
    /// Which figures of sessions.
    SessionFigures {
        /// What they are counted by; `year` when left out.
        by: Option<SessionsBy>,
        /// How they are written; `Accept` tells it too.
        format: Option<FiguresFormat>,
    }
}
