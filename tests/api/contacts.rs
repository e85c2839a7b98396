//! Contacts: which callers see which people, and that no personal data is stored elsewhere.

mod visibility;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::fixtures::bodies::contact;
use super::fixtures::{MEMBERS, create, delete, location, merged, post_nothing};
use crate::harness::{Response, TestApp, on_both};

const OWN: &str = "/api/v1/members/stadtentwaesserung-dresden/contacts";
const OTHER: &str = "/api/v1/members/hamburg-wasser/contacts";
/// The contacts of a member that has none.
const NONE: &str = "/api/v1/members/bav/contacts";

/// A primary contact.
fn primary(name: &str) -> Value {
    merged(&contact(name, true), &json!({"is_primary": true}))
}

/// One request succeeds, all others get `primary_exists`.
async fn expect_one_success(app: &TestApp, answers: Vec<Response>, status: u16) {
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    let all = answers.len();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
        if answer.status.as_u16() != status {
            answer.problem(409, "primary_exists");
        }
    }
    assert_eq!(counts, BTreeMap::from([(status, 1), (409, all - 1)]));
    let found = app.coordinator().all(&format!("{NONE}?is_primary=true")).await;
    assert_eq!(found.len(), 1);
}

/// The numbers of contacts of each member, with and without deleted ones.
async fn count(app: &TestApp) -> Vec<Value> {
    let mut counts = Vec::new();
    for contacts in [OWN, OTHER, NONE] {
        for deleted in [false, true] {
            let path = format!("{contacts}?count=true&deleted={deleted}");
            counts.push(app.coordinator().get(&path).await.ok().json()["total"].clone());
        }
    }
    counts
}

