//! Tables of the entries of all resources of a kind.

use std::sync::Arc;

use sea_orm::sea_query::Condition;
use serde_json::Value;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::{Column, ColumnSet, Kind, Layout};

use super::columns::{for_analysis, party_columns};
use super::entry_position::EntryPosition;
use super::entry_reader::{EntryReader, POSITION, TableEntries};
use super::rows::{ExportItem, ExportRow, JsonPage, id_of};
use super::{AnyQuery, AnyTable};
use crate::kernel::read::keyset::invalid_cursor;
use crate::kernel::read::load::has_key;
use crate::kernel::store::Store;
use crate::kernel::table::filter::{AnyFilter, FilterSql};
use crate::kernel::table::unnested::{Entries, Unnested, Unnesting};
use crate::kernel::transaction::Reader;

/// How many resources are read at least at a time if few of their entries may match.
const BATCH: u64 = 100;

impl AnyTable {
    /// Takes the parameters of a table of entries: the filters of the entries, the resources by id or
    /// slug (`partnership`), the filters of their list (`partnership.status`), and those of the list of their parents.
    pub fn query_of_unnested(
        &'static self,
        list: &'static Unnested,
        parameters: &mut Parameters,
    ) -> AnyQuery {
        let mut query = self.typed.query_by_name(parameters);
        let keys: Vec<Key> = parameters.get(self.name());
        if !keys.is_empty() {
            query.filter = with_keys(self, keys, query.filter);
        }
        query.parents = self.take_parents(parameters);
        let criteria = list.filters.iter().filter_map(|filter| filter.take(parameters)).collect();
        let unnesting = Unnesting { list, criteria };
        if !unnesting.criteria.is_empty() {
            query.fingerprint = format!("{}|{:?}", query.fingerprint, unnesting.criteria);
            query.filter = with_entry(self, unnesting.clone(), query.filter);
            query.filters_by_child_rows = true;
        }
        query.unnested = Some(unnesting);
        query
    }

    /// Returns the columns of a table of entries.
    pub fn columns_of_unnested(&self, list: &Unnested, set: ColumnSet) -> Vec<Column> {
        let has_all = set == ColumnSet::All;
        let mut columns = self.parent_columns(has_all);
        columns.extend(self.reference_columns(self.name(), has_all));
        if let Entries::Member { .. } = list.entries {
            columns.push(Column::new(POSITION, Kind::Integer));
        }
        let more = Layout::of(self.resource).columns(&[]).into_iter();
        columns.extend(more.filter(|column| list.also.contains(&column.name.as_str())));
        for column in Layout::from_schema((list.schema)()).columns(&[]) {
            match column.kind {
                Kind::Party => columns.extend(party_columns(&column.name, has_all)),
                _ if has_all => columns.extend(for_analysis(column)),
                _ => columns.push(column),
            }
        }
        columns
    }
}

/// Adds a condition for the id or slug to a filter.
fn with_keys(table: &'static AnyTable, keys: Vec<Key>, filter: AnyFilter) -> AnyFilter {
    Arc::new(move |actor| {
        let found = filter(actor);
        let has_one = keys.iter().map(|key| has_key(table, key)).fold(Condition::any(), Condition::add);
        let condition = Condition::all().add(found.condition).add(has_one);
        FilterSql { condition, columns: None, ..found }
    })
}

/// Adds the condition that a resource has an entry with the values of the filters.
fn with_entry(table: &'static AnyTable, unnesting: Unnesting, filter: AnyFilter) -> AnyFilter {
    Arc::new(move |actor| {
        let mut found = filter(actor);
        found.child_rows.extend(unnesting.has_entry(table, actor));
        found
    })
}

impl AnyQuery {
    /// Returns the columns of files.
    pub fn columns(&self, languages: &[String], set: ColumnSet) -> Vec<Column> {
        match &self.unnested {
            Some(Unnesting { list, .. }) => self.table.columns_of_unnested(list, set),
            None => self.table.columns(languages, &self.view, set),
        }
    }

    /// Returns the name of the list in files.
    pub fn collection(&self) -> String {
        self.unnested.as_ref().map_or_else(|| self.table.collection(), |it| it.list.path.to_owned())
    }

