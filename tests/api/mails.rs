//! The outbox: an e-mail is sent once, even if workers die, and only the office can read the outbox.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::mail::Mail;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::WriteContext;
use vku_server::worker::smtp::Smtp;

use super::interests::{INTERESTS, interest, office_later};
use crate::harness::smtp::{Received, Sink, SinkBehavior};
use crate::harness::{Caller, TestApp, ask, on_both};

const MAILS: &str = "/api/v1/mails";
const FROM: &str = "Office <office@example.org>";

/// An e-mail to `{name}@zxq.example`.
pub(super) fn mail(name: &str) -> Mail {
    let to = format!("{name}@zxq.example").parse().unwrap();
    let (subject, text) =
        (bilingual!("For {name}", "Für {name}"), bilingual!("Hello {name}", "Grüß Gott\r\n.\r\n{name}"));
    Mail::new(to, Locale::De, &subject, &text)
}

/// Queues an e-mail in a transaction of its own.
pub(super) async fn post(store: &Store, mail: Mail) {
    let operator = Actor::operator(store.now());
    let writing =
        WriteContext { actor: &operator, request_id: "test", dry_run: false, origin: InputSource::Request };
    store.write(&writing, async |writer| writer.post(mail).await).await.unwrap();
}

/// A mail worker that runs until it is ended.
struct Worker {
    end: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    fn start(app: &TestApp, sink: &Sink) -> Self {
        let (end, ended) = watch::channel(false);
        let smtp = Smtp::new(&sink.url(), FROM).unwrap();
        let task = tokio::spawn(vku_server::worker::mail::run(app.store.clone(), Some(smtp), ended));
        Self { end, task }
    }

    async fn end(self) {
        self.end.send_replace(true);
        self.task.await.unwrap();
    }
}

/// Waits for e-mails without blocking the runtime that the worker runs on.
async fn mails(sink: &Sink, count: usize) -> Vec<Received> {
    let sink = sink.clone();
    tokio::task::spawn_blocking(move || sink.mails(count)).await.unwrap()
}

async fn called(sink: &Sink, count: usize) {
    let sink = sink.clone();
    tokio::task::spawn_blocking(move || sink.called(count)).await.unwrap();
}

/// The only mail in the outbox, once it meets the condition.
async fn only(office: &Caller, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..3_000 {
        let items = office.all(MAILS).await;
        assert_eq!(items.len(), 1, "{items:#?}");
        if wanted(&items[0]) {
            return items[0].clone();
        }
    }
    panic!("it never is: {:#?}", office.all(MAILS).await);
}

