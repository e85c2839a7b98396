//! Invalid requests: parameters, cursors, media types, malformed JSON, bodies that are too large.

use reqwest::Method;
use serde_json::json;

use crate::api::given::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, municipal, untouched,
};
use crate::harness::contract::Contract;
use crate::harness::{Answer, Caller, on_both};

/// Sends a body as it is.
async fn send(caller: &Caller, method: Method, path: &str, media: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = caller.request(method, path).header("If-Match", "*").header("Content-Type", media);
    caller.send(request.body(body.into())).await
}

async fn post(caller: &Caller, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    send(caller, Method::POST, path, "application/json", body).await
}

on_both! {
    async fn invalid_query_parameters_are_refused(app: TestApp) {
        let staff = app.coordinator();
        for (path, faults) in [
            ("/partnerships?limit=0", vec!["limit out_of_range"]),
            ("/partnerships?limit=201", vec!["limit out_of_range"]),
            ("/partnerships?limit=abc", vec!["limit out_of_range"]),
            ("/partnerships?limit=-1", vec!["limit out_of_range"]),
            ("/partnerships?limit=99999999999999999999", vec!["limit out_of_range"]),
            ("/partnerships?limit=1&limit=2", vec!["limit repeated"]),
            ("/partnerships?sort=colour", vec!["sort unknown_value"]),
            ("/partnerships?sort=", vec!["sort unknown_value"]),
            ("/partnerships?sort=title,,start", vec!["sort unknown_value"]),
            ("/partnerships?sort=title,-title", vec!["sort repeated"]),
            ("/partnerships?sort=title&sort=start", vec!["sort repeated"]),
            ("/partnerships?status=asleep&country=XX", vec!["country unknown_value", "status unknown_value"]),
            ("/partnerships?country=UA&country=ua", vec!["country unknown_value"]),
            (
                "/partnerships?utility=No%20Slug&utility=%00",
                vec!["utility invalid_format", "utility invalid_format"],
            ),
            (
                "/partnerships?start_from=2023-13&start_to=x",
                vec!["start_from invalid_date", "start_to invalid_format"],
            ),
            ("/partnerships?start_from=2023&start_from=2024", vec!["start_from repeated"]),
            ("/partnerships?updated_since=2026-01-01", vec!["updated_since invalid_format"]),
            ("/partnerships?count=yes&deleted=1", vec!["count unknown_value", "deleted unknown_value"]),
            ("/partnerships?format=pdf", vec!["format unknown_value"]),
            ("/partnerships?cursor=", vec!["cursor invalid_cursor"]),
            ("/partnerships?cursor=%00%ff", vec!["cursor invalid_cursor"]),
            (
                "/partnerships?sektor=water&%ff=1",
                vec!["sektor unknown_parameter", "\u{fffd} unknown_parameter"],
            ),
            ("/utilities?need=Pump&expertise=pumps", vec!["need invalid_format"]),
            ("/organisations?visibility=public", vec!["visibility unknown_parameter"]),
            (
                "/partnerships/gelsenwasser-lukanga?expand=all&limit=1",
                vec!["expand unknown_value", "limit unknown_parameter"],
            ),
            ("/partnerships/gelsenwasser-lukanga/transitions?x=", vec!["x unknown_parameter"]),
            ("/partnerships/gelsenwasser-lukanga/funding?status=active", vec!["status unknown_parameter"]),
            ("/me?x=1", vec!["x unknown_parameter"]),
        ] {
            let answer = staff.get(&format!("/api/v1{path}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), faults, "{path}");
        }
        let problem = staff.get("/api/v1/partnerships?contry=UA").await.problem(400, "invalid_parameters");
        assert!(
            problem["errors"][0]["detail"].as_str().unwrap().contains("Did you mean `country`?"),
            "{problem:#}"
        );
    }

    async fn invalid_parameters_of_writes_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let (transitions, restore) = (format!("{DRESDEN}/transitions"), format!("{DRESDEN}/restore"));
        untouched(&app, async || {
            for (method, path) in [
                (Method::POST, UTILITIES),
                (Method::PATCH, DRESDEN),
                (Method::DELETE, DRESDEN),
                (Method::POST, &transitions),
                (Method::POST, &restore),
            ] {
                for (query, faults) in [
                    ("dryrun=true", ["dryrun unknown_parameter"]),
                    ("dry_run=yes", ["dry_run unknown_value"]),
                    ("dry_run=true&dry_run=true", ["dry_run repeated"]),
                ] {
                    let answer =
                        send(&staff, method.clone(), &format!("{path}?{query}"), "application/json", "{}")
                            .await;
                    assert_eq!(answer.faults(400, "invalid_parameters"), faults, "{method} {path}?{query}");
                }
            }
        })
        .await;
    }

    async fn a_cursor_is_valid_for_its_own_list_only(app: TestApp) {
        let staff = app.coordinator();
        let list = "/api/v1/partnerships?sector=water&sort=-start,title&limit=3";
        let next = staff.get(list).await.ok().json()["next"].as_str().unwrap().to_owned();
        let cursor = next.split_once("cursor=").unwrap().1;
        staff.get(&next).await.ok();
        staff.get(&next.replace("limit=3", "limit=7")).await.ok();
        for other in [
            "/utilities?sector=water&limit=3",
            "/partnerships/gelsenwasser-lukanga/funding?",
            "/partnerships?limit=3",
            "/partnerships?sector=waste&sort=-start,title",
            "/partnerships?sector=water&sector=waste&sort=-start,title",
            "/partnerships?sector=water&sort=start,title",
            "/partnerships?sector=water&sort=-start",
            "/partnerships?sector=water&sort=-start,title&deleted=true",
        ] {
            let answer = staff.get(&format!("/api/v1{other}&cursor={cursor}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), ["cursor invalid_cursor"], "{other}");
        }
        let altered = (0..cursor.len()).map(|at| {
            let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
        });
        for wrong in
            altered.chain([format!("{cursor}A"), cursor[1..].into(), cursor[..cursor.len() - 1].into()])
        {
            let answer = staff.get(&format!("{list}&cursor={wrong}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), ["cursor invalid_cursor"], "{wrong}");
        }
        let twice = staff.get(&format!("{next}&cursor={cursor}")).await;
        assert_eq!(twice.faults(400, "invalid_parameters"), ["cursor repeated"]);
    }

    async fn unsupported_media_types_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let (right, transitions) = (municipal("Mit Medientyp"), format!("{DRESDEN}/transitions"));
        untouched(&app, async || {
            for media in [
                "text/plain",
                "application/xml",
                "application/x-www-form-urlencoded",
                "application/jsonx",
                "json",
                "",
            ] {
                for (method, path) in [
                    (Method::POST, UTILITIES),
                    (Method::PATCH, DRESDEN),
                    (Method::POST, &transitions),
                    (Method::POST, "/api/v1/auth/token"),
                ] {
                    let problem = send(&staff, method, path, media, right.to_string()).await;
                    let problem = problem.problem(415, "unsupported_media_type");
                    assert!(problem["detail"].as_str().unwrap().contains("application/json"), "{problem:#}");
                }
            }
            let patch_as_post =
                send(&staff, Method::POST, UTILITIES, "application/merge-patch+json", right.to_string())
                    .await;
            patch_as_post.problem(415, "unsupported_media_type");
            let none = staff.send(staff.request(Method::POST, UTILITIES).body(right.to_string())).await;
            none.problem(415, "unsupported_media_type");
        })
        .await;
        send(&staff, Method::POST, UTILITIES, "Application/JSON ; charset=UTF-8", right.to_string())
            .await
            .expect(201);
        send(&staff, Method::PATCH, DRESDEN, "application/json", "{}").await.ok();
        send(&staff, Method::PATCH, DRESDEN, "application/merge-patch+json", "{}").await.ok();
    }

    async fn malformed_json_is_refused_with_its_position(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        untouched(&app, async || {
            for (text, place) in [
                (&b""[..], "line 1, column 0"),
                (b"{", "line 1, column 1"),
                (b"{\"name\": \"X\",\n  \"kind\": municipal}", "line 2, column 11"),
                (b"{\"name\": \"X\"} {}", "line 1, column 15"),
                (b"{'name': 'X'}", "line 1, column 2"),
                (b"{\"name\": \"X\",}", "line 1, column 14"),
                (b"{\"name\": \"\xff\"}", "line 1, column 11"),
                (b"\xef\xbb\xbf{}", "line 1, column 1"),
                (b"{\"name\": \"\\ud83d\"}", "line 1, column 17"),
                (b"{\"name\": \"\\ude00 \"}", "line 1, column 16"),
                (b"{\"name\": \"a\nb\"}", "line 2, column 0"),
                (b"{\"name\": 01}", "line 1, column 11"),
                (b"{\"name\": 1e400,}", "line 1, column 14"),
                (b"{\"name\": NaN}", "line 1, column 10"),
            ] {
                for (method, path) in [
                    (Method::POST, UTILITIES),
                    (Method::PATCH, DRESDEN),
                    (Method::POST, &transitions),
                    (Method::POST, "/api/v1/auth/token"),
                ] {
                    let answer = send(&staff, method, path, "application/json", text).await;
                    let problem = answer.problem(400, "malformed_json");
                    let detail = problem["detail"].as_str().unwrap();
                    assert!(detail.contains(place), "{}: {detail}", String::from_utf8_lossy(text));
                }
            }
        })
        .await;
    }

    /// JSON allows numbers of any size (RFC 8259, section 6), so a number that is too large is not malformed.
    async fn numbers_that_are_too_large_are_out_of_range(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        untouched(&app, async || {
            for (text, places) in [
                ("{\"name\": 1e99999}", vec!["/name out_of_range"]),
                ("{\"name\": -1e400, \"a\": \"1e999 \\\" 1e999\"}", vec!["/name out_of_range"]),
                ("{\"a/b\": [1, {\"c\": 12E+999}], \"d\": 1.5e400}", vec!["/a~1b/1/c out_of_range", "/d out_of_range"]),
                (&format!("{{\"name\": 1{}}}", "0".repeat(400)), vec!["/name out_of_range"]),
                ("1e99999", vec![" out_of_range"]),
            ] {
                for (method, path) in [
                    (Method::POST, UTILITIES),
                    (Method::PATCH, DRESDEN),
                    (Method::POST, &transitions),
                    (Method::POST, "/api/v1/auth/token"),
                ] {
                    let answer = send(&staff, method, path, "application/json", text).await;
                    assert_eq!(answer.faults(422, "validation_failed"), places, "{text}");
                }
            }
            let deep = format!("{{\"name\": {}{}}}", "[".repeat(200), "]".repeat(200));
            let problem = post(&staff, UTILITIES, deep).await.problem(400, "malformed_json");
            assert!(problem["detail"].as_str().unwrap().contains("nested too deeply"), "{problem:#}");
        })
        .await;
    }

    async fn invalid_parameters_suggest_the_right_ones(app: TestApp) {
        let staff = app.coordinator();
        for (query, code, suggestion) in [
            ("sector=water,waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water;waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water%20|%20waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water+waste", "unknown_value", "`sector=water&sector=waste`"),
            ("country=UA,ZM,TZ,KE", "", "`country=UA&country=ZM&country=TZ&…`"),
            ("status=active,completed", "unknown_value", "`status=active&status=completed`"),
            ("sector[]=water", "unknown_parameter", "Write `sector=…` without brackets"),
            ("sector[0]=water", "unknown_parameter", "Write `sector=…` without brackets"),
            ("filter[sector]=water", "unknown_parameter", "Write `sector=…` without brackets"),
            ("sort=title:asc", "unknown_value", "Write `sort=title`"),
            ("sort=title:desc", "unknown_value", "Write `sort=-title`"),
            ("sort=title+desc", "unknown_value", "Write `sort=-title`"),
            ("sort=title.DESC,start", "unknown_value", "Write `sort=-title`"),
            ("sort=title_asc", "unknown_value", "Write `sort=title`"),
            ("sort=-title:asc", "unknown_value", "Write `sort=-title`"),
            ("sort=%2Btitle", "unknown_value", "Write `sort=title`"),
            ("sort=title&sort=-start", "repeated", "with commas"),
            ("fields=id&fields=title", "repeated", "with commas"),
            ("page=2", "unknown_parameter", "follow `next`"),
            ("offset=50", "unknown_parameter", "follow `next`"),
            ("page[number]=2", "unknown_parameter", "follow `next`"),
            ("$skip=50", "unknown_parameter", "follow `next`"),
            ("per_page=10", "unknown_parameter", "Use `limit`"),
            ("page_size=10", "unknown_parameter", "Use `limit`"),
            ("pageSize=10", "unknown_parameter", "Use `limit`"),
            ("page[size]=10", "unknown_parameter", "Use `limit`"),
            ("$top=10", "unknown_parameter", "Use `limit`"),
            ("order_by=title", "unknown_parameter", "`sort=-key`"),
            ("orderBy=title", "unknown_parameter", "`sort=-key`"),
            ("search=wasser", "unknown_parameter", "Use `q`"),
            ("include=programmes", "unknown_parameter", "Use `expand`"),
            ("updated_since=2026-01-01T00:00:00+01:00", "invalid_format", "`updated_since=2026-01-01T00:00:00%2B01:00`"),
        ] {
            let problem = staff.get(&format!("{PARTNERSHIPS}?{query}")).await.problem(400, "invalid_parameters");
            let faults = problem["errors"].as_array().unwrap();
            assert_eq!(faults.len(), 1, "{query}: {problem:#}");
            let detail = faults[0]["detail"].as_str().unwrap();
            assert!(code.is_empty() || faults[0]["code"] == code, "{query}: {problem:#}");
            assert!(detail.contains(suggestion) && !detail.contains("Did you mean"), "{query}: {detail}");
        }
        // All faults of the parameter are reported at once.
        let problem = staff.get(&format!("{PARTNERSHIPS}?sector=water,wast")).await.problem(400, "invalid_parameters");
        assert!(problem.to_string().contains("sector=water&sector=wast") && problem.to_string().contains("`waste`"));
        // The suggestions work.
        for right in ["sector=water&sector=waste", "sort=-title", "updated_since=2026-01-01T00:00:00%2B01:00"] {
            staff.get(&format!("{PARTNERSHIPS}?{right}")).await.ok();
        }
        let since = staff.get("/api/v1/audit?at_from=2026-01-01T00:00:00+01:00").await;
        assert!(since.text().contains("%2B01:00"), "{}", since.text());
        let german = staff.request(Method::GET, &format!("{PARTNERSHIPS}?page=2")).header("Accept-Language", "de");
        assert!(staff.send(german).await.text().contains("Seiten haben keine Nummern"));
    }

    /// These formats answer with all rows, so a cursor would pass off the rest as the whole.
    async fn formats_without_pages_refuse_cursors(app: TestApp) {
        let staff = app.coordinator();
        for collection in [PARTNERSHIPS, UTILITIES, ORGANISATIONS, PROGRAMMES] {
            let list = format!("{collection}?limit=1");
            let Some(next) = staff.get(&list).await.ok().json()["next"].as_str().map(str::to_owned) else {
                panic!("{collection} has one page only");
            };
            staff.get(&format!("{next}&format=json")).await.ok();
            for format in ["csv", "ndjson", "xlsx", "geojson", "iati", "ics"] {
                let answer = staff.get(&format!("{next}&format={format}")).await;
                let faults = answer.faults(400, "invalid_parameters");
                assert!(faults == ["cursor not_in_format"] || faults == ["format unknown_value"], "{next} {format}: {faults:?}");
            }
            let request = staff.request(Method::GET, &next).header("Accept", "text/csv");
            assert_eq!(staff.send(request).await.faults(400, "invalid_parameters"), ["cursor not_in_format"]);
        }
    }

    async fn list_parameters_accept_at_most_a_hundred_values(app: TestApp) {
        let (staff, mut lists) = (app.coordinator(), 0);
        for it in &Contract::served().operations {
            for parameter in it.definition["parameters"].as_array().into_iter().flatten() {
                let is_list = parameter["schema"]["type"] == "array" && parameter["explode"] != false;
                if !is_list || parameter["in"] != "query" {
                    continue;
                }
                assert_eq!(parameter["schema"]["maxItems"], 100, "{} {}", it.id, parameter["name"]);
                lists += 1;
            }
        }
        assert!(lists > 50, "{lists}");
        let values = |count: usize| vec!["sector=water"; count].join("&");
        staff.get(&format!("{PARTNERSHIPS}?{}", values(100))).await.ok();
        let answer = staff.get(&format!("{PARTNERSHIPS}?{}", values(101))).await;
        assert_eq!(answer.faults(400, "invalid_parameters"), ["sector too_many"]);
    }

    async fn json_other_than_an_object_is_refused(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        untouched(&app, async || {
            for text in ["[]", "[{}]", "null", "true", "5", "\"text\""] {
                for (method, path) in [
                    (Method::POST, UTILITIES),
                    (Method::POST, FUNDING),
                    (Method::PATCH, DRESDEN),
                    (Method::POST, &transitions),
                    (Method::POST, "/api/v1/auth/token"),
                ] {
                    let answer = send(&staff, method, path, "application/json", text).await;
                    assert_eq!(answer.faults(422, "validation_failed"), [" wrong_type"], "{path} {text}");
                }
            }
        })
        .await;
    }

    async fn bodies_over_1_mib_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let padded = |size: usize| {
            let text = municipal("Groß").to_string();
            text.clone() + &" ".repeat(size - text.len())
        };
        untouched(&app, async || {
            post(&staff, UTILITIES, padded((1 << 20) + 1)).await.problem(413, "payload_too_large");
            post(&app.anonymous(), "/api/v1/auth/token", padded(1 << 21))
                .await
                .problem(413, "payload_too_large");
            let patch = send(&staff, Method::PATCH, DRESDEN, "application/json", padded(1 << 21)).await;
            patch.problem(413, "payload_too_large");
            // Small as sent, large when decompressed: 2 MiB of one letter. The server does not decompress it.
            let packed = staff.request(Method::POST, UTILITIES).header("Content-Type", "application/json");
            let packed = packed.header("Content-Encoding", "gzip").body(bomb());
            staff.send(packed).await.problem(415, "unsupported_media_type");
        })
        .await;
        post(&staff, UTILITIES, padded(1 << 20)).await.expect(201);
    }

    async fn an_unsupported_content_encoding_is_refused(app: TestApp) {
        let staff = app.coordinator();
        let request =
            staff.request(Method::POST, UTILITIES).json(&json!({})).header("Content-Encoding", "gzip");
        staff.send(request).await.problem(415, "unsupported_media_type");
        staff.get(PARTNERSHIPS).await.ok();
    }
}

/// A gzip stream (RFC 1952) of 2 MiB of one letter: five literals, then "repeat the last 258 bytes" over and over, in
/// the fixed codes of Deflate (RFC 1951, section 3.2.6).
fn bomb() -> Vec<u8> {
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut bits = vec![true, true, false];
    let mut put = |code: u32, length: u32| bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
    for _ in 0..5 {
        put(0b1_1001_0000, 9);
    }
    for _ in 0..(2 << 20) / 258 {
        put(0b1100_0101, 8);
        put(0, 5);
    }
    put(0, 7);
    let bytes = bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |all, bit| all << 1 | u8::from(*bit)));
    head.into_iter().chain(bytes).collect()
}
