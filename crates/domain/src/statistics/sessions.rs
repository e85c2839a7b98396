//! Statistics of sessions and attendance.

use super::{FiguresFormat, UNKNOWN, text_label, value_label};
use crate::bilingual;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::value::Sector;
use crate::session::SessionKind;

crate::string_enum! {
    /// How the sessions are grouped.
    SessionsBy in "session-groupings" {
        /// the year in which the session begins
        Year = "year" ("Year", "Jahr": "das Jahr, in dem die Sitzung beginnt"),
        /// the kind of session
        Kind = "kind" ("Kind", "Art": "die Art der Sitzung"),
        /// the sectors that the session covers
        Sector = "sector" ("Sector", "Sparte": "die Sparten, um die es in der Sitzung geht"),
        /// the regional groups of the members with registrations; for readers and the coordination office
        RegionalGroup = "regional_group" ("Regional group", "Regionalgruppe":
            "die Regionalgruppen der angemeldeten Mitglieder; für das Intranet und die Koordinierungsstelle"),
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

    /// Returns the label of a key.
    pub fn key_label(self, key: &str) -> Bilingual {
        match self {
            Self::RegionalGroup if key == UNKNOWN => bilingual!("No regional group", "Ohne Regionalgruppe"),
            Self::Kind => value_label(key, SessionKind::label),
            Self::Sector => value_label(key, Sector::label),
            Self::Year | Self::RegionalGroup => text_label(key),
        }
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