on_both! {
    async fn a_queued_mail_is_sent_and_listed(app: TestApp) {
        let sink = Sink::start(SinkBehavior::Accept);
        let worker = Worker::start(&app, &sink);
        post(&app.store, mail("anna")).await;
        let received = mails(&sink, 1).await.remove(0);
        worker.end().await;
        assert_eq!((received.from.as_str(), received.to.as_slice()), ("office@example.org", &["anna@zxq.example".to_owned()][..]));
        assert_eq!(received.header("To"), "anna@zxq.example");
        assert_eq!(received.header("Auto-Submitted"), "auto-generated");
        // SMTP escapes a line that consists of a dot.
        assert_eq!(received.text().replace("\n..\n", "\n.\n").trim_end(), "Grüß Gott\n.\nanna");
        let shown = only(&app.coordinator(), |_| true).await;
        assert_eq!(received.header("Message-ID"), format!("<{}@example.org>", shown["id"].as_str().unwrap()));
        assert_eq!((&shown["state"], &shown["attempts"]), (&"sent".into(), &1.into()));
        assert_eq!((&shown["subject"], &shown["language"]), (&"Für anna".into(), &"de".into()));
        assert!(shown["sent_at"].is_string() && shown.get("next_attempt_at").is_none(), "{shown}");
        let one = app.coordinator().get(&format!("{MAILS}/{}", shown["id"].as_str().unwrap())).await.ok();
        assert_eq!(one.json(), shown);
    }

    /// From registering interest to being a member, over real SMTP, by the links in the e-mails.
    async fn a_newcomer_becomes_a_member_by_the_links_in_mails(app: TestApp) {
        let sink = Sink::start(SinkBehavior::Accept);
        let worker = Worker::start(&app, &sink);
        app.anonymous().post(INTERESTS, &interest("Neustadt")).await.expect(202);
        let asked = mails(&sink, 1).await.remove(0);
        assert_eq!(asked.to, ["neustadt@zxq.example"]);
        let link = asked.link();
        let page = link.strip_prefix("https://partnerships.example").unwrap();
        assert!(app.anonymous().get(page).await.ok().text().contains("<form"));
        let (_, token) = page.split_once("token=").unwrap();
        let press = app.anonymous().request(Method::POST, "/interest/confirmation");
        let press = press.header("Content-Type", "application/x-www-form-urlencoded").body(format!("token={token}"));
        app.anonymous().send(press).await.ok();
        let registration = app.coordinator().all(INTERESTS).await.remove(0);
        let accept = format!("{INTERESTS}/{}/accept", registration["id"].as_str().unwrap());
        let accepted = app.coordinator().post(&accept, &json!({"status": "active"})).await.ok().json();
        let welcome = mails(&sink, 2).await.remove(1);
        worker.end().await;
        assert!(welcome.text().contains("Stadtwerke Neustadt"), "{}", welcome.text());
        let member = app.coordinator().get("/api/v1/members/stadtwerke-neustadt").await.ok().json();
        assert_eq!((&member["id"], &member["status"]), (&accepted["member_id"], &"active".into()));
        let contacts = app.coordinator().all("/api/v1/members/stadtwerke-neustadt/contacts").await;
        assert_eq!(contacts[0]["email"], "neustadt@zxq.example");
    }

    /// Neither a failed write nor a dry run sends an e-mail.
    async fn uncommitted_mails_are_not_sent(app: TestApp) {
        let operator = Actor::operator(app.store.now());
        for (dry_run, fails) in [(true, false), (false, true)] {
            let writing = WriteContext { actor: &operator, request_id: "test", dry_run, origin: InputSource::Request };
            let result = app.store.write(&writing, async |writer| {
                writer.post(mail("nobody")).await?;
                if fails { Err(Error::new(Code::NotDeleted, bilingual!("No", "Nein"))) } else { Ok(()) }
            });
            assert_eq!(result.await.is_err(), fails);
        }
        assert!(app.coordinator().all(MAILS).await.is_empty());
    }

    async fn a_permanently_rejected_mail_fails(app: TestApp) {
        let sink = Sink::start(SinkBehavior::Reject("550 5.1.1 <anna@zxq.example> is nobody here"));
        post(&app.store, mail("anna")).await;
        let worker = Worker::start(&app, &sink);
        let shown = only(&app.coordinator(), |mail| mail["state"] == "failed").await;
        worker.end().await;
        assert_eq!(shown["failure"], "refused (550)");
        assert!(shown.get("next_attempt_at").is_none() && shown.get("sent_at").is_none(), "{shown}");
    }

    async fn a_temporarily_rejected_mail_is_sent_again_with_the_same_message_id(app: TestApp) {
        let sink = Sink::start(SinkBehavior::Reject("451 4.7.1 <anna@zxq.example> later"));
        post(&app.store, mail("anna")).await;
        let worker = Worker::start(&app, &sink);
        let shown = only(&app.coordinator(), |mail| mail["attempts"] == 1).await;
        assert_eq!((&shown["state"], &shown["failure"]), (&"waiting".into(), &"not accepted (451)".into()));
        // Another mail wakes the worker, which leaves this one for later.
        sink.set_behavior(SinkBehavior::Accept);
        app.clock.advance(TimeDelta::seconds(6));
        worker.end().await;
        let worker = Worker::start(&app, &sink);
        let received = mails(&sink, 1).await.remove(0);
        let shown = only(&app.coordinator(), |mail| mail["state"] == "sent").await;
        worker.end().await;
        assert_eq!(shown["attempts"], 2);
        assert!(received.header("Message-ID").contains(shown["id"].as_str().unwrap()));
    }

    /// Nobody gets old e-mails when a mail server is configured later.
    async fn mails_expire_after_three_days_and_are_deleted_after_thirty(app: TestApp) {
        post(&app.store, mail("anna").confidential()).await;
        app.clock.advance(TimeDelta::days(3) + TimeDelta::seconds(1));
        let (office, sink) = (office_later(&app).await, Sink::start(SinkBehavior::Accept));
        let worker = Worker::start(&app, &sink);
        let shown = only(&office, |mail| mail["state"] == "failed").await;
        worker.end().await;
        assert_eq!((&shown["failure"], &shown["attempts"]), (&"expired".into(), &0.into()));
        assert_eq!(ask(&app, "SELECT text FROM mail").await, [""], "what only she may read goes at once");
        assert_eq!(app.store.sweep_mails().await.unwrap(), 0);
        app.clock.advance(TimeDelta::days(27));
        assert_eq!(app.store.sweep_mails().await.unwrap(), 1);
        assert!(office_later(&app).await.all(MAILS).await.is_empty());
    }

    async fn an_unreadable_mail_does_not_block_others(app: TestApp) {
        let sink = Sink::start(SinkBehavior::Accept);
        post(&app.store, mail("anna")).await;
        ask(&app, r#"UPDATE mail SET language = 'none' RETURNING text"#).await;
        post(&app.store, mail("bert")).await;
        let worker = Worker::start(&app, &sink);
        assert_eq!(mails(&sink, 1).await[0].to, ["bert@zxq.example"]);
        worker.end().await;
        let broken = "SELECT failure FROM mail WHERE state = 'failed' AND claimed_by IS NULL";
        assert_eq!(ask(&app, broken).await, ["unreadable"]);
    }

    async fn several_workers_send_each_mail_once(app: TestApp) {
        const MANY: usize = 60;
        let sink = Sink::start(SinkBehavior::Accept);
        let other = app.another_instance(Default::default());
        for index in 0..MANY {
            post(&app.store, mail(&format!("anna{index}"))).await;
        }
        let workers = [Worker::start(&app, &sink), Worker::start(&other, &sink), Worker::start(&app, &sink)];
        mails(&sink, MANY).await;
        for worker in workers {
            worker.end().await;
        }
        let mut to: Vec<_> = sink.mails(MANY).into_iter().flat_map(|mail| mail.to).collect();
        to.sort();
        to.dedup();
        assert_eq!((to.len(), sink.mails(MANY).len()), (MANY, MANY));
        assert_eq!(app.coordinator().all(&format!("{MAILS}?state=sent&limit=7")).await.len(), MANY);
    }

    /// A worker whose server hangs keeps the e-mails that it has claimed. When the worker dies, another one sends them.
    async fn mails_claimed_by_a_dead_worker_are_sent_by_another(app: TestApp) {
        let (silent, sink) = (Sink::start(SinkBehavior::NoGreeting), Sink::start(SinkBehavior::Accept));
        post(&app.store, mail("anna")).await;
        let hanging = Worker::start(&app, &silent);
        called(&silent, 1).await;
        let worker = Worker::start(&app, &sink);
        post(&app.store, mail("bert")).await;
        assert_eq!(mails(&sink, 1).await[0].to, ["bert@zxq.example"], "the other is being sent");
        hanging.task.abort();
        assert!(hanging.task.await.unwrap_err().is_cancelled());
        post(&app.store, mail("carl")).await;
        let mut to: Vec<_> = mails(&sink, 3).await.into_iter().flat_map(|mail| mail.to).collect();
        to.sort();
        worker.end().await;
        assert_eq!(to, ["anna@zxq.example", "bert@zxq.example", "carl@zxq.example"]);
    }

    async fn only_the_office_reads_the_outbox(app: TestApp) {
        for name in ["anna", "bert", "carl"] {
            post(&app.store, mail(name)).await;
        }
        post(&app.store, mail("dora").confidential()).await;
        let office = app.coordinator();
        let first = office.get(&format!("{MAILS}?limit=2")).await.ok().json();
        let subjects = |page: &Value| {
            let items = page["items"].as_array().unwrap().iter();
            items.map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(subjects(&first), ["Für dora", "Für carl"]);
        assert!(first["items"][0].get("text").is_none(), "for nobody but the person: {first}");
        let second = office.get(first["next"].as_str().unwrap()).await.ok().json();
        assert_eq!(subjects(&second), ["Für bert", "Für anna"]);
        assert!(second.get("next").is_none());
        let back = office.get(second["prev"].as_str().unwrap()).await.ok().json();
        assert_eq!(subjects(&back), subjects(&first));
        let found = office.get(&format!("{MAILS}?to=bert@zxq.example&state=waiting")).await.ok().json();
        assert_eq!(subjects(&found), ["Für bert"]);
        assert!(office.all(&format!("{MAILS}?state=sent&state=failed")).await.is_empty());
        office.get(&format!("{MAILS}?state=gone")).await.problem(400, "invalid_parameters");
        office.get(&format!("{MAILS}?cursor=x")).await.problem(400, "invalid_parameters");
        office.get(&format!("{MAILS}/0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10")).await.problem(404, "not_found");
        office.get(&format!("{MAILS}/anna")).await.problem(404, "not_found");
        for (caller, status, code) in [
            (app.anonymous(), 401, "unauthenticated"),
            (app.member(), 403, "forbidden"),
            (app.partner(), 403, "forbidden"),
            (app.reader(), 403, "forbidden"),
        ] {
            caller.get(MAILS).await.problem(status, code);
            caller.get(&format!("{MAILS}/0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b10")).await.problem(status, code);
        }
        // The change log has no e-mails.
        let changes = crate::api::changes::changes_after(&app.store, 0).await;
        assert!(changes.iter().all(|change| !change.state.to_string().contains("zxq.example")));
    }
}
