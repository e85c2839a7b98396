//! Interest registrations: anybody can send them. They are confirmed by a link and decided by the office, and cannot be
//! misused to send mails to others in our name.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::given::{MEMBERS, UTILITIES, changed, log_end};
use crate::harness::{Caller, TestApp, on_both};

pub(super) const INTERESTS: &str = "/api/v1/interest-registrations";
const CONFIRMATIONS: &str = "/api/v1/interest-confirmations";
const MAILS: &str = "/api/v1/mails";

/// A coordinator with a new token, because the clock was advanced.
pub(super) async fn office_later(app: &TestApp) -> Caller {
    let account = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
    let tokens = app.anonymous().post("/api/v1/auth/token", &account).await.ok().json();
    app.anonymous().with_token(tokens["access_token"].as_str().unwrap())
}

/// A valid registration.
pub(super) fn interest(name: &str) -> Value {
    json!({
        "utility_name": format!("Stadtwerke {name}"),
        "city": name,
        "sectors": ["water"],
        "person": {
            "given_name": "Zxqgiven", "family_name": "Zxqfamily", "email": format!("{}@zxq.example", name.to_lowercase()),
            "function": "Zxqfunction"
        },
        "message": "Zxqmessage",
        "language": "de",
        "consent": { "text_version": "2026-11", "directory": true }
    })
}

/// The latest mail to this address.
pub(super) async fn mail_to(app: &TestApp, email: &str) -> Value {
    app.coordinator().get(&format!("{MAILS}?to={email}")).await.ok().json()["items"][0].clone()
}

