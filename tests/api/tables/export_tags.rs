//! The entity tags of exports: 304 while nothing has changed for the caller, whatever has been written that it does not
//! see.

use reqwest::Method;
use serde_json::json;
use vku_http::kernel::config::HttpConfig;

use crate::api::fixtures::{create, delete, partnership};
use crate::api::visibility::hidden::{PUBLIC, Restriction};
use crate::harness::{Caller, Response, TestApp, on_both};

const EXPORTS: [&str; 6] = [
    "/api/v1/partnerships?format=csv",
    "/api/v1/partnerships?format=xlsx&columns=all",
    "/api/v1/partnerships?format=ndjson&country=UA",
    "/api/v1/partnerships?format=iati",
    "/api/v1/partnerships?format=geojson",
    "/api/v1/partnership-funding?format=csv&partnership.country=UA",
];

async fn ask(caller: &Caller, path: &str, tag: &str) -> Response {
    caller.send(caller.request(Method::GET, path).header("If-None-Match", tag)).await
}

/// The tags of all exports for a caller.
async fn tags(caller: &Caller) -> Vec<String> {
    let mut tags = Vec::new();
    for path in EXPORTS {
        let tag = caller.get(path).await.ok().tag();
        assert!(tag.starts_with("W/\"") && tag.len() < 250, "{path}: {tag}");
        tags.push(tag);
    }
    tags
}

/// Asserts the status of all exports for a client that has these tags.
async fn expect(caller: &Caller, tags: &[String], status: u16, step: &str) {
    for (path, tag) in EXPORTS.iter().zip(tags) {
        let answer = ask(caller, path, tag).await;
        assert_eq!(answer.status, status, "{step}: {path}");
        assert_eq!(answer.body.is_empty(), status == 304, "{step}: {path}");
        assert_eq!(&answer.tag() == tag, status == 304, "{step}: {path}");
    }
}

async fn write_visible(app: &TestApp, title: &str) {
    create(&app.coordinator(), "/api/v1/partnerships", &partnership(title)).await;
}

