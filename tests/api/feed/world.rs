//! Random changes of everything that a representation or a visibility depends on.

use std::sync::Mutex;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::fixtures::bodies::{contact, topic};
use crate::api::fixtures::{
    MEMBERS, ORGANISATIONS, PARTNERSHIPS, POLICY_UPDATES, PROGRAMMES, TOPICS, UTILITIES, merged, participant,
};
use crate::api::fuzz::random::Random;
use crate::api::sessions::SESSIONS;
use crate::api::visibility::hidden::interest_registration;
use crate::harness::{Caller, Response, TestApp};

const DRESDEN: &str = "stadtentwaesserung-dresden";
const LVIV: &str = "lvivvodokanal";
pub(super) const VISIBILITIES: &[&str] = &["public", "members", "internal"];

/// What the changes are made of. Each list has some paths of its type, which grow with what is created.
pub(super) struct World<'a> {
    app: &'a TestApp,
    office: Caller,
    admin: Caller,
    paths: Mutex<Vec<(&'static str, String)>>,
    random: Mutex<Random>,
}

impl<'a> World<'a> {
    pub(super) async fn new(app: &'a TestApp, seed: u64) -> Self {
        let world = Self {
            app,
            office: app.coordinator(),
            admin: app.admin(),
            paths: Mutex::default(),
            random: Mutex::new(Random::new(seed)),
        };
        for (kind, path) in [
            ("utility", format!("{UTILITIES}/{DRESDEN}")),
            ("utility", format!("{UTILITIES}/{LVIV}")),
            ("utility", format!("{UTILITIES}/hamburg-wasser")),
            ("organisation", format!("{ORGANISATIONS}/bmz")),
            ("programme", format!("{PROGRAMMES}/betreiberplattform-2024-2027")),
            ("partnership", format!("{PARTNERSHIPS}/dresden-lviv-ternopil-nadvirna")),
            ("partnership", format!("{PARTNERSHIPS}/hamburg-kyiv")),
            ("member", format!("{MEMBERS}/{DRESDEN}")),
            ("member", format!("{MEMBERS}/hamburg-wasser")),
        ] {
            world.add(kind, path);
        }
        for _ in 0..3 {
            for kind in ["utility", "member", "partnership", "session", "topic", "held"] {
                world.create(kind).await;
            }
        }
        world
    }

    fn add(&self, kind: &'static str, path: String) {
        self.paths.lock().unwrap().push((kind, path));
    }

    /// A path of this type, mostly one of the newest.
    pub(super) fn any(&self, kind: &str) -> String {
        let paths = self.paths.lock().unwrap();
        let all: Vec<_> = paths.iter().filter(|(it, _)| *it == kind).map(|(_, path)| path).collect();
        assert!(!all.is_empty(), "there is no {kind}");
        let start = if self.below(3) == 0 { 0 } else { all.len().saturating_sub(6) };
        all[start + self.below(all.len() - start)].clone()
    }

    fn has(&self, kind: &str) -> bool {
        self.paths.lock().unwrap().iter().any(|(it, _)| *it == kind)
    }

    pub(super) fn key(&self, kind: &str) -> String {
        self.any(kind).rsplit('/').next().unwrap().to_owned()
    }

    pub(super) fn below(&self, end: usize) -> usize {
        self.random.lock().unwrap().below(end)
    }

