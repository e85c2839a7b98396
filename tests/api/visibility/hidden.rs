//! Resources planted for visibility tests. All their names, titles and slugs begin with a word that occurs nowhere else
//! and tells their visibility: `zxqmembers`, `zxqinternal`, `zxqdeleted`.

use serde_json::{Value, json};
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::input::draft::InputSource;
use vku_persistence::kernel::transaction::Writer;

use crate::api::changes::write;
use crate::api::fixtures::bodies::{
    contact, municipal_utility, part, partner_utility, partnership, policy_update, topic,
};
use crate::harness::TestApp;

/// The parts of partnerships that are planted in addition to funding.
const PARTS: [&str; 3] = ["activities", "results", "documents"];

/// Creates a confirmed registration of interest, which requests alone cannot do, and returns its id.
pub(crate) async fn interest_registration(app: &TestApp, name: &str) -> String {
    let mail = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let body = json!({
        "utility_name": name, "city": name, "sectors": ["telecommunications"], "message": name, "language": "de",
        "person": { "given_name": name, "family_name": name, "email": format!("{mail}@zxq.example") },
        "registration_consent": { "given_at": "2026-11-01T08:00:00Z", "text_version": "2026-11" },
        "status": "confirmed"
    });
    let create = async |tx: &mut Writer<'_>| tx.create::<InterestRegistration>(None, body.clone()).await;
    write(&app.store, InputSource::Request, create).await.unwrap().id.to_string()
}

/// Creates a resource as the coordination office.
pub(crate) async fn create_resource(app: &TestApp, path: &str, body: Value) -> Value {
    app.coordinator().post(path, &body).await.expect(201).json()
}

/// The object with these members added or replaced.
pub(crate) fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// The value of a string member.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value:#}")).to_owned()
}