/// The token in the latest mail to this address.
pub(super) async fn token(app: &TestApp, email: &str) -> String {
    let text = mail_to(app, email).await["text"].as_str().unwrap().to_owned();
    let (_, rest) = text.split_once("token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Sends and confirms a registration. Returns it as the office reads it.
pub(super) async fn confirmed(app: &TestApp, body: &Value) -> Value {
    app.anonymous().post(INTERESTS, body).await.expect(202);
    let token = token(app, body["person"]["email"].as_str().unwrap()).await;
    app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.ok();
    app.coordinator().get(&format!("{INTERESTS}?limit=1")).await.ok().json()["items"][0].clone()
}

pub(super) fn path(registration: &Value) -> String {
    format!("{INTERESTS}/{}", registration["id"].as_str().unwrap())
}

on_both! {
    async fn a_registration_is_visible_after_its_confirmation(app: TestApp) {
        let (office, before) = (app.coordinator(), log_end(&app).await);
        let taken = app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202).json();
        assert_eq!(taken, json!({"status": "confirmation_sent"}));
        assert!(office.all(INTERESTS).await.is_empty());
        assert_eq!(log_end(&app).await, before, "nobody has confirmed it: it is in no log");
        let mail = mail_to(&app, "neustadt@zxq.example").await;
        assert_eq!(mail["subject"], "Bitte bestätigen Sie Ihre Interessenbekundung");
        let text = mail["text"].as_str().unwrap();
        // The address may belong to somebody else, so the mail contains nothing of the registration.
        assert!(!text.contains("Zxq") && !text.contains("Neustadt"), "{text}");
        assert!(text.contains("https://partnerships.example/interest/confirmation?token="), "{text}");

        let token = token(&app, "neustadt@zxq.example").await;
        let confirmed = app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.ok().json();
        assert_eq!(confirmed, json!({"status": "confirmed"}));
        app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await.problem(409, "link_used");
        let all = office.all(&format!("{INTERESTS}?status=confirmed")).await;
        assert_eq!(all.len(), 1);
        let it = &all[0];
        assert_eq!((&it["utility_name"], &it["city"]), (&"Stadtwerke Neustadt".into(), &"Neustadt".into()));
        assert_eq!(it["person"]["family_name"], "Zxqfamily");
        assert_eq!(it["consents"]["directory"]["text_version"], "2026-11");
        assert!(it["consents"].get("mailings").is_none() && it["registration_consent"]["given_at"].is_string());
        assert_eq!(office.all(&format!("{INTERESTS}?status=accepted&status=declined")).await.len(), 0);
        // The mail is in the language of the registration.
        let english = changed(&interest("Newtown"), &json!({"language": "en"}));
        app.anonymous().post(INTERESTS, &english).await.expect(202);
        assert_eq!(mail_to(&app, "newtown@zxq.example").await["subject"], "Please confirm your registration of interest");
        let changes = crate::api::changes::changes_after(&app.store, 0).await;
        assert!(changes.iter().all(|change| !change.state.to_string().contains("Zxq")), "persons are in no log");
    }

    async fn an_expired_confirmation_link_is_refused(app: TestApp) {
        app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        let token = token(&app, "neustadt@zxq.example").await;
        let confirm = async |token: &str| app.anonymous().post(CONFIRMATIONS, &json!({"token": token})).await;
        app.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
        assert_eq!(app.store.sweep_interests().await.unwrap(), 0);
        app.clock.advance(TimeDelta::minutes(2));
        confirm(&token).await.problem(409, "link_expired");
        assert_eq!(app.store.sweep_interests().await.unwrap(), 1);
        confirm(&token).await.problem(409, "link_expired");
        app.clock.advance(TimeDelta::days(40));
        app.store.sweep_interests().await.unwrap();
        confirm(&token).await.problem(409, "link_expired");
        // Altered tokens are malformed.
        for wrong in ["", "zxq", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(confirm(wrong).await.faults(422, "validation_failed"), ["/token invalid_format"]);
        }
        let items = office_later(&app).await.all(INTERESTS).await;
        assert!(items.is_empty(), "{items:?}");
    }

    /// Mail scanners follow links, so only the button confirms.
    async fn opening_the_confirmation_page_confirms_nothing(app: TestApp) {
        app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        let token = token(&app, "neustadt@zxq.example").await;
        let page = format!("/interest/confirmation?token={token}");
        for _ in 0..3 {
            let shown = app.anonymous().get(&page).await.ok();
            assert!(shown.header("content-type").starts_with("text/html"));
            assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer".into(), "no-store".into()));
            assert!(shown.text().contains("<form method=\"post\"") && shown.text().contains("Confirm</button>"));
            app.anonymous().head(&page).await.ok();
        }
        assert!(app.coordinator().all(INTERESTS).await.is_empty());
        let german = app.anonymous().request(Method::GET, &page).header("Accept-Language", "de");
        assert!(app.anonymous().send(german).await.ok().text().contains("Bestätigen</button>"));
        let press = async || {
            let request = app.anonymous().request(Method::POST, "/interest/confirmation");
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            app.anonymous().send(request.body(format!("token={token}"))).await.ok().text()
        };
        assert!(press().await.contains("your registration is confirmed"));
        assert!(press().await.contains("already been used"));
        assert_eq!(app.coordinator().all(INTERESTS).await.len(), 1);
        let used = app.anonymous().get(&page).await.ok().text();
        assert!(used.contains("already been used") && !used.contains("<form"), "{used}");
        for wrong in ["/interest/confirmation", "/interest/confirmation?token=%22%3E%3Cscript%3E"] {
            let shown = app.anonymous().get(wrong).await.ok().text();
            assert!(shown.contains("is incomplete") && !shown.contains("<script"), "{shown}");
        }
    }

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
        let third = confirmed(&app, &changed(&interest("Neustadt"), &consent)).await;
        office.post(&format!("{}/accept", path(&third)), &json!({})).await.ok();
        let contacts = office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        let both = json!({"directory": again["consents"]["directory"], "mailings": third["consents"]["mailings"]});
        assert_eq!(contacts[0]["consents"], both);
        assert_eq!(office.all(&format!("{UTILITIES}?q=Neustadt")).await.len(), 1);
    }

    async fn an_accepted_registration_is_no_duplicate_of_its_own_utility(app: TestApp) {
        let office = app.coordinator();
        for (city, name) in [("Neustadt", "Stadtwerke Neustadt AöR"), ("Dresden", "Stadtentwässerung Dresden")] {
            let body = changed(&interest(city), &json!({"utility_name": name}));
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
            let second = confirmed(&app, &changed(&interest("Neustadt"), &body)).await;
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
        let body = changed(&interest("Neustadt"), &consent);
        accept(&confirmed(&app, &body).await).await;
        let contacts = async || office.all(&format!("{MEMBERS}/stadtwerke-neustadt/contacts")).await;
        // A consent that was withdrawn after the registration is not restored.
        let second = confirmed(&app, &body).await;
        let own = format!("{MEMBERS}/stadtwerke-neustadt/contacts/{}", contacts().await[0]["id"].as_str().unwrap());
        office.patch(&own, "*", &json!({"consents": {"mailings": null}})).await.ok();
        accept(&second).await;
        assert_eq!(office.get(&own).await.ok().json()["consents"].get("mailings"), None);
        // A consent counts only for the person who gave it, even if others use the same mailbox.
        let other = changed(&consent, &json!({"person": {"given_name": "Zxqother"}}));
        let third = confirmed(&app, &changed(&body, &other)).await;
        accept(&third).await;
        let contacts = contacts().await;
        let of = |name: &str| contacts.iter().find(|it| it["given_name"] == name).unwrap();
        assert_eq!((contacts.len(), of("Zxqgiven")["consents"].get("mailings")), (2, None));
        assert_eq!(of("Zxqother")["consents"], third["consents"]);
    }

    async fn existing_utilities_and_members_are_linked(app: TestApp) {
        let office = app.coordinator();
        let body = changed(&interest("Dresden"), &json!({"utility_name": "STADTENTWASSERUNG Dresden GmbH"}));
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
        let third = confirmed(&app, &changed(&body, &json!({"utility_name": "Anders", "city": "Anderswo"}))).await;
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
        let elsewhere = changed(&utility("neustadt-three"), &json!({"city": "Neustadt an der Orla"}));
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

    async fn invalid_registrations_are_refused(app: TestApp) {
        let post = async |patch: Value| app.anonymous().post(INTERESTS, &changed(&interest("Neustadt"), &patch)).await;
        for (patch, fault) in [
            (json!({"consent": null}), "/consent required"),
            (json!({"consent": {"text_version": "2020-01"}}), "/consent/text_version unknown_value"),
            (json!({"sectors": []}), "/sectors too_few"),
            (json!({"language": "fr"}), "/language unknown_value"),
            (json!({"person": {"email": "zxq@zxq.example\r\nBcc: other@zxq.example"}}), "/person/email invalid_format"),
            (json!({"person": {"given_name": "Zxq\r\nBcc: other@zxq.example"}}), "/person/given_name invalid_format"),
            (json!({"utility_name": "Zxq\nSubject: other"}), "/utility_name invalid_format"),
            (json!({"status": "accepted"}), "/status unknown_member"),
        ] {
            assert_eq!(post(patch).await.faults(422, "validation_failed"), [fault]);
        }
        assert!(app.coordinator().all(MAILS).await.is_empty());
    }

    /// A client without an account that got no response repeats the request.
    async fn a_repeated_registration_sends_one_mail(app: TestApp) {
        let once = async |body: &Value| {
            let request = app.anonymous().request(Method::POST, INTERESTS).header("Idempotency-Key", "zxq-anybody");
            app.anonymous().send(request.json(body)).await
        };
        assert_eq!(once(&interest("Neustadt")).await.expect(202).header("idempotency-replayed"), "");
        let again = once(&interest("Neustadt")).await.expect(202);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(app.coordinator().all(&format!("{MAILS}?to=neustadt@zxq.example")).await.len(), 1);
        // The same key with another request is another request.
        assert_eq!(once(&interest("Altstadt")).await.expect(202).header("idempotency-replayed"), "");
        assert_eq!(app.coordinator().all(&format!("{MAILS}?to=altstadt@zxq.example")).await.len(), 1);
        assert_eq!(once(&interest("Neustadt")).await.expect(202).header("idempotency-replayed"), "true");
    }

    async fn accepting_a_registration_makes_a_former_member_interested_again(app: TestApp) {
        let office = app.coordinator();
        let member = format!("{MEMBERS}/stadtentwaesserung-dresden");
        office.post(&format!("{member}/transitions"), &json!({"to": "left"})).await.ok();
        let body = changed(&interest("Dresden"), &json!({"utility_name": "Stadtentwässerung Dresden"}));
        let registration = confirmed(&app, &body).await;
        office.post(&format!("{}/accept", path(&registration)), &json!({})).await.ok();
        let member = office.get(&member).await.ok().json();
        assert_eq!((&member["status"], member.get("left_on")), (&json!("interested"), None));
    }

    /// A request that sends no mail must not claim that it does.
    async fn registrations_are_limited_for_each_address_and_each_client(app: TestApp) {
        app.clock.stop();
        for _ in 0..3 {
            app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        }
        for _ in 0..2 {
            let refused = app.anonymous().post(INTERESTS, &interest("Neustadt")).await;
            assert_eq!(refused.header("retry-after"), "28800");
            refused.problem(429, "too_many_requests");
        }
        let to = format!("{MAILS}?to=neustadt@zxq.example");
        assert_eq!(app.coordinator().all(&to).await.len(), 3);
        for round in 0..5 {
            app.anonymous().post(INTERESTS, &interest(&format!("Neustadt{round}"))).await.expect(202);
        }
        let refused = app.anonymous().post(INTERESTS, &interest("Altstadt")).await;
        assert_eq!(refused.header("retry-after"), "360");
        refused.problem(429, "too_many_requests");
        assert!(app.coordinator().all(&format!("{MAILS}?to=altstadt@zxq.example")).await.is_empty());
        app.clock.advance(TimeDelta::minutes(6));
        app.anonymous().post(INTERESTS, &interest("Altstadt")).await.expect(202);
    }
}
