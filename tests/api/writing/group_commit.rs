//! Writes at the same time: on SQLite they share a transaction, and that changes nothing about each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::time::timeout;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Code;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::organisation::Organisation;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::WriteContext;

use crate::harness::database::RecordedStatements;
use crate::harness::{Backend, Caller, TestApp, on_both};

const ORGANISATIONS: &str = "/api/v1/organisations";

fn organisation(slug: &str) -> Value {
    json!({"slug": slug, "name": format!("Together {slug}"), "kind": "ngo"})
}

/// The slugs of all organisations that the tests have made.
async fn made(caller: &Caller) -> BTreeSet<String> {
    let page = caller.get(&format!("{ORGANISATIONS}?q=together&limit=200")).await.ok().json();
    let slugs =
        page["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap().to_owned());
    slugs.collect()
}

fn writing<'a>(actor: &'a Actor) -> WriteContext<'a> {
    WriteContext { actor, request_id: "", dry_run: false, origin: InputSource::Request }
}

/// Creates an organisation, and waits until `others` have come to wait for the write slot.
async fn create_before(store: &Store, slug: &str, others: Duration) -> Result<(), Code> {
    let operator = Actor::operator(store.now());
    let context = writing(&operator);
    let created = store.write(&context, async |writer| {
        writer.create::<Organisation>(None, organisation(slug)).await?;
        tokio::time::sleep(others).await;
        Ok(())
    });
    created.await.map_err(|error| error.code)
}

async fn slugs_in(store: &Store, app: &TestApp) -> BTreeSet<String> {
    assert!(store.generation().await.is_some() || app.backend == Backend::Postgres);
    made(&app.admin()).await
}

on_both! {
    async fn each_of_many_writes_at_the_same_time_gets_its_own_answer(app: TestApp) {
        let callers: Vec<Caller> = (0..16).map(|_| app.coordinator()).collect();
        let mut kept = BTreeSet::new();
        for round in 0..4 {
            let answers = join_all(callers.iter().enumerate().map(async |(number, caller)| {
                let (slug, body) = match number % 4 {
                    // The first one with this slug gets it.
                    0 => ("taken".to_owned(), organisation(&format!("taken-{round}"))),
                    1 => {
                        let mut body = organisation(&format!("refused-{round}-{number}"));
                        body["country"] = json!("Atlantis");
                        ("refused".to_owned(), body)
                    }
                    _ => (String::new(), organisation(&format!("kept-{round}-{number}"))),
                };
                let answer = caller.post(ORGANISATIONS, &body).await;
                (slug, body["slug"].as_str().unwrap().to_owned(), answer.status.as_u16())
            }))
            .await;
            let mut statuses: BTreeMap<(String, u16), usize> = BTreeMap::new();
            for (group, slug, status) in answers {
                *statuses.entry((group, status)).or_default() += 1;
                if status == 201 {
                    kept.insert(slug);
                }
            }
            let expected = [(("", 201), 8), (("refused", 422), 4), (("taken", 201), 1), (("taken", 409), 3)];
            let expected = expected.map(|((group, status), count)| ((group.to_owned(), status), count));
            assert_eq!(statuses, BTreeMap::from(expected), "round {round}");
        }
        let caller = app.admin();
        assert_eq!(made(&caller).await, kept);
        for slug in &kept {
            let history = caller.get(&format!("{ORGANISATIONS}/{slug}/history")).await.ok().json();
            assert_eq!(history["items"].as_array().unwrap().len(), 1, "{slug}: {history}");
        }
    }

    async fn a_write_that_is_aborted_or_fails_undoes_only_its_own_work(app: TestApp) {
        let (store, recorded) = RecordedStatements::open(&app.url).await;
        let long = Duration::from_millis(40);
        let aborted = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            // It joins the group of the first, has created its organisation, and is then aborted.
            let aborted = create_before(&store, "aborted", Duration::from_secs(5));
            assert!(timeout(Duration::from_millis(45), aborted).await.is_err());
        };
        let failing = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            create_before(&store, "first", Duration::ZERO).await
        };
        let last = async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            create_before(&store, "last", Duration::ZERO).await
        };
        let first = create_before(&store, "first", long);
        let ((first, ()), (failing, last)) = join(join(first, aborted), join(failing, last)).await;
        // Two want the same slug; on PostgreSQL, either may be the first one.
        let mut both = [first, failing];
        both.sort_by_key(Result::is_err);
        assert_eq!(both, [Ok(()), Err(Code::SlugTaken)]);
        assert_eq!(last, Ok(()));
        let expected = BTreeSet::from(["first", "last"].map(str::to_owned));
        assert_eq!(slugs_in(&store, &app).await, expected);
        let is_shared = recorded.take().iter().any(|sql| sql.contains("SAVEPOINT member"));
        assert_eq!(is_shared, app.backend == Backend::Sqlite);

        // Nothing is left open.
        assert_eq!(create_before(&store, "after", Duration::ZERO).await, Ok(()));
        store.database().clone().close().await.unwrap();
    }

    async fn a_dry_run_and_a_write_of_their_own_do_not_join(app: TestApp) {
        let (store, _) = RecordedStatements::open(&app.url).await;
        let operator = Actor::operator(store.now());
        let dry_run = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let context = WriteContext { dry_run: true, ..writing(&operator) };
            let work = store.write(&context, async |writer| {
                writer.create::<Organisation>(None, organisation("dry")).await.map(drop)
            });
            work.await.map_err(|error| error.code)
        };
        let second = async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            create_before(&store, "second", Duration::from_millis(10)).await
        };
        let third = async {
            tokio::time::sleep(Duration::from_millis(8)).await;
            create_before(&store, "third", Duration::ZERO).await
        };
        let first = create_before(&store, "first", Duration::from_millis(20));
        let ((first, dry_run), (second, third)) = join(join(first, dry_run), join(second, third)).await;
        assert_eq!([first, dry_run, second, third], [Ok(()); 4]);
        let expected = BTreeSet::from(["first", "second", "third"].map(str::to_owned));
        assert_eq!(slugs_in(&store, &app).await, expected);
        store.database().clone().close().await.unwrap();
    }
}
