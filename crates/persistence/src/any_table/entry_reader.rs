//! Makes the rows of a table of entries from the JSON of resources.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::entry_filter::EntryTest;

use super::AnyTable;
use super::rows::id_of;
use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::read::entries::keys;
use crate::kernel::store::Store;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::unnested::{Entries, Unnested, Unnesting};
use crate::kernel::transaction::Reader;

/// The member with the place of an entry in its array, from 1.
pub const POSITION: &str = "position";

/// A row, and the index of its entry among those of the resource.
pub(super) type Row = (usize, Value);

/// The entries that are in a table of their own, by resource.
pub(super) type TableEntries = HashMap<Uuid, Vec<Value>>;

/// A table of entries, and the tests that its entries have to pass.
pub(super) struct EntryReader {
    list: &'static Unnested,
    tests: Vec<EntryTest>,
}

impl EntryReader {
    /// Looks up what the filters refer to, if they refer to anything.
    pub(super) async fn new(unnesting: &Unnesting, store: &Store, actor: &Actor) -> Result<Self, Error> {
        match unnesting.criteria.is_empty() {
            true => Ok(Self { list: unnesting.list, tests: Vec::new() }),
            false => Self::of(unnesting, &store.read(actor).await?).await,
        }
    }

    /// The same for a reader that has begun.
    pub(super) async fn of(unnesting: &Unnesting, reader: &Reader<'_>) -> Result<Self, Error> {
        let mut tests = Vec::with_capacity(unnesting.criteria.len());
        for criterion in &unnesting.criteria {
            tests.push(match criterion.target {
                None => criterion.by_values(),
                Some(target) => {
                    let select = ids_of_keys(AnyTable::find(target)?, &keys(criterion), reader.actor());
                    let rows = reader.tx().rows(&select).await.map_err(failed)?;
                    let ids = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<_>, _>>();
                    criterion.by_ids(&ids.map_err(failed)?)
                }
            });
        }
        Ok(Self { list: unnesting.list, tests })
    }

    /// Reads the entries of resources that are in a table of their own.
    pub(super) async fn table_entries(
        &self,
        reader: &Reader<'_>,
        items: &[Vec<u8>],
    ) -> Result<TableEntries, Error> {
        let Entries::Table(read) = self.list.entries else { return Ok(TableEntries::new()) };
        let ids = items.iter().map(|json| id_of(json)).collect::<Result<Vec<_>, _>>()?;
        let mut entries = TableEntries::new();
        for (resource, entry) in read(reader, &ids).await? {
            entries.entry(resource).or_default().push(entry);
        }
        Ok(entries)
    }

    /// Returns the rows of a resource that match the filters.
    pub(super) fn rows(
        &self,
        table: &AnyTable,
        json: &[u8],
        entries: &mut TableEntries,
    ) -> Result<(Uuid, Vec<Row>), Error> {
        let shown = ["id", "slug", table.resource.name_field].into_iter();
        let shown = shown.chain(table.resource.summary_fields.iter().copied());
        let member = match self.list.entries {
            Entries::Member { member, .. } => Some(member),
            Entries::Table(_) => None,
        };
        let read =
            shown.clone().chain(table.resource.parent).chain(self.list.also.iter().copied()).chain(member);
        let mut resource = members(json, &read.collect::<Vec<_>>())?;
        let id = resource.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let id: Uuid = id.ok_or_else(|| Error::internal("a resource without an id"))?;
        let (entries, has_position) = match self.list.entries {
            Entries::Table(_) => (entries.remove(&id).unwrap_or_default(), false),
            Entries::Member { member, .. } => match resource.remove(member) {
                Some(Value::Array(entries)) => (entries, true),
                _ => (Vec::new(), true),
            },
        };
        let reference: Map<String, Value> =
            shown.filter_map(|name| Some((name.to_owned(), resource.get(name)?.clone()))).collect();
        let parent = table.resource.parent.and_then(|name| Some((name.to_owned(), resource.remove(name)?)));
        let also = self.list.also.iter();
        let also: Map<String, Value> =
            also.filter_map(|name| Some(((*name).to_owned(), resource.get(*name)?.clone()))).collect();
        let matching = entries.into_iter().enumerate();
        let matching = matching.filter(|(_, entry)| self.tests.iter().all(|test| test.matches(entry)));
        let rows = matching.map(|(index, entry)| {
            let mut row = Map::new();
            row.extend(parent.clone());
            row.insert(table.name().to_owned(), reference.clone().into());
            row.extend(also.clone());
            if has_position {
                row.insert(POSITION.to_owned(), (index + 1).into());
            }
            if let Value::Object(entry) = entry {
                row.extend(entry);
            }
            (index, Value::Object(row))
        });
        Ok((id, rows.collect()))
    }
}

/// Reads these members of a JSON object, and passes over the others, which may be long.
fn members(json: &[u8], names: &[&str]) -> Result<Map<String, Value>, Error> {
    struct Named<'a>(&'a [&'a str]);

    impl<'de> Visitor<'de> for Named<'_> {
        type Value = Map<String, Value>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut found = Map::new();
            while let Some(name) = object.next_key::<Cow<'_, str>>()? {
                match self.0.contains(&&*name) {
                    true => drop(found.insert(name.into_owned(), object.next_value()?)),
                    false => drop(object.next_value::<IgnoredAny>()?),
                }
            }
            Ok(found)
        }
    }

    let mut json = serde_json::Deserializer::from_slice(json);
    json.deserialize_map(Named(names)).map_err(Error::internal)
}
