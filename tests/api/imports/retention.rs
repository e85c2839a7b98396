//! How long the data of an import is kept.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::{CSV, IMPORTS, commit, counts, faults, import};
use crate::harness::{Backend, Caller, TestApp, on_both};

/// A coordinator with a new token: tokens expire before the data of an import.
async fn with_new_token(app: &TestApp, account: Uuid) -> Caller {
    app.anonymous().with_token(&app.token(account).await)
}

on_both! {
    /// The file and the report may contain personal data.
    async fn only_the_counts_of_an_import_are_kept_after_a_day(app: TestApp) {
        let caller = app.coordinator();
        let account = caller.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().parse().unwrap();
        let file = "slug,name,kind\nbmz,Zxq,ministry\n,Zxq,beer\n";
        let plan =
            import(&caller, "resource=organisations&mode=upsert&on_error=skip&dry_run=true", CSV, file).await;
        let failed = import(&caller, "resource=organisations", CSV, file).await;
        assert_eq!(plan["report"]["changes"].as_array().unwrap().len(), 1);
        app.clock.advance(TimeDelta::hours(23));
        for import in [&plan, &failed] {
            let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
            assert_eq!(with_new_token(&app, account).await.get(&path).await.ok().json(), *import);
        }
        app.clock.advance(TimeDelta::hours(2));
        for import in [&plan, &failed] {
            let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
            let later = with_new_token(&app, account).await.get(&path).await.ok().json();
            assert_eq!(counts(&later), counts(import));
            assert!(later.get("plan_token").is_none());
            for list in ["faults", "changes", "duplicates"] {
                assert_eq!(later["report"][list], Value::Array(Vec::new()));
            }
        }
        commit(&with_new_token(&app, account).await, &plan).await.problem(409, "nothing_to_commit");
    }

    async fn imports_are_listed_newest_first(app: TestApp) {
        let caller = app.coordinator();
        let one = import(&caller, "resource=organisations", CSV, "name,kind\nZxq,ngo\n").await;
        let two = import(&caller, "resource=utilities&dry_run=true", CSV, "name\nZxq\n").await;
        let listed = caller.get(IMPORTS).await.ok().json();
        let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, [&two["id"], &one["id"]]);
        assert!(listed["items"][0].get("report").is_none());
        assert_eq!((&one["status"], &two["status"]), (&json!("committed"), &json!("rehearsed")));
        assert_eq!(faults(&two).len(), 3);
    }

    /// The import has the status `running`, but no process works on it.
    async fn an_abandoned_import_is_interrupted(app: TestApp) {
        let caller = app.coordinator();
        let done = import(&caller, "resource=organisations", CSV, "name,kind\nZxq,ngo\n").await;
        let id = done["id"].as_str().unwrap();
        let set = "UPDATE import SET status = 'running', report = NULL, plan_token = NULL, finished_at = NULL WHERE id";
        let changed = match app.backend {
            Backend::Sqlite => {
                let mut database = SqliteConnection::connect(&app.url).await.unwrap();
                let statement = format!("{set} = X'{}'", id.replace('-', ""));
                sqlx::query(AssertSqlSafe(statement)).execute(&mut database).await.unwrap().rows_affected()
            }
            Backend::Postgres => {
                let mut database = PgConnection::connect(&app.url).await.unwrap();
                let statement = format!("{set} = '{id}'");
                sqlx::query(AssertSqlSafe(statement)).execute(&mut database).await.unwrap().rows_affected()
            }
        };
        assert_eq!(changed, 1);
        let path = format!("{IMPORTS}/{}", done["id"].as_str().unwrap());
        let found = caller.get(&path).await.ok().json();
        assert_eq!(found["status"], "interrupted");
        assert!(found.get("finished_at").is_some());
    }
}
