//! SQL finds the same rows in the same order as the domain.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::sample::{Index as Choice, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::{Stored, search_index};
use vku_domain::kernel::search::{Index, Search};
use vku_domain::utility::Utility;
use vku_domain::working_area::WorkingArea;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::{FoundWords, Table};
use vku_persistence::kernel::transaction::Writer;
use vku_persistence::{Visitor, collections, visit};

use crate::api::changes::write;
use crate::api::fixtures::{FIXTURES, create_samples};
use crate::api::schema::all_rows;
use crate::harness::on_both;

/// The number of searches for each resource.
const SEARCHES: usize = 60;

on_both! {
    async fn searches_in_sql_agree_with_the_domain(app: TestApp) {
        random_utilities(&app.store).await;
        create_samples(&app, &["Abwasser", "Ärzte im Werk", "Netze", "Київ"]).await;
        let mut indexes = HashMap::new();
        for collection in collections() {
            indexes.extend(visit(&collection, Indexes(&app.store)).await.unwrap());
        }
        let areas = all_rows::<WorkingArea>(&app.store, false).await;
        let areas = areas.iter().map(|area| (area.data.slug.as_ref().unwrap().to_string(), area.id)).collect();
        for collection in collections() {
            let report = visit(&collection, Check { store: &app.store, indexes: &indexes, areas: &areas }).await.unwrap();
            println!("{:?}, {collection}: {report}", app.backend);
        }
    }
}

/// Adds utilities whose names and texts have few letters, so that there are many shared parts and near misses.
async fn random_utilities(store: &Store) {
    let mut runner = TestRunner::default();
    let text = "([abeuüß]{1,9}[ '-]){1,3}[aeo]{1,3}";
    let mut draw = || text.new_tree(&mut runner).unwrap().current();
    let bodies: Vec<_> = (0..60)
        .map(|number| {
            json!({
                "slug": format!("random-{number}"), "name": draw(), "aliases": [draw()], "city": draw(),
                "description": {"de": draw(), "en": draw()}, "kind": "partner", "country": "UA", "sectors": ["water"],
            })
        })
        .collect();
    let add = async |tx: &mut Writer<'_>| {
        for body in bodies {
            tx.create::<Utility>(None, body).await?;
        }
        Ok(())
    };
    write(store, InputSource::Import, add).await.unwrap();
}

/// The search index of each row of a resource, as the domain computes it.
struct Indexes<'a>(&'a Store);

impl Visitor for Indexes<'_> {
    type Output = HashMap<Uuid, Index>;

    async fn visit<T: Table>(self) -> Self::Output {
        all_rows::<T>(self.0, false).await.iter().map(|item| (item.id, search_index(&item.data))).collect()
    }
}

/// The words of a row: its own, and those of the resources by which it is found.
fn index<T: Table>(item: &Stored<T>, indexes: &HashMap<Uuid, Index>, areas: &HashMap<String, Uuid>) -> Index {
    let mut found_by = Vec::new();
    item.data.clone().references(&mut |pending| {
        let by = T::FOUND_BY.iter().find(|by| by.resource == pending.resource);
        if let (Some(by), Some(summary)) = (by, &pending.link.summary) {
            found_by.push((summary.id, by.words));
        }
    });
    let json = serde_json::to_value(item).unwrap();
    for programme in json["programmes"].as_array().into_iter().flatten() {
        found_by.push((programme["id"].as_str().unwrap().parse().unwrap(), FoundWords::Names));
    }
    for codes in T::CODE_LISTS {
        for code in json.pointer(codes.pointer).and_then(Value::as_array).into_iter().flatten() {
            found_by.push((areas[code.as_str().unwrap()], FoundWords::Names));
        }
    }
    let mut all = search_index(&item.data);
    for (id, words) in found_by {
        for (word, field) in &indexes[&id] {
            let Some(field) = words.field(*field) else { continue };
            let best = all.entry(word.clone()).or_insert(field);
            *best = field.min(*best);
        }
    }
    all
}

