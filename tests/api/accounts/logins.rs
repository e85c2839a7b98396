//! The logins of one's own account: listing and ending them.

use reqwest::Method;
use uuid::Uuid;

use super::{LOGINS, Login, ME, PASSWORD, TOKEN, id_of};
use crate::harness::{Caller, on_both};

async fn ids(caller: &Caller) -> Vec<String> {
    let items = caller.get(LOGINS).await.ok().json()["items"].as_array().unwrap().clone();
    items.iter().map(|login| login["id"].as_str().unwrap().to_owned()).collect()
}

async fn delete(caller: &Caller, id: &str) -> crate::harness::Response {
    caller.send(caller.request(Method::DELETE, &format!("{LOGINS}/{id}"))).await
}

on_both! {
    async fn own_logins_are_listed_newest_first(app: TestApp) {
        let before = ids(&app.reader()).await;
        let (first, second) = (Login::of(&app, "reader@demo.example").await, Login::of(&app, "reader@demo.example").await);
        let listed = first.caller.get(LOGINS).await.ok();
        assert_eq!(listed.header("cache-control"), "private, no-cache");
        let listed = listed.json();
        let items = listed["items"].as_array().unwrap();
        let [newest, current] = &items[..2] else { panic!("{items:?}") };
        assert_eq!(items.len(), before.len() + 2);
        assert_eq!((newest["id"].as_str().unwrap(), &newest["current"]), (&*second.id.to_string(), &false.into()));
        assert_eq!((current["id"].as_str().unwrap(), &current["current"]), (&*first.id.to_string(), &true.into()));
        let mut members: Vec<_> = current.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["client", "created_at", "current", "expires_at", "id", "last_used_at"]);
        assert_ne!(ids(&app.coordinator()).await, before);
        app.anonymous().get(LOGINS).await.problem(401, "unauthenticated");
        let told = first.caller.get(&format!("{LOGINS}?x=1")).await;
        assert_eq!(told.faults(400, "invalid_parameters"), ["x unknown_parameter"]);
    }

    async fn the_user_agent_is_stored_and_cut_to_120_characters(app: TestApp) {
        let caller = app.anonymous();
        let body = serde_json::json!({ "email": "reader@demo.example", "password": PASSWORD });
        for (agent, kept) in [("curl/8.14.1".to_owned(), "curl/8.14.1".to_owned()), ("x".repeat(500), "x".repeat(120))] {
            let request = caller.request(Method::POST, TOKEN).header("User-Agent", agent).json(&body);
            let tokens = caller.send(request).await.ok().json();
            let caller = caller.with_token(tokens["access_token"].as_str().unwrap());
            assert_eq!(caller.get(LOGINS).await.ok().json()["items"][0]["client"], kept);
        }
    }

    async fn a_login_can_be_ended_from_another_login(app: TestApp) {
        let (here, there) = (Login::of(&app, "reader@demo.example").await, Login::of(&app, "reader@demo.example").await);
        there.caller.get(ME).await.ok();
        let id = there.id.to_string();
        delete(&here.caller, &id).await.expect(204);
        there.caller.get(ME).await.problem(401, "invalid_token");
        assert!(!ids(&here.caller).await.contains(&id));
        delete(&here.caller, &id).await.problem(404, "not_found");
        here.caller.get(ME).await.ok();
        delete(&here.caller, &here.id.to_string()).await.expect(204);
        here.caller.get(ME).await.problem(401, "invalid_token");
    }

    async fn logins_of_other_accounts_are_not_found(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        for caller in [app.admin(), app.coordinator(), app.member()] {
            delete(&caller, &login.id.to_string()).await.problem(404, "not_found");
            assert!(!ids(&caller).await.contains(&login.id.to_string()));
        }
        delete(&app.anonymous(), &login.id.to_string()).await.problem(401, "unauthenticated");
        for id in [Uuid::now_v7().to_string(), "zxq".into(), id_of(&login.caller).await.to_string()] {
            delete(&login.caller, &id).await.problem(404, "not_found");
        }
        login.caller.get(ME).await.ok();
    }
}
