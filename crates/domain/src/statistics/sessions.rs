//! Statistics of sessions and attendance.

use super::{FiguresFormat, UNKNOWN, labels};
use crate::bilingual;
use crate::code_lists::SECTORS;
use crate::kernel::bilingual::Bilingual;

crate::string_enum! {
    /// How the sessions are grouped.
    SessionsBy {
        /// the year in which the session begins
        Year = "year",
        /// the kind of session
        Kind = "kind",
        /// the sectors that the session covers
        Sector = "sector",
        /// the regional groups of the members with registrations; for readers and the coordination office
        RegionalGroup = "regional_group",
    }
}

impl SessionsBy {
    /// Returns the rule by which a session and its registrations count.
    pub fn counting_rule(self) -> Bilingual {
        let how = match self {
            Self::Year => bilingual!(
                "Each session that is published or has been held counts once, for the year in which the \
                 session begins.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal, im Jahr ihres Beginns."
            ),
            Self::Kind => bilingual!(
                "Each session that is published or has been held counts once, for its kind.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal, bei ihrer Art."
            ),
            Self::Sector => bilingual!(
                "Each session that is published or has been held counts once for each of its sectors, so \
                 the sum of the numbers can exceed the number of sessions.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal in jeder Sparte, für die sie ist; die Zahlen ergeben \
                 darum zusammen mehr, als es gibt."
            ),
            Self::RegionalGroup => bilingual!(
                "Each session that is published or has been held counts once for the regional group of each \
                 member with registrations, or as `unknown` if the member has no regional group or you may \
                 not see the member.",
                "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal in der Regionalgruppe jedes Mitglieds, dessen \
                 Beschäftigte sich angemeldet haben; `unknown`, wo das Mitglied keine hat oder Sie es nicht sehen."
            ),
        };
        how.then(bilingual!(
            " Everybody who has, or had, a seat counts as registered, whether they attended or not; everybody who \
             came counts as having attended.",
            " Angemeldet ist, wer einen Platz hat oder hatte, ob gekommen oder nicht; teilgenommen hat, wer gekommen ist."
        ))
    }

    /// Returns the title of the statistics.
    pub fn title(self) -> Bilingual {
        match self {
            Self::Year => bilingual!("Sessions by year", "Sitzungen nach Jahr"),
            Self::Kind => bilingual!("Sessions by kind", "Sitzungen nach Art"),
            Self::Sector => bilingual!("Sessions by sector", "Sitzungen nach Sparte"),
            Self::RegionalGroup => {
                bilingual!("Registrations by regional group", "Anmeldungen nach Regionalgruppe")
            }
        }
    }

    /// Returns what a chart shows.
    pub fn counted_noun(self) -> Bilingual {
        match self {
            Self::RegionalGroup => bilingual!("Registrations", "Anmeldungen"),
            Self::Year | Self::Kind | Self::Sector => bilingual!("Sessions", "Sitzungen"),
        }
    }

    /// Returns the title of the axis by which the numbers are grouped.
    pub fn axis_title(self) -> Bilingual {
        match self {
            Self::Year => bilingual!("Year", "Jahr"),
            Self::Kind => bilingual!("Kind", "Art"),
            Self::Sector => bilingual!("Sector", "Sparte"),
            Self::RegionalGroup => bilingual!("Regional group", "Regionalgruppe"),
        }
    }

    /// Returns the label of a key.
    pub fn label(self, key: &str) -> Bilingual {
        let label = match self {
            Self::RegionalGroup if key == UNKNOWN => {
                Some(bilingual!("no regional group", "ohne Regionalgruppe"))
            }
            _ if key == UNKNOWN => None,
            Self::Kind => key.parse().ok().map(labels::session_kind),
            Self::Sector => labels::code_label(&SECTORS, key),
            Self::Year | Self::RegionalGroup => Some(labels::key_as_label(key)),
        };
        label.unwrap_or_else(|| labels::unknown(key))
    }
}

crate::filter! {
    /// The parameters of the statistics of sessions.
    SessionFigures {
        /// How the sessions are grouped; `year` by default.
        by: Option<SessionsBy>,
        /// The representation; takes precedence over `Accept`.
        format: Option<FiguresFormat>,
    }
}
