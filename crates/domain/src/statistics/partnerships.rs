//! Statistics of partnerships.

use super::{code_label, text_label, value_label};
use crate::bilingual;
use crate::code_lists::{COUNTRIES, SDG_TARGETS};
use crate::kernel::bilingual::Bilingual;
use crate::kernel::value::Sector;
use crate::partnership::PartnershipStatus;

crate::string_enum! {
    /// How the partnerships are grouped.
    PartnershipsBy in "partnership-groupings" {
        /// the status
        Status = "status" ("Status", "Status"),
        /// the sectors of the partnership
        Sector = "sector" ("Sector", "Sparte": "die Sparten der Partnerschaft"),
        /// the countries of the partner side
        Country = "country" ("Country", "Land": "die Länder der Partnerseite"),
        /// the programmes that fund the partnership
        Programme = "programme" ("Programme", "Programm": "die Programme, die die Partnerschaft fördern"),
        /// the targets of the Sustainable Development Goals to which the partnership contributes
        SdgTarget = "sdg_target" ("SDG target", "SDG-Unterziel":
            "die Unterziele der Nachhaltigkeitsziele, zu denen die Partnerschaft beiträgt"),
        /// the year in which the partnership began
        Year = "year" ("Start year", "Jahr des Beginns": "das Jahr, in dem die Partnerschaft begonnen hat"),
    }
}

impl PartnershipsBy {
    /// Returns the rule by which a partnership counts.
    pub fn counting_rule(self) -> Bilingual {
        match self {
            Self::Status => bilingual!(
                "Each partnership counts once, for its current status, or as `unknown` if that is unknown.",
                "Jede Partnerschaft zählt einmal, bei ihrem heutigen Status; `unknown`, wo ihn niemand kennt."
            ),
            Self::Sector => bilingual!(
                "Each partnership counts once for each of its sectors, so the sum of the numbers can exceed \
                 the number of partnerships.",
                "Jede Partnerschaft zählt einmal in jeder ihrer Sparten; die Zahlen ergeben darum zusammen mehr, als es gibt."
            ),
            Self::Country => bilingual!(
                "Each partnership counts once for each country of its current and former partner utilities.",
                "Jede Partnerschaft zählt einmal in jedem Land ihrer Partnerunternehmen, heutiger und früherer."
            ),
            Self::Programme => bilingual!(
                "Each partnership counts once for each programme named in its funding.",
                "Jede Partnerschaft zählt einmal bei jedem Programm, das ihre Finanzierung nennt."
            ),
            Self::SdgTarget => bilingual!(
                "Each partnership counts once for each of its SDG targets.",
                "Jede Partnerschaft zählt einmal bei jedem Unterziel, das sie nennt."
            ),
            Self::Year => bilingual!(
                "Each partnership counts once, for the year in which the partnership began, or as `unknown` \
                 if that is unknown.",
                "Jede Partnerschaft zählt einmal, im Jahr ihres Beginns; `unknown`, wo ihn niemand kennt."
            ),
        }
    }

    /// Returns the title of the statistics.
    pub fn title(self) -> Bilingual {
        match self {
            Self::Status => bilingual!("Partnerships by status", "Partnerschaften nach Status"),
            Self::Sector => bilingual!("Partnerships by sector", "Partnerschaften nach Sparte"),
            Self::Country => bilingual!("Partnerships by country", "Partnerschaften nach Land"),
            Self::Programme => bilingual!("Partnerships by programme", "Partnerschaften nach Programm"),
            Self::SdgTarget => bilingual!("Partnerships by SDG target", "Partnerschaften nach SDG-Unterziel"),
            Self::Year => {
                bilingual!("Partnerships by start year", "Partnerschaften nach Jahr des Beginns")
            }
        }
    }

    /// Returns the label of a key. Programmes are labelled by their names.
    pub fn key_label(self, key: &str) -> Bilingual {
        match self {
            Self::Status => value_label(key, PartnershipStatus::label),
            Self::Sector => value_label(key, Sector::label),
            Self::Country => code_label(&COUNTRIES, key),
            Self::SdgTarget => code_label(&SDG_TARGETS, key),
            Self::Programme | Self::Year => text_label(key),
        }
    }

    /// Returns the position of a key in a chart, if the keys have an order of their own. Other keys are ordered by
    /// their numbers.
    pub fn fixed_position(self, key: &str) -> Option<usize> {
        match self {
            Self::Status => PartnershipStatus::WORDS.iter().position(|word| *word == key),
            _ => None,
        }
    }
}

crate::string_enum! {
    /// A representation of statistics of partnerships.
    PartnershipFiguresFormat in "partnership-statistics-formats" {
        /// as JSON, with the counting rule
        Json = "json" ("JSON", "JSON": "mit der Zählregel"),
        /// as a table (RFC 4180)
        Csv = "csv" ("Table (CSV)", "Tabelle (CSV)"),
        /// as a chart, in German or English (`Accept-Language`)
        Svg = "svg" ("Chart (SVG)", "Diagramm (SVG)": "auf Deutsch oder Englisch (`Accept-Language`)"),
        /// as a map of the world, also SVG; only by country
        Map = "map" ("World map (SVG)", "Weltkarte (SVG)": "nur nach Land"),
    }
}

crate::filter! {
    /// The parameters of the statistics of partnerships.
    PartnershipFigures {
        /// How the partnerships are grouped; `status` by default, `country` for a map.
        by: Option<PartnershipsBy>,
        /// The representation; takes precedence over `Accept`.
        format: Option<PartnershipFiguresFormat>,
    }
}
