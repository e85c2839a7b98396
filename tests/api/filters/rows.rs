//! Rows that the demo data lacks: absent values, dates and instants of all precisions, every status, every visibility.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use vku_domain::activity::Activity;
use vku_domain::agenda::AgendaItem;
use vku_domain::contact::Contact;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::guest::Guest;
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::member::Member;
use vku_domain::minutes::Minutes;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::policy_update::PolicyUpdate;
use vku_domain::programme::FundingProgramme;
use vku_domain::registration::Registration;
use vku_domain::result::PartnershipResult;
use vku_domain::session::Session;
use vku_domain::topic::Topic;
use vku_domain::utility::Utility;
use vku_persistence::kernel::crypto::encryption::Secret;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::Writer;

use crate::api::changes::write;
use crate::harness::database::SECRET;

/// A clock with whole seconds, milliseconds and microseconds in turn.
struct Turns(AtomicI64);

impl Clock for Turns {
    fn now(&self) -> DateTime<Utc> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let micros = [0, 500_000, 500_001, 1, 999_999][usize::try_from(turn % 5).unwrap()];
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + turn / 5) + TimeDelta::microseconds(micros)
    }
}

pub(super) async fn add(url: &str) {
    let (database, secret) = (Database::connect(url).await.unwrap(), Secret::from_bytes(SECRET));
    let (store, _) = Store::open(database, secret, Arc::new(Turns(AtomicI64::new(0)))).await.unwrap();
    for number in 0..ROUNDS {
        let row = Row(number);
        let parent: Key = format!("partnership-{number}").parse().unwrap();
        let add = async |tx: &mut Writer<'_>| {
            tx.create::<Organisation>(None, row.organisation()).await?;
            tx.create::<Utility>(None, row.utility()).await?;
            tx.create::<FundingProgramme>(None, row.programme()).await?;
            tx.create::<Partnership>(None, row.partnership()).await?;
            tx.create::<Funding>(Some(&parent), row.funding()).await?;
            tx.create::<PolicyUpdate>(None, row.policy_update()).await?;
            tx.create::<InterestRegistration>(None, row.interest()).await?;
            tx.create::<Activity>(Some(&parent), row.activity()).await?;
            tx.create::<PartnershipResult>(Some(&parent), row.result()).await?;
            tx.create::<Document>(Some(&parent), row.document()).await?;
            tx.create::<Session>(None, row.session()).await?;
            let session: Key = format!("session-{number}").parse().unwrap();
            tx.create::<Guest>(Some(&session), row.guest()).await?;
            tx.create::<AgendaItem>(Some(&session), row.item()).await?;
            if ["held", "published"].iter().any(|status| row.session()["status"] == *status) {
                tx.create::<Registration>(Some(&session), row.registration()).await?;
            }
            if row.session()["status"] == "held" {
                tx.create::<Minutes>(Some(&session), row.minutes()).await?;
            }
            if row.utility()["kind"] == "municipal" {
                let utility: Key = format!("utility-{number}").parse().unwrap();
                tx.create::<Member>(None, row.member()).await?;
                tx.create::<Topic>(None, row.topic()).await?;
                tx.create::<Contact>(Some(&utility), row.contact()).await?;
            }
            Ok(())
        };
        write(&store, InputSource::Import, add).await.unwrap();
    }
    store.database().clone().close().await.unwrap();
}

const ROUNDS: usize = 24;

/// `None` is an absent member.
const DATES: &[Option<&str>] = &[
    None,
    Some("2019"),
    Some("2019-12"),
    Some("2019-12-31"),
    Some("2020-01-01"),
    Some("2024-02"),
    Some("1900"),
];
const STATUSES: &[Option<&str>] = &[
    Some("idea"),
    None,
    Some("active"),
    Some("preparation"),
    Some("completed"),
    Some("suspended"),
    Some("cancelled"),
];
const VISIBILITIES: &[&str] = &["public", "members", "internal"];
const SECTORS: &[&[&str]] = &[&["water"], &["waste", "energy"], &["public_transport", "water", "waste"]];
const AREAS: &[&[&str]] = &[&[], &["pumps"], &["gis", "pumps", "laboratory"], &["composting", "tariffs"]];

/// The rows of one round. Each member advances at its own pace, so that the combinations differ.
struct Row(usize);

impl Row {
    fn pick<T: Copy>(&self, choices: &[T], pace: usize) -> T {
        choices[(self.0 / pace) % choices.len()]
    }

    /// A period that does not end before it starts.
    fn period(&self, pace: usize) -> [Option<&'static str>; 2] {
        let (start, end) = (self.pick(DATES, pace), self.pick(DATES, pace + 2));
        if start.is_some() && end.is_some() && start > end { [end, start] } else { [start, end] }
    }

