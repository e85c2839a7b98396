//! Random query strings and cursors.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::parameters::FilterParameters;
use vku_domain::kernel::parameters::sort::SortKey;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Resource as _;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_domain::organisation::Organisation;
use vku_persistence::Visitor;
use vku_persistence::kernel::table::Table;

use super::random::Random;
use super::{Case, assert_client_error, everybody, texts};
use crate::api::schema::all_rows;
use crate::harness::TestApp;

type Pairs = Vec<(String, String)>;

/// Sends random queries to the list of a resource.
pub(super) struct Lists<'a> {
    pub(super) app: &'a TestApp,
    pub(super) random: &'a mut Random,
    pub(super) read: usize,
    pub(super) asked: usize,
    pub(super) cursors: usize,
}

/// The material for random queries to a list.
pub(super) struct Words {
    parameters: Vec<&'static str>,
    known: Vec<String>,
    sorts: &'static [&'static str],
    fields: Vec<String>,
    expansions: Vec<String>,
}

impl Words {
    /// The parameters of a list, and the texts in its items and in its schemas.
    pub(super) fn of<T: Table>(items: &[Value]) -> Self {
        let described = T::Filter::describe();
        let mut known = BTreeSet::new();
        items.iter().for_each(|item| texts(item, &mut known));
        for (_, schema) in described.iter().flat_map(|it| &it.schemas) {
            texts(&serde_json::to_value(schema).unwrap()["enum"], &mut known);
        }
        let shape = FieldTree::of(T::INFO);
        Self {
            parameters: described.iter().map(|it| it.name).collect(),
            known: known.into_iter().collect(),
            sorts: T::Sort::KEYS,
            fields: shape.fields.to_vec(),
            expansions: shape.expansions.iter().map(|it| it.name.clone()).collect(),
        }
    }

    /// The pairs of a query string. With `careful`, they are often valid.
    pub(super) fn pairs(&self, random: &mut Random, careful: bool) -> Pairs {
        (0..random.below(5)).map(|_| self.pair(random, careful)).collect()
    }

    fn pair(&self, random: &mut Random, careful: bool) -> (String, String) {
        let name = match random.below(12) {
            0 if !careful => random.text(&self.known),
            0 | 1 => "sort".to_owned(),
            2 => "limit".to_owned(),
            3 => (*random.pick(&["count", "deleted", "q", "as_of", "cursor"])).to_owned(),
            4 => (*random.pick(&["fields", "expand"])).to_owned(),
            _ if self.parameters.is_empty() => "sort".to_owned(),
            _ => (*random.pick(&self.parameters)).to_owned(),
        };
        let name = if !careful && random.one_in(20) { random.bent(&name) } else { name };
        let joined = |random: &mut Random, of: &[String]| {
            let chosen = (0..=random.below(3)).map(|_| random.pick(of).clone());
            chosen.collect::<Vec<_>>().join(",")
        };
        let value = match name.as_str() {
            _ if random.one_in(if careful { 20 } else { 4 }) => random.text(&self.known),
            "sort" => {
                let keys = self.sorts.iter().flat_map(|key| [(*key).to_owned(), format!("-{key}")]);
                joined(random, &keys.collect::<Vec<_>>())
            }
            "limit" => random.below(250).to_string(),
            "count" | "deleted" => (*random.pick(&["true", "false"])).to_owned(),
            "fields" => joined(random, &self.fields),
            "expand" if !self.expansions.is_empty() => joined(random, &self.expansions),
            _ => random.text(&self.known),
        };
        (name, value)
    }
}

impl Visitor for Lists<'_> {
    type Output = (usize, String);

    async fn visit<T: Table>(self) -> Self::Output {
        let Self { app, random, read, asked, cursors } = self;
        let stored = all_rows::<T>(&app.store, false).await;
        let items: Vec<_> = stored.iter().map(|item| serde_json::to_value(item).unwrap()).collect();
        let words = Words::of::<T>(&items);
        let ids: Vec<_> = stored.iter().map(|item| item.id).collect();
        let readable = read_many::<T>(random, &words, read);
        let asked_well = ask_many::<T>(app, random, &words, &ids, asked).await;
        let opened = turn_many::<T>(app, random, &words, cursors).await;
        let told = format!(
            "{readable} of {read} query strings can be read, {asked_well} of {asked} are answered, \
             {opened} of {cursors} cursors open"
        );
        (read + asked + cursors, told)
    }
}

