//! Statistics of members, and of their number over time.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::{FiguresFormat, UNKNOWN, text_label, value_label};
use crate::bilingual;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::value::Sector;
use crate::member::MemberStatus;

crate::string_enum! {
    /// How the members are grouped.
    MembersBy in "member-groupings" {
        /// the current status
        Status = "status" ("Status", "Status": "der heutige Status"),
        /// the regional group
        RegionalGroup = "regional_group" ("Regional group", "Regionalgruppe"),
        /// the sectors of the utility
        Sector = "sector" ("Sector", "Sparte": "die Sparten des Unternehmens"),
        /// the quarter: the members that joined, the members that left, and the number at the end of the quarter
        Quarter = "quarter" ("Quarter", "Quartal":
            "das Quartal: wer eingetreten und wer ausgetreten ist, und die Zahl am Ende des Quartals"),
    }
}

impl MembersBy {
    /// Returns the rule by which a member counts.
    pub fn counting_rule(self) -> Bilingual {
        match self {
            Self::Status => bilingual!(
                "Each member counts once, for its current status, or as `unknown` if that is unknown.",
                "Jedes Mitglied zählt einmal, bei seinem heutigen Status; `unknown`, wo ihn niemand kennt."
            ),
            Self::RegionalGroup => bilingual!(
                "Each member counts once, with any status, for its regional group, or as `unknown` without \
                 a regional group.",
                "Jedes Mitglied zählt einmal, bei jedem Status, in seiner Regionalgruppe; `unknown`, wo es keine hat."
            ),
            Self::Sector => bilingual!(
                "Each member counts once, with any status, for each sector of its utility, so the sum of \
                 the numbers can exceed the number of members.",
                "Jedes Mitglied zählt einmal, bei jedem Status, in jeder Sparte seines Unternehmens; die Zahlen ergeben darum \
                 zusammen mehr, als es gibt."
            ),
            Self::Quarter => bilingual!(
                "Members are counted by dates, not by status: as joined in the quarter of `joined_on`, as left in \
                 the quarter of `left_on`, and as members at the end of each quarter from the one in which they \
                 joined to the one before they left. Members without a known `joined_on` are not counted. The last \
                 quarter is the current one, up to today.",
                "Gezählt werden Mitglieder mit bekanntem `joined_on`, nach Tagen, nicht nach Status: als beigetreten im Quartal \
                 von `joined_on`, als ausgetreten im Quartal von `left_on`, und als Mitglieder am Ende jedes Quartals vom einen \
                 bis vor dem anderen. Das letzte Quartal ist das heutige, bis heute; wer an einem unbekannten Tag beitrat, zählt \
                 nicht."
            ),
        }
    }

    /// Returns the title of the statistics.
    pub fn title(self) -> Bilingual {
        match self {
            Self::Status => bilingual!("Members by status", "Mitglieder nach Status"),
            Self::RegionalGroup => bilingual!("Members by regional group", "Mitglieder nach Regionalgruppe"),
            Self::Sector => bilingual!("Members by sector", "Mitglieder nach Sparte"),
            Self::Quarter => {
                bilingual!("Members at the end of each quarter", "Mitglieder am Ende jedes Quartals")
            }
        }
    }

    /// Returns the label of a key.
    pub fn key_label(self, key: &str) -> Bilingual {
        match self {
            Self::RegionalGroup if key == UNKNOWN => bilingual!("No regional group", "Ohne Regionalgruppe"),
            Self::Status => value_label(key, MemberStatus::label),
            Self::Sector => value_label(key, Sector::label),
            Self::RegionalGroup | Self::Quarter => text_label(key),
        }
    }

    /// Returns the position of a key in a chart, if the keys have an order of their own. Other keys are ordered by
    /// their numbers.
    pub fn fixed_position(self, key: &str) -> Option<usize> {
        match self {
            Self::Status => MemberStatus::WORDS.iter().position(|word| *word == key),
            _ => None,
        }
    }
}

crate::filter! {
    /// The parameters of the statistics of members.
    MemberFigures {
        /// How the members are grouped; `status` by default.
        by: Option<MembersBy>,
        /// The representation; takes precedence over `Accept`.
        format: Option<FiguresFormat>,
    }
}

/// The changes in a quarter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The quarter, such as `2024-Q3`.
    pub quarter: String,
    /// The number of members that joined.
    pub joined: u64,
    /// The number of members that left.
    pub left: u64,
    /// The number of members at the end of the quarter.
    pub members: u64,
}

/// Returns the quarters from the first joining to today, given the dates on which members joined and left.
pub fn growth(
    memberships: impl IntoIterator<Item = (NaiveDate, Option<NaiveDate>)>,
    today: NaiveDate,
) -> Vec<Growth> {
    let mut moves: BTreeMap<i32, (u64, u64)> = BTreeMap::new();
    for (joined, left) in memberships.into_iter().filter(|(joined, _)| *joined <= today) {
        moves.entry(quarter(joined)).or_default().0 += 1;
        if let Some(left) = left.filter(|left| *left <= today) {
            moves.entry(quarter(left)).or_default().1 += 1;
        }
    }
    let Some(first) = moves.keys().next().copied() else { return Vec::new() };
    let mut members = 0_u64;
    let each = (first..=quarter(today)).map(|number| {
        let (joined, left) = moves.get(&number).copied().unwrap_or_default();
        members = (members + joined).saturating_sub(left);
        let quarter = format!("{:04}-Q{}", number.div_euclid(4), number.rem_euclid(4) + 1);
        Growth { quarter, joined, left, members }
    });
    each.collect()
}

/// Returns the number of quarters since the year 0.
fn quarter(day: NaiveDate) -> i32 {
    day.year() * 4 + i32::try_from(day.month0() / 3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn growth_has_every_quarter_since_the_first_joining() {
        let members = [
            ("2024-03-31", None),
            ("2024-04-01", Some("2024-12-31")),
            ("2024-05-01", Some("2024-06-30")),
            ("2025-02-01", Some("2026-01-01")),
            ("2025-02-02", None),
        ];
        let members = members.map(|(joined, left)| (day(joined), left.map(day)));
        let result: Vec<_> = growth(members, day("2025-02-01"))
            .into_iter()
            .map(|row| (row.quarter, row.joined, row.left, row.members))
            .collect();
        let expected = [
            ("2024-Q1", 1, 0, 1),
            ("2024-Q2", 2, 1, 2),
            ("2024-Q3", 0, 0, 2),
            ("2024-Q4", 0, 1, 1),
            ("2025-Q1", 1, 0, 2),
        ];
        assert_eq!(
            result,
            expected.map(|(quarter, joined, left, all)| (quarter.to_owned(), joined, left, all))
        );
        assert!(growth([(day("2025-01-01"), None)], day("2024-01-01")).is_empty());
    }
}
