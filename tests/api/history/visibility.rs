//! What callers see of the past: neither what was hidden then nor what is hidden now.

use serde_json::json;
use vku_domain::kernel::access::actor::Role;

use super::{history, pointers, summaries};
use crate::api::fixtures::bodies::contact;
use crate::api::fixtures::{
    FUNDING, MEMBERS, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, abroad, create, delete, merged,
    municipal, participant, partnership, post_nothing,
};
use crate::harness::on_both;

on_both! {
    /// A partnership that is internal, changes, and becomes visible to members, to all, hidden, and visible again.
    async fn changes_made_while_hidden_stay_hidden(app: TestApp) {
        let office = app.coordinator();
        let body = merged(&partnership("Zxq"), &json!({"visibility": "internal", "start": "2001"}));
        let at = create(&office, PARTNERSHIPS, &body).await.header("location");
        for patch in [
            json!({"start": "2002"}),
            json!({"visibility": "members", "end": "2032"}),
            json!({"end": "2033"}),
            json!({"visibility": "public"}),
            json!({"visibility": "internal"}),
            json!({"start": "2003"}),
        ] {
            office.patch(&at, "*", &patch).await.ok();
        }
        let phase = create(&office, &format!("{at}/funding"), &json!({"kind": "grant"})).await.header("location");
        assert_eq!(summaries(&history(&office, &at).await).len(), 7);
        // Lviv takes part today, so it sees the partnership although it is internal, and its whole history.
        assert_eq!(history(&app.partner(), &at).await, history(&office, &at).await);
        assert_eq!(history(&app.partner(), &phase).await, history(&office, &phase).await);
        app.reader().get(&format!("{at}/history")).await.problem(404, "not_found");
        app.anonymous().get(&format!("{phase}/history")).await.problem(404, "not_found");

        office.patch(&at, "*", &json!({"visibility": "public"})).await.ok();
        office.patch(&phase, "*", &json!({"kind": "in_kind"})).await.ok();
        let versions = |found: Vec<serde_json::Value>| {
            found.iter().map(|entry| entry["version"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        let reader = history(&app.reader(), &at).await;
        assert_eq!(versions(history(&office, &at).await), [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(versions(reader.clone()), [8, 5, 4, 3]);
        assert_eq!(versions(history(&app.anonymous(), &at).await), [8, 5]);
        assert_eq!(summaries(&reader)[1..3], [
            r#"5 updated /visibility "members">"public""#, r#"4 updated /end "2032">"2033""#
        ]);
        // The earlier state was hidden: all members count as new, and `from` is absent.
        for entry in [&reader[0], &reader[3]] {
            let changes = entry["changes"].as_array().unwrap();
            assert!(changes.iter().all(|it| it.get("from").is_none()), "{entry:#}");
            assert!(pointers(entry).contains(&"/title") && pointers(entry).contains(&"/start"), "{entry:#}");
        }
        for caller in [app.reader(), app.anonymous()] {
            let text = caller.get(&format!("{at}/history")).await.ok().text();
            assert!(!text.contains("\"2001\""), "{text}");
        }
        let parts = history(&app.reader(), &phase).await;
        assert_eq!(summaries(&parts), [r#"2 updated /kind >"in_kind""#]);
    }

    /// Participants that left the partnership and are internal or deleted now are removed from its history.
    async fn parties_that_are_hidden_now_are_removed_from_the_history(app: TestApp) {
        let office = app.coordinator();
        create(&office, UTILITIES, &merged(&abroad("Zxqgone"), &json!({"slug": "zxqgone"}))).await;
        let verein = json!({"name": "Zxqverein", "kind": "ngo", "slug": "zxqverein"});
        create(&office, ORGANISATIONS, &verein).await;
        let stay = [participant("lead", "hamburg-wasser"), participant("partner", "lvivvodokanal")];
        let verein = json!({"role": "supporting", "party": {"organisation": "zxqverein"}});
        let with = json!([stay[0], participant("partner", "zxqgone"), stay[1], verein]);
        let body = merged(&partnership("Bund"), &json!({"participants": with}));
        let at = create(&office, PARTNERSHIPS, &body).await.header("location");
        let before = history(&app.reader(), &at).await;
        assert_eq!(before[0]["changes"][0]["to"].as_array().unwrap().len(), 4);
        office.patch(&at, "*", &json!({"participants": stay})).await.ok();
        assert_eq!(summaries(&history(&app.reader(), &at).await).len(), 2, "they are still there to be seen");

        office.patch(&format!("{UTILITIES}/zxqgone"), "*", &json!({"visibility": "internal"})).await.ok();
        delete(&office, &format!("{ORGANISATIONS}/zxqverein")).await;
        for (role, caller) in app.everybody() {
            let found = history(&caller, &at).await;
            let text = format!("{found:?}").to_lowercase();
            if ["coordinator", "admin"].contains(&role) {
                assert_eq!(found.len(), 2);
                assert!(text.contains("zxqgone") && text.contains("zxqverein"), "{role}: {text}");
            } else {
                assert!(!text.contains("zxq"), "{role}: {text}");
                assert_eq!(pointers(&found[0])[0], "/participants");
                assert_eq!(found[0]["changes"][0]["to"].as_array().unwrap().len(), 2);
                assert_eq!(found.len(), 1, "that they left is not told either");
            }
        }
        post_nothing(&office, &format!("{ORGANISATIONS}/zxqverein/restore")).await.ok();
        let found = history(&app.reader(), &at).await;
        assert_eq!((found.len(), pointers(&found[0])), (2, vec!["/participants"]), "it may be told again");
    }

    async fn references_to_deleted_resources_are_removed_from_the_history(app: TestApp) {
        let office = app.coordinator();
        create(&office, PROGRAMMES, &json!({"name": "Zxqprogramm", "kind": "grant", "slug": "zxq"})).await;
        let body = json!({"kind": "grant", "programme": "zxq"});
        let phase = create(&office, FUNDING, &body).await.header("location");
        office.patch(&phase, "*", &json!({"programme": null, "kind": "in_kind"})).await.ok();
        assert_eq!(pointers(&history(&app.reader(), &phase).await[0]), ["/kind", "/programme"]);
        delete(&office, &format!("{PROGRAMMES}/zxq")).await;
        let expected = [r#"2 updated /kind "grant">"in_kind""#, r#"1 created /kind >"grant""#];
        assert_eq!(summaries(&history(&app.reader(), &phase).await), expected);
        assert_eq!(pointers(&history(&office, &phase).await[0]), ["/kind", "/programme"]);
    }

    /// The rules for the present apply to the past too. Partners see members that are active.
    async fn the_history_of_a_member_follows_its_read_permissions(app: TestApp) {
        let office = app.coordinator();
        create(&office, UTILITIES, &merged(&municipal("Zxqwerk"), &json!({"slug": "zxqwerk"}))).await;
        let body = json!({"utility": "zxqwerk", "note": "Zxqnote"});
        let at = create(&office, MEMBERS, &body).await.header("location");
        office.patch(&at, "*", &json!({"note": "Zxqnote, too"})).await.ok();
        office.patch(&at, "*", &json!({"regional_group": "Ost"})).await.ok();
        let lead = async |to: &str| {
            let body = json!({"to": to, "reason": "Agreed."});
            office.post(&format!("{at}/transitions"), &body).await.ok()
        };
        lead("active").await;
        office.patch(&at, "*", &json!({"regional_group": "West"})).await.ok();
        lead("paused").await;
        lead("active").await;
        assert_eq!(history(&office, &at).await.len(), 7);
        for caller in [app.reader(), app.member()] {
            let found = history(&caller, &at).await;
            let versions: Vec<_> = found.iter().map(|entry| entry["version"].as_i64().unwrap()).collect();
            assert_eq!(versions, [7, 6, 5, 4, 3, 1], "a change of the note alone tells nothing");
            assert!(!format!("{found:?}").contains("Zxqnote"));
        }
        let found = history(&app.partner(), &at).await;
        assert_eq!(summaries(&found)[1], r#"5 updated /regional_group "Ost">"West""#);
        for (entry, version) in [(&found[0], 7), (&found[2], 4)] {
            assert_eq!((entry["version"].as_i64(), entry.get("from")), (Some(version), None), "{entry:#}");
            assert!(pointers(entry).contains(&"/utility"), "{entry:#}");
            assert!(!entry.to_string().contains("paused") && !entry.to_string().contains("interested"));
        }
        assert_eq!(found.len(), 3);
        let steps = app.partner().get(&format!("{at}/transitions")).await.ok().json()["history"].clone();
        let led = |version: usize| json!({"at": found[version]["at"], "to": "active", "reason": "Agreed."});
        assert_eq!(steps, json!([led(2), led(0)]), "nor of the way to a pause and back");
        let steps = app.reader().get(&format!("{at}/transitions")).await.ok().json()["history"].clone();
        let ways: Vec<_> = steps.as_array().unwrap().iter().map(|it| (&it["from"], &it["to"])).collect();
        let (interested, active, paused) = (&json!("interested"), &json!("active"), &json!("paused"));
        assert_eq!(ways, [(interested, active), (active, paused), (paused, active)]);
        app.anonymous().get(&format!("{at}/history")).await.problem(401, "unauthenticated");
    }

    /// Others see a contact as long as it is listed in the directory. The history keeps no names.
    async fn the_history_of_a_contact_follows_its_read_permissions(app: TestApp) {
        let office = app.coordinator();
        let contacts = format!("{MEMBERS}/stadtentwaesserung-dresden/contacts");
        let at = create(&office, &contacts, &contact("Zxqperson", false)).await.header("location");
        let consent = json!({"given_at": "2026-02-01T09:00:00Z", "text_version": "2026-01"});
        office.patch(&at, "*", &json!({"consents": {"directory": consent}, "function": "Zxq A"})).await.ok();
        office.patch(&at, "*", &json!({"email": "zxqother@zxq.example"})).await.ok();
        office.patch(&at, "*", &json!({"function": "Zxq B"})).await.ok();
        let other = app.account(Role::Member, "hamburg-wasser").await;
        assert_eq!(summaries(&history(&office, &at).await)[1], "3 updated", "that somebody changed it");
        let own = history(&app.member(), &at).await;
        assert_eq!(summaries(&own)[0], r#"4 updated /function "Zxq A">"Zxq B""#);
        assert!(own.len() == 3 && own[2].to_string().contains("mailings"), "{own:#?}");
        let found = history(&other, &at).await;
        assert_eq!(summaries(&found)[0], summaries(&own)[0]);
        assert_eq!((found.len(), found[1]["version"].as_i64()), (2, Some(2)), "{found:#?}");
        assert!(found[1]["changes"].as_array().unwrap().iter().all(|it| it.get("from").is_none()));
        assert!(!format!("{found:?}").contains("mailings"), "{found:#?}");
        for caller in [app.reader(), app.partner()] {
            caller.get(&format!("{at}/history")).await.problem(403, "forbidden");
        }
        let audit = office.get("/api/v1/audit?resource=contact&limit=200").await.ok().text();
        for text in [audit, format!("{:?}", history(&office, &at).await)] {
            for personal in ["zxq.example", "family_name", "email", "1234567"] {
                assert!(!text.contains(personal), "{personal}: {text}");
            }
        }
    }

    /// Renaming a resource is no change of the resources that refer to it.
    async fn renaming_a_resource_changes_no_other_history(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, PARTNERSHIPS, &partnership("Zxq")).await.header("location");
        office.patch(&format!("{UTILITIES}/hamburg-wasser"), "*", &json!({"name": "Zxq neu"})).await.ok();
        office.patch(&at, "*", &json!({"start": "2020"})).await.ok();
        assert_eq!(pointers(&history(&app.reader(), &at).await[0]), ["/start"]);
    }

    async fn only_the_office_reads_histories_of_deleted_resources(app: TestApp) {
        let office = app.coordinator();
        let at = create(&office, UTILITIES, &abroad("Zxq")).await.header("location");
        office.get(&format!("{at}/history?deleted=true")).await.problem(404, "not_found");
        delete(&office, &at).await;
        office.get(&format!("{at}/history")).await.problem(404, "not_found");
        let found = office.all(&format!("{at}/history?deleted=true")).await;
        assert_eq!((found[0]["action"].as_str(), found.len()), (Some("deleted"), 2));
        for (role, caller) in app.everybody().into_iter().take(4) {
            let (status, code) = if role == "public" { (401, "unauthenticated") } else { (403, "forbidden") };
            caller.get(&format!("{at}/history?deleted=true")).await.problem(status, code);
            caller.get(&format!("{at}/history")).await.problem(404, "not_found");
        }
    }
}