/// Runs many searches on one resource.
struct Check<'a> {
    store: &'a Store,
    indexes: &'a HashMap<Uuid, Index>,
    areas: &'a HashMap<String, Uuid>,
}

impl Visitor for Check<'_> {
    type Output = String;

    async fn visit<T: Table>(self) -> String {
        let items = all_rows::<T>(self.store, false).await;
        let rows: Vec<_> =
            items.iter().map(|item| (item.id, index(item, self.indexes, self.areas))).collect();
        let words: BTreeSet<_> = rows.iter().flat_map(|(_, index)| index.keys().cloned()).collect();
        let collection = T::TABLE.collection();
        if !FIXTURES.iter().find(|it| it.collection == collection).unwrap().is_searched {
            assert!(words.is_empty() && !rows.is_empty() && !T::SEARCHED);
            return "has no words".to_owned();
        }
        let (words, mut runner, mut hits) = (words.into_iter().collect::<Vec<_>>(), TestRunner::default(), 0);
        for _ in 0..SEARCHES {
            let (q, limit) = (searched(&words), 1_u64..20).new_tree(&mut runner).unwrap().current();
            let search: Search = q.parse().unwrap();
            let mut meant: Vec<_> =
                rows.iter().filter_map(|(id, index)| Some((Reverse(search.score(index)?), *id))).collect();
            meant.sort_unstable();
            let meant: Vec<_> = meant.into_iter().map(|(_, id)| id).collect();
            let found = found::<T>(self.store, &q, limit, meant.len()).await;
            assert_eq!(found, meant, "{} of `{q}`", T::PATH);
            hits += usize::from(!found.is_empty());
        }
        format!("{} rows, {SEARCHES} searches, {hits} of them find rows", rows.len())
    }
}

/// The ids that a search finds, page by page.
async fn found<T: Table>(store: &Store, q: &str, limit: u64, total: usize) -> Vec<Uuid> {
    let pairs = [("q", q.to_owned()), ("limit", limit.to_string()), ("count", "true".to_owned())];
    let mut query = Query::<T>::parse(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()).unwrap();
    let (operator, mut ids) = (Actor::operator(store.now()), Vec::new());
    loop {
        let page = store.read(&operator).await.unwrap().list_everywhere(&query).await.unwrap();
        assert_eq!(page.total, u64::try_from(total).ok(), "{} of `{q}`", T::PATH);
        ids.extend(page.items.iter().map(|item| item.id));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return ids,
        }
    }
}

/// One or two words: existing ones or parts of them, perhaps with a typo, words of the labels of codes, and filler words.
fn searched(words: &[String]) -> impl Strategy<Value = String> {
    let mut words: Vec<_> = words.iter().filter(|word| !word.contains(':')).cloned().collect();
    let others = [
        "Ukraine",
        "Deutschland",
        "Abwasser",
        "Müll",
        "Energie",
        "drinking",
        "SDG6.1",
        "und",
        "GmbH",
        "die",
        "of",
    ];
    words.extend(others.map(str::to_owned));
    let part = (select(words), any::<Choice>(), any::<Choice>(), any::<Choice>(), 0..8);
    let part = part.prop_map(|(word, from, to, place, change)| {
        let mut letters: Vec<char> = word.chars().collect();
        if change > 3 {
            let end = to.index(letters.len()) + 1;
            letters = letters[from.index(end)..end].to_vec();
        }
        let place = place.index(letters.len());
        match change {
            1 | 5 => letters[place] = 'a',
            2 | 6 => drop(letters.remove(place)),
            3 | 7 => letters.swap(0, place),
            _ => {}
        }
        letters.into_iter().collect::<String>()
    });
    proptest::collection::vec(part, 1..3)
        .prop_map(|words| words.join(" "))
        .prop_filter("a search has a word", |q| {
            q.parse::<Search>().is_ok_and(|search| !search.words().is_empty())
        })
}