/// A path of the document with its parameters filled in: `{…_id}` with the key of the parent, `{id}` with the id.
pub(crate) fn filled(path: &str, parent: &str, id: &str) -> String {
    let segment = |segment: &str| match segment {
        "{id}" => id.to_owned(),
        _ if segment.ends_with("_id}") => parent.to_owned(),
        _ => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Who sees the planted resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restriction {
    Members,
    Internal,
    Deleted,
}

/// Two utilities, their partnership with its parts, a member with a contact, a user, a topic and a session. For deleted
/// ones also an organisation, a programme, a working area, a policy update, and parts of a public partnership.
pub(crate) struct HiddenResources {
    pub(crate) restriction: Restriction,
    pub(crate) municipal: Value,
    pub(crate) partner: Value,
    pub(crate) partnership: Value,
    pub(crate) funding: Value,
    pub(crate) organisation: Value,
    pub(crate) programme: Value,
    pub(crate) phase: Value,
    pub(crate) member: Value,
    pub(crate) contact: Value,
    pub(crate) user: Value,
    pub(crate) area: Value,
    pub(crate) policy_update: Value,
    pub(crate) topic: Value,
    pub(crate) interest: Value,
    /// Other parts by collection: one of the partnership, and a deleted one of the public partnership.
    pub(crate) parts: Vec<(&'static str, Value, Value)>,
    pub(crate) session: Value,
    pub(crate) item: Value,
    pub(crate) guest: Value,
    pub(crate) registration: Value,
}

/// A public partnership. Deleted parts are planted in it.
pub(crate) const PUBLIC: &str = "hamburg-kyiv";
/// A public partnership, led by the member's utility with the partner's utility as partner.
pub(crate) const OWN: &str = "dresden-lviv-ternopil-nadvirna";
/// The member's utility.
pub(crate) const DRESDEN: &str = "stadtentwaesserung-dresden";
/// The partner's utility.
pub(crate) const LVIV: &str = "lvivvodokanal";
/// Sessions that are visible to everybody.
pub(crate) const SESSION: &str = "kommunal-meets-global-2023";
pub(crate) const OTHER_SESSION: &str = "bmz-vku-workshop-2018";
/// A utility of neither the member nor the partner.
pub(crate) const HAMBURG: &str = "hamburg-wasser";

impl Restriction {
    /// The word that all names begin with.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Members => "zxqmembers",
            Self::Internal => "zxqinternal",
            Self::Deleted => "zxqdeleted",
        }
    }

    /// The roles for which the resources do not exist.
    pub(crate) fn hidden_from(self) -> &'static [&'static str] {
        match self {
            Self::Members => &["public"],
            Self::Internal | Self::Deleted => &["public", "partner", "member", "reader"],
        }
    }

    fn visibility(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Internal => "internal",
            Self::Deleted => "public",
        }
    }

    /// Creates all the resources, so that every filter finds them.
    pub(crate) async fn create(self, app: &TestApp) -> HiddenResources {
        let (word, visibility) = (self.word(), self.visibility());
        let more = json!({
            "languages": ["mn"], "climate_zone": "Dwc", "expertise": ["composting"], "needs": ["pumps"]
        });
        let municipal = with(municipal_utility(&format!("{word} werk"), visibility), more.clone());
        let municipal = create_resource(app, "/api/v1/utilities", municipal).await;
        let partner = with(partner_utility(&format!("{word} vodokanal"), visibility), more);
        let partner = create_resource(app, "/api/v1/utilities", partner).await;
        let (mut organisation, mut programme) = (json!("vku"), json!(PROGRAMME));
        let (mut phase, mut area, mut update) = (Value::Null, Value::Null, Value::Null);
        if self == Self::Deleted {
            let body = json!({ "name": format!("{word} verein"), "kind": "association", "country": "MN" });
            organisation = create_resource(app, "/api/v1/organisations", body).await;
            let body = json!({ "name": format!("{word} programm"), "kind": "grant", "countries": ["MN"] });
            programme = create_resource(app, "/api/v1/funding-programmes", body).await;
            let body = json!({ "label": { "de": format!("{word} feld"), "en": format!("{word} area") } });
            area = create_resource(app, "/api/v1/reference/working-areas", body).await;
            update =
                create_resource(app, "/api/v1/policy-updates", policy_update(&format!("{word} news"))).await;
            let body = json!({ "kind": "in_kind", "programme": programme["id"] });
            phase = create_resource(app, &format!("/api/v1/partnerships/{PUBLIC}/funding"), body).await;
        }
        let (lead, peer) = (text(&municipal, "id"), text(&partner, "id"));
        let mut body = with(
            partnership(&format!("{word} bund"), &lead, &peer, visibility),
            json!({
                "status": "preparation", "working_areas": ["composting"], "sdg_targets": ["12.5"],
                "start": "2031", "end": "2032"
            }),
        );
        let supporting = json!({ "role": "supporting", "party": { "organisation": key(&organisation) } });
        body["participants"].as_array_mut().unwrap().push(supporting);
        let partnership = create_resource(app, "/api/v1/partnerships", body).await;
        let path = format!("/api/v1/partnerships/{}/funding", text(&partnership, "id"));
        let body = json!({ "kind": "grant", "programme": key(&programme) });
        let funding = create_resource(app, &path, body).await;
        let mut parts = Vec::new();
        for collection in PARTS {
            let path = format!("/api/v1/partnerships/{}/{collection}", text(&partnership, "id"));
            let one = create_resource(app, &path, part(collection, word)).await;
            let mut gone = Value::Null;
            if self == Self::Deleted {
                gone = create_resource(
                    app,
                    &format!("/api/v1/partnerships/{PUBLIC}/{collection}"),
                    part(collection, word),
                )
                .await;
            }
            parts.push((collection, one, gone));
        }
        let body = json!({
            "utility": municipal["id"], "status": "active", "regional_group": "Zxq",
            "interests": {
                "sectors": ["telecommunications"], "countries": ["MN"], "working_areas": ["composting"]
            }
        });
        let member = create_resource(app, "/api/v1/members", body).await;
        let proposed = topic(&format!("{word} thema"), &text(&member, "id"));
        let topic = create_resource(app, "/api/v1/topics", proposed).await;
        let path = format!("/api/v1/members/{}/contacts", text(&member, "id"));
        let contact = create_resource(app, &path, contact(word, true)).await;
        let body = json!({
            "title": format!("{word} sitzung"), "kind": "training", "starts_on": "2031-05-05", "start_time": "10:00",
            "end_time": "12:00", "format": "hybrid", "status": "published", "visibility": visibility,
            "sectors": ["telecommunications"], "organisers": [{ "utility": municipal["id"] }],
            "description": { "mn": word }
        });
        let session = create_resource(app, "/api/v1/sessions", body).await;
        let path = format!("/api/v1/sessions/{}", text(&session, "id"));
        let body = json!({ "kind": "talk", "title": format!("{word} vortrag"), "duration_minutes": 10 });
        let item = create_resource(app, &format!("{path}/agenda"), body).await;
        let body = json!({ "name": format!("{word} gast"), "status": "confirmed" });
        let guest = create_resource(app, &format!("{path}/guests"), body).await;
        let body = json!({
            "member": member["id"], "contact": contact["id"], "attendance": "online"
        });
        let registration = create_resource(app, &format!("{path}/registrations"), body).await;
        let body = json!({
            "email": format!("{word}@zxq.example"), "name": word, "role": "member", "utilities": [municipal["id"]]
        });
        let user = app.admin().post("/api/v1/users", &body).await.expect(201).json();
        let interest = json!({ "id": interest_registration(app, word).await });
        let planted = HiddenResources {
            restriction: self,
            municipal,
            partner,
            partnership,
            funding,
            organisation,
            programme,
            phase,
            member,
            contact,
            user,
            area,
            policy_update: update,
            topic,
            interest,
            parts,
            session,
            item,
            guest,
            registration,
        };
        if self == Self::Deleted {
            planted.delete(app).await;
        }
        planted
    }
}