    pub(super) fn pick<'b, T: ?Sized>(&self, of: &'b [&'b T]) -> &'b T {
        of[self.below(of.len())]
    }

    pub(super) fn word(&self) -> String {
        format!("Zxq {}", self.below(1_000_000))
    }

    pub(super) fn party(&self) -> Value {
        match self.below(4) {
            0 => json!({"organisation": self.key("organisation")}),
            _ => json!({"utility": self.key("utility")}),
        }
    }

    pub(super) fn participants(&self) -> Value {
        let mut all =
            vec![participant("lead", &self.key("utility")), participant("partner", &self.key("utility"))];
        for own in [DRESDEN, LVIV] {
            if self.below(2) == 0 {
                let mut own = participant("supporting", own);
                if self.below(3) == 0 {
                    own = merged(&own, &json!({"from": "2015", "until": self.pick(&["2016", "2040"])}));
                }
                all.push(own);
            }
        }
        json!(all)
    }

    /// Creates something; it may be refused.
    async fn create(&self, kind: &'static str) {
        let consent = self.below(2) == 0;
        let mail = format!("zxq{}", self.below(1_000_000));
        let (list, body) = match kind {
            "utility" => {
                let kind = self.pick(&["municipal", "partner"]);
                let country = if kind == "municipal" { "DE" } else { "ZM" };
                let visibility = self.pick(VISIBILITIES);
                let body = json!({"name": self.word(), "kind": kind, "country": country, "sectors": ["water"],
                    "visibility": visibility, "location": {"latitude": 1.0, "longitude": 2.0, "city": "Zxq"}});
                (UTILITIES.to_owned(), merged(&body, &json!({"location": null})))
            }
            "organisation" => (ORGANISATIONS.to_owned(), json!({"name": self.word(), "kind": "ngo"})),
            "programme" => {
                let funders = json!([self.party()]);
                (PROGRAMMES.to_owned(), json!({"name": self.word(), "kind": "grant", "funders": funders}))
            }
            "policy_update" => {
                let body = json!({"title": {"en": self.word()}, "summary": {"en": "Zxq"}, "level": "eu",
                    "published_on": "2026-01-01", "source_url": "https://zxq.example/policy"});
                (POLICY_UPDATES.to_owned(), body)
            }
            "member" => (MEMBERS.to_owned(), json!({"utility": self.key("utility"), "status": "active"})),
            "partnership" => {
                let body = json!({"title": self.word(), "participants": self.participants(), "sectors": ["water"],
                    "visibility": self.pick(VISIBILITIES), "status": self.pick(&["active", "idea"])});
                (PARTNERSHIPS.to_owned(), body)
            }
            "funding" => {
                let body = json!({"kind": "grant", "programme": self.key("programme"),
                    "amount": {"amount": format!("{}.00", self.below(1000)), "currency": "EUR"}});
                (format!("{}/funding", self.any("partnership")), body)
            }
            "activity" => {
                let body = json!({"kind": "mission", "title": self.word(), "starts_on": "2024-01-01"});
                (format!("{}/activities", self.any("partnership")), body)
            }
            "result" => {
                (format!("{}/results", self.any("partnership")), json!({"name": self.word(), "unit": "%"}))
            }
            "document" => {
                let body = json!({"title": self.word(), "url": "https://zxq.example", "kind": "mou", "language": "en"});
                (format!("{}/documents", self.any("partnership")), body)
            }
            "contact" => (format!("{}/contacts", self.any("member")), contact(&mail, consent)),
            "topic" => (TOPICS.to_owned(), topic(&self.word(), &self.key("member"))),
            "held" => {
                let body = json!({"title": self.word(), "kind": "training", "starts_on": "2024-02-01",
                    "status": "held", "visibility": self.pick(VISIBILITIES)});
                (SESSIONS.to_owned(), body)
            }
            "session" => {
                let body = json!({"title": self.word(), "kind": "exchange", "starts_on": "2040-06-12",
                    "start_time": "10:00", "end_time": "12:30", "format": "hybrid", "online_url": "https://zxq.example",
                    "visibility": self.pick(VISIBILITIES), "status": self.pick(&["draft", "published", "published"]),
                    "organisers": [self.party()]});
                let limited = if consent { json!({"capacity": 1, "waiting_list": true}) } else { json!({}) };
                (SESSIONS.to_owned(), merged(&body, &limited))
            }
            "guest" => {
                let body = json!({"name": self.word(), "party": self.party(),
                    "status": self.pick(&["invited", "confirmed"])});
                (format!("{}/guests", self.any("session")), body)
            }
            "agenda" => {
                let session = self.any("session");
                let guests = self.office.get(&format!("{session}/guests")).await.json();
                let mut body =
                    json!({"kind": "talk", "title": self.word(), "duration_minutes": 5 + self.below(9)});
                if let Some(guest) = guests["items"][0]["id"].as_str().filter(|_| self.below(2) == 0) {
                    body = merged(&body, &json!({"guest": guest}));
                }
                if self.below(2) == 0 {
                    body = merged(&body, &json!({"topic": self.key("topic")}));
                }
                (format!("{session}/agenda"), body)
            }
            "registration" => {
                let member = if consent { DRESDEN.to_owned() } else { self.key("member") };
                let body = json!({"member": member, "name": "Zxq", "email": format!("{mail}@zxq.example"),
                    "attendance": self.pick(&["online", "in_person"])});
                (format!("{}/registrations", self.any("session")), body)
            }
            "minutes" => (format!("{}/minutes", self.any("held")), json!({"text": {"de": self.word()}})),
            "user" => {
                let body = json!({"email": format!("{mail}@zxq.example"), "name": "Zxq", "role": "member",
                    "utilities": [self.key("utility")]});
                ("/api/v1/users".to_owned(), body)
            }
            _ => panic!("{kind}"),
        };
        let made = self.admin.post(&list, &body).await;
        if made.status == 201 {
            self.add(kind, made.header("location"));
        }
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Response {
        self.admin.patch(path, "*", &body).await
    }

    /// Makes a random change; it may be refused.
    pub(super) async fn change(&self) {
        const KINDS: &[&str] = &[
            "utility",
            "organisation",
            "programme",
            "policy_update",
            "member",
            "partnership",
            "funding",
            "activity",
            "result",
            "document",
            "contact",
            "topic",
            "session",
            "held",
            "guest",
            "agenda",
            "registration",
            "minutes",
            "user",
        ];
        let kind = self.pick(KINDS);
        let kind = if self.below(3) == 0 { self.pick(&["partnership", "utility", "session"]) } else { kind };
        match self.below(9) {
            0 | 1 => self.create(kind).await,
            2 if self.has(kind) => drop(self.admin.delete(&self.any(kind), "*").await),
            3 if self.has(kind) => {
                drop(self.admin.post(&format!("{}/restore", self.any(kind)), &json!({})).await)
            }
            4 if self.has(kind) => self.transition(&self.any(kind)).await,
            5 => self.support().await,
            6 if self.below(6) == 0 => drop(interest_registration(self.app, &self.word()).await),
            _ if self.has(kind) => self.update(kind).await,
            _ => self.create(kind).await,
        }
    }

    async fn transition(&self, path: &str) {
        let known = self.office.get(&format!("{path}/transitions")).await;
        if known.status != 200 {
            return;
        }
        let allowed = known.json()["allowed"].as_array().cloned().unwrap_or_default();
        if !allowed.is_empty() {
            let to = &allowed[self.below(allowed.len())];
            let body = json!({"to": to, "reason": "Zxq"});
            self.office.post(&format!("{path}/transitions"), &body).await;
        }
    }

    async fn support(&self) {
        let (path, member) = (self.any("topic"), self.key("member"));
        let method = if self.below(2) == 0 { Method::PUT } else { Method::DELETE };
        let request = self.office.request(method, &format!("{path}/support?member={member}"));
        self.office.send(request).await;
    }
}
