//! References and messages in other resources reveal nothing that the caller may not see.

use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Role;

use super::hidden::{DRESDEN, HAMBURG, LVIV, OWN, PUBLIC, Restriction, create_resource, text, with};
use super::plain;
use crate::api::fixtures::bodies::{municipal_utility, partner_utility, partnership};
use crate::harness::{Response, on_both};

const PARTNERSHIPS: &str = "/api/v1/partnerships";
const UTILITIES: &str = "/api/v1/utilities";

/// A response without the key of the request.
fn without(answer: &Response, key: &str) -> String {
    let lines: Vec<_> = plain(answer).lines().map(str::to_owned).collect();
    lines.join("\n").replace(key, "KEY")
}

on_both! {
    /// Referring to a hidden utility gets the same response as referring to an unknown one, in every form.
    async fn a_hidden_utility_is_refused_like_an_unknown_one(app: TestApp) {
        let member = app.member();
        let nobody = uuid::Uuid::now_v7().to_string();
        for restriction in [Restriction::Internal, Restriction::Deleted] {
            let it = restriction.create(&app).await;
            for (role, utility) in [("partner", it.partner()), ("associate", it.municipal()), ("lead", it.municipal())] {
                for (key, unknown) in [("slug", "zxqnobody-werk"), ("id", nobody.as_str())] {
                    let hidden = text(utility, key);
                    let mut answers = Vec::new();
                    for named in [hidden.as_str(), unknown] {
                        for form in [json!(named), json!({ key: named })] {
                            let mut body = partnership("zxq", DRESDEN, LVIV, "members");
                            let party = json!({ "role": role, "party": { "utility": form } });
                            body["participants"].as_array_mut().unwrap().push(party);
                            let patch = json!({ "participants": body["participants"] });
                            for answer in [
                                member.post(PARTNERSHIPS, &body).await,
                                member.patch(&format!("{PARTNERSHIPS}/{OWN}"), "*", &patch).await,
                            ] {
                                assert_eq!(answer.status, 422, "{}", answer.text());
                                answers.push(without(&answer, named));
                            }
                        }
                    }
                    assert_eq!(answers[..4], answers[4..], "{role} {key} {restriction:?}");
                }
            }
        }
    }

    /// The slug of a proposal is generated from its title, and must not reveal that a hidden one has the same title.
    async fn a_generated_slug_reveals_no_hidden_partnership(app: TestApp) {
        for restriction in [Restriction::Internal, Restriction::Deleted] {
            restriction.create(&app).await;
            let mut tails = Vec::new();
            for word in [restriction.word(), "zxqfree"] {
                let body = partnership(&format!("{word} bund"), DRESDEN, LVIV, "members");
                let made = app.member().post(&format!("{PARTNERSHIPS}?dry_run=true"), &body).await.expect(201);
                tails.push(text(&made.json(), "slug").len() - word.len());
            }
            assert_eq!(tails[0], tails[1], "the slug tells of a hidden one: {restriction:?}");
        }
    }

    /// A former slug is hidden like the current one.
    async fn a_former_slug_of_a_hidden_partnership_is_not_found(app: TestApp) {
        Restriction::Internal.create(&app).await;
        let office = app.coordinator();
        let path = format!("{PARTNERSHIPS}/zxqinternal-bund");
        office.patch(&path, "*", &json!({ "slug": "zxqinternal-neu" })).await.ok();
        for (role, caller) in app.everybody() {
            let seen = ["coordinator", "admin"].contains(&role);
            for slug in ["zxqinternal-bund", "zxqinternal-neu"] {
                caller.get(&format!("{PARTNERSHIPS}/{slug}")).await.expect(if seen { 200 } else { 404 });
            }
        }
        let taken = with(partnership("zxq", HAMBURG, LVIV, "public"), json!({ "slug": "zxqinternal-bund" }));
        office.post(PARTNERSHIPS, &taken).await.problem(409, "slug_taken");
        let refused = app.member().post(PARTNERSHIPS, &taken).await.faults(403, "forbidden");
        assert_eq!(refused, ["/slug not_writable", "/visibility not_writable"]);
    }

    /// A conflict names only dependents that the caller sees.
    async fn a_conflict_names_no_hidden_dependent(app: TestApp) {
        let own = text(&create_resource(&app, UTILITIES, partner_utility("zxq eigen", "members")).await, "id");
        let partner = app.account(Role::Partner, &own).await;
        let mut body = partnership("zxqgeheim", HAMBURG, &own, "internal");
        body["participants"][1]["until"] = json!("2020");
        let hidden = text(&create_resource(&app, PARTNERSHIPS, body).await, "id");
        partner.get(&format!("{PARTNERSHIPS}/{hidden}")).await.problem(404, "not_found");
        let patch = json!({ "kind": "municipal", "country": "DE" });
        let answer = partner.patch(&format!("{UTILITIES}/{own}"), "*", &patch).await;
        let text = answer.text();
        assert!(!text.contains("zxqgeheim") && !text.contains(&hidden), "{text}");
        assert!(answer.status.is_client_error(), "{text}");
    }

    /// Programmes are public, so the utilities in them have to stay public.
    async fn a_utility_in_a_programme_has_to_stay_public(app: TestApp) {
        let office = app.coordinator();
        let utility = create_resource(&app, UTILITIES, municipal_utility("zxq werk", "public")).await;
        let path = format!("{UTILITIES}/{}", text(&utility, "id"));
        let party = json!([{ "utility": utility["id"] }]);
        for member in ["implementers", "funders"] {
            let body = json!({ "name": format!("zxq {member}"), "kind": "advisory", member: party });
            create_resource(&app, "/api/v1/funding-programmes", body).await;
        }
        let narrowed = office.patch(&path, "*", &json!({ "visibility": "internal" })).await;
        let hidden = app.anonymous().get(&path).await.status == 404;
        let named = app.anonymous().get("/api/v1/funding-programmes?limit=200").await.ok().text().contains("zxq werk");
        assert!(!(hidden && named), "the public reads the name of what it may not see");
        let named = narrowed.problem(409, "conflicts_with_dependents")["dependents"].clone();
        let named: Vec<_> = named.as_array().unwrap().iter().map(|one| text(one, "name")).collect();
        assert_eq!(named, ["zxq implementers", "zxq funders"]);
        for visibility in ["members", "internal"] {
            let hidden = create_resource(&app, UTILITIES, municipal_utility("zxq", visibility)).await;
            let body = json!({ "name": "zxq", "kind": "grant", "funders": [{ "utility": hidden["id"] }] });
            let faults = office.post("/api/v1/funding-programmes", &body).await;
            assert_eq!(faults.faults(422, "validation_failed"), ["/funders/0 wider_than_party"]);
        }
    }

    /// `/me` lists the utilities of the account, except deleted ones.
    async fn a_deleted_utility_is_removed_from_accounts(app: TestApp) {
        let utility = create_resource(&app, UTILITIES, municipal_utility("zxqdeleted", "public")).await;
        let path = format!("{UTILITIES}/{}", text(&utility, "id"));
        let member = app.account(Role::Member, &text(&utility, "id")).await;
        assert_eq!(member.get("/api/v1/me").await.ok().json()["utilities"][0]["name"], "zxqdeleted");
        app.coordinator().delete(&path, "*").await.expect(204);
        member.get(&path).await.problem(404, "not_found");
        assert_eq!(member.get("/api/v1/me").await.ok().json()["utilities"], json!([]));
    }

    /// Derived fields ignore deleted sub-resources: the programme of a deleted phase is no programme of the
    /// partnership.
    async fn a_deleted_phase_does_not_count_for_programmes(app: TestApp) {
        let it = Restriction::Deleted.create(&app).await;
        let programmes = |one: Value| one["programmes"].as_array().unwrap().len();
        let path = format!("{PARTNERSHIPS}/{PUBLIC}");
        let with_phase = programmes(app.coordinator().get(&path).await.ok().json());
        let found = app.anonymous().all(&format!("{PARTNERSHIPS}?programme={}", text(it.programme(), "id"))).await;
        assert_eq!((found.len(), with_phase), (0, 1));
    }
}