on_both! {
    async fn german_telephone_numbers_are_normalised(app: TestApp) {
        let staff = app.coordinator();
        for (phone, normalised) in [
            ("0351 / 822-0", "+49 351 822-0"),
            ("(0351) 822 12 34", "+49 351 822 12 34"),
            ("+49 (0)351 822 0", "+49 351 822 0"),
            ("0049 351 8220", "+49 351 8220"),
            ("0351–8220", "+49 351-8220"),
            ("Tel.: 0351 8220", "+49 351 8220"),
            ("+49 351\u{a0}8220\u{200b}", "+49 351 8220"),
        ] {
            let made = staff.post(OWN, &merged(&contact("zxq", false), &json!({"phone": phone}))).await.expect(201);
            assert_eq!(made.json()["phone"], normalised, "{phone}");
            delete(&staff, &made.header("location")).await;
        }
    }

    async fn invalid_contacts_report_all_faults(app: TestApp) {
        let before = count(&app).await;
        let consent = json!({"given_at": "2026-01-15T09:00:00Z", "text_version": "2026-01"});
        let directory = |patch: Value| json!({"consents": {"directory": merged(&consent, &patch)}});
        let long = format!("{}@zxq.example", "a".repeat(65));
        for (patch, faults) in [
            (json!({"email": "zxq"}), &["/email invalid_format"][..]),
            (json!({"email": long}), &["/email invalid_format"]),
            (json!({"email": "zxq@zxq.example\r\nBcc: all@zxq.example"}), &["/email invalid_format"]),
            (json!({"email": "zxq@zxq\n.example"}), &["/email invalid_format"]),
            (json!({"email": "zxq\u{0}@zxq.example"}), &["/email invalid_format"]),
            (json!({"email": "Zxq <zxq@zxq.example>"}), &["/email invalid_format"]),
            (json!({"email": "a@zxq.example,b@zxq.example"}), &["/email invalid_format"]),
            (json!({"email": "zxq@z\u{202e}q.example"}), &["/email invalid_format"]),
            (json!({"email": null}), &["/email required"]),
            (json!({"email": ["zxq@zxq.example"]}), &["/email wrong_type"]),
            (json!({"given_name": "Zxq\r\nBcc: all@zxq.example"}), &["/given_name invalid_format"]),
            (json!({"family_name": "Z\u{1b}[31m"}), &["/family_name invalid_format"]),
            (json!({"family_name": " "}), &["/family_name empty"]),
            (json!({"function": "a\nb"}), &["/function invalid_format"]),
            (json!({"phone": "351 1234567"}), &["/phone invalid_format"]),
            (json!({"phone": "0351 1234567 / 1234568"}), &["/phone invalid_format"]),
            (json!({"phone": "+49 351 12\u{202e}34567"}), &["/phone invalid_format"]),
            (json!({"phone": "+49 351 1234567\r\n1"}), &["/phone invalid_format"]),
            (json!({"phone": 49}), &["/phone wrong_type"]),
            (json!({"language": "deutsch"}), &["/language unknown_value"]),
            (json!({"language": "xx"}), &["/language unknown_value"]),
            (json!({"is_primary": "yes"}), &["/is_primary wrong_type"]),
            (json!({"member": "bav"}), &["/member unknown_member"]),
            (json!({"note": "x"}), &["/note unknown_member"]),
            (directory(json!({"given_at": "yesterday"})), &["/consents/directory/given_at invalid_format"]),
            (directory(json!({"given_at": "2026-02-30T09:00:00Z"})), &["/consents/directory/given_at invalid_format"]),
            (directory(json!({"given_at": "2026-01-15"})), &["/consents/directory/given_at invalid_format"]),
            (directory(json!({"given_at": null})), &["/consents/directory/given_at required"]),
            (directory(json!({"text_version": null})), &["/consents/directory/text_version required"]),
            (json!({"consents": {"directory": true}}), &["/consents/directory wrong_type"]),
            (json!({"consents": {"everything": consent}}), &["/consents/everything unknown_member"]),
            (
                json!({"email": "zxq", "language": "xx", "phone": "1", "consents": {"mailings": {"given_at": "1", "text_version": null}}}),
                &[
                    "/consents/mailings/given_at invalid_format", "/consents/mailings/text_version required",
                    "/email invalid_format", "/language unknown_value", "/phone invalid_format",
                ],
            ),
        ] {
            let body = merged(&contact("zxq", false), &patch);
            for caller in [app.coordinator(), app.member()] {
                let refused = caller.post(OWN, &body).await;
                assert!(!refused.headers.contains_key("bcc"));
                assert_eq!(refused.faults(422, "validation_failed"), faults, "{patch}");
            }
        }
        let faults = app.coordinator().post(OWN, &json!({})).await.faults(422, "validation_failed");
        assert_eq!(faults, ["/email required", "/family_name required", "/given_name required", "/language required"]);
        assert_eq!(count(&app).await, before);
    }

    async fn a_contact_is_returned_as_it_was_created(app: TestApp) {
        let office = app.coordinator();
        let body = merged(&contact("zxq", true), &json!({
            "email": "Zxq.Person+vku@ZXQ.Example", "given_name": " Łucja ", "consents": {
                "directory": {"given_at": "2026-01-15T09:00:00.1234567+01:00", "text_version": "2026-01"}
            }
        }));
        let answer = create(&office, NONE, &body).await;
        let (at, made) = (location(&answer), answer.json());
        assert_eq!((&made["email"], &made["given_name"]), (&json!("Zxq.Person+vku@zxq.example"), &json!("Łucja")));
        assert_eq!(made["consents"]["directory"]["given_at"], "2026-01-15T08:00:00.123456Z");
        assert_eq!((&made["is_primary"], &made["member"]["slug"]), (&json!(false), &json!("bav")));
        let read = office.get(&at).await.ok();
        assert_eq!(read.json(), made);
        assert_eq!(office.patch(&at, &read.tag(), &made).await.ok().json(), made, "sent back whole, it changes nothing");
        let withdrawn = office.patch(&at, "*", &json!({"consents": {"directory": null}})).await.ok().json();
        assert_eq!((&withdrawn["consents"], &withdrawn["version"]), (&json!({}), &json!(2)));
        app.member().get(&at).await.problem(404, "not_found");
    }

    async fn a_member_has_only_one_primary_contact(app: TestApp) {
        let office = app.coordinator();
        let names = ["zxqa", "zxqb", "zxqc", "zxqd", "zxqe", "zxqf", "zxqg", "zxqh"];
        let posts = names.map(async |name| app.coordinator().post(NONE, &primary(name)).await);
        expect_one_success(&app, join_all(posts).await, 201).await;

        let first = &office.all(&format!("{NONE}?is_primary=true")).await[0];
        let first = format!("{NONE}/{}", first["id"].as_str().unwrap());
        delete(&office, &first).await;
        let mut others = Vec::new();
        for name in names {
            others.push(location(&create(&office, NONE, &contact(name, true)).await));
        }
        let patches = others.iter().map(async |other| {
            app.coordinator().patch(other, "*", &json!({"is_primary": true})).await
        });
        expect_one_success(&app, join_all(patches).await, 200).await;
        let refused = post_nothing(&office, &format!("{first}/restore")).await;
        assert!(!refused.text().contains("zxq.example"), "{}", refused.text());
        refused.problem(409, "primary_exists");
        for other in &others {
            office.patch(other, "*", &json!({"is_primary": false})).await.ok();
        }
        post_nothing(&office, &format!("{first}/restore")).await.ok();
        expect_one_success(&app, vec![
            office.post(NONE, &primary("zxqi")).await, office.patch(&first, "*", &json!({"is_primary": true})).await,
            office.patch(&others[0], "*", &json!({"is_primary": true})).await,
        ], 200).await;
        create(&office, "/api/v1/members/evd-dormagen/contacts", &primary("zxq")).await;
    }

    /// The caller may not be allowed to know the existing primary contact.
    async fn primary_exists_does_not_name_the_other_contact(app: TestApp) {
        let own = app.member();
        for caller in [&own, &app.coordinator()] {
            let refused = caller.post(OWN, &primary("zxq")).await;
            let text = refused.text();
            refused.problem(409, "primary_exists");
            for personal in ["Erika", "Mustermann", "dresden.example", "0000000"] {
                assert!(!text.contains(personal), "{text}");
            }
        }
    }

    async fn a_contact_is_found_only_under_its_member(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, OTHER, &contact("zxq", true)).await);
        let id = at.rsplit('/').next().unwrap();
        let function = json!({"function": "Zxq"});
        for (elsewhere, callers) in [(OWN, [office.clone(), app.member()]), (NONE, [office.clone(), app.admin()])] {
            for caller in callers {
                let elsewhere = format!("{elsewhere}/{id}");
                caller.get(&elsewhere).await.problem(404, "not_found");
                caller.get(&format!("{elsewhere}/history")).await.problem(404, "not_found");
                caller.patch(&elsewhere, "*", &function).await.problem(404, "not_found");
                caller.delete(&elsewhere, "*").await.problem(404, "not_found");
            }
        }
        let own = app.member();
        own.patch(&at, "*", &function).await.problem(403, "forbidden");
        own.delete(&at, "*").await.problem(403, "forbidden");
        own.post(OTHER, &contact("zxq", true)).await.problem(403, "forbidden");
        let still = location(&create(&office, OTHER, &contact("zxq", false)).await);
        own.patch(&still, "*", &function).await.problem(404, "not_found");
        assert_eq!(office.get(&at).await.ok().json()["version"], 1);

        let mine = location(&create(&own, OWN, &contact("zxq", false)).await);
        own.patch(&mine, "*", &function).await.ok();
        delete(&own, &mine).await;
        own.get(&format!("{mine}?deleted=true")).await.problem(403, "forbidden");
        post_nothing(&own, &format!("{mine}/restore")).await.problem(403, "forbidden");
        post_nothing(&office, &format!("{mine}/restore")).await.ok();
        delete(&office, &format!("{MEMBERS}/hamburg-wasser")).await;
        for caller in [&office, &own] {
            caller.get(&at).await.problem(404, "not_found");
        }
    }
}
