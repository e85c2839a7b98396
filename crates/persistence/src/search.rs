//! Searches all resources that the actor sees.

use std::collections::HashMap;

use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::search::{Ranked, SearchQuery, SearchResult, SearchResults, SearchedKind, merged};

use crate::kernel::read::ranking::best;
use crate::kernel::search::matching;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Reader;

impl Reader<'_> {
    /// Searches the resources of all kinds; those that the actor may not read count as none.
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchResults, Error> {
        let matching = matching(self.tx(), &query.search).await?;
        let mut results = Vec::new();
        for kind in SearchedKind::ALL.iter().copied().filter(|kind| query.includes(*kind)) {
            let table = AnyTable::find(kind.as_str())?;
            if !table.is_read_by(self.actor()) {
                continue;
            }
            let best = best(self, table, (&query.search, &matching), query.limit()).await?;
            results.push(best.into_iter().map(|(id, score)| Ranked { kind, id, score }).collect());
        }
        let merged = merged(results, query.limit().try_into().unwrap_or(usize::MAX));
        let mut found = self.ranked_resources(&merged).await?;
        let items = merged.iter().filter_map(|ranked| Some((ranked, found.remove(&ranked.id)?)));
        Ok(SearchResults { items: items.map(|(ranked, stored)| result(query, ranked, &*stored)).collect() })
    }

    /// Reads the results.
    async fn ranked_resources(&self, ranked: &[Ranked]) -> Result<HashMap<Uuid, Box<dyn AnyStored>>, Error> {
        let mut found = HashMap::new();
        for kind in SearchedKind::ALL {
            let ids: Vec<_> = ranked.iter().filter(|it| it.kind == *kind).map(|it| it.id).collect();
            let items = self.by_ids_any(AnyTable::find(kind.as_str())?, &ids).await?;
            let items = items.map(|items| items.into_items()).unwrap_or_default();
            found.extend(items.into_iter().map(|item| (item.id(), item)));
        }
        Ok(found)
    }
}

fn result(query: &SearchQuery, ranked: &Ranked, stored: &dyn AnyStored) -> SearchResult {
    let (data, meta) = (stored.data(), stored.meta());
    let texts = data.search_sources(&[]);
    let parent = || stored.parent().map(|(_, summary)| summary.label.1.as_str());
    // Contacts and minutes have no member that is their name.
    let name = match stored.info().name_field {
        "" => texts.first_name().or_else(parent).unwrap_or_default(),
        _ => data.label(),
    };
    let excerpt = texts.highlights(&query.search).into_iter().find(|highlight| !highlight.is_name);
    SearchResult {
        kind: ranked.kind,
        id: ranked.id,
        slug: data.slug().map(|slug| slug.to_string()),
        parent_id: meta.parent,
        name: name.to_owned(),
        excerpt: excerpt.map(|highlight| highlight.excerpt),
        score: ranked.score,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vku_domain::search::SearchedKind;

    use crate::tables;

    #[test]
    fn every_resource_with_texts_is_searched() {
        let searched =
            tables().iter().filter(|table| table.info().is_searched).map(|table| table.info().name);
        let kinds = SearchedKind::WORDS.iter().copied();
        assert_eq!(searched.collect::<BTreeSet<_>>(), kinds.collect::<BTreeSet<_>>());
    }
}
