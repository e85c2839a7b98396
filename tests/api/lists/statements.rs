//! The number of SQL statements of a list.

use serde_json::json;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_domain::kernel::resource::reference::Key;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use crate::harness::database::RecordedStatements;
use crate::harness::on_both;

on_both! {
    async fn a_page_of_any_size_takes_one_statement_and_those_of_its_derived_fields(app: TestApp) {
        let caller = app.admin();
        for (path, body) in [
            (
                "partnerships",
                json!({"slug": "all", "title": "All", "sectors": ["waste"], "participants": [
                    {"role": "lead", "party": {"utility": "hamburg-wasser"}},
                    {"role": "partner", "party": {"utility": "lvivvodokanal"}},
                    {"role": "supporting", "party": {"organisation": "giz"}},
                ]}),
            ),
            (
                "funding-programmes",
                json!({"slug": "all-money", "name": "All", "kind": "grant", "funders": [
                    {"organisation": "bmz"},
                    {"utility": "hamburg-wasser"},
                ], "implementers": [{"organisation": "giz"}, {"utility": "lvivvodokanal"}]}),
            ),
            (
                "users",
                json!({"email": "all@zxq.example", "name": "All", "role": "member", "utilities": ["hamburg-wasser"]}),
            ),
            ("partnerships/all/funding", json!({"kind": "grant", "programme": "all-money"})),
            (
                "partnerships/all/activities",
                json!({"kind": "mission", "title": "All", "starts_on": "2024-01-01"}),
            ),
            (
                "partnerships/all/results",
                json!({"name": "All", "unit": "%", "values": [
                    {"on": "2024-01-01", "value": "1", "reported_by": "lvivvodokanal"},
                ]}),
            ),
            (
                "partnerships/all/documents",
                json!({"title": "All", "url": "https://all.example", "kind": "mou", "language": "en"}),
            ),
            (
                "topics",
                json!({"title": {"en": "All"}, "slug": "all-topic", "proposed_by": "hamburg-wasser"}),
            ),
            (
                "sessions",
                json!({"title": "All", "slug": "all-session", "kind": "training", "starts_on": "2024-02-01", "status": "held",
                    "organisers": [{"organisation": "bmz"}, {"utility": "hamburg-wasser"}]}),
            ),
            (
                "sessions/all-session/guests",
                json!({"party": {"utility": "hamburg-wasser"}, "status": "confirmed"}),
            ),
            (
                "sessions/all-session/guests",
                json!({"party": {"organisation": "bmz"}, "status": "confirmed"}),
            ),
            (
                "sessions/all-session/agenda",
                json!({"kind": "talk", "title": "All", "duration_minutes": 5, "topic": "all-topic"}),
            ),
            (
                "sessions/all-session/registrations",
                json!({"member": "hamburg-wasser", "name": "All", "email": "all@zxq.example", "attendance": "online",
                    "status": "attended"}),
            ),
            ("sessions/all-session/minutes", json!({"text": {"en": "All"}})),
        ] {
            caller.post(&format!("/api/v1/{path}"), &body).await.expect(201);
        }

        let (store, recorded) = RecordedStatements::open(&app.url).await;
        for collection in collections() {
            let statements = Statements { store: &store, recorded: &recorded };
            let [(one, one_whole), (many, all_whole)] = visit(&collection, statements).await.unwrap();
            println!("{:?}, {collection}: {one} statements for two rows, {many} for 200", app.backend);
            println!("with all references expanded: {one_whole} and {all_whole}");
            assert!(one > 0);
            assert_eq!((one, one_whole), (many, all_whole), "{collection}");
            let allowed = 1 + queries_to_derive(&collection);
            assert!(one <= allowed, "{collection}: {one} statements");
        }
        store.database().clone().close().await.unwrap();
    }
}

/// How many statements the derived fields of a resource take. Everything else, and the total, is read by the statement
/// that selects the rows.
fn queries_to_derive(collection: &str) -> usize {
    match collection {
        "session-agenda" | "session-registrations" => 5,
        "sessions" | "interest-registrations" => 2,
        "members" | "session-minutes" => 1,
        _ => 0,
    }
}

/// Counts the statements for a page of two rows, with the total, and for one of 200.
struct Statements<'a> {
    store: &'a Store,
    recorded: &'a RecordedStatements,
}

impl Visitor for Statements<'_> {
    type Output = [(usize, usize); 2];

    async fn visit<T: Table>(self) -> Self::Output {
        let operator = Actor::operator(self.store.now());
        let mut counts = [(0, 0); 2];
        let all: Vec<_> = FieldTree::of(T::INFO).expansions.iter().map(|it| it.name.as_str()).collect();
        let all = all.join(",");
        for (count, limit) in counts.iter_mut().zip(["2", "200"]) {
            // The newest rows first, because they have all kinds of references.
            let mut pairs = vec![("sort", "-created_at"), ("limit", limit), ("count", "true")];
            pairs.extend((!all.is_empty()).then_some(("expand", all.as_str())));
            let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            let query = Query::<T>::parse(pairs).unwrap();
            self.recorded.take();
            let reader = self.store.read(&operator).await.unwrap();
            let page = reader.list_everywhere(&query).await.unwrap();
            let plain = self.recorded.take().len();
            if let Some(first) = page.items.first() {
                let parent = first.parent.as_ref().map(|(_, parent)| Key::Id(parent.id));
                let found = reader.get::<T>(&Key::Id(first.id), parent.as_ref(), false).await.unwrap();
                assert_eq!(found.id, first.id);
                let single = self.recorded.take().len();
                assert!(single <= plain, "{}: {single} statements for one", T::NAME);
            }
            let items: Vec<_> =
                page.items.into_iter().map(|item| Box::new(item) as Box<dyn AnyStored>).collect();
            reader.project(&query.view, &items).await.unwrap();
            let whole = plain + self.recorded.take().len();
            assert_eq!(whole > plain, !all.is_empty(), "{}", T::NAME);
            *count = (plain, whole);
        }
        counts
    }
}
