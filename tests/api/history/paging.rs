//! The pages of a history: complete, valid for that history only, and stable while others write.

use serde_json::{Value, json};

use super::{history, summaries};
use crate::api::fixtures::{ORGANISATIONS, PARTNERSHIPS, create, delete, merged, participant, partnership};
use crate::harness::{Caller, on_both};

/// The versions on a page, and the links to the next and previous pages.
async fn page(caller: &Caller, path: &str) -> (Vec<i64>, String, String) {
    let page = caller.get(path).await.ok().json();
    let versions = page["items"].as_array().unwrap().iter().map(|it| it["version"].as_i64().unwrap());
    let turn = |name: &str| page[name].as_str().unwrap_or_default().to_owned();
    (versions.collect(), turn("next"), turn("prev"))
}

on_both! {
    async fn pages_neither_skip_nor_repeat_entries_while_others_write(app: TestApp) {
        let (office, reader) = (app.coordinator(), app.reader());
        let at = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        let write = async |year: u16| office.patch(&at, "*", &json!({"end": year.to_string()})).await.ok();
        for year in 2030..2036 {
            write(year).await;
        }
        let (first, next, prev) = page(&reader, &format!("{at}/history?limit=3")).await;
        assert_eq!((first, prev.as_str()), (vec![7, 6, 5], ""));
        write(2036).await;
        let (second, last, back) = page(&reader, &next).await;
        assert_eq!(second, [4, 3, 2]);
        write(2037).await;
        let (third, none, _) = page(&reader, &last).await;
        assert_eq!((third, none.as_str()), (vec![1], ""));
        let (again, forth, newer) = page(&reader, &back).await;
        assert_eq!(again, [7, 6, 5]);
        assert_eq!(page(&reader, &forth).await.0, [4, 3, 2]);
        let (newest, _, none) = page(&reader, &newer).await;
        assert_eq!((newest, none.as_str()), (vec![9, 8], ""));
    }

    /// Entries without visible changes make pages neither shorter nor empty.
    async fn pages_are_full_although_hidden_entries_are_skipped(app: TestApp) {
        let office = app.coordinator();
        create(&office, ORGANISATIONS, &json!({"name": "Zxq", "kind": "ngo", "slug": "zxq"})).await;
        let at = create(&office, PARTNERSHIPS, &partnership("Bund")).await.header("location");
        let stay = [participant("lead", "hamburg-wasser"), participant("partner", "lvivvodokanal")];
        let hidden = json!({"role": "supporting", "party": {"organisation": "zxq"}});
        for year in 2020..2024 {
            for (index, participants) in [json!([stay[0], stay[1], hidden]), json!(stay)].iter().enumerate() {
                office.patch(&at, "*", &json!({"participants": participants})).await.ok();
                office.patch(&at, "*", &json!({"start": format!("{year}-0{}", index + 1)})).await.ok();
            }
        }
        delete(&office, &format!("{ORGANISATIONS}/zxq")).await;
        let reader = app.reader();
        let all: Vec<_> = (1..=8).rev().map(|half| half * 2 + 1).chain([1]).collect();
        for limit in [1, 2, 3, 4, 9, 200] {
            let (mut seen, mut path, mut last) = (Vec::new(), format!("{at}/history?limit={limit}"), String::new());
            while !path.is_empty() {
                let (versions, next, _) = page(&reader, &path).await;
                assert!(versions.len() == limit || next.is_empty(), "{limit}: {versions:?}");
                seen.push(versions);
                (last, path) = (path, next);
            }
            assert_eq!(seen.concat(), all, "{limit}");
            assert!(!seen.last().unwrap().is_empty(), "{limit}: an empty page");
            let mut back = vec![page(&reader, &last).await];
            while !back[0].2.is_empty() {
                back.insert(0, page(&reader, &back[0].2).await);
            }
            let back: Vec<_> = back.into_iter().map(|page| page.0).filter(|page| !page.is_empty()).collect();
            assert_eq!(back, seen, "{limit}: the same pages backwards");
        }
        assert_eq!(history(&office, &at).await.len(), 17);
        assert!(!summaries(&history(&reader, &at).await).concat().contains("participants/"));
    }

    async fn a_cursor_is_valid_for_one_history_only(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        let other = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        for path in [&at, &other] {
            office.patch(path, "*", &json!({"start": "2020"})).await.ok();
        }
        let next = page(&office, &format!("{at}/history?limit=1")).await.1;
        let cursor = next.split_once("cursor=").unwrap().1;
        assert_eq!(page(&office, &next).await.0, [1]);
        for path in [
            format!("{other}/history?cursor={cursor}"),
            format!("{at}/history?cursor={cursor}&deleted=false"),
            format!("{at}/history?cursor=A{cursor}"),
            format!("{at}/history?cursor="),
            format!("/api/v1/audit?cursor={cursor}"),
            format!("{PARTNERSHIPS}?cursor={cursor}"),
        ] {
            assert_eq!(office.get(&path).await.faults(400, "invalid_parameters"), ["cursor invalid_cursor"], "{path}");
        }
        let by_id = office.get(&at).await.ok().json()["id"].as_str().unwrap().to_owned();
        assert_eq!(page(&office, &format!("{PARTNERSHIPS}/{by_id}/history?limit=1&cursor={cursor}")).await.0, [1]);
    }

    async fn invalid_history_requests_are_refused(app: TestApp) {
        let caller = app.anonymous();
        let path = format!("{PARTNERSHIPS}/hamburg-kyiv/history");
        for (query, fault) in [
            ("limit=0", "limit out_of_range"),
            ("limit=201", "limit out_of_range"),
            ("limit=1&limit=2", "limit repeated"),
            ("sort=at", "sort unknown_parameter"),
            ("format=csv", "format unknown_parameter"),
            ("deleted=yes", "deleted unknown_value"),
        ] {
            assert_eq!(caller.get(&format!("{path}?{query}")).await.faults(400, "invalid_parameters"), [fault]);
        }
        let csv = caller.request(reqwest::Method::GET, &path).header("Accept", "text/csv");
        caller.send(csv).await.problem(406, "not_acceptable");
        let answer = caller.send(caller.request(reqwest::Method::POST, &path)).await;
        assert_eq!(answer.header("allow"), "GET, HEAD");
        answer.problem(405, "method_not_allowed");
    }

    async fn histories_honour_entity_tags(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        office.patch(&at, "*", &json!({"start": "2020"})).await.ok();
        let path = format!("{at}/history?limit=1");
        for (caller, cached) in [(app.anonymous(), "public, no-cache"), (app.reader(), "private, no-cache")] {
            let answer = caller.get(&path).await.ok();
            assert_eq!(answer.header("cache-control"), cached);
            let next = answer.json()["next"].as_str().unwrap().to_owned();
            assert_eq!(answer.header("link"), format!("<{next}>; rel=\"next\""));
            let known = || caller.request(reqwest::Method::GET, &path).header("If-None-Match", answer.tag());
            assert_eq!(caller.send(known()).await.expect(304).body, b"");
            let head = caller.head(&path).await.ok();
            assert_eq!((head.tag(), head.body.len()), (answer.tag(), 0));
        }
        let tag = app.reader().get(&path).await.ok().tag();
        office.patch(&at, "*", &json!({"start": "2021"})).await.ok();
        assert_ne!(app.reader().get(&path).await.ok().tag(), tag);
        let unchanged: Value = merged(&json!({}), &json!({"start": "2021"}));
        let tag = app.reader().get(&path).await.ok().tag();
        office.patch(&at, "*", &unchanged).await.ok();
        assert_eq!(app.reader().get(&path).await.ok().tag(), tag, "what changes nothing leaves no trace");
    }
}