    /// Reads a page of rows. The resources are read page by page, until there are enough rows.
    ///
    /// Errors: those of [`Reader::list`]; 503 if the database is unavailable.
    pub(super) async fn unnested_page(
        &self,
        unnesting: &Unnesting,
        store: &Store,
        actor: &Actor,
    ) -> Result<JsonPage, Error> {
        let parse = |text: &String| EntryPosition::parse(text).ok_or_else(invalid_cursor);
        let mut position = self.cursor.as_ref().map(parse).transpose()?;
        let page = position.as_mut().and_then(|position| position.page.take());
        // Most resources have two entries or more.
        let usual =
            if unnesting.criteria.is_empty() { self.limit.div_ceil(2) + 1 } else { self.limit.max(BATCH) };
        let begun = position.as_ref().map_or(0, |position| position.place as u64 + 1);
        let limit = usual.max(begun);
        let mut resources = Self { unnested: None, count: false, cursor: page, limit, ..self.clone() };
        let (mut rows, mut last): (Vec<Value>, Option<EntryPosition>) = (Vec::new(), None);
        let entry_reader = EntryReader::new(unnesting, store, actor).await?;
        let next = 'pages: loop {
            let page = resources.cursor.clone();
            let (items, next) = resources.read_items(store, actor).await?;
            // If the resource of the last row has left the page, the one in its place comes next.
            let mut first = 0;
            let mut passed = None;
            if let Some(EntryPosition { place, resource, index, .. }) = position.take() {
                let ids = items.iter().map(|json| id_of(json)).collect::<Result<Vec<_>, _>>()?;
                first = ids.iter().position(|id| *id == resource).unwrap_or(place);
                passed = Some((resource, index));
            }
            let mut entries = match unnesting.list.entries {
                Entries::Table(_) => entry_reader.table_entries(&store.read(actor).await?, &items).await?,
                Entries::Member { .. } => TableEntries::new(),
            };
            for (place, json) in items.iter().enumerate().skip(first) {
                let (resource, found) = entry_reader.rows(self.table, json, &mut entries)?;
                for (index, row) in found {
                    if passed.is_some_and(|(id, last)| id == resource && index <= last) {
                        continue;
                    }
                    if rows.len() as u64 >= self.limit {
                        break 'pages last.as_ref().map(EntryPosition::write);
                    }
                    rows.push(row);
                    last = Some(EntryPosition { page: page.clone(), place, resource, index });
                }
            }
            resources.limit = usual;
            match next {
                Some(next) => resources.cursor = Some(next),
                None => break None,
            }
        };
        let total = match self.count {
            true => Some(self.count(&store.read(actor).await?, None).await?),
            false => None,
        };
        JsonPage::of(&rows, next, total)
    }

    /// Reads the next rows of an export, and returns whether there are more.
    pub(super) async fn next_unnested(
        &mut self,
        unnesting: &Unnesting,
        reader: &Reader<'_>,
    ) -> Result<(Vec<ExportRow>, bool), Error> {
        let (items, next) = self.next_items(reader, None).await?;
        self.cursor = next;
        let entry_reader = EntryReader::of(unnesting, reader).await?;
        let mut entries = entry_reader.table_entries(reader, &items).await?;
        let mut rows = Vec::new();
        for json in &items {
            let (id, found) = entry_reader.rows(self.table, json, &mut entries)?;
            rows.extend(found.into_iter().map(|(_, row)| ExportRow {
                id,
                places: None,
                event: None,
                item: ExportItem::Selected(row),
            }));
        }
        Ok((rows, self.cursor.is_some()))
    }

    /// Counts the rows.
    pub(super) async fn count_unnested(
        &self,
        unnesting: &Unnesting,
        reader: &Reader<'_>,
    ) -> Result<u64, Error> {
        let mut query = Self { cursor: None, ..self.clone() };
        if let Some(total) = reader.entry_total(&query, unnesting).await? {
            return Ok(total);
        }
        let mut total = 0;
        loop {
            let (rows, has_more) = query.next_unnested(unnesting, reader).await?;
            total += rows.len() as u64;
            if !has_more {
                return Ok(total);
            }
        }
    }
}
