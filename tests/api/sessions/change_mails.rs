//! E-mails about changes: everybody who comes or waits gets one e-mail when a session or their own registration
//! changes.

use serde_json::{Value, json};

use super::registrations::person;
use super::{SESSIONS, published, session};
use crate::api::fixtures::{create, location, merged};
use crate::harness::{TestApp, ask, on_both};

const MAILS: &str = "/api/v1/mails";

async fn registered(app: &TestApp, session: &str, body: &Value) -> String {
    location(&create(&app.coordinator(), &format!("{session}/registrations"), body).await)
}

/// The e-mails since the last call, sorted by recipient.
async fn mails(app: &TestApp) -> Vec<Value> {
    let mails =
        "SELECT \"to\" || '§' || subject || '§' || text || '§' || calendar FROM mail ORDER BY \"to\", id";
    let mails = ask(app, mails).await;
    ask(app, "DELETE FROM mail RETURNING subject").await;
    let names = ["to", "subject", "text", "calendar"];
    let whole = |mail: &String| names.into_iter().zip(mail.split('§').map(Value::from)).collect::<Value>();
    mails.iter().map(whole).collect()
}

fn subjects(mails: &[Value]) -> Vec<String> {
    let word = |mail: &Value, name: &str| mail[name].as_str().unwrap().to_owned();
    let said = |mail: &Value| format!("{} {}", word(mail, "to"), word(mail, "subject"));
    mails.iter().map(|mail| said(mail).replace("@zxq.example", "").replace(": Zxq", "")).collect()
}

/// The unfolded iCalendar text of an e-mail.
fn calendar(mail: &Value) -> String {
    mail["calendar"].as_str().unwrap().replace("\r\n ", "")
}

