//! The limits of "own": participants see and write their own partnerships, as of today, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;

use super::hidden::{DRESDEN, HAMBURG, LVIV, OWN, PUBLIC, Restriction, create_resource, text, with};
use crate::api::fixtures::bodies::{municipal_utility, partner_utility, partnership};
use crate::harness::{Caller, TestApp, on_both};

const PARTNERSHIPS: &str = "/api/v1/partnerships";
const UTILITIES: &str = "/api/v1/utilities";

/// Whether the caller sees the resource, by its path and in the list.
async fn sees(caller: &Caller, collection: &str, id: &str) -> bool {
    let status = caller.get(&format!("{collection}/{id}")).await.status.as_u16();
    let listed = caller.all(&format!("{collection}?limit=200")).await.iter().any(|item| item["id"] == id);
    assert_eq!(listed, status == 200, "{collection}/{id}: {status}, and in the list: {listed}");
    listed
}

/// The participants of a partnership: role, utility, `from` and `until`.
fn participants(of: &[(&str, &str, Option<&str>, Option<&str>)]) -> Value {
    let one = |(role, utility, from, until): &(&str, &str, Option<&str>, Option<&str>)| {
        let mut one = json!({ "role": role, "party": { "utility": utility } });
        for (member, date) in [("from", from), ("until", until)] {
            if let Some(date) = date {
                one[member] = json!(date);
            }
        }
        one
    };
    of.iter().map(one).collect()
}

async fn version(app: &TestApp, path: &str) -> i64 {
    app.coordinator().get(path).await.ok().json()["version"].as_i64().unwrap()
}

