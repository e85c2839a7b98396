//! The change log: every write appends one row, and followers miss none.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::change_log::{Change, ChangeAction, StatusChange};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Visibility;
use vku_domain::organisation::Organisation;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::{WriteContext, Writer};

use crate::harness::{Response, TestApp, on_both};

/// Writes as the operator.
pub(super) async fn write<R>(
    store: &Store,
    origin: InputSource,
    work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    let operator = Actor::operator(store.now());
    let writing = WriteContext { actor: &operator, request_id: "test", dry_run: false, origin };
    store.write(&writing, work).await
}

/// The rows of the change log after a position.
pub(super) async fn changes_after(store: &Store, mut position: i64) -> Vec<Change> {
    let operator = Actor::operator(store.now());
    let mut all = Vec::new();
    loop {
        let more = store.changes_after(&operator, position, 500).await.unwrap();
        let Some(last) = more.last() else { return all };
        position = last.position;
        all.extend(more);
    }
}

/// The change log, with the position up to which the test has read it.
struct Log<'a> {
    app: &'a TestApp,
    position: i64,
}

impl<'a> Log<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let mut log = Self { app, position: 0 };
        log.appended().await;
        log
    }

    /// The rows that were appended since the last call.
    async fn appended(&mut self) -> Vec<Change> {
        let changes = changes_after(&self.app.store, self.position).await;
        self.position = changes.last().map_or(self.position, |last| last.position);
        changes
    }

    /// The only row appended since the last call, by the request that got this response.
    async fn one(&mut self, answer: &Response) -> Change {
        let appended = self.appended().await;
        let [change] = &appended[..] else { panic!("{} rows were appended: {appended:#?}", appended.len()) };
        assert_eq!(change.request_id, answer.header("x-request-id"));
        let me = self.app.coordinator().get("/api/v1/me").await.json();
        assert_eq!(change.actor.map(|id| id.to_string()).as_deref(), me["id"].as_str());
        change.clone()
    }

    /// Checks the row that was appended: its state has to equal the body of the response.
    async fn says(&mut self, answer: &Response, action: ChangeAction, version: i64) -> Change {
        let (change, body) = (self.one(answer).await, answer.json());
        assert_eq!((change.action, change.version), (action, version));
        assert_eq!(change.resource_id.to_string(), body["id"]);
        assert_eq!(change.state, body);
        change
    }

    async fn nothing(&mut self) {
        assert_eq!(self.appended().await, []);
    }
}

fn partnership(slug: &str, visibility: &str) -> Value {
    json!({
        "slug": slug,
        "title": "A new one",
        "visibility": visibility,
        "sectors": ["water"],
        "participants": [
            {"role": "lead", "party": {"utility": "hamburg-wasser"}},
            {"role": "partner", "party": {"utility": "lvivvodokanal"}}
        ]
    })
}