on_both! {
    async fn changes_of_a_session_are_mailed_once_in_each_language(app: TestApp) {
        let office = app.coordinator();
        let session = published(&app, json!({"capacity": 1, "online_url": "https://meet.example/zxqlink"})).await;
        registered(&app, &session, &merged(&person("anna"), &json!({"language": "en"}))).await;
        registered(&app, &session, &person("bert")).await;
        let gone = registered(&app, &session, &person("carl")).await;
        office.post(&format!("{gone}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let shown = office.get(&format!("{MAILS}?to=anna@zxq.example")).await.ok().json()["items"][0].clone();
        let first = calendar(&mails(&app).await[0]);
        assert_eq!(calendar(&shown), first);
        let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let number = |text: &str| line(text, "SEQUENCE:")[9..].parse::<u32>().unwrap();
        let mut last = number(&first);
        for patch in [
            json!({"starts_on": "2040-06-13"}),
            json!({"start_time": "11:00", "end_time": "13:00", "place": "Bremen"}),
            json!({"ends_on": "2040-06-14"}),
            json!({"time_zone": "Africa/Lusaka"}),
            json!({"online_url": "https://meet.example/zxqother"}),
            json!({"format": "online"}),
        ] {
            let dry_run = office.patch(&format!("{session}?dry_run=true"), "*", &patch).await;
            dry_run.ok();
            assert!(mails(&app).await.is_empty(), "{patch}");
            office.patch(&session, "*", &patch).await.ok();
            let sent = mails(&app).await;
            assert_eq!(subjects(&sent), ["anna Changed", "bert Geändert"], "{patch}");
            let (seat, waits) = (calendar(&sent[0]), calendar(&sent[1]));
            assert_eq!(line(&seat, "UID:"), line(&first, "UID:"));
            assert!(number(&seat) > last, "{seat}");
            last = number(&seat);
            assert!(seat.contains("STATUS:CONFIRMED") && seat.contains("meet.example"), "{seat}");
            assert!(waits.contains("STATUS:TENTATIVE") && !waits.contains("meet.example"), "{waits}");
            let text = sent[1]["text"].as_str().unwrap();
            assert!(text.contains("Sie stehen weiter auf der Warteliste") && !text.contains("meet.example"), "{text}");
        }
        // Sending back the whole session changes nothing.
        office.patch(&session, "*", &office.get(&session).await.ok().json()).await.ok();
        for other in [json!({"title": "Zxq too"}), json!({"sectors": ["water"]}), json!({"visibility": "members"})] {
            office.patch(&session, "*", &other).await.ok();
        }
        assert!(mails(&app).await.is_empty());
        // Somebody who gets a seat by the same change gets only the e-mail about the seat.
        office.patch(&session, "*", &json!({"capacity": 2, "starts_on": "2040-06-12"})).await.ok();
        let sent = mails(&app).await;
        assert_eq!(subjects(&sent), ["anna Changed: Zxq too".replace(": Zxq", ""), "bert Sie haben einen Platz too".into()]);
        assert!(calendar(&sent[1]).contains("STATUS:CONFIRMED"));
        office.post(&format!("{session}/transitions"), &json!({"to": "cancelled"})).await.ok();
        let sent = mails(&app).await;
        assert!(sent.len() == 2 && sent.iter().all(|mail| calendar(mail).contains("STATUS:CANCELLED")), "{sent:#?}");
    }

    async fn changes_of_drafts_and_past_sessions_are_not_mailed(app: TestApp) {
        let office = app.coordinator();
        let draft = location(&create(&office, SESSIONS, &session("Zxq")).await);
        office.patch(&draft, "*", &json!({"starts_on": "2040-07-01"})).await.ok();
        app.clock.stop();
        let start = app.store.now() + chrono::TimeDelta::minutes(2);
        let soon = json!({
            "starts_on": start.date_naive(), "start_time": start.format("%H:%M").to_string(), "time_zone": "UTC",
            "ends_on": start.date_naive() + chrono::Days::new(1)
        });
        let session = published(&app, soon).await;
        let path = registered(&app, &session, &person("anna")).await;
        app.clock.advance(chrono::TimeDelta::minutes(3));
        mails(&app).await;
        office.patch(&session, "*", &json!({"place": "Bremen"})).await.ok();
        // Deleting a registration after the start sends no e-mail either.
        office.delete(&path, "*").await.expect(204);
        assert!(mails(&app).await.is_empty());
    }

    async fn changes_of_a_registration_are_mailed(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        let session = published(&app, json!({"capacity": 2, "room_capacity": 1, "online_url": "https://meet.example/zxqlink"})).await;
        let anna = registered(&app, &session, &person("anna")).await;
        mails(&app).await;
        let room = json!({"attendance": "in_person"});
        member.patch(&format!("{anna}?dry_run=true"), "*", &room).await.ok();
        assert!(mails(&app).await.is_empty());
        member.patch(&anna, "*", &room).await.ok();
        member.patch(&anna, "*", &room).await.ok();
        let sent = mails(&app).await;
        assert_eq!(subjects(&sent), ["anna Ihre Anmeldung wurde geändert"]);
        assert!(sent[0]["text"].as_str().unwrap().contains("vor Ort"), "{sent:#?}");
        assert!(calendar(&sent[0]).contains("STATUS:CONFIRMED"));
        office.patch(&anna, "*", &json!({"attendance": "online"})).await.ok();
        let sent = mails(&app).await;
        assert!(sent.len() == 1 && sent[0]["text"].as_str().unwrap().contains("meet.example"), "{sent:#?}");
        // Switching from waiting for the room to a seat online sends one e-mail, about the seat.
        office.patch(&anna, "*", &room).await.ok();
        let bert = registered(&app, &session, &merged(&person("bert"), &room)).await;
        assert_eq!(office.get(&bert).await.ok().json()["status"], "waitlisted");
        mails(&app).await;
        member.patch(&bert, "*", &json!({"attendance": "online"})).await.ok();
        assert_eq!(subjects(&mails(&app).await), ["bert Sie haben einen Platz"]);
        // Replacing the person sends an e-mail to each of the two.
        member.patch(&bert, "*", &json!({"name": "c", "email": "carl@zxq.example"})).await.ok();
        assert_eq!(subjects(&mails(&app).await), ["bert Ihre Anmeldung ist storniert", "carl Sie sind angemeldet"]);
    }
}
