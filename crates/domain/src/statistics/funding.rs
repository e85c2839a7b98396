//! Statistics of funding: sums of amounts.

use super::{FiguresFormat, text_label, value_label};
use crate::bilingual;
use crate::funding::FundingKind;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::value::Currency;

crate::string_enum! {
    /// How the sums are grouped.
    FundingBy in "funding-groupings" {
        /// the funding programme
        Programme = "programme" ("Programme", "Programm": "das Förderprogramm"),
        /// the kind of funding
        Kind = "kind" ("Kind", "Art": "die Art der Finanzierung"),
        /// the year in which the phase begins
        Year = "year" ("Start year", "Jahr des Beginns": "das Jahr, in dem die Phase beginnt"),
    }
}

impl FundingBy {
    /// Returns the rule by which an amount counts.
    pub fn counting_rule(self) -> Bilingual {
        match self {
            Self::Programme => bilingual!(
                "Each funding phase with a published amount counts for its programme, or as `unknown` \
                 without a programme. Each currency is added up separately.",
                "Jede Phase mit veröffentlichtem Betrag zählt bei dem Programm, das sie nennt; `unknown`, wo sie keines nennt. \
                 Währungen werden nie vermischt."
            ),
            Self::Kind => bilingual!(
                "Each funding phase with a published amount counts for its kind. Each currency is added up \
                 separately.",
                "Jede Phase mit veröffentlichtem Betrag zählt bei ihrer Art. Währungen werden nie vermischt."
            ),
            Self::Year => bilingual!(
                "Each funding phase with a published amount counts in full for the year in which the phase \
                 begins, or as `unknown` if that is unknown. Each currency is added up separately.",
                "Jede Phase mit veröffentlichtem Betrag zählt ganz in dem Jahr, in dem sie beginnt; `unknown`, wo es niemand \
                 weiß. Währungen werden nie vermischt."
            ),
        }
    }

    /// Returns the title of the statistics.
    pub fn title(self) -> Bilingual {
        match self {
            Self::Programme => bilingual!("Funding by programme", "Finanzierung nach Programm"),
            Self::Kind => bilingual!("Funding by kind", "Finanzierung nach Art"),
            Self::Year => bilingual!("Funding by year", "Finanzierung nach Jahr"),
        }
    }

    /// Returns the label of a key. Programmes are labelled by their names.
    pub fn key_label(self, key: &str) -> Bilingual {
        match self {
            Self::Kind => value_label(key, FundingKind::label),
            Self::Programme | Self::Year => text_label(key),
        }
    }
}

crate::filter! {
    /// The parameters of the statistics of funding.
    FundingFigures {
        /// How the sums are grouped; `programme` by default.
        by: Option<FundingBy>,
        /// Only sums in this currency. A chart always shows one currency: by default, the one with the most funding
        /// phases.
        currency: Option<Currency>,
        /// The representation; takes precedence over `Accept`.
        format: Option<FiguresFormat>,
    }
}