on_both! {
    /// From the first day of `from` to the last day of `until`. At other times the account is like any other.
    async fn only_current_participants_see_an_internal_partnership(app: TestApp) {
        let own = text(&create_resource(&app, UTILITIES, partner_utility("zxq eigen", "members")).await, "id");
        let peer = text(&create_resource(&app, UTILITIES, partner_utility("zxq peer", "internal")).await, "id");
        let partner = app.account(Role::Partner, &own).await;
        let today = app.store.now().date_naive().to_string();
        for (from, until, sees_it) in [
            (None, None, true),
            (Some("2000"), Some("2099"), true),
            (Some(today.as_str()), Some(today.as_str()), true),
            (None, Some(&today[..4]), true),
            (None, Some("2020-02"), false),
            (Some("2099"), None, false),
        ] {
            let all = participants(&[
                ("lead", HAMBURG, None, None), ("partner", &peer, None, None), ("partner", &own, from, until),
            ]);
            let body = with(partnership("zxq", HAMBURG, &peer, "internal"), json!({ "participants": all }));
            let made = text(&create_resource(&app, PARTNERSHIPS, body).await, "id");
            assert_eq!(sees(&partner, PARTNERSHIPS, &made).await, sees_it, "{from:?} {until:?}");
            assert_eq!(sees(&partner, UTILITIES, &peer).await, sees_it, "{from:?} {until:?}");
            let funding = partner.get(&format!("{PARTNERSHIPS}/{made}/funding")).await;
            assert_eq!(funding.status.is_success(), sees_it);
            assert!(!sees(&app.partner(), PARTNERSHIPS, &made).await, "another partner sees nothing");
            app.coordinator().delete(&format!("{PARTNERSHIPS}/{made}"), "*").await.expect(204);
            assert!(!sees(&partner, UTILITIES, &peer).await, "deleted, it binds nobody");
        }
    }

    /// A former lead reads like any account and may write nothing. The current lead may write.
    async fn a_former_lead_may_not_write(app: TestApp) {
        for (visibility, status) in [("internal", 404), ("members", 403), ("public", 403)] {
            let all = participants(&[
                ("lead", DRESDEN, None, Some("2020-12")), ("lead", HAMBURG, Some("2021"), None),
                ("partner", LVIV, None, None),
            ]);
            let body = partnership("zxq", HAMBURG, LVIV, visibility);
            let made = create_resource(&app, PARTNERSHIPS, with(body, json!({ "participants": all }))).await;
            let path = format!("{PARTNERSHIPS}/{}", text(&made, "id"));
            let (former, now) = (app.member(), app.account(Role::Member, HAMBURG).await);
            let patch = json!({ "summary": { "de": "zxq" } });
            former.patch(&path, "*", &patch).await.expect(status);
            former.post(&format!("{path}/funding"), &json!({ "kind": "grant" })).await.expect(status);
            now.patch(&path, "*", &patch).await.ok();
            now.post(&format!("{path}/funding"), &json!({ "kind": "grant" })).await.expect(201);
        }
    }

    /// A member sees the internal partnership that it leads, with all names in it, but no others of its participants.
    async fn the_lead_sees_its_internal_partnership_completely(app: TestApp) {
        let own = Restriction::Internal.create(&app).await;
        let member = app.account(Role::Member, &text(own.municipal(), "id")).await;
        let path = format!("{PARTNERSHIPS}/{}", text(own.partnership(), "slug"));
        let read = member.get(&path).await.ok().text();
        for name in ["zxqinternal bund", "zxqinternal werk", "zxqinternal vodokanal"] {
            assert!(read.contains(name), "{name}: {read}");
        }
        assert_eq!(member.get("/api/v1/me").await.ok().json()["utilities"][0]["name"], "zxqinternal werk");
        assert_eq!(member.all(&format!("{path}/funding")).await.len(), 1);
        assert!(sees(&member, UTILITIES, &text(own.partner(), "id")).await);
        let csv = member.get(&format!("{PARTNERSHIPS}?visibility=internal&format=csv")).await.ok().text();
        assert!(csv.lines().count() == 2 && csv.contains("lead:utility:zxqinternal-werk"), "{csv}");

        let stranger = create_resource(&app, UTILITIES, municipal_utility("zxq fremd", "internal")).await;
        let (stranger, peer) = (text(&stranger, "id"), text(own.partner(), "id"));
        let other = create_resource(&app, PARTNERSHIPS, partnership("zxq fremd", &stranger, &peer, "internal")).await;
        assert!(!sees(&member, PARTNERSHIPS, &text(&other, "id")).await);
        assert!(!sees(&member, UTILITIES, &stranger).await);
        for question in ["utility=zxqinternal-vodokanal&count=true", "visibility=internal&count=true"] {
            let page = member.get(&format!("{PARTNERSHIPS}?{question}")).await.ok().json();
            assert_eq!(page["total"], 1, "{question}");
        }
    }

    /// Only the coordination office writes visibility, slug, status and lead.
    async fn a_member_may_not_write_visibility_slug_status_or_lead(app: TestApp) {
        let body = partnership("zxq intern", DRESDEN, LVIV, "internal");
        let internal = text(&create_resource(&app, PARTNERSHIPS, body).await, "id");
        let (member, partner) = (app.member(), app.partner());
        for key in [OWN, &internal] {
            let path = format!("{PARTNERSHIPS}/{key}");
            let whole = member.get(&path).await.ok().json();
            let was = version(&app, &path).await;
            for (patch, fault) in [
                (json!({ "visibility": "members" }), "/visibility"),
                (json!({ "visibility": null }), "/visibility"),
                (json!({ "slug": "zxq-neu" }), "/slug"),
                (json!({ "slug": null }), "/slug"),
                (json!({ "status": "cancelled" }), "/status"),
                (json!({ "status": null }), "/status"),
                (with_changed_lead(&whole, |lead| lead["party"] = json!({ "utility": HAMBURG })), "/participants"),
                (with_changed_lead(&whole, |lead| lead["from"] = json!("1999")), "/participants"),
                (with_changed_lead(&whole, |lead| lead["until"] = json!("2099")), "/participants"),
                (with_changed_lead(&whole, |lead| lead["role"] = json!("associate")), "/participants"),
            ] {
                let answer = member.patch(&path, "*", &patch).await;
                // The participants may also be invalid, which is reported first.
                let refused = if fault == "/participants" { 403..=422 } else { 403..=403 };
                assert!(refused.contains(&answer.status.as_u16()), "{patch}: {}", answer.text());
                let faults = answer.json()["errors"].clone();
                assert!(text(&faults[0], "pointer").starts_with(fault), "{patch}: {faults}");
            }
            assert_eq!(version(&app, &path).await, was, "nothing was written");
            member.patch(&path, "*", &whole).await.ok();
            member.patch(&path, "*", &json!({ "summary": { "de": "zxq" } })).await.ok();
            partner.patch(&path, "*", &json!({ "summary": { "de": "zxq" } })).await.problem(403, "forbidden");
        }
        for (more, fault) in [
            (json!({ "visibility": "public" }), "/visibility not_writable"),
            (json!({ "visibility": "internal" }), "/visibility not_writable"),
            (json!({ "slug": "zxq-neu" }), "/slug not_writable"),
            (json!({ "status": "active" }), "/status not_writable"),
        ] {
            let body = with(partnership("zxq", DRESDEN, LVIV, "members"), more);
            assert_eq!(member.post(PARTNERSHIPS, &body).await.faults(403, "forbidden"), [fault]);
        }
        let idea = member.post(PARTNERSHIPS, &partnership("zxq", DRESDEN, LVIV, "members")).await.expect(201);
        assert_eq!((text(&idea.json(), "status"), text(&idea.json(), "visibility")), ("idea".into(), "members".into()));
        for (caller, utility) in [(&member, DRESDEN), (&partner, LVIV)] {
            let path = format!("{UTILITIES}/{utility}");
            for (patch, fault) in [
                (json!({ "visibility": "internal" }), "/visibility not_writable"),
                (json!({ "slug": "zxq-neu" }), "/slug not_writable"),
            ] {
                assert_eq!(caller.patch(&path, "*", &patch).await.faults(403, "forbidden"), [fault]);
            }
        }
    }

    /// The path of one's own partnership leads only to its own sub-resources.
    async fn sub_resources_of_others_are_not_reachable_through_ones_own_partnership(app: TestApp) {
        let foreign = app.coordinator().all(&format!("{PARTNERSHIPS}/{PUBLIC}/funding")).await;
        let foreign = text(&foreign[0], "id");
        let (through, direct) = (
            format!("{PARTNERSHIPS}/{OWN}/funding/{foreign}"),
            format!("{PARTNERSHIPS}/{PUBLIC}/funding/{foreign}"),
        );
        for caller in [app.member(), app.partner(), app.coordinator()] {
            caller.get(&through).await.problem(404, "not_found");
        }
        let (member, patch) = (app.member(), json!({ "kind": "in_kind" }));
        for (path, status) in [(&through, 404), (&direct, 403)] {
            member.patch(path, "*", &patch).await.expect(status);
            member.delete(path, "*").await.expect(status);
        }
        let restore = app.coordinator().request(Method::POST, &format!("{through}/restore"));
        app.coordinator().send(restore).await.problem(404, "not_found");
        assert_eq!(version(&app, &direct).await, 1);
    }

    /// A partnership must not be visible to more callers than its participants, whichever of the two changes.
    async fn a_partnership_may_not_be_wider_than_its_participants(app: TestApp) {
        let it = Restriction::Internal.create(&app).await;
        let office = app.coordinator();
        let path = format!("{PARTNERSHIPS}/{}", text(it.partnership(), "id"));
        for visibility in ["members", "public"] {
            let faults = office.patch(&path, "*", &json!({ "visibility": visibility })).await;
            let faults = faults.faults(422, "validation_failed");
            assert!(faults.iter().all(|fault| fault.ends_with("wider_than_party")) && faults.len() == 2);
        }
        let narrow = json!({ "visibility": "internal" });
        let body = office.patch(&format!("{UTILITIES}/{LVIV}"), "*", &narrow).await;
        let body = body.problem(409, "conflicts_with_dependents");
        assert_eq!(body["dependents"][0]["slug"], OWN);

        // Restoring checks the rule again.
        let path = format!("{PARTNERSHIPS}/{PUBLIC}");
        office.delete(&path, "*").await.expect(204);
        let kyiv = format!("{UTILITIES}/kyivvodokanal");
        office.patch(&kyiv, "*", &narrow).await.ok();
        let restored = office.send(office.request(Method::POST, &format!("{path}/restore"))).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/participants/2/party wider_than_party"]);
        office.patch(&kyiv, "*", &json!({ "visibility": "public" })).await.ok();
        office.send(office.request(Method::POST, &format!("{path}/restore"))).await.ok();
    }
}

/// A patch of the participants that changes the lead.
fn with_changed_lead(whole: &Value, change: impl Fn(&mut Value)) -> Value {
    let mut all = whole["participants"].clone();
    let lead = all.as_array_mut().unwrap().iter_mut().find(|one| one["role"] == "lead");
    change(lead.unwrap());
    json!({ "participants": all })
}