    fn organisation(&self) -> Value {
        let kind = self.pick(&["ministry", "agency", "association", "ngo", "research", "company"], 1);
        let country = self.pick(&[None, Some("DE"), Some("UA"), Some("ZM")], 1);
        json!({"name": "An organisation", "kind": kind, "country": country})
    }

    fn utility(&self) -> Value {
        let (kind, country) =
            self.pick(&[("municipal", "DE"), ("partner", "UA"), ("partner", "ZM"), ("partner", "MA")], 1);
        json!({
            "slug": format!("utility-{}", self.0),
            "name": "A utility",
            "kind": kind,
            "country": country,
            "sectors": self.pick(SECTORS, 1),
            "languages": self.pick(&[&[][..], &["de"], &["uk", "en"], &["fr", "ar"]], 2),
            "expertise": self.pick(AREAS, 1),
            "needs": self.pick(AREAS, 3),
            "climate_zone": self.pick(&[None, Some("Cfb"), Some("Dfb"), Some("Aw")], 1),
            "visibility": "public",
        })
    }

    fn programme(&self) -> Value {
        let [start, end] = self.period(1);
        let funders = self.pick(&[&[][..], &["bmz"], &["giz", "bmz"]], 1);
        json!({
            "slug": format!("programme-{}", self.0),
            "name": "A programme",
            "kind": self.pick(&["grant", "in_kind", "advisory", "investment", "institutional"], 1),
            "funders": funders.iter().map(|it| json!({"organisation": it})).collect::<Vec<_>>(),
            "implementers": [{"organisation": "kfw"}, {"utility": "hamburg-wasser"}],
            "sectors": self.pick(SECTORS, 2),
            "countries": self.pick(&[&[][..], &["UA"], &["ZM", "MA"]], 1),
            "start": start,
            "end": end,
        })
    }

    fn partnership(&self) -> Value {
        let [start, end] = self.period(1);
        let partner = self.pick(&["utility-1", "utility-2", "utility-3", "lvivvodokanal"], 1);
        let partner = if self.0 < 3 { "lvivvodokanal" } else { partner };
        let (kind, lead) = self.pick(&[("utility", "hamburg-wasser"), ("organisation", "giz")], 2);
        json!({
            "slug": format!("partnership-{}", self.0),
            "title": "A partnership",
            "sectors": self.pick(SECTORS, 2),
            "working_areas": self.pick(AREAS, 2),
            "sdg_targets": self.pick(&[&[][..], &["6.3"], &["6.a", "6.3"]], 1),
            "status": self.pick(STATUSES, 1),
            "start": start,
            "end": end,
            "visibility": self.pick(VISIBILITIES, 1),
            "participants": [
                {"role": "lead", "party": {"utility": "utility-0"}, "until": "2020"},
                {"role": "lead", "party": {kind: lead}, "from": "2021"},
                {"role": "partner", "party": {"utility": partner}},
                {"role": "supporting", "party": {"organisation": self.pick(&["kfw", "bmz"], 1)}},
            ],
        })
    }

    fn guest(&self) -> Value {
        let party = self.pick(&[None, Some(("organisation", "giz")), Some(("utility", "hamburg-wasser"))], 1);
        json!({
            "name": "A guest",
            "party": party.map(|(kind, slug)| json!({kind: slug})),
            "status": self.pick(&[Some("invited"), None, Some("confirmed"), Some("declined")], 1),
        })
    }

    fn item(&self) -> Value {
        json!({
            "kind": self.pick(&["talk", "discussion", "policy_update", "break", "other"], 1),
            "title": "An item",
            "duration_minutes": 30,
        })
    }

    fn registration(&self) -> Value {
        json!({
            "member": self.pick(&["hamburg-wasser", "stadtentwaesserung-dresden"], 1),
            "name": "A person",
            "email": "person@zxq.example",
            "attendance": match self.session()["format"].as_str() {
                Some("in_person") => "in_person",
                _ => "online",
            },
            "status": self.pick(&["attended", "no_show", "cancelled"], 1),
        })
    }

    fn minutes(&self) -> Value {
        json!({
            "text": {"de": "Ein Protokoll"},
            "decisions": self.pick(&[&[][..], &["Eins"]], 1).iter().map(|it| json!({"de": it})).collect::<Vec<_>>(),
            "status": self.pick(&["draft", "published"], 5),
        })
    }

