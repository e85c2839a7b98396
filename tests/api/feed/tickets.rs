//! Tickets: browsers connect with them, once.

use chrono::TimeDelta;
use serde_json::json;
use vku_domain::kernel::access::actor::Role;
use vku_http::kernel::config::HttpConfig;

use super::events::{EVENTS, Stream};
use crate::api::fixtures::{MEMBERS, create, post_nothing};
use crate::harness::{Caller, on_both};

/// A new ticket.
async fn ticket(caller: &Caller) -> String {
    let made = post_nothing(caller, &format!("{EVENTS}/tickets")).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    made.json()["ticket"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_ticket_opens_one_stream_as_its_owner(app: TestApp) {
        let anonymous = app.anonymous();
        let one = ticket(&app.member()).await;
        let mut stream = Stream::open(&anonymous, &format!("?ticket={one}"), None).await;
        let consented = crate::api::fixtures::bodies::contact("zxq", true);
        create(&app.coordinator(), &format!("{MEMBERS}/hamburg-wasser/contacts"), &consented).await;
        assert_eq!(stream.next().await.unwrap().data["resource"], "contact", "the public does not see it");
        // Used, on this instance and on another.
        let other = app.another_instance(HttpConfig::default());
        for app in [&app, &other] {
            app.anonymous().get(&format!("{EVENTS}?ticket={one}")).await.problem(401, "invalid_token");
        }
        let there = ticket(&app.reader()).await;
        drop(Stream::open(&other.anonymous(), &format!("?ticket={there}"), None).await);
        anonymous.get(&format!("{EVENTS}?ticket={there}")).await.problem(401, "invalid_token");
    }

    async fn a_ticket_expires_and_ends_with_its_login(app: TestApp) {
        let anonymous = app.anonymous();
        let late = ticket(&app.reader()).await;
        app.clock.advance(TimeDelta::seconds(31));
        anonymous.get(&format!("{EVENTS}?ticket={late}")).await.problem(401, "invalid_token");
        let account = app.account(Role::Member, "hamburg-wasser").await;
        let (unused, used) = (ticket(&account).await, ticket(&account).await);
        let stream = Stream::open(&anonymous, &format!("?ticket={used}"), None).await;
        let me = account.get("/api/v1/me").await.ok().json();
        let user = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
        app.admin().patch(&user, "*", &json!({"disabled": true})).await.ok();
        stream.ends().await;
        anonymous.get(&format!("{EVENTS}?ticket={unused}")).await.problem(401, "invalid_token");
        let mut changed = ticket(&app.reader()).await.into_bytes();
        changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        anonymous.get(&format!("{EVENTS}?ticket={changed}")).await.problem(401, "invalid_token");
    }

    async fn only_people_who_are_signed_in_get_a_ticket(app: TestApp) {
        let path = format!("{EVENTS}/tickets");
        post_nothing(&app.anonymous(), &path).await.problem(401, "unauthenticated");
        let key = json!({"name": "Zxq", "scopes": ["organisations:read"]});
        let key = create(&app.reader(), "/api/v1/api-keys", &key).await.json();
        let by_key = app.reader().with_token(key["key"].as_str().unwrap());
        post_nothing(&by_key, &path).await.problem(403, "forbidden");
        let refused = post_nothing(&app.reader(), &format!("{path}?zxq=1")).await;
        assert_eq!(refused.faults(400, "invalid_parameters"), ["zxq unknown_parameter"]);
    }
}
