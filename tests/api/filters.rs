//! Filters: for every parameter of every resource, SQL finds the rows that `Stored::matches` accepts, and every kind of
//! filter is among them.

mod combined;
mod country_index;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::parameters::FilterParameters;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::list_filter::{Comparison, ListFilter};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

pub(super) use self::country_index::by_country;
use super::schema::all_rows;
use crate::harness::on_both;

/// The number of queries for each resource, in addition to one for each value of each parameter.
const QUERIES: usize = 200;

on_both! {
    async fn filters_in_sql_agree_with_the_domain(app: TestApp) {
        rows::add(&app.url).await;
        let mut kinds = BTreeSet::new();
        for collection in collections() {
            let (report, met) = visit(&collection, Check(&app.store)).await.unwrap();
            println!("{:?}, {collection}: {report}", app.backend);
            kinds.extend(met);
        }
        assert_eq!(kinds, BTreeSet::from(KINDS), "the kinds of filters that select some rows and not others");
    }
}

/// A parameter of a list and the values to try: values from related members of the data, and others that are valid.
struct Parameter {
    name: &'static str,
    repeats: bool,
    values: Vec<String>,
}

/// Values that few rows have, for each kind of parameter.
const RARE_VALUES: &[&str] = &[
    "nowhere",
    "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60",
    "AQ",
    "eo",
    "EF",
    "17.1",
    "1900",
    "2019-12",
    "2024-02-29",
    "2150",
    "1970-01-01T00:00:00Z",
    "2150-01-01T00:00:00+02:00",
    "true",
    "false",
    "ULLER",
    "e%",
    "A_B",
    "\\",
    "lena mü",
];

impl Parameter {
    /// The parameters of a resource, with values that occur in the items and some that do not.
    fn all<T: Resource>(items: &[Stored<T>]) -> Vec<Self> {
        let mut texts = BTreeSet::new();
        items.iter().for_each(|item| collect("", &serde_json::to_value(item).unwrap(), &mut texts));
        let parameters = T::Filter::describe().into_iter().map(|described| {
            let name = described.name;
            let schema = serde_json::to_value(&described.schema).unwrap();
            let named: Vec<_> =
                described.schemas.iter().map(|(_, it)| serde_json::to_value(it).unwrap()).collect();
            let words = named.iter().filter_map(|schema| schema["enum"].as_array()).flatten();
            let near = texts.iter().filter(|(path, _)| is_near(path, name)).map(|(_, text)| text.as_str());
            let offered = near.chain(words.filter_map(Value::as_str)).chain(RARE_VALUES.iter().copied());
            let offered = offered.flat_map(|text| [Some(text.to_owned()), just_after(text)]).flatten();
            let takes = |text: &String| Query::<T>::parse(vec![(name.to_owned(), text.clone())]).is_ok();
            let values: BTreeSet<_> = offered.filter(takes).collect();
            Self { name, repeats: schema["type"] == "array", values: values.into_iter().collect() }
        });
        parameters.collect()
    }
}

/// Collects the texts in a value, each with its path.
fn collect(path: &str, value: &Value, texts: &mut BTreeSet<(String, String)>) {
    match value {
        Value::String(text) => drop(texts.insert((path.to_owned(), text.clone()))),
        Value::Array(entries) => entries.iter().for_each(|entry| collect(path, entry, texts)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect(&format!("{path}/{name}"), value, texts));
        }
        _ => {}
    }
}

/// Whether the parameter is about the member at this path: `sector` for `/sectors`, `start_to` for `/start`.
fn is_near(path: &str, parameter: &str) -> bool {
    let stem =
        ["_from", "_to", "_since"].iter().find_map(|end| parameter.strip_suffix(end)).unwrap_or(parameter);
    let stem = if stem == "lead" { "utility" } else { stem };
    path.split('/').any(|member| member.starts_with(stem.trim_end_matches('y')))
}

/// The instant one microsecond later.
fn just_after(text: &str) -> Option<String> {
    let at = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some((at + chrono::TimeDelta::microseconds(1)).to_rfc3339())
}

/// The kinds of filters, as [`kind`] names them.
const KINDS: [&str; 9] =
    ["contains", "flag", "from", "in set", "one of", "one of, or absent", "reference", "since", "to"];

fn kind(comparison: &Comparison) -> &'static str {
    match comparison {
        Comparison::OneOf { or_absent: false, .. } => "one of",
        Comparison::OneOf { or_absent: true, .. } => "one of, or absent",
        Comparison::InSet(_) => "in set",
        Comparison::Is(_) => "flag",
        Comparison::Contains(_) => "contains",
        Comparison::From(_) => "from",
        Comparison::To(_) => "to",
        Comparison::Since(_) => "since",
        Comparison::Reference(_) => "reference",
    }
}

