//! Child rows: the sets and parties of a resource, which are stored in tables of their own.

use std::collections::HashMap;
use std::str::FromStr;

use vku_domain::kernel::value::PartialDate;
use vku_domain::kernel::violation::FieldError;
use vku_domain::party::Party;

use crate::kernel::database::error::Corrupt;

/// A party of a resource; `field` is the member or the role.
#[derive(Clone, Debug)]
pub(crate) struct PartyLink {
    pub(crate) field: String,
    pub(crate) party: Party,
    pub(crate) from: Option<PartialDate>,
    pub(crate) until: Option<PartialDate>,
}

/// The sets and parties of a resource.
#[derive(Clone, Debug, Default)]
pub struct ChildRows {
    pub(super) sets: HashMap<String, Vec<String>>,
    pub(super) parties: Vec<PartyLink>,
}

impl ChildRows {
    /// Adds the set of a member.
    pub(crate) fn set<V: ToString>(mut self, field: &str, values: &[V]) -> Self {
        self.sets.insert(field.to_owned(), values.iter().map(V::to_string).collect());
        self
    }

    /// Adds a party; parties are returned in the order in which they were added.
    pub(crate) fn party(mut self, link: PartyLink) -> Self {
        self.parties.push(link);
        self
    }

    /// Adds the list of parties of a member.
    pub(crate) fn party_list(self, field: &str, parties: &[Party]) -> Self {
        parties.iter().fold(self, |links, party| {
            links.party(PartyLink { field: field.to_owned(), party: party.clone(), from: None, until: None })
        })
    }

    /// Takes the set of a member.
    pub(crate) fn take_set<V: FromStr<Err = FieldError>>(&mut self, field: &str) -> Result<Vec<V>, Corrupt> {
        let values = self.sets.remove(field).unwrap_or_default();
        values.iter().map(|value| value.parse().map_err(Corrupt::from)).collect()
    }

    /// Returns the values of a set that is about to be written.
    pub(crate) fn words(&self, field: &str) -> impl Iterator<Item = &str> {
        self.sets.get(field).into_iter().flatten().map(String::as_str)
    }

    /// Takes all parties, in order.
    pub(crate) fn take_parties(&mut self) -> Vec<PartyLink> {
        std::mem::take(&mut self.parties)
    }

    /// Takes the list of parties of a member.
    pub(crate) fn take_party_list(&mut self, field: &str) -> Vec<Party> {
        self.parties.extract_if(.., |link| link.field == field).map(|link| link.party).collect()
    }
}
