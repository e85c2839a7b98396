//! Sets of tables: what a response was read from, and what a write has changed.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::tables;

/// How many tables a set can tell apart; any other table counts as all.
pub(crate) const CAPACITY: usize = 128;

/// The tables that belong to no resource.
const OTHERS: [&str; 17] = [
    "answer",
    "api_key",
    "calendar_link",
    "change",
    "event_ticket",
    "import",
    "import_change",
    "import_piece",
    "interest_request",
    "login",
    "mail",
    "password",
    "sealed_key",
    "support",
    "webhook_delivery",
    "webhook_progress",
    "webhook_request",
];

/// The tables of the search index. They have no place in a set: the words of a resource count as a part of its table,
/// so that new words of one resource do not concern the searches for others. The search module records them.
const SEARCH_INDEX: [&str; 4] = ["search_hit", "search_part", "search_state", "search_word"];

/// The table with the JSON of resources. It has no place in a set either: who reads it depends on the tables that the
/// JSON was made from, which [`stored_json`](crate::kernel::read::stored_json) records.
const RESOURCE_JSON: &str = "resource_json";

/// The table with the slugs of all resources: those of one count as a part of its table.
const SLUGS: &str = "slug";

/// The known tables by name.
static KNOWN: LazyLock<HashMap<String, KnownTable>> = LazyLock::new(|| {
    let of_resources =
        tables().iter().flat_map(|table| table.child_tables().chain([table.name().to_owned()]));
    let with_place = of_resources.chain(OTHERS.map(str::to_owned)).enumerate();
    let with_place = with_place.map(|(place, name)| (name, KnownTable::Set(TableSet::at(place))));
    let without = SEARCH_INDEX
        .into_iter()
        .chain([RESOURCE_JSON])
        .map(|name| (name.to_owned(), KnownTable::Set(TableSet::NONE)));
    with_place.chain(without).chain([(SLUGS.to_owned(), KnownTable::Slugs)]).collect()
});

/// What a table means for caching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownTable {
    /// It is in this set.
    Set(TableSet),
    /// It has the slugs of all resources.
    Slugs,
}

impl KnownTable {
    /// Returns the table with this name; `None` if it is unknown.
    pub(crate) fn find(name: &str) -> Option<Self> {
        KNOWN.get(name).copied()
    }
}

/// A set of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableSet(u128);

impl TableSet {
    /// No table.
    pub(crate) const NONE: Self = Self(0);
    /// All tables, including unknown ones.
    pub(crate) const ALL: Self = Self(u128::MAX);

    fn at(place: usize) -> Self {
        u32::try_from(place).ok().and_then(|place| 1_u128.checked_shl(place)).map_or(Self::ALL, Self)
    }

    /// The table with this name; all tables if it is unknown.
    pub(crate) fn of(name: &str) -> Self {
        match KnownTable::find(name) {
            Some(KnownTable::Set(set)) => set,
            Some(KnownTable::Slugs) | None => Self::ALL,
        }
    }

    /// The tables with these names, separated by commas; all tables if there is no name, or an unknown one.
    pub(crate) fn from_names(names: &str) -> Self {
        names.split(',').fold(Self::NONE, |set, name| set | Self::of(name))
    }

    /// The names of the tables, separated by commas; empty if they are all tables.
    pub(crate) fn names(self) -> String {
        let known = KNOWN.iter().filter(|(_, known)| match known {
            KnownTable::Set(set) => *set != Self::NONE && self.contains(*set),
            KnownTable::Slugs => false,
        });
        let names: Vec<_> = known.map(|(name, _)| name.as_str()).collect();
        if self == Self::ALL { String::new() } else { names.join(",") }
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The places of its tables.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros();
            // Clears the lowest bit.
            left &= left.wrapping_sub(1);
            usize::try_from(place).ok().filter(|place| *place < CAPACITY)
        })
    }
}

impl std::ops::BitOr for TableSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for TableSet {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// A set of tables that grows while statements are executed.
#[derive(Debug, Default)]
pub(crate) struct GrowingTableSet([AtomicU64; 2]);

impl GrowingTableSet {
    /// Adds tables.
    pub(crate) fn add(&self, tables: TableSet) {
        for (part, shift) in self.0.iter().zip([0, 64]) {
            let added = u64::try_from((tables.0 >> shift) & u128::from(u64::MAX)).unwrap_or(u64::MAX);
            if added != 0 {
                part.fetch_or(added, SeqCst);
            }
        }
    }

    /// The tables so far.
    pub(crate) fn get(&self) -> TableSet {
        let [low, high] = &self.0;
        TableSet(u128::from(low.load(SeqCst)) | (u128::from(high.load(SeqCst)) << 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_set_that_they_were_written_from() {
        let some = TableSet::of("registration") | TableSet::of("session_set") | TableSet::of("mail");
        assert_eq!(TableSet::from_names(&some.names()), some);
        assert_eq!(some.places().count(), 3);
        assert_eq!(TableSet::from_names(&TableSet::ALL.names()), TableSet::ALL);
        assert_eq!(TableSet::ALL.places().count(), CAPACITY);
        // A table of a newer version.
        assert_eq!(TableSet::from_names("registration,novelty"), TableSet::ALL);
        let grown = GrowingTableSet::default();
        assert!(grown.get().is_empty());
        grown.add(some);
        grown.add(TableSet::of("utility"));
        assert_eq!(grown.get(), some | TableSet::of("utility"));
        grown.add(TableSet::ALL);
        assert_eq!(grown.get(), TableSet::ALL);
    }

    #[test]
    fn every_table_has_a_place_of_its_own() {
        let places: Vec<_> = KNOWN
            .values()
            .filter_map(|known| match known {
                KnownTable::Set(set) if !set.is_empty() => Some(set.places().collect::<Vec<_>>()),
                _ => None,
            })
            .collect();
        let distinct: std::collections::HashSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len());
        assert!(places.iter().all(|places| places.len() == 1), "more than {CAPACITY} tables");
    }
}