on_both! {
    async fn every_write_appends_one_row_to_the_log(app: TestApp) {
        let caller = app.coordinator();
        let mut log = Log::of(&app).await;
        let path = "/api/v1/partnerships/new";

        let made = caller.post("/api/v1/partnerships", &partnership("new", "internal")).await.expect(201);
        let change = log.says(&made, ChangeAction::Created, 1).await;
        assert_eq!((change.resource.as_str(), change.visibility), ("partnership", Visibility::Internal));
        assert_eq!((change.parent_id, change.status_change), (None, None));

        let patched = caller.patch(path, "*", &json!({"start": "2025", "visibility": "members"})).await.ok();
        let change = log.says(&patched, ChangeAction::Updated, 2).await;
        assert_eq!((change.visibility, change.status_change), (Visibility::Members, None));

        let to = json!({"to": "preparation", "reason": "Agreed."});
        let moved = caller.post(&format!("{path}/transitions"), &to).await.ok();
        let change = log.says(&moved, ChangeAction::Transitioned, 3).await;
        let StatusChange { from, to, reason } = change.status_change.unwrap();
        assert_eq!(
            (from.as_deref(), &*to, reason.as_deref()),
            (Some("idea"), "preparation", Some("Agreed."))
        );

        let partnership = change.resource_id;
        let part = caller.post(&format!("{path}/funding"), &json!({"kind": "grant"})).await.expect(201);
        let change = log.says(&part, ChangeAction::Created, 1).await;
        assert_eq!((change.resource.as_str(), change.parent_id), ("funding", Some(partnership)));
        assert_eq!(change.visibility, Visibility::Members);
        let part = format!("{path}/funding/{}", change.resource_id);
        let patched = caller.patch(&part, "*", &json!({"kind": "in_kind"})).await.ok();
        log.says(&patched, ChangeAction::Updated, 2).await;
        let deleted = caller.delete(&part, "*").await.expect(204);
        assert_eq!(log.one(&deleted).await.action, ChangeAction::Deleted);

        let deleted = caller.delete(path, "*").await.expect(204);
        let change = log.one(&deleted).await;
        assert_eq!((change.action, change.version), (ChangeAction::Deleted, 4));
        assert_eq!((&change.state["title"], change.resource_id), (&json!("A new one"), partnership));
        let restored = caller.post(&format!("{path}/restore"), &json!({})).await.ok();
        log.says(&restored, ChangeAction::Restored, 5).await;
    }

    async fn dry_runs_errors_and_unchanged_resources_append_nothing(app: TestApp) {
        let caller = app.coordinator();
        caller.post("/api/v1/partnerships", &partnership("new", "members")).await.expect(201);
        let organisation = json!({"slug": "gone", "name": "Gone", "kind": "ngo"});
        caller.post("/api/v1/organisations", &organisation).await.expect(201);
        caller.delete("/api/v1/organisations/gone", "*").await.expect(204);
        let (new, mut log) = ("/api/v1/partnerships/new", Log::of(&app).await);

        caller.patch(new, "*", &json!({"title": "A new one"})).await.ok();
        caller.patch(new, "*", &json!({})).await.ok();
        log.nothing().await;

        let (title, to) = (json!({"title": "Other"}), json!({"to": "preparation"}));
        caller.post("/api/v1/partnerships?dry_run=true", &partnership("other", "members")).await.expect(201);
        caller.patch(&format!("{new}?dry_run=true"), "*", &title).await.ok();
        caller.post(&format!("{new}/transitions?dry_run=true"), &to).await.ok();
        caller.post(&format!("{new}/funding?dry_run=true"), &json!({"kind": "grant"})).await.expect(201);
        caller.delete(&format!("{new}?dry_run=true"), "*").await.expect(204);
        caller.post("/api/v1/organisations/gone/restore?dry_run=true", &json!({})).await.ok();
        log.nothing().await;
        assert_eq!(caller.get(new).await.ok().json()["version"], 1);
        caller.get("/api/v1/organisations/gone").await.expect(404);
        caller.get("/api/v1/partnerships/other").await.expect(404);

        caller.post("/api/v1/partnerships", &partnership("new", "members")).await.expect(409);
        caller.post("/api/v1/partnerships", &json!({"title": ""})).await.expect(422);
        caller.patch(new, "\"7-0000000000000000\"", &title).await.expect(412);
        caller.post(&format!("{new}/transitions"), &json!({"to": "completed"})).await.expect(409);
        caller.delete("/api/v1/utilities/hamburg-wasser", "*").await.expect(409);
        caller.post(&format!("{new}/restore"), &json!({})).await.expect(409);
        app.reader().patch(new, "*", &title).await.expect(403);
        app.anonymous().patch(new, "*", &title).await.expect(401);
        log.nothing().await;
    }

    async fn the_log_has_no_personal_data_and_is_for_staff_only(app: TestApp) {
        let log = format!("{:?}", changes_after(&app.store, 0).await);
        for account in app.store.accounts().await.unwrap() {
            for personal in [account.data.email.as_str(), account.data.name.as_str()] {
                assert!(!log.contains(personal), "{personal} stands in the log");
            }
            let role = Some(account.data.role);
            let actor = Actor { account: Some(account.id), role, ..Actor::public(app.store.now()) };
            let staff = actor.is_staff();
            let read = app.store.changes_after(&actor, 0, 1).await;
            assert_eq!(read.is_ok(), staff, "{}", account.data.role);
        }
    }

    async fn followers_see_every_commit_once(app: TestApp) {
        let store = &app.store;
        let start = changes_after(store, 0).await.last().unwrap().position;
        let begun = Instant::now();
        let writers = async {
            let acknowledged = join_all((0..WRITERS).map(|number| writer(store, number))).await;
            (acknowledged.into_iter().flatten().collect::<BTreeSet<_>>(), begun.elapsed())
        };
        let ((acknowledged, took), seen) = join(writers, follower(store, start)).await;

        assert!(seen.is_sorted_by(|one, next| one.position < next.position));
        let seen: Vec<_> = seen.iter().map(|change| (change.resource_id, change.version)).collect();
        assert_eq!(seen.len(), acknowledged.len(), "nothing twice, and nothing that was rolled back");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), acknowledged);
        let rate = acknowledged.len() as f64 / took.as_secs_f64();
        let commits = acknowledged.len();
        println!("{:?}: {commits} commits of {WRITERS} writers, {rate:.0} a second", app.backend);
    }
}

const WRITERS: usize = 16;
const ROUNDS: usize = 12;

/// Creates and changes organisations and rolls back every third change. Returns the committed ids and versions.
async fn writer(store: &Store, number: usize) -> Vec<(Uuid, i64)> {
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let body = json!({"name": format!("Writer {number}"), "kind": "ngo"});
        let create = async |tx: &mut Writer<'_>| tx.create::<Organisation>(None, body).await;
        let made = write(store, InputSource::Request, create).await.unwrap();
        acknowledged.push((made.id, made.version));

        let (key, body) = (Key::Id(made.id), json!({"short_name": format!("W{round}")}));
        let fails = round % 3 == 0;
        let patch = async |tx: &mut Writer<'_>| {
            let patched = tx.patch::<Organisation>(&key, None, &Precondition::Any, body).await?;
            if fails { Err(Error::new(Code::BadRequest, Code::BadRequest.title())) } else { Ok(patched) }
        };
        if let Ok(patched) = write(store, InputSource::Request, patch).await {
            acknowledged.push((patched.id, patched.version));
        }
    }
    acknowledged
}

/// Follows the log until all writes have been seen, or nothing was appended for two seconds.
async fn follower(store: &Store, mut position: i64) -> Vec<Change> {
    let operator = Actor::operator(store.now());
    let (mut seen, mut last_change) = (Vec::new(), Instant::now());
    while last_change.elapsed() < Duration::from_secs(2) {
        let more = store.changes_after(&operator, position, 7).await.unwrap();
        match more.last() {
            Some(last) => (position, last_change) = (last.position, Instant::now()),
            None if seen.len() >= WRITERS * (ROUNDS + ROUNDS * 2 / 3) => break,
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
        seen.extend(more);
    }
    seen
}
