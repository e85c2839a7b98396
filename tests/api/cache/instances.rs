//! The cache of several instances on one database.

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use vku_domain::kernel::access::actor::Role;

use super::{cached, until};
use crate::api::fixtures::{UTILITIES, abroad, create, location};
use crate::harness::{Backend, TestApp, on_both, run};

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
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                        AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')";
            assert_eq!(killer.execute(kill).await.unwrap().rows_affected(), 2);
            let city = format!("City {round}");
            there.patch(&path, "*", &json!({ "city": city })).await.ok();
            until(&here, &path, |answer| answer.json()["city"] == city).await;
        }
        cached(&here, &path).await;
    });
}