/// Parses random query strings. Returns how many are valid.
fn read_many<T: Table>(random: &mut Random, words: &Words, many: usize) -> usize {
    let mut readable = 0;
    for _ in 0..many {
        let careful = random.one_in(2);
        let pairs = words.pairs(random, careful);
        let told = || format!("{} {pairs:?}", T::PATH);
        let _case = Case(&told);
        match Query::<T>::parse(pairs.clone()) {
            Ok(query) => {
                assert!((1..=200).contains(&query.limit));
                readable += 1;
            }
            Err(violations) => assert!(!violations.is_empty()),
        }
    }
    readable
}

/// Runs random valid queries on the database. Returns how many succeed.
async fn ask_many<T: Table>(
    app: &TestApp,
    random: &mut Random,
    words: &Words,
    ids: &[Uuid],
    many: usize,
) -> usize {
    let (actors, mut answered) = (everybody(app, ids), 0);
    for _ in 0..many {
        let (pairs, query) = readable::<T>(random, words);
        let actor = random.pick(&actors);
        let told = || format!("{} {pairs:?} by {:?}", T::PATH, actor.role);
        let _case = Case(&told);
        let reader = app.store.read(actor).await.unwrap();
        match reader.list_everywhere(&query).await {
            Ok(page) => {
                let items: Vec<_> =
                    page.items.into_iter().map(|item| Box::new(item) as Box<dyn AnyStored>).collect();
                let items = reader.project(&query.view, &items).await;
                assert!(items.unwrap_or_else(|error| panic!("{error} {:?}", error.source)).len() <= 200);
                answered += 1;
            }
            Err(error) => assert_client_error(&error),
        }
    }
    answered
}

/// A random valid query string.
fn readable<T: Table>(random: &mut Random, words: &Words) -> (Pairs, Query<T>) {
    loop {
        let pairs = words.pairs(random, true);
        if let Ok(query) = Query::<T>::parse(pairs.clone()) {
            return (pairs, query);
        }
    }
}

/// Uses cursors of this list, of others, and mutated ones. Returns how many are accepted.
async fn turn_many<T: Table>(app: &TestApp, random: &mut Random, words: &Words, many: usize) -> usize {
    if many == 0 {
        return 0;
    }
    let operator = Actor::operator(app.store.now());
    let reader = app.store.read(&operator).await.unwrap();
    // Lists with a second page, and the cursor of that page.
    let mut lists: Vec<(Query<T>, String)> = Vec::new();
    for tried in 0..60 {
        let (_, mut query) = readable::<T>(random, words);
        if tried == 0 {
            query = Query::parse(Vec::new()).unwrap();
        }
        (query.limit, query.cursor) = (1, None);
        let next = reader.list_everywhere(&query).await.unwrap().next;
        lists.extend(next.map(|token| (query, token)));
    }
    let other = Query::<Organisation> { limit: 1, ..Query::all() };
    let other = reader.list_everywhere(&other).await.unwrap().next.unwrap();
    let mut opened = 0;
    for _ in 0..many {
        let (list, own) = random.pick(&lists).clone();
        let (neighbour, neighbours) = random.pick(&lists).clone();
        let token = match random.below(16) {
            0 => own,
            1 => neighbours,
            2 if T::PATH != Organisation::PATH => other.clone(),
            3 => random.text(&words.known),
            _ => random.bent(&own),
        };
        let fits = lists.iter().any(|(it, known)| *known == token && it.fingerprint == list.fingerprint);
        let query = Query { cursor: Some(token.clone()), ..list };
        let told = || {
            format!("{} of {:?} with {token}, and {:?}", T::PATH, query.fingerprint, neighbour.fingerprint)
        };
        let _case = Case(&told);
        match reader.list_everywhere(&query).await {
            Ok(_) => {
                assert!(fits, "it opens what it is not for");
                opened += 1;
            }
            Err(error) => {
                assert!(!fits, "it does not open what it is for: {error}");
                assert_client_error(&error);
            }
        }
    }
    opened
}
