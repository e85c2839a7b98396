//! Suggests resources by the beginnings of the words of their names.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::kernel::search::{Search, SearchTerm};
use vku_domain::search::SearchedKind;
use vku_domain::suggestion::{Suggestion, SuggestionQuery, Suggestions};

use crate::kernel::database::error::failed;
use crate::kernel::read::load::{Parents, visible};
use crate::kernel::search::names::{NameWord, frequency, having_name_word, name_words, next_words};
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Reader;

/// How many names are read for each word of the index if they have to have other words, too.
const NAMES_OF_WORD: usize = 500;

impl Reader<'_> {
    /// Returns resources that the actor sees, in whose names each word of the query is the beginning of a word.
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn suggestions(&self, query: &SuggestionQuery) -> Result<Suggestions, Error> {
        let kinds = SearchedKind::ALL.iter().copied().filter(|kind| query.includes(*kind));
        let tables = kinds.map(|kind| Ok((kind.as_str(), (kind, AnyTable::find(kind.as_str())?))));
        let mut tables = tables.collect::<Result<BTreeMap<_, _>, Error>>()?;
        tables
            .retain(|_, (_, table)| !table.resource.name_field.is_empty() && table.is_read_by(self.actor()));
        let resources: Vec<_> = tables.values().map(|(kind, _)| kind.as_str()).collect();
        let Some(term) = self.rarest(&query.search).await? else {
            return Ok(Suggestions { items: Vec::new() });
        };
        let mut items: Vec<Suggestion> = Vec::new();
        let mut after = Some(String::new());
        while let Some(key) = after.filter(|_| items.len() < query.limit()) {
            let (words, last) = next_words(self.tx(), term, &key).await?;
            for NameWord { word, resource } in name_words(self.tx(), &words, &resources).await? {
                let Some((kind, table)) = tables.get(resource.as_str()) else { continue };
                if items.len() < query.limit() {
                    self.add_names(query, (*kind, *table), &word, &mut items).await?;
                }
            }
            after = last;
        }
        query.sort(&mut items);
        items.truncate(query.limit());
        Ok(Suggestions { items })
    }

    /// Returns the word of a search that the fewest names have.
    async fn rarest<'a>(&self, search: &'a Search) -> Result<Option<&'a SearchTerm>, Error> {
        let [first, others @ ..] = search.words() else { return Ok(None) };
        if others.is_empty() {
            return Ok(Some(first));
        }
        let mut rarest: Option<(i64, &SearchTerm)> = None;
        for term in search.words() {
            let (words, _) = next_words(self.tx(), term, "").await?;
            let frequency = frequency(self.tx(), &words).await?;
            if rarest.is_none_or(|(least, _)| frequency < least) {
                rarest = Some((frequency, term));
            }
        }
        Ok(rarest.map(|(_, term)| term))
    }

    /// Adds resources of one kind whose names have a word of the index.
    async fn add_names(
        &self,
        query: &SuggestionQuery,
        (kind, table): (SearchedKind, &AnyTable),
        word: &str,
        items: &mut Vec<Suggestion>,
    ) -> Result<(), Error> {
        let names = if query.search.words().len() > 1 { NAMES_OF_WORD } else { query.limit() };
        let names = u64::try_from(names).unwrap_or(u64::MAX);
        let mut select = table.select_summaries();
        select.cond_where(visible(table, self.actor(), Parents::Visible, false));
        having_name_word(table, &mut select, word, names);
        for row in self.tx().query_all(&select).await.map_err(failed)? {
            let ReferenceSummary { id, slug, label, labels, .. } = table.read_summary(&row)?;
            let name = labels.as_ref().map_or(label.1.as_str(), |labels| labels.best()).to_owned();
            let is_meant = match &labels {
                Some(labels) => labels.iter().any(|(_, label)| query.search.begins_words_of(label)),
                None => query.search.begins_words_of(&name),
            };
            if is_meant && items.iter().all(|known| known.id != id) {
                items.push(Suggestion { kind, id, slug: slug.map(|slug| slug.to_string()), name });
            }
        }
        Ok(())
    }
}
