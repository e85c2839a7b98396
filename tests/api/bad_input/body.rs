//! Invalid bodies: unsupported media types, malformed JSON, bodies that are too large.

use reqwest::Method;
use serde_json::json;

use crate::api::fixtures::{DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, assert_nothing_written, municipal};
use crate::harness::{Caller, Response, on_both};

/// Sends a body as it is.
pub(super) async fn send(
    caller: &Caller,
    method: Method,
    path: &str,
    media: &str,
    body: impl Into<Vec<u8>>,
) -> Response {
    let request = caller.request(method, path).header("If-Match", "*").header("Content-Type", media);
    caller.send(request.body(body.into())).await
}

async fn post(caller: &Caller, path: &str, body: impl Into<Vec<u8>>) -> Response {
    send(caller, Method::POST, path, "application/json", body).await
}

on_both! {
    async fn unsupported_media_types_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let (right, transitions) = (municipal("Mit Medientyp"), format!("{DRESDEN}/transitions"));
        assert_nothing_written(&app, async || {
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
        assert_nothing_written(&app, async || {
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
        assert_nothing_written(&app, async || {
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

    async fn json_other_than_an_object_is_refused(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        assert_nothing_written(&app, async || {
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
        assert_nothing_written(&app, async || {
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
