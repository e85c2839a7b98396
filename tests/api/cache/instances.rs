//! The cache of several instances on one database.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, PgConnection};
use vku_domain::kernel::access::actor::Role;

use super::{cached, source, until};
use crate::api::fixtures::{AREAS, ORGANISATIONS, UTILITIES, abroad, create, location};
use crate::harness::{Backend, TestApp, ask, on_both, run};

on_both! {
    /// Writes of another process are noticed: by notifications on PostgreSQL, by polling on SQLite.
    async fn writes_of_another_instance_invalidate_the_cache(app: TestApp) {
        let other = TestApp::start(app.backend, app.url.clone(), None);
        let (here, there) = (app.coordinator(), other.coordinator());
        let path = location(&create(&here, UTILITIES, &abroad("Shared")).await);
        for round in 0..5 {
            cached(&here, &path).await;
            cached(&there, &path).await;
            let city = format!("City {round}");
            there.patch(&path, "*", &json!({ "city": city })).await.ok();
            assert_eq!(there.get(&path).await.ok().json()["city"], city);
            until(&here, &path, |answer| answer.json()["city"] == city).await;
        }
        // An account that one instance disables is refused by the other.
        let partner = app.account(Role::Partner, "lvivvodokanal").await;
        let id = partner.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().to_owned();
        partner.get(&path).await.ok();
        other.admin().patch(&format!("/api/v1/users/{id}"), "*", &json!({"disabled": true})).await.ok();
        until(&partner, &path, |answer| answer.status == 401).await;
    }
}

/// Selects the connections that listen.
const LISTENERS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')";

/// An instance whose listening connection breaks serves nothing from the cache until it listens again, and misses
/// nothing.
#[test]
fn nothing_is_cached_while_notifications_are_lost() {
    run(Backend::Postgres, async |app| {
        let other = TestApp::start(app.backend, app.url.clone(), None);
        let (here, there) = (app.coordinator(), other.coordinator());
        let path = location(&create(&here, UTILITIES, &abroad("Deaf")).await);
        let mut killer = PgConnection::connect(&app.url).await.unwrap();
        for round in 0..3 {
            // Both instances listen.
            cached(&here, &path).await;
            cached(&there, &path).await;
            // Now and then a listener looks into the log.
            let deadline = Instant::now() + Duration::from_secs(20);
            let listeners = loop {
                let listeners: Vec<i32> = sqlx::query_scalar(LISTENERS).fetch_all(&mut killer).await.unwrap();
                if listeners.len() >= 2 {
                    break listeners;
                }
                assert!(Instant::now() < deadline, "{listeners:?} listen");
            };
            assert_eq!(listeners.len(), 2);
            let kill = "SELECT pg_terminate_backend(pid) FROM unnest($1) AS pid";
            let killed: Vec<bool> =
                sqlx::query_scalar(kill).bind(listeners).fetch_all(&mut killer).await.unwrap();
            assert_eq!(killed, [true, true]);
            let city = format!("City {round}");
            there.patch(&path, "*", &json!({ "city": city })).await.ok();
            until(&here, &path, |answer| answer.json()["city"] == city).await;
        }
        cached(&here, &path).await;
    });
}

/// A notification names the tables that were written, so an instance keeps what the write of another does not concern. A
/// write without a notification, as of a process that was killed, concerns everything.
#[test]
fn an_instance_keeps_what_writes_of_others_do_not_concern() {
    run(Backend::Postgres, async |app| {
        let other = TestApp::start(app.backend, app.url.clone(), None);
        let (here, there) = (app.coordinator(), other.coordinator());
        let list = format!("{ORGANISATIONS}?q=zxq&limit=200");
        cached(&here, AREAS).await;
        let (mut round, mut kept) = (0, 0);
        // Longer than some heartbeats take.
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            cached(&here, &list).await;
            let name = format!("Zxq {round}");
            create(&there, ORGANISATIONS, &json!({"name": name, "kind": "ngo"})).await;
            until(&here, &list, |answer| answer.text().contains(&name)).await;
            kept += usize::from(source(&here.get(AREAS).await) == "hit");
            round += 1;
        }
        // If a notification is late, everything counts as changed.
        assert!(round > 3 && kept * 2 > round, "{kept} of {round}");
        cached(&here, AREAS).await;
        let columns =
            "at, actor, request_id, resource, resource_id, parent_id, action, version, visibility, state";
        let unnoticed = format!(
            "INSERT INTO change ({columns}) SELECT {columns} FROM change ORDER BY position LIMIT 1 \
             RETURNING CAST(position AS text)"
        );
        ask(&app, &unnoticed).await;
        until(&here, AREAS, |answer| source(answer) == "miss").await;
    });
}