on_both! {
    async fn an_unchanged_export_is_304_until_something_visible_changes(app: TestApp) {
        let (anyone, staff) = (app.anonymous(), app.coordinator());
        let (of_anyone, of_staff) = (tags(&anyone).await, tags(&staff).await);
        expect(&anyone, &of_anyone, 304, "nothing is written").await;
        expect(&staff, &of_staff, 304, "nothing is written").await;
        // What the caller does not see changes nothing for it.
        let hidden = Restriction::Internal.create(&app).await;
        expect(&anyone, &of_anyone, 304, "hidden resources are created").await;
        expect(&staff, &of_staff, 200, "resources are created").await;
        hidden.change(&app).await;
        expect(&anyone, &of_anyone, 304, "hidden resources are changed").await;
        write_visible(&app, "Zxq new").await;
        expect(&anyone, &of_anyone, 200, "a public partnership is created").await;
    }

    /// Whatever a file shows: parts, names of others, and what is computed.
    async fn any_visible_change_makes_a_new_file(app: TestApp) {
        let (anyone, staff) = (app.anonymous(), app.coordinator());
        let funding = format!("/api/v1/partnerships/{PUBLIC}/funding");
        for step in 0..5 {
            let known = tags(&anyone).await;
            expect(&anyone, &known, 304, "before").await;
            match step {
                0 => drop(create(&staff, &funding, &json!({"kind": "grant", "programme": "newza"})).await),
                1 => drop(staff.patch("/api/v1/utilities/hamburg-wasser", "*", &json!({"name": "Zxq"})).await.ok()),
                2 => drop(staff.patch(&format!("/api/v1/partnerships/{PUBLIC}"), "*", &json!({"end": "2040"})).await.ok()),
                3 => drop(staff.patch(&format!("/api/v1/partnerships/{PUBLIC}"), "*", &json!({"visibility": "internal"})).await.ok()),
                _ => delete(&staff, "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna").await,
            }
            expect(&anyone, &known, 200, &format!("step {step}")).await;
        }
    }

    async fn a_tag_is_of_one_caller_one_day_and_one_file(app: TestApp) {
        let (anyone, member) = (app.anonymous(), app.member());
        let known = tags(&anyone).await;
        let of_member = tags(&member).await;
        for (path, tag) in EXPORTS.iter().zip(&of_member) {
            ask(&anyone, path, tag).await.ok();
            ask(&member, path, tag).await.expect(304);
        }
        for path in ["/api/v1/partnerships?format=csv&csv_dialect=excel_de", "/api/v1/partnerships?format=csv&columns=all"] {
            ask(&anyone, path, &known[0]).await.ok();
        }
        let request = anyone.request(Method::GET, "/api/v1/partnerships").header("Accept", "text/csv");
        let csv = anyone.send(request).await.ok().tag();
        let request = anyone.request(Method::GET, "/api/v1/partnerships").header("Accept", "application/x-ndjson");
        anyone.send(request.header("If-None-Match", &csv)).await.ok();
        for tag in ["\"x\"", "W/\"x\"", "x", "W/\"0000000000000000.AAAA\"", &format!("{}x\"", known[0].trim_end_matches('"'))] {
            ask(&anyone, EXPORTS[0], tag).await.ok();
        }
        let listed = format!("\"x\", {}", known[0]);
        ask(&anyone, EXPORTS[0], &listed).await.expect(304);
        app.clock.advance(chrono::TimeDelta::days(1));
        expect(&anyone, &known, 200, "tomorrow").await;
    }

    /// Two tags of the same file differ: nobody can tell by them whether something hidden has been written in between.
    async fn tags_cannot_be_compared(app: TestApp) {
        let anyone = app.anonymous();
        let (one, other) = (tags(&anyone).await, tags(&anyone).await);
        Restriction::Internal.create(&app).await;
        let third = tags(&anyone).await;
        for ((one, other), third) in one.iter().zip(&other).zip(&third) {
            assert!(one != other && other != third, "{one}");
            assert_eq!((one.len(), one.len()), (other.len(), third.len()));
        }
    }

    async fn another_instance_knows_the_tag(app: TestApp) {
        let other = app.another_instance(HttpConfig::default());
        let known = tags(&app.anonymous()).await;
        expect(&other.anonymous(), &known, 304, "another instance").await;
        write_visible(&app, "Zxq new").await;
        expect(&other.anonymous(), &known, 200, "another instance, after a change").await;
    }

    async fn a_compressed_export_has_a_tag_of_its_own(app: TestApp) {
        let anyone = app.anonymous();
        let gzip = || anyone.request(Method::GET, EXPORTS[0]).header("Accept-Encoding", "gzip");
        let tag = anyone.send(gzip()).await.ok().tag();
        assert!(tag.ends_with("-gzip\""), "{tag}");
        let known = anyone.send(gzip().header("If-None-Match", &tag)).await.expect(304);
        assert_eq!(known.tag(), tag);
        let head = anyone.request(Method::HEAD, EXPORTS[0]).header("If-None-Match", &tag);
        anyone.send(head).await.expect(304);
    }

    /// What changes with the time alone, or is found by texts that it does not show, has no tag.
    async fn files_that_the_feed_does_not_follow_have_no_tag(app: TestApp) {
        let staff = app.admin();
        for path in [
            "/api/v1/sessions?format=csv", "/api/v1/session-registrations?format=csv", "/api/v1/webhooks?format=csv",
            "/api/v1/partnerships?format=csv&q=wasser", "/api/v1/partnerships?format=csv&deleted=true",
            "/api/v1/partnerships?format=ndjson&expand=participants.utility",
        ] {
            assert_eq!(staff.get(path).await.ok().tag(), "", "{path}");
            ask(&staff, path, "W/\"x\"").await.ok();
        }
    }
}
