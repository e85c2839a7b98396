//! What a write invalidates: whatever shows it, and not much else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};
use vku_domain::kernel::resource::projection::FieldTree;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, visit};

use super::{cached, source, stored_json};
use crate::api::fixtures::{
    AREAS, DRESDEN, FIXTURES, Fixture, PARTNERSHIPS, UTILITIES, create_samples, post_nothing,
};
use crate::api::imports::import;
use crate::api::sessions::registrations::person;
use crate::harness::{Caller, Response, TestApp, on_both};

/// Responses that show several resources.
const OTHERS: [&str; 8] = [
    "/api/v1/statistics/partnerships?by=country",
    "/api/v1/statistics/partnerships?by=sector",
    "/api/v1/utilities/hamburg-wasser/matches",
    "/api/v1/partnerships?q=hamburg",
    "/api/v1/partnerships?utility=hamburg-wasser",
    "/api/v1/utilities/hamburg-wasser",
    "/api/v1/members?q=dresden",
    "/api/v1/partnerships?utility=zxq-renamed",
];

/// Changes of what other resources name.
fn renames() -> Vec<(&'static str, Value)> {
    vec![
        ("/api/v1/utilities/hamburg-wasser", json!({"name": "Zxq Wasser"})),
        ("/api/v1/utilities/hamburg-wasser", json!({"slug": "zxq-renamed"})),
        ("/api/v1/utilities/zxq-renamed", json!({"sectors": ["waste"]})),
        ("/api/v1/organisations/giz", json!({"name": "Zxq Organisation"})),
        ("/api/v1/organisations/bmz", json!({"slug": "zxq-ministry"})),
        (DRESDEN, json!({"title": "Zxq partnership"})),
        ("/api/v1/sessions/zxq-held", json!({"title": "Zxq session"})),
        ("/api/v1/members/stadtentwaesserung-dresden", json!({"interests": {"sectors": ["waste"]}})),
    ]
}

/// The names of all references that can be expanded.
pub(super) struct Expansions;

impl Visitor for Expansions {
    type Output = String;

    async fn visit<T: Table>(self) -> String {
        let expansions = &FieldTree::of(T::INFO).expansions;
        expansions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// The lists of a fixture, with everything that they can show.
async fn lists(fixture: &Fixture) -> Vec<String> {
    let expansions = visit(fixture.collection, Expansions).await.unwrap();
    let expand = if expansions.is_empty() { String::new() } else { format!("&expand={expansions}") };
    let list = fixture.list();
    let mut lists = vec![format!("{list}?limit=200&count=true{expand}"), format!("{list}?deleted=true")];
    if fixture.is_searched {
        lists.push(format!("{list}?q=zxq"));
    }
    lists
}

/// The same target by a path that was never requested, so that no response to it is cached.
fn never_requested(path: &str, step: usize) -> String {
    format!("{path}{}{}", if path.contains('?') { "" } else { "?" }, "&".repeat(step))
}

/// The status, the tag and the text of a response.
fn content_of(answer: &Response) -> (u16, String, String) {
    // A problem contains the id of its request.
    let text = if answer.status.is_success() { answer.text() } else { String::new() };
    (answer.status.as_u16(), answer.tag(), text)
}

/// Compares cached responses with those from the database after each write.
struct Comparison<'a> {
    app: &'a TestApp,
    caller: &'a Caller,
    paths: BTreeSet<String>,
    step: usize,
    /// The contents of the last responses, by path.
    last: BTreeMap<String, (u16, String, String)>,
    hits: usize,
    changed: usize,
}

impl Comparison<'_> {
    /// Compares all responses; returns how many of them the write has changed.
    async fn after(&mut self, what: &str) -> usize {
        self.step += 1;
        let (caller, step) = (self.caller, self.step);
        stored_json::equals_rows(self.app, what, step).await;
        let answers = iter(self.paths.clone()).map(async |path| {
            let read = content_of(&caller.get(&never_requested(&path, step)).await);
            let answer = caller.get(&path).await;
            (path, read, content_of(&answer), source(&answer))
        });
        let answers: Vec<_> = answers.buffer_unordered(4).collect().await;
        let mut changed = 0;
        for (path, read, answer, source) in answers {
            assert_eq!(answer, read, "{what}: {path} ({source})");
            self.hits += usize::from(source == "hit");
            changed += usize::from(self.last.insert(path, read.clone()).is_some_and(|last| last != read));
        }
        self.changed += changed;
        changed
    }
}

