//! The number of SQL statements of a list.

use serde_json::json;
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::utility::Utility;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use crate::harness::database::RecordedStatements;
use crate::harness::on_both;

on_both! {
    async fn a_page_of_any_size_takes_one_statement_whoever_reads_it(app: TestApp) {
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
        let mut read = 0;
        for collection in collections() {
            let statements = Statements { store: &store, recorded: &recorded };
            let [(one, one_whole), (many, all_whole)] = visit(&collection, statements).await.unwrap();
            println!("{:?}, {collection}: {one} statements for two rows, {many} for 200", app.backend);
            println!("with all references expanded: {one_whole} and {all_whole}");
            assert!(one > 0);
            assert_eq!((one, one_whole), (many, all_whole), "{collection}");
            for role in roles(&store).await {
                let role = OfRole { role: &role, store: &store, recorded: &recorded };
                read += usize::from(visit(&collection, role).await.unwrap());
            }
        }
        assert!(read > 80, "{read} kinds of resources and roles");
        store.database().clone().close().await.unwrap();
    }
}

/// An actor of each role, and the public.
async fn roles(store: &Store) -> Vec<Actor> {
    let public = Actor::public(store.now());
    let of = |role, utilities: &[Uuid]| Actor {
        role: Some(role),
        utilities: utilities.to_vec(),
        ..public.clone()
    };
    let operator = Actor::operator(store.now());
    let reader = store.read(&operator).await.unwrap();
    let mut ids = Vec::new();
    for slug in ["stadtentwaesserung-dresden", "lvivvodokanal"] {
        let key = slug.parse().unwrap();
        ids.push(reader.get::<Utility>(&key, None, false).await.unwrap().id);
    }
    vec![
        public.clone(),
        of(Role::Reader, &[]),
        of(Role::Partner, &ids[1..]),
        of(Role::Member, &ids[..1]),
        of(Role::Coordinator, &[]),
        of(Role::Admin, &[]),
    ]
}

/// Reads a page with its total and one resource as an actor: with one statement, and one for the parent of a page.
/// Returns whether the actor sees any.
struct OfRole<'a> {
    role: &'a Actor,
    store: &'a Store,
    recorded: &'a RecordedStatements,
}

impl Visitor for OfRole<'_> {
    type Output = bool;

    async fn visit<T: Table>(self) -> bool {
        if self.role.require_read(T::INFO).is_err() {
            return false;
        }
        let query = [("limit", "50"), ("count", "true")].map(|(name, value)| (name.into(), value.into()));
        let query = Query::<T>::parse(query.into()).unwrap();
        let reader = self.store.read(self.role).await.unwrap();
        let page = reader.list_everywhere(&query).await.unwrap();
        let Some(first) = page.items.first() else { return false };
        // Likely duplicates are found by a statement of their own.
        let derives = usize::from(T::NAME == "interest_registration");
        self.recorded.take();
        let everywhere = reader.list_everywhere(&query).await.unwrap();
        let statements = self.recorded.take().len();
        assert_eq!(statements, 1 + derives, "a page of all {} as {:?}", T::NAME, self.role.role);
        assert_eq!(everywhere.total, page.total);
        let parent = first.parent.as_ref().map(|(_, parent)| Key::Id(parent.id));
        self.recorded.take();
        let page = reader.list::<T>(&query, parent.as_ref()).await.unwrap();
        let statements = self.recorded.take().len();
        let allowed = 1 + derives + usize::from(parent.is_some());
        assert_eq!(statements, allowed, "a page of {} as {:?}", T::NAME, self.role.role);
        assert!(page.total.is_some_and(|total| total > 0));
        reader.get::<T>(&Key::Id(first.id), parent.as_ref(), false).await.unwrap();
        let statements = self.recorded.take().len();
        assert_eq!(statements, 1 + derives, "one of {} as {:?}", T::NAME, self.role.role);
        true
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