/// Runs many queries on one resource.
struct Check<'a>(&'a Store);

impl Visitor for Check<'_> {
    type Output = (String, BTreeSet<&'static str>);

    async fn visit<T: Table>(self) -> Self::Output {
        let items = all_rows::<T>(self.0, false).await;
        let parameters = Parameter::all::<T>(&items);
        let check = Checked { store: self.0, items, found: BTreeMap::new() };
        check.all(&parameters).await
    }
}

/// The rows of a resource, and the rows that each single value has found.
struct Checked<'a, T: Table> {
    store: &'a Store,
    items: Vec<Stored<T>>,
    found: BTreeMap<(String, String), BTreeSet<Uuid>>,
}

impl<T: Table> Checked<'_, T> {
    /// Tries all parameters; returns a report, and the kinds of filters that select some rows and not others.
    async fn all(mut self, parameters: &[Parameter]) -> (String, BTreeSet<&'static str>) {
        let mut kinds = BTreeSet::new();
        for parameter in parameters {
            for value in &parameter.values {
                let single = (parameter.name.to_owned(), value.clone());
                let found = self.agreed(vec![single.clone()]).await;
                if !found.is_empty() && found.len() < self.items.len() {
                    let query = Query::<T>::parse(vec![single.clone()]).unwrap();
                    kinds.extend(query.filter.criteria().iter().map(|criterion| kind(&criterion.comparison)));
                }
                self.found.insert(single, found);
            }
            let finds = |(single, found): (&(String, String), &BTreeSet<_>)| {
                single.0 == parameter.name && !found.is_empty()
            };
            assert!(self.found.iter().any(finds), "`{}` of {} finds nothing at all", parameter.name, T::PATH);
            let excludes = |(single, found): (&(String, String), &BTreeSet<_>)| {
                single.0 == parameter.name && found.len() < self.items.len()
            };
            assert!(self.found.iter().any(excludes), "`{}` of {} excludes nothing", parameter.name, T::PATH);
        }
        let (mut runner, mut hits) = (TestRunner::default(), 0);
        for _ in 0..QUERIES {
            let pairs = combination(parameters).new_tree(&mut runner).unwrap().current();
            let found = self.agreed(pairs.clone()).await;
            hits += usize::from(!found.is_empty());
            assert_eq!(
                found,
                self.combined(&pairs),
                "any of one parameter, all of different ones: {pairs:?}"
            );
        }
        let report = format!(
            "{} rows, {} single values, {QUERIES} combinations, {hits} of them find rows",
            self.items.len(),
            self.found.len()
        );
        (report, kinds)
    }

    /// The ids that the query finds, after checking that SQL and the domain agree.
    async fn agreed(&self, pairs: Vec<(String, String)>) -> BTreeSet<Uuid> {
        let mut query = Query::<T>::parse(pairs.clone()).unwrap();
        let meant = self.items.iter().filter(|item| item.matches(&query.filter)).map(|item| item.id);
        let (meant, operator) = (meant.collect::<BTreeSet<_>>(), Actor::operator(self.store.now()));
        let mut found = BTreeSet::new();
        (query.limit, query.count) = (200, true);
        loop {
            let page = self.store.read(&operator).await.unwrap().list_everywhere(&query).await.unwrap();
            assert_eq!(page.total, u64::try_from(meant.len()).ok(), "{} of {pairs:?}", T::PATH);
            found.extend(page.items.iter().map(|item| item.id));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(found, meant, "{} of {pairs:?}", T::PATH);
        found
    }

    /// The ids that the pairs should find together, from what each has found alone.
    fn combined(&self, pairs: &[(String, String)]) -> BTreeSet<Uuid> {
        let mut any: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        for pair in pairs {
            any.entry(&pair.0).or_default().extend(&self.found[pair]);
        }
        let everything = self.items.iter().map(|item| item.id).collect();
        any.into_values().fold(everything, |all, one| &all & &one)
    }
}

/// One to three parameters, each with one to three values if it can be repeated.
fn combination(parameters: &[Parameter]) -> impl Strategy<Value = Vec<(String, String)>> {
    vec((any::<Index>(), vec(any::<Index>(), 1..4)), 1..4).prop_map(|chosen| {
        let mut pairs: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (parameter, values) in &chosen {
            let Parameter { name, repeats, values: known } = parameter.get(parameters);
            let values = values.iter().map(|value| value.get(known));
            pairs.insert(name, values.take(if *repeats { 3 } else { 1 }).collect());
        }
        let each = |(name, values): (&str, Vec<&String>)| {
            values.into_iter().map(|value| (name.to_owned(), value.clone())).collect::<Vec<_>>()
        };
        pairs.into_iter().flat_map(each).collect()
    })
}
