//! Hostile input: deeply nested, long, huge, or with characters that databases do not accept. It is refused cleanly.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, PROGRAMMES, UTILITIES, assert_nothing_written, merged, municipal,
    participant, partnership,
};
use crate::harness::{Caller, Response, on_both};

/// Long enough for an unoptimised build on a busy machine. Work that is quadratic in a long list takes minutes.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The faults of a refused request. Panics if the response is large.
#[track_caller]
fn refused(answer: Response, what: &str) -> Vec<String> {
    assert!(answer.body.len() < 1 << 20, "{what}: {} bytes", answer.body.len());
    answer.faults(422, "validation_failed")
}

async fn post(caller: &Caller, path: &str, body: &Value) -> Response {
    let started = Instant::now();
    let answer = caller.post(path, body).await;
    assert!(started.elapsed() < TIME_LIMIT, "{path}: {:?}", started.elapsed());
    answer
}

fn many_members(many: usize) -> Value {
    (0..many).map(|number| (format!("m{number}"), json!(1))).collect::<serde_json::Map<_, _>>().into()
}

on_both! {
    async fn deeply_nested_json_is_refused(app: TestApp) {
        let staff = app.coordinator();
        assert_nothing_written(&app, async || {
            for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"description\":[", "]}")] {
                for depth in [1_000, 100_000] {
                    let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                    for path in [UTILITIES, PARTNERSHIPS, FUNDING, "/api/v1/auth/token"] {
                        let request =
                            staff.request(Method::POST, path).header("Content-Type", "application/json");
                        let answer = staff.send(request.body(body.clone())).await;
                        match body.len() > 1 << 20 {
                            true => answer.problem(413, "payload_too_large"),
                            false => answer.problem(400, "malformed_json"),
                        };
                    }
                }
            }
            // This one can be parsed, but is too deep for any member.
            let nested = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
            for member in ["name", "location", "employees", "aliases"] {
                let answer =
                    post(&staff, UTILITIES, &merged(&municipal("Tief"), &json!({ member: nested }))).await;
                refused(answer, member);
            }
        })
        .await;
    }

    async fn control_characters_are_refused_in_every_string(app: TestApp) {
        let staff = app.coordinator();
        assert_nothing_written(&app, async || {
            for nul in ["\0", "a\0b", "a\u{1}b", "\u{7f}x"] {
                let body = json!({
                    "name": nul, "aliases": [nul], "city": nul, "website": nul, "slug": nul, "country": nul,
                    "description": {"de": nul}, "languages": [nul], "employees": {"value": 1, "as_of": nul},
                });
                let faults = refused(post(&staff, UTILITIES, &merged(&municipal("X"), &body)).await, nul);
                assert_eq!(faults.len(), 9, "{nul:?}: {faults:?}");
                let body =
                    json!({"title": nul, "participants": [participant(nul, nul)], "sdg_targets": [nul]});
                let faults =
                    refused(post(&staff, PARTNERSHIPS, &merged(&partnership("X"), &body)).await, nul);
                assert_eq!(faults.len(), 4, "{nul:?}: {faults:?}");
                let to =
                    post(&staff, &format!("{DRESDEN}/transitions"), &json!({"to": nul, "reason": nul})).await;
                to.problem(422, "validation_failed");
                let token = post(&staff, "/api/v1/auth/token", &json!({"email": nul, "password": nul})).await;
                assert_eq!(refused(token, nul), ["/email invalid_format"]);
                let member = json!({ nul: nul });
                assert_eq!(refused(post(&staff, UTILITIES, &member).await, nul).len(), 5);
            }
        })
        .await;
        // Unusual but valid text is stored unchanged.
        for name in ["🚰 👩\u{200d}🔧", "é", "'; DROP TABLE utility; --", "\\x00 \\u0000", "﷽ ＡＢＣ"]
        {
            let made = post(&staff, UTILITIES, &municipal(name)).await.expect(201);
            assert_eq!(staff.get(&made.header("location")).await.ok().json()["name"], name);
        }
    }

    async fn invisible_characters_are_removed_and_bidi_controls_refused(app: TestApp) {
        let staff = app.coordinator();
        for (name, kept, slug) in [
            ("Zxq\u{ad}werk\u{200b}e\u{2060} \u{feff}Bonn", "Zxqwerke Bonn", "zxqwerke-bonn"),
            ("Zxqmu\u{308}nster", "Zxqmünster", "zxqmuenster"),
        ] {
            let body = json!({"aliases": [name], "city": name, "description": {"de": name}, "slug": null});
            let made = post(&staff, UTILITIES, &merged(&municipal(name), &body)).await.expect(201).json();
            for member in ["/name", "/aliases/0", "/city", "/description/de"] {
                assert_eq!(made.pointer(member), Some(&json!(kept)), "{member}");
            }
            assert_eq!(made["slug"], slug);
            for q in [kept, name] {
                let found = staff.all(&format!("{UTILITIES}?q={q}")).await;
                assert_eq!(found.len(), 1, "{q}");
            }
        }
        assert_nothing_written(&app, async || {
            for nothing in ["\u{200b}", " \u{ad}\u{2060} ", "\u{3164}", "\u{2800}"] {
                let body = json!({"aliases": [nothing], "city": nothing, "description": {"de": nothing}});
                let faults = refused(post(&staff, UTILITIES, &merged(&municipal(nothing), &body)).await, nothing);
                assert_eq!(faults, ["/aliases/0 empty", "/city empty", "/description/de empty", "/name empty"]);
            }
            for control in ["\u{61c}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}"] {
                let text = format!("Zxq{control}werke");
                let body = json!({
                    "name": text, "slug": text, "aliases": [text], "city": text, "description": {"de": text},
                    "website": format!("https://zxq.example/{control}"),
                });
                let faults = refused(post(&staff, UTILITIES, &merged(&municipal("X"), &body)).await, control);
                let members = ["/aliases/0", "/city", "/description/de", "/name", "/slug", "/website"];
                assert_eq!(faults, members.map(|member| format!("{member} invalid_format")));
            }
        })
        .await;
    }

    async fn lists_that_are_too_long_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let numbered = |many: usize| (0..many).map(|number| number.to_string()).collect::<Vec<_>>();
        let unknown = |number: usize| participant("associate", &format!("u-{number}"));
        let (utility, programme) = (municipal("Viele"), json!({"name": "Viele", "kind": "grant"}));
        assert_nothing_written(&app, async || {
            for (path, right, wrong) in [
                (
                    PARTNERSHIPS,
                    partnership("X"),
                    json!({"participants": vec![participant("lead", "oowv"); 10_000]}),
                ),
                (
                    PARTNERSHIPS,
                    partnership("X"),
                    json!({"participants": (0..10_000).map(unknown).collect::<Vec<_>>()}),
                ),
                (PARTNERSHIPS, partnership("X"), json!({"participants": vec![Value::Null; 10_000]})),
                (PARTNERSHIPS, partnership("X"), json!({"sdg_targets": numbered(100_000)})),
                (PROGRAMMES, programme, json!({"funders": vec![json!({"utility": "a"}); 60_000]})),
                (UTILITIES, utility.clone(), json!({"sectors": vec!["water"; 100_000]})),
                (UTILITIES, utility.clone(), json!({"aliases": numbered(100_000)})),
                (UTILITIES, utility, json!({"description": many_members(50_000)})),
            ] {
                let pointer = format!("/{}", wrong.as_object().unwrap().keys().next().unwrap());
                let answer = post(&staff, path, &merged(&right, &wrong)).await;
                assert_eq!(refused(answer, &pointer), [format!("{pointer} too_many")]);
            }
            for path in [UTILITIES, PARTNERSHIPS, FUNDING, "/api/v1/auth/token"] {
                let answer = post(&staff, path, &many_members(50_000)).await;
                assert_eq!(refused(answer, path), [" too_many"]);
            }
        })
        .await;
    }

    async fn lists_of_the_maximum_length_are_validated(app: TestApp) {
        let staff = app.coordinator();
        assert_nothing_written(&app, async || {
            let (lead, partner) = (participant("lead", "oowv"), participant("partner", "lvivvodokanal"));
            let mut crowd = vec![lead; 999];
            crowd.push(partner);
            let again = merged(&partnership("X"), &json!({"participants": crowd}));
            let faults = refused(post(&staff, PARTNERSHIPS, &again).await, "the same lead");
            assert!(
                faults.len() == 998 && faults.iter().all(|fault| fault.ends_with("duplicate")),
                "{faults:?}"
            );
            let unknown = json!({"participants": vec![participant("associate", "nobody"); 1_000]});
            let faults =
                refused(post(&staff, PARTNERSHIPS, &merged(&partnership("X"), &unknown)).await, "nobody");
            assert!(faults.len() >= 1_000, "{}", faults.len());
        })
        .await;
        let aliases: Vec<_> = (0..1_000).map(|number| format!("Name {number}")).collect();
        post(&staff, UTILITIES, &merged(&municipal("Viele Namen"), &json!({ "aliases": aliases })))
            .await
            .expect(201);
    }

    async fn huge_numbers_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let huge = [
            "9223372036854775808",
            "-9223372036854775809",
            "340282366920938463463374607431768211456",
            "1e308",
            "-1e308",
            "5e-324",
        ];
        assert_nothing_written(&app, async || {
            for number in huge {
                let number: Value = serde_json::from_str(number).unwrap();
                let place = json!({"latitude": number, "longitude": 0});
                let body = json!({"name": number, "location": place, "employees": {"value": number}});
                let faults = refused(post(&staff, UTILITIES, &merged(&municipal("X"), &body)).await, "huge");
                assert!(faults.contains(&"/name wrong_type".to_owned()), "{faults:?}");
                let amount = json!({"amount": number.to_string(), "currency": "EUR"});
                let body = json!({"kind": "grant", "amount": amount});
                refused(post(&staff, FUNDING, &body).await, "amount");
                let body = json!({"start": number.to_string(), "version": number});
                refused(post(&staff, PARTNERSHIPS, &merged(&partnership("X"), &body)).await, "start");
            }
        })
        .await;
    }

    async fn unknown_and_malformed_keys_are_not_found(app: TestApp) {
        let staff = app.coordinator();
        let long = "a".repeat(10_000);
        for name in [
            "%00",
            "%ff",
            "%F0%9F%9A%B0",
            "..%2Fpartnerships",
            "'%20OR%201=1",
            "%25",
            "-",
            "null",
            &long,
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ] {
            for path in [
                format!("{UTILITIES}/{name}"),
                format!("{PARTNERSHIPS}/{name}/funding"),
                format!("{FUNDING}/{name}"),
                format!("/problems/{name}"),
            ] {
                staff.get(&path).await.problem(404, "not_found");
            }
            staff.patch(&format!("{UTILITIES}/{name}"), "*", &json!({})).await.problem(404, "not_found");
            staff.delete(&format!("{FUNDING}/{name}"), "*").await.problem(404, "not_found");
        }
    }

    async fn updated_since_accepts_the_years_0001_to_9999(app: TestApp) {
        let staff = app.coordinator();
        for instant in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00%2B23:59"] {
            let answer = staff.get(&format!("{PARTNERSHIPS}?count=true&updated_since={instant}")).await;
            answer.problem(400, "invalid_parameters");
        }
        for (instant, total) in
            [("0001-01-01T00:00:00Z", 41), ("9999-12-31T23:59:59.999999Z", 0), ("0001-01-02T00:00:00%2B23:59", 41)]
        {
            let page =
                staff.get(&format!("{PARTNERSHIPS}?count=true&updated_since={instant}")).await.ok().json();
            assert_eq!(page["total"], total, "{instant}");
        }
    }

    async fn compressed_and_expanding_requests_are_refused_quickly(app: TestApp) {
        let request = app.anonymous().request(Method::POST, "/api/v1/auth/token").json(&json!({}));
        let answer = app.anonymous().send(request.header("Content-Encoding", "gzip")).await;
        answer.problem(415, "unsupported_media_type");

        let staff = app.coordinator();
        let deep = json!({ "n".repeat(500_000): vec![vec![0; 100]; 900] });
        let begun = Instant::now();
        assert_eq!(refused(post(&staff, UTILITIES, &deep).await, "a long name"), [" too_long"]);
        let mut odd = municipal("Odd");
        odd["sectors"] = json!(["tariff".repeat(100_000)]);
        assert_eq!(refused(post(&staff, UTILITIES, &odd).await, "a long word"), ["/sectors/0 unknown_value"]);
        assert!(begun.elapsed() < TIME_LIMIT, "{:?}", begun.elapsed());
        let many = format!("{UTILITIES}?sector=water{}", "&sector=waste".repeat(200));
        assert_eq!(staff.get(&many).await.faults(400, "invalid_parameters"), ["sector too_many"]);
    }
}