const PROGRAMME: &str = "betreiberplattform-2024-2027";

fn other_name() -> Value {
    json!({ "family_name": "Zxqanders", "is_primary": true })
}

/// The id of a created resource, or the slug of an existing one.
fn key(value: &Value) -> &Value {
    if value.is_object() { &value["id"] } else { value }
}

impl HiddenResources {
    /// The ids of all planted resources.
    pub(crate) fn ids(&self) -> Vec<String> {
        let all = [
            &self.municipal,
            &self.partner,
            &self.partnership,
            &self.funding,
            &self.organisation,
            &self.programme,
            &self.member,
            &self.contact,
            &self.user,
            &self.topic,
            &self.interest,
            &self.session,
            &self.item,
            &self.guest,
            &self.registration,
        ];
        let parts = self.parts.iter().flat_map(|(_, one, gone)| [one, gone]);
        let all = all.into_iter().chain([&self.phase, &self.area, &self.policy_update]).chain(parts);
        all.filter(|value| value.is_object()).map(|value| text(value, "id")).collect()
    }

    /// Changes the planted resources: names, dates, statuses. Deletes the funding.
    pub(crate) async fn change(&self, app: &TestApp) {
        let coordinator = app.coordinator();
        let name = json!({ "name": format!("{} anders", self.restriction.word()) });
        for utility in [&self.municipal, &self.partner] {
            coordinator.patch(&format!("/api/v1/utilities/{}", text(utility, "id")), "*", &name).await.ok();
        }
        let path = format!("/api/v1/partnerships/{}", text(&self.partnership, "id"));
        coordinator.patch(&path, "*", &json!({ "end": "2033" })).await.ok();
        coordinator.post(&format!("{path}/transitions"), &json!({ "to": "active" })).await.ok();
        let member = format!("/api/v1/members/{}", text(&self.member, "id"));
        coordinator.patch(&member, "*", &json!({ "joined_on": "2026-01-01" })).await.ok();
        let contact = format!("{member}/contacts/{}", text(&self.contact, "id"));
        coordinator.patch(&contact, "*", &other_name()).await.ok();
        let topic = format!("/api/v1/topics/{}", text(&self.topic, "id"));
        coordinator.patch(&topic, "*", &json!({ "sectors": ["waste"] })).await.ok();
        coordinator.post(&format!("{topic}/transitions"), &json!({ "to": "scheduled" })).await.ok();
        for (collection, one, _) in &self.parts {
            let one = format!("{path}/{collection}/{}", text(one, "id"));
            let member = if *collection == "results" { "name" } else { "title" };
            coordinator
                .patch(&one, "*", &json!({ member: format!("{} anders", self.restriction.word()) }))
                .await
                .ok();
        }
        let session = format!("/api/v1/sessions/{}", text(&self.session, "id"));
        coordinator.patch(&session, "*", &json!({ "place": "Zxqort" })).await.ok();
        let guest = format!("{session}/guests/{}", text(&self.guest, "id"));
        coordinator.patch(&guest, "*", &json!({ "talk_title": "Zxqrede" })).await.ok();
        let funding = format!("{path}/funding/{}", text(&self.funding, "id"));
        coordinator.patch(&funding, "*", &json!({ "from": "2031" })).await.ok();
        coordinator.delete(&funding, "*").await.expect(204);
    }

    async fn delete(&self, app: &TestApp) {
        let user = format!("/api/v1/users/{}", text(&self.user, "id"));
        app.admin().delete(&user, "*").await.expect(204);
        let phase = format!("/api/v1/partnerships/{PUBLIC}/funding/{}", text(&self.phase, "id"));
        let member = format!("/api/v1/members/{}", text(&self.member, "id"));
        let topic = format!("/api/v1/topics/{}", text(&self.topic, "id"));
        let contact = format!("{member}/contacts/{}", text(&self.contact, "id"));
        let seat = format!(
            "/api/v1/sessions/{}/registrations/{}",
            text(&self.session, "id"),
            text(&self.registration, "id")
        );
        let mut paths = vec![phase, topic, seat, contact, member];
        for (collection, _, gone) in &self.parts {
            paths.push(format!("/api/v1/partnerships/{PUBLIC}/{collection}/{}", text(gone, "id")));
        }
        for (collection, one) in [
            ("sessions", &self.session),
            ("partnerships", &self.partnership),
            ("utilities", &self.partner),
            ("utilities", &self.municipal),
            ("organisations", &self.organisation),
            ("funding-programmes", &self.programme),
            ("reference/working-areas", &self.area),
            ("policy-updates", &self.policy_update),
            ("interest-registrations", &self.interest),
        ] {
            paths.push(format!("/api/v1/{collection}/{}", text(one, "id")));
        }
        for path in paths {
            app.coordinator().delete(&path, "*").await.expect(204);
        }
    }
}
