//! Sessions as calendar events, and secret calendar links: shown once, valid for one member, and useless after they are
//! revoked.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::fixtures::{create, location, merged};
use super::sessions::published;
use super::sessions::registrations::person;
use crate::harness::{Caller, TestApp, on_both};

const LINK: &str = "/api/v1/members/stadtentwaesserung-dresden/calendar-link";

/// Creates a link and returns its path and query.
async fn create_link(caller: &Caller) -> String {
    let answer = caller.send(caller.request(Method::POST, LINK)).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    url.strip_prefix("https://partnerships.example").unwrap().to_owned()
}

/// The status that a client without an account gets.
async fn status(app: &TestApp, path: &str) -> u16 {
    app.anonymous().request(Method::GET, path).send().await.unwrap().status().as_u16()
}

/// The properties of the event of a session, unfolded.
async fn event(caller: &Caller, session: &str) -> BTreeMap<String, String> {
    let text = caller.get(&format!("{session}?format=ics")).await.ok().text().replace("\r\n ", "");
    let (_, event) = text.split_once("BEGIN:VEVENT\r\n").unwrap();
    let properties = event.lines().filter_map(|line| line.split_once(':'));
    properties.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

on_both! {
    async fn the_link_of_an_online_session_is_its_location(app: TestApp) {
        let link = "https://meet.example/zxqlink";
        let more = json!({"format": "online", "online_url": link, "place": "Bremen", "description": {"de": "Zxqtext"}});
        let event = event(&app.coordinator(), &published(&app, more).await).await;
        assert_eq!((event["LOCATION"].as_str(), event["URL"].as_str()), (link, link));
        assert_eq!(event["DESCRIPTION"], "Zxqtext");
    }

    async fn the_link_of_a_hybrid_session_is_in_its_description(app: TestApp) {
        let link = "https://meet.example/zxqlink";
        let more = json!({"format": "hybrid", "online_url": link, "place": "Bremen", "description": {"de": "Zxqtext"}});
        let event = event(&app.coordinator(), &published(&app, more).await).await;
        assert_eq!((event["LOCATION"].as_str(), event["URL"].as_str()), ("Bremen", link));
        assert_eq!(event["DESCRIPTION"], format!("Zxqtext\\n\\nOnline: {link}"));
    }

    async fn a_cancelled_session_names_the_reason(app: TestApp) {
        let office = app.coordinator();
        let session = published(&app, json!({"description": {"de": "Zxqtext"}})).await;
        let planned = event(&office, &session).await;
        assert_eq!((planned["SUMMARY"].as_str(), planned["STATUS"].as_str()), ("Zxq", "CONFIRMED"));
        let to = json!({"to": "cancelled", "reason": "Zxqgrund"});
        office.post(&format!("{session}/transitions"), &to).await.ok();
        for caller in [office, app.anonymous()] {
            let event = event(&caller, &session).await;
            assert_eq!((event["SUMMARY"].as_str(), event["STATUS"].as_str()), ("Abgesagt: Zxq", "CANCELLED"));
            assert_eq!(event["DESCRIPTION"], "Abgesagt: Zxqgrund\\n\\nZxqtext");
        }
    }

    /// Programs ignore an event that has not changed, and would not show the link to somebody who got a seat.
    async fn an_event_changes_with_the_registrations_of_its_reader(app: TestApp) {
        app.clock.stop();
        let (office, member) = (app.coordinator(), app.member());
        let session = published(&app, json!({})).await;
        let list = format!("{session}/registrations");
        let changed_at = async || {
            let (own, other) = (event(&member, &session).await, event(&office, &session).await);
            [own["LAST-MODIFIED"].clone(), other["LAST-MODIFIED"].clone()]
        };
        let first = changed_at().await;
        app.clock.advance(TimeDelta::seconds(60));
        let own = location(&create(&office, &list, &person("a")).await);
        let registered = changed_at().await;
        assert!(registered[0] > first[0] && registered[1] == first[1], "{first:?} {registered:?}");
        app.clock.advance(TimeDelta::seconds(60));
        create(&office, &list, &merged(&person("b"), &json!({"member": "hamburg-wasser"}))).await;
        assert_eq!(changed_at().await, registered);
        office.post(&format!("{own}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let cancelled = changed_at().await;
        assert!(cancelled[0] > registered[0] && cancelled[1] == first[1], "{registered:?} {cancelled:?}");
    }

    async fn a_calendar_link_works_until_it_is_replaced_or_revoked(app: TestApp) {
        let first = create_link(&app.member()).await;
        assert!(first.starts_with("/calendars/member.ics?token=vkc_"), "{first}");
        assert_eq!(status(&app, &first).await, 200);
        let dry_run = app.member().request(Method::POST, &format!("{LINK}?dry_run=true"));
        app.member().send(dry_run).await.expect(201);
        assert_eq!(status(&app, &first).await, 200, "that was a dry run");
        let second = create_link(&app.coordinator()).await;
        assert_eq!((status(&app, &first).await, status(&app, &second).await), (404, 200));
        app.member().send(app.member().request(Method::DELETE, LINK)).await.expect(204);
        app.member().send(app.member().request(Method::DELETE, LINK)).await.expect(204);
        assert_eq!(status(&app, &second).await, 404);
        for wrong in ["/calendars/member.ics", "/calendars/member.ics?token=vkc_zxq", "/calendars/member.ics?token="] {
            assert_eq!(status(&app, wrong).await, 404, "{wrong}");
        }
    }

    async fn an_api_key_needs_sessions_read_to_create_a_calendar_link(app: TestApp) {
        for (scopes, status) in [(json!(["members:write"]), 403), (json!(["members:write", "sessions:read"]), 201)] {
            let key = app.member().post("/api/v1/api-keys", &json!({"name": "Zxq", "scopes": scopes})).await.expect(201);
            let key = key.json()["key"].as_str().map(str::to_owned);
            let caller = Caller::new(app.address, key);
            caller.send(caller.request(Method::POST, LINK)).await.expect(status);
        }
    }

    async fn the_link_of_a_member_that_has_left_is_not_found(app: TestApp) {
        let link = create_link(&app.member()).await;
        let transitions = "/api/v1/members/stadtentwaesserung-dresden/transitions";
        app.coordinator().post(transitions, &json!({"to": "left"})).await.ok();
        assert_eq!(status(&app, &link).await, 404);
        app.coordinator().post(transitions, &json!({"to": "interested"})).await.ok();
        assert_eq!(status(&app, &link).await, 200);
    }

    async fn a_linked_calendar_is_private_and_cacheable(app: TestApp) {
        let link = create_link(&app.member()).await;
        let answer = app.anonymous().get(&link).await.ok();
        assert!(answer.header("content-type").starts_with("text/calendar"));
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let text = answer.text();
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
        let known = app.anonymous().request(Method::GET, &link).header("If-None-Match", answer.tag());
        app.anonymous().send(known).await.expect(304);
        let others = "/api/v1/members/hamburg-wasser/calendar-link";
        app.member().send(app.member().request(Method::POST, others)).await.problem(403, "forbidden");
    }
}
