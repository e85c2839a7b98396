//! What the office decides about a registration: it is accepted or declined.

use reqwest::Method;
use serde_json::{Value, json};

use super::{confirmed, interest, mail_to, path};
use crate::api::fixtures::{MEMBERS, UTILITIES, log_end, merged};
use crate::harness::on_both;

on_both! {
    async fn accepting_a_registration_creates_utility_member_and_contact(app: TestApp) {
        let (office, registration) = (app.coordinator(), confirmed(&app, &interest("Neustadt")).await);
        let before = log_end(&app).await;
        let accept = format!("{}/accept", path(&registration));
        let dry_run = office.post(&format!("{accept}?dry_run=true"), &json!({})).await.ok().json();
        assert_eq!(dry_run["status"], "accepted");
        assert_eq!(log_end(&app).await, before);
        let accepted = office.post(&accept, &json!({"status": "active", "visibility": "public"})).await.ok().json();
        assert_eq!((&accepted["status"], &accepted["version"]), (&"accepted".into(), &2.into()));
        let member = office.get(&format!("{MEMBERS}/{}", accepted["member_id"].as_str().unwrap())).await.ok().json();
        assert_eq!((&member["status"], &member["name"]), (&"active".into(), &"Stadtwerke Neustadt".into()));
        assert_eq!(member["interests"]["sectors"], json!(["water"]));
        let utility = app.anonymous().get(&format!("{UTILITIES}/stadtwerke-neustadt")).await.ok().json();
        assert_eq!((&utility["kind"], &utility["country"], &utility["city"]), (&"municipal".into(), &"DE".into(), &"Neustadt".into()));
        let contacts = office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        assert_eq!(contacts.len(), 1);
        let contact = &contacts[0];
        assert_eq!((&contact["email"], &contact["is_primary"]), (&"neustadt@zxq.example".into(), &true.into()));
        assert_eq!(contact["consents"], registration["consents"]);
        assert_eq!(mail_to(&app, "neustadt@zxq.example").await["subject"], "Willkommen im Austausch");
        let made: Vec<_> = crate::api::changes::changes_after(&app.store, before).await;
        let made: Vec<_> = made.iter().map(|change| change.resource.as_str()).collect();
        assert_eq!(made, ["utility", "member", "contact", "interest_registration"]);
        office.post(&accept, &json!({})).await.problem(409, "interest_decided");
        office.post(&format!("{}/decline", path(&registration)), &json!({"reason": "No"})).await.problem(409, "interest_decided");
        // A second registration of the same person and utility reuses the existing member and contact.
        let again = confirmed(&app, &interest("Neustadt")).await;
        let accepted = office.post(&format!("{}/accept", path(&again)), &json!({})).await.ok().json();
        assert_eq!(accepted["member_id"], member["id"]);
        // New consents are added to the contact.
        let contacts = office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        assert_eq!((contacts.len(), &contacts[0]["version"]), (1, &2.into()));
        assert_eq!(contacts[0]["consents"], again["consents"]);
        assert_ne!(again["consents"]["directory"]["given_at"], registration["consents"]["directory"]["given_at"]);
        let consent = json!({"consent": {"directory": false, "mailings": true}});
        let third = confirmed(&app, &merged(&interest("Neustadt"), &consent)).await;
        office.post(&format!("{}/accept", path(&third)), &json!({})).await.ok();
        let contacts = office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        let both = json!({"directory": again["consents"]["directory"], "mailings": third["consents"]["mailings"]});
        assert_eq!(contacts[0]["consents"], both);
        assert_eq!(office.all(&format!("{UTILITIES}?q=Neustadt")).await.len(), 1);
    }

    async fn an_accepted_registration_is_no_duplicate_of_its_own_utility(app: TestApp) {
        let office = app.coordinator();
        for (city, name) in [("Neustadt", "Stadtwerke Neustadt AöR"), ("Dresden", "Stadtentwässerung Dresden")] {
            let body = merged(&interest(city), &json!({"utility_name": name}));
            let registration = confirmed(&app, &body).await;
            let accepted = office.post(&format!("{}/accept", path(&registration)), &json!({})).await.ok().json();
            let read = office.get(&path(&registration)).await.ok().json();
            for it in [accepted, read] {
                assert_eq!((&it["status"], &it["likely_duplicates"]), (&json!("accepted"), &json!([])), "{name}");
            }
        }
        // Another registration has the first one and the new utility as likely duplicates, also for other spellings.
        for name in ["Stadtwerke-Neustadt", "Stadt\u{ad}werke Neustadt A.ö.R.", "STADTWERKE NEUSTADT GmbH & Co. KG"] {
            let body = json!({"utility_name": name, "person": {"email": "other@zxq.example"}});
            let second = confirmed(&app, &merged(&interest("Neustadt"), &body)).await;
            let likely: Vec<_> = second["likely_duplicates"].as_array().unwrap().iter()
                .map(|it| (it["resource"].as_str().unwrap().to_owned(), it["alike"][0].clone())).collect();
            for resource in ["utility", "interest_registration"] {
                assert!(likely.contains(&(resource.to_owned(), json!("name"))), "{name}: {likely:?}");
            }
        }
    }

    async fn consents_apply_to_one_person_and_are_not_restored(app: TestApp) {
        let office = app.coordinator();
        let accept = async |it: &Value| office.post(&format!("{}/accept", path(it)), &json!({})).await.ok();
        let consent = json!({"consent": {"mailings": true}});
        let body = merged(&interest("Neustadt"), &consent);
        accept(&confirmed(&app, &body).await).await;
        let contacts = async || office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        // A consent that was withdrawn after the registration is not restored.
        let second = confirmed(&app, &body).await;
        let own = format!("{MEMBERS}/stadtwerke-neustadt/contacts/{}", contacts().await[0]["id"].as_str().unwrap());
        office.patch(&own, "*", &json!({"consents": {"mailings": null}})).await.ok();
        accept(&second).await;
        assert_eq!(office.get(&own).await.ok().json()["consents"].get("mailings"), None);
        // A consent counts only for the person who gave it, even if others use the same mailbox.
        let other = merged(&consent, &json!({"person": {"given_name": "Zxqother"}}));
        let third = confirmed(&app, &merged(&body, &other)).await;
        accept(&third).await;
        let contacts = contacts().await;
        let of = |name: &str| contacts.iter().find(|it| it["given_name"] == name).unwrap();
        assert_eq!((contacts.len(), of("Zxqgiven")["consents"].get("mailings")), (2, None));
        assert_eq!(of("Zxqother")["consents"], third["consents"]);
    }

    async fn existing_utilities_and_members_are_linked(app: TestApp) {
        let office = app.coordinator();
        let body = merged(&interest("Dresden"), &json!({"utility_name": "STADTENTWASSERUNG Dresden GmbH"}));
        let registration = confirmed(&app, &body).await;
        let likely = &registration["likely_duplicates"][0];
        assert_eq!((&likely["resource"], &likely["slug"]), (&"utility".into(), &"stadtentwaesserung-dresden".into()));
        assert_eq!(likely["alike"][0], "name");
        let other = confirmed(&app, &body).await;
        let same: Vec<_> = other["likely_duplicates"].as_array().unwrap().iter().filter(|it| it["id"] == registration["id"]).collect();
        assert_eq!(same[0]["alike"], json!(["name", "city", "email"]));
        let accepted = office.post(&format!("{}/accept", path(&registration)), &json!({})).await.ok().json();
        let member = office.get(&format!("{MEMBERS}/stadtentwaesserung-dresden")).await.ok().json();
        assert_eq!(accepted["member_id"], member["id"]);
        assert_eq!(member["status"], "active", "it stays what it is");
        // Now the person is a contact.
        let third = confirmed(&app, &merged(&body, &json!({"utility_name": "Anders", "city": "Anderswo"}))).await;
        let likely = third["likely_duplicates"].as_array().unwrap();
        assert!(likely.iter().any(|it| it["resource"] == "member" && it["id"] == member["id"] && it["alike"] == json!(["email"])), "{likely:#?}");
    }

    async fn an_ambiguous_utility_has_to_be_named(app: TestApp) {
        let office = app.coordinator();
        let utility = |slug: &str| json!({
            "slug": slug, "name": "Stadtwerke Neustadt", "kind": "municipal", "country": "DE", "sectors": ["water"]
        });
        for slug in ["neustadt-one", "neustadt-two"] {
            office.post(UTILITIES, &utility(slug)).await.expect(201);
        }
        let elsewhere = merged(&utility("neustadt-three"), &json!({"city": "Neustadt an der Orla"}));
        office.post(UTILITIES, &elsewhere).await.expect(201);
        let registration = confirmed(&app, &interest("Neustadt")).await;
        let accept = format!("{}/accept", path(&registration));
        let problem = office.post(&accept, &json!({})).await.problem(409, "ambiguous_utility");
        let mut named: Vec<_> = problem["dependents"].as_array().unwrap().iter().map(|it| it["slug"].as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, ["neustadt-one", "neustadt-two"]);
        let wrong = office.post(&accept, &json!({"utility": "zxq-nothing"})).await;
        assert_eq!(wrong.faults(422, "validation_failed"), ["/utility unknown_reference"]);
        let abroad = office.post(&accept, &json!({"utility": "lvivvodokanal"})).await;
        assert_eq!(abroad.faults(422, "validation_failed"), ["/utility not_municipal"]);
        // The refused requests have changed nothing.
        assert_eq!(office.get(&path(&registration)).await.ok().json()["status"], "confirmed");
        let accepted = office.post(&accept, &json!({"utility": "neustadt-two"})).await.ok().json();
        let member = office.get(&format!("{MEMBERS}/neustadt-two")).await.ok().json();
        assert_eq!((&accepted["member_id"], &member["status"]), (&member["id"], &"interested".into()));
    }

    async fn accepting_a_registration_makes_a_former_member_interested_again(app: TestApp) {
        let office = app.coordinator();
        let member = format!("{MEMBERS}/stadtentwaesserung-dresden");
        office.post(&format!("{member}/transitions"), &json!({"to": "left"})).await.ok();
        let body = merged(&interest("Dresden"), &json!({"utility_name": "Stadtentwässerung Dresden"}));
        let registration = confirmed(&app, &body).await;
        office.post(&format!("{}/accept", path(&registration)), &json!({})).await.ok();
        let member = office.get(&member).await.ok().json();
        assert_eq!((&member["status"], member.get("left_on")), (&json!("interested"), None));
    }

    async fn a_repeated_decline_is_done_once(app: TestApp) {
        let (office, registration) = (app.coordinator(), confirmed(&app, &interest("Neustadt")).await);
        let decline = || {
            let request = office.request(Method::POST, &format!("{}/decline", path(&registration)));
            office.send(request.header("Idempotency-Key", "zxq").json(&json!({"reason": "No"})))
        };
        let first = decline().await.ok();
        let again = decline().await.ok();
        assert_eq!((again.header("idempotency-replayed"), again.json()), ("true".into(), first.json()));
    }

    async fn a_declined_applicant_is_told_the_reason(app: TestApp) {
        let (office, registration) = (app.coordinator(), confirmed(&app, &interest("Neustadt")).await);
        let decline = format!("{}/decline", path(&registration));
        assert_eq!(office.post(&decline, &json!({})).await.faults(422, "validation_failed"), ["/reason required"]);
        let stale = office.request(Method::POST, &decline).header("If-Match", "\"9-zxq\"").json(&json!({"reason": "No"}));
        office.send(stale).await.problem(412, "precondition_failed");
        let declined = office.post(&decline, &json!({"reason": "Leider\nnein\nBcc: zxq@zxq.example"})).await.ok().json();
        assert_eq!(declined["status"], "declined");
        let mail = mail_to(&app, "neustadt@zxq.example").await;
        assert_eq!(mail["subject"], "Ihre Interessenbekundung");
        assert!(mail["text"].as_str().unwrap().contains("Leider\nnein\nBcc: zxq@zxq.example"));
        assert!(office.get(&format!("{UTILITIES}/stadtwerke-neustadt")).await.status == 404);
        let tag = office.get(&path(&registration)).await.ok().tag();
        let undone = json!({"status": "confirmed", "decline_reason": null});
        for member in [undone, json!({"consents": {"directory": null}}), json!({"decline_reason": "Other"})] {
            office.patch(&path(&registration), &tag, &member).await.problem(403, "forbidden");
        }
        office.patch(&path(&registration), &tag, &json!({"city": "Neustadt am Rübenberge"})).await.ok();
    }
}