on_both! {
    /// After each write of each resource, each cached list and each cached resource equals what is in the database.
    async fn a_write_invalidates_whatever_shows_it(app: TestApp) {
        create_samples(&app, &["zxqrest"]).await;
        let admin = app.admin();
        let mut paths: BTreeSet<_> = OTHERS.map(str::to_owned).into();
        for fixture in FIXTURES {
            paths.extend(lists(fixture).await);
        }
        let mut compared =
            Comparison { app: &app, caller: &admin, paths, step: 0, last: BTreeMap::new(), hits: 0, changed: 0 };
        cached(&admin, PARTNERSHIPS).await;
        compared.after("nothing").await;
        for fixture in FIXTURES {
            let name = fixture.name;
            let path = fixture.create(&app, "Zxqneu").await;
            assert!(compared.after(&format!("create {name}")).await > 0, "create {name}");
            compared.paths.extend([path.clone(), format!("{path}/history"), format!("{path}/transitions")]);
            compared.after("nothing").await;
            let office = fixture.office(&app);
            if !(fixture.patch)().is_null() {
                office.patch(&path, "*", &(fixture.patch)()).await.ok();
                assert!(compared.after(&format!("update {name}")).await > 0, "update {name}");
            }
            for (verb, targets) in fixture.targets {
                let target = targets.first().filter(|_| verb.starts_with("transition_"));
                if let Some(target) = target {
                    let to = (fixture.transition)(target);
                    office.post(&format!("{path}/transitions"), &to).await;
                    compared.after(&format!("transition {name}")).await;
                }
            }
            // Published minutes cannot be deleted.
            let is_deleted = admin.delete(&path, "*").await.status == 204;
            assert_eq!(compared.after(&format!("delete {name}")).await > 0, is_deleted, "delete {name}");
            post_nothing(&office, &format!("{path}/restore")).await;
            compared.after(&format!("restore {name}")).await;
        }
        for (path, body) in renames() {
            admin.patch(path, "*", &body).await.ok();
            assert!(compared.after(&format!("rename {path}")).await > 0, "{path}");
        }
        println!("{:?}: {} paths, {} steps", app.backend, compared.paths.len(), compared.step);
        println!("{} hits, {} changed responses", compared.hits, compared.changed);
        assert!(compared.hits > compared.changed, "hardly anything is cached");
    }

    async fn a_registration_leaves_partnerships_in_the_cache(app: TestApp) {
        let staff = app.coordinator();
        let kept = [PARTNERSHIPS, DRESDEN, "/api/v1/utilities?limit=5", "/api/v1/partnerships?q=hamburg", AREAS];
        for path in kept {
            cached(&staff, path).await;
        }
        let registrations = "/api/v1/sessions/example-exchange/registrations";
        for round in 0..3 {
            let body = person(&format!("zxq{round}"));
            staff.post(registrations, &body).await.expect(201);
            for path in kept {
                assert_eq!(source(&staff.get(path).await), "hit", "{path}");
            }
        }
        // Neither the poll of a SQLite file nor the heartbeats on PostgreSQL take it for a write of others. If the own
        // notification is late, they may, once.
        let (end, mut sources) = (Instant::now() + Duration::from_secs(2), BTreeMap::<_, usize>::new());
        while Instant::now() < end {
            for path in kept {
                *sources.entry(source(&staff.get(path).await)).or_default() += 1;
            }
        }
        let hits = sources.get("hit").copied().unwrap_or_default();
        assert!(sources.values().sum::<usize>() - hits <= kept.len(), "{sources:?}");
        // A utility that a partnership names.
        let body = json!({"name": "Zxq Lviv"});
        staff.patch("/api/v1/utilities/lvivvodokanal", "*", &body).await.ok();
        let answer = staff.get(DRESDEN).await.ok();
        assert_eq!(source(&answer), "miss");
        assert!(answer.text().contains("Zxq Lviv"), "{}", answer.text());
        assert_eq!(source(&staff.get(AREAS).await), "hit");
    }

    /// The rows of a staged import appear everywhere at once, although several transactions have written them.
    async fn a_staged_import_invalidates_what_shows_its_rows(app: TestApp) {
        let staff = app.coordinator();
        let paths = [UTILITIES, "/api/v1/utilities?count=true&sector=waste", "/api/v1/utilities?q=zxqimport", AREAS];
        for path in paths {
            cached(&staff, path).await;
        }
        let head = "name,kind,country,sectors,visibility\n";
        let rows = (0..1500).map(|number| format!("Zxqimport {number:0>60},partner,ZM,waste,public\n"));
        let file = format!("{head}{}", rows.collect::<String>());
        let query = "resource=utilities&mode=create&dry_run=false";
        let import = import(&staff, query, "text/csv", file).await;
        assert_eq!(import["status"], "committed", "{import:#}");
        for (path, wanted) in paths.iter().zip(["miss", "miss", "miss", "hit"]) {
            let (answer, read) = (staff.get(path).await.ok(), staff.get(&never_requested(path, 1)).await.ok());
            assert_eq!((source(&answer).as_str(), content_of(&answer)), (wanted, content_of(&read)), "{path}");
        }
    }
}