    fn session(&self) -> Value {
        let organisers = self.pick(
            &[&[][..], &[("organisation", "vku")], &[("utility", "utility-0"), ("organisation", "giz")]],
            1,
        );
        json!({
            "slug": format!("session-{}", self.0),
            "title": "A session",
            "kind": self.pick(&["exchange", "workshop", "training"], 1),
            "starts_on": self.pick(&["2019-12-31", "2020-01-01", "1900-05-01", "2024-02-29"], 1),
            "start_time": self.pick(&[None, Some("00:00"), Some("23:30")], 1),
            "time_zone": self.pick(&["Europe/Berlin", "Africa/Lusaka", "Pacific/Auckland"], 2),
            "format": self.pick(&[None, Some("online"), Some("in_person"), Some("hybrid")], 2),
            "status": self.pick(&[Some("draft"), None, Some("held"), Some("published"), Some("cancelled")], 1),
            "sectors": self.pick(&[&[][..], &["water"], &["waste", "energy"]], 1),
            "organisers": organisers.iter().map(|(kind, slug)| json!({*kind: slug})).collect::<Vec<_>>(),
            "visibility": self.pick(&["public", "members", "internal"], 1),
        })
    }

    fn member(&self) -> Value {
        json!({
            "utility": format!("utility-{}", self.0),
            "status": self.pick(&[Some("interested"), None, Some("active"), Some("left"), Some("paused")], 4),
            "regional_group": self.pick(&[None, Some("Ost"), Some("ost"), Some("Süd-West")], 4),
            "interests": {
                "sectors": self.pick(SECTORS, 4),
                "countries": self.pick(&[&[][..], &["UA"], &["ZM", "MA"]], 4),
                "working_areas": self.pick(AREAS, 4),
            },
        })
    }

    fn contact(&self) -> Value {
        let consent = json!({"given_at": "2026-01-15T09:00:00Z", "text_version": "1"});
        json!({
            "given_name": self.pick(&["Émile", "Anna Lena", "100%", "a_b"], 4),
            "family_name": self.pick(&["Łoś", "Müller", "O'Brien \\", "ISSI"], 4),
            "email": format!("person-{}@zxq.example", self.0),
            "language": self.pick(&["de", "en", "fr"], 4),
            "is_primary": self.pick(&[true, false], 4),
            "consents": {"directory": consent},
        })
    }

    fn topic(&self) -> Value {
        json!({
            "title": {self.pick(&["de", "en", "fr"], 4): "A topic"},
            "proposed_by": format!("utility-{}", self.0),
            "status": self.pick(&[Some("scheduled"), None, Some("proposed"), Some("declined"), Some("discussed")], 4),
            "sectors": self.pick(SECTORS, 4),
        })
    }

    fn policy_update(&self) -> Value {
        json!({
            "title": {self.pick(&["de", "en", "fr"], 1): "A law"},
            "summary": {"en": "What it says."},
            "level": self.pick(&["international", "eu", "federal", "state"], 1),
            "published_on": self.pick(&["2019-12-31", "2020-01-01", "2024-02-29"], 1),
            "source_url": "https://zxq.example",
            "sectors": self.pick(SECTORS, 2),
            "working_areas": self.pick(AREAS, 1),
        })
    }

    fn interest(&self) -> Value {
        let (status, reason) =
            self.pick(&[("confirmed", None), ("declined", Some("Too far")), ("accepted", None)], 1);
        json!({
            "utility_name": "A utility that asks",
            "city": "A city",
            "sectors": self.pick(SECTORS, 2),
            "person": {
                "given_name": "Émile", "family_name": "Łoś", "email": format!("interest-{}@zxq.example", self.0),
            },
            "language": self.pick(&["de", "en"], 1),
            "registration_consent": {"given_at": "2026-01-15T09:00:00Z", "text_version": "2026-11"},
            "status": status,
            "decline_reason": reason,
        })
    }

    fn funding(&self) -> Value {
        let [from, to] = self.period(2);
        json!({
            "programme": self.pick(&[None, Some("newza"), Some("programme-0")], 1),
            "kind": self.pick(&["grant", "own_contribution", "in_kind", "third_party"], 1),
            "from": from,
            "to": to,
        })
    }

    fn activity(&self) -> Value {
        let kinds = ["mission", "hosted_visit", "training", "workshop", "study_tour", "delivery", "study"];
        json!({
            "kind": self.pick(&kinds, 1),
            "title": "An activity",
            "starts_on": self.pick(&["2019-12-31", "2020-01-01", "2024-02-29", "1900-01-01"], 1),
            "country": self.pick(&[None, Some("DE"), Some("UA")], 2),
            "expert_days": self.pick(&[None, Some("0.5"), Some("12")], 1),
        })
    }

    fn result(&self) -> Value {
        json!({
            "name": "An indicator",
            "unit": "%",
            "sdg_target": self.pick(&[None, Some("6.3"), Some("6.a")], 1),
            "values": [{"on": "2020-01-01", "value": "1", "reported_by": "utility-0"}],
        })
    }

    fn document(&self) -> Value {
        json!({
            "title": "A document",
            "url": format!("https://zxq.example/{}", self.0),
            "kind": self.pick(&["mou", "contract", "report", "presentation", "web_page", "other"], 1),
            "language": self.pick(&["de", "en", "uk"], 1),
        })
    }
}
