//! Paging while others write: each row that does not change is on exactly one page.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::organisation::Organisation;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::Writer;

use super::{ASIDE, HARD_TO_SORT};
use crate::api::changes::write;
use crate::harness::on_both;

on_both! {
    async fn pages_neither_skip_nor_repeat_unchanged_rows_while_others_write(app: TestApp) {
        let mut runner = TestRunner::default();
        for _ in 0..60 {
            let case = interleaving().new_tree(&mut runner).unwrap().current();
            Paging::run(&app.store, &case).await;
        }
    }
}

/// A write between two pages.
#[derive(Clone, Debug)]
enum Step {
    Insert(Index),
    Delete(Index),
    Rename(Index, Index),
}

/// A short list, how it is paged through, and the writes before each page.
#[derive(Clone, Debug)]
struct Interleaving {
    names: Vec<Index>,
    sort: &'static str,
    limit: usize,
    meanwhile: Vec<Vec<Step>>,
}

const SORTS: &[&str] =
    &["name", "-name", "kind,-name", "-created_at", "updated_at", "-slug", "-kind,updated_at"];

fn interleaving() -> impl Strategy<Value = Interleaving> {
    let name = any::<Index>;
    let step = prop_oneof![
        2 => name().prop_map(Step::Insert),
        2 => any::<Index>().prop_map(Step::Delete),
        1 => (any::<Index>(), name()).prop_map(|(row, name)| Step::Rename(row, name)),
    ];
    (vec(name(), 4..9), select(SORTS), 1..4_usize, vec(vec(step, 0..3), 1..8))
        .prop_map(|(names, sort, limit, meanwhile)| Interleaving { names, sort, limit, meanwhile })
}

/// Paging through the list of an [`Interleaving`].
struct Paging<'a> {
    store: &'a Store,
    case: &'a Interleaving,
    /// The existing rows, and whether each is unchanged since paging began.
    rows: BTreeMap<Uuid, bool>,
}

impl<'a> Paging<'a> {
    async fn run(store: &'a Store, case: &'a Interleaving) {
        let mut paging = Self { store, case, rows: BTreeMap::new() };
        for name in &case.names {
            paging.carry_out(&Step::Insert(*name)).await;
        }
        let last = paging.walk(None, |page| page.next.clone()).await;
        if let Some(prev) = last.prev {
            let shown = last.items.iter().map(|item| item.id).collect();
            paging.walk(Some((prev, shown)), |page| page.prev.clone()).await;
        }
        let ids: Vec<_> = paging.rows.keys().copied().collect();
        for id in ids {
            paging.delete(id).await;
        }
    }

    /// Pages to one end of the list, from its beginning or from the page that was `shown` last.
    async fn walk(
        &mut self,
        from: Option<(String, Vec<Uuid>)>,
        turn: impl Fn(&Page<Organisation>) -> Option<String>,
    ) -> Page<Organisation> {
        self.rows.values_mut().for_each(|unchanged| *unchanged = true);
        let (mut cursor, mut seen) = from.map(|(cursor, shown)| (Some(cursor), shown)).unwrap_or_default();
        let mut meanwhile = self.case.meanwhile.iter();
        let last = loop {
            for step in meanwhile.next().into_iter().flatten() {
                self.carry_out(step).await;
            }
            let page = self.page(cursor).await;
            seen.extend(page.items.iter().map(|item| item.id));
            match turn(&page) {
                Some(next) => cursor = Some(next),
                None => break page,
            }
        };
        for id in self.rows.iter().filter(|(_, unchanged)| **unchanged).map(|(id, _)| id) {
            let times = seen.iter().filter(|it| *it == id).count();
            assert_eq!(times, 1, "{id} was shown {times} times: {:#?}", self.case);
        }
        last
    }

    async fn page(&self, cursor: Option<String>) -> Page<Organisation> {
        let limit = self.case.limit.to_string();
        let pairs = [("country", ASIDE), ("sort", self.case.sort), ("limit", &limit)];
        let mut pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        pairs.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor)));
        let (query, operator) = (Query::parse(pairs).unwrap(), Actor::operator(self.store.now()));
        self.store.read(&operator).await.unwrap().list(&query, None).await.unwrap()
    }

    async fn carry_out(&mut self, step: &Step) {
        let known: Vec<_> = self.rows.keys().copied().collect();
        match step {
            Step::Insert(name) => {
                let body = json!({"name": name.get(HARD_TO_SORT), "kind": "ngo", "country": ASIDE});
                let create = async |tx: &mut Writer<'_>| tx.create::<Organisation>(None, body).await;
                let made = write(self.store, InputSource::Request, create).await.unwrap();
                self.rows.insert(made.id, false);
            }
            _ if known.is_empty() => {}
            Step::Delete(row) => {
                let id = *row.get(&known);
                self.rows.remove(&id);
                self.delete(id).await;
            }
            Step::Rename(row, name) => {
                let id = *row.get(&known);
                self.rows.insert(id, false);
                let (key, body) = (Key::Id(id), json!({"name": name.get(HARD_TO_SORT)}));
                let patch = async |tx: &mut Writer<'_>| {
                    tx.patch::<Organisation>(&key, None, &Precondition::Any, body).await
                };
                write(self.store, InputSource::Request, patch).await.unwrap();
            }
        }
    }

    async fn delete(&self, id: Uuid) {
        let delete = async |tx: &mut Writer<'_>| {
            tx.delete::<Organisation>(&Key::Id(id), None, &Precondition::Any).await
        };
        write(self.store, InputSource::Request, delete).await.unwrap();
    }
}
