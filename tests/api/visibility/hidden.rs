//! Resources that are hidden from some callers, made from the fixtures. All their names, titles and slugs begin with a
//! word that occurs nowhere else and tells their visibility: `zxqmembers`, `zxqinternal`, `zxqdeleted`.

use serde_json::{Value, json};
use vku_domain::interest::InterestRegistration;
use vku_domain::kernel::input::draft::InputSource;
use vku_persistence::kernel::transaction::Writer;

use crate::api::changes::write;
pub(crate) use crate::api::fixtures::bodies::with;
use crate::api::fixtures::{FIXTURES, Fixture};
use crate::harness::TestApp;

/// Creates a confirmed interest registration, which requests alone cannot do, and returns its id.
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

/// Why some callers do not see the resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restriction {
    Members,
    Internal,
    Deleted,
}

/// A hidden resource.
pub(crate) struct Hidden {
    pub(crate) fixture: &'static Fixture,
    /// The path of its list.
    list: String,
    /// Whether it was deleted itself, and not only its parent.
    is_deleted: bool,
    pub(crate) value: Value,
}

/// The resources of all fixtures with one restriction, such as two utilities, their partnership with its sub-resources,
/// a member with a contact, and a session. There are deleted ones of all kinds, also sub-resources of a public
/// partnership.
pub(crate) struct HiddenResources {
    pub(crate) restriction: Restriction,
    pub(crate) all: Vec<Hidden>,
}

/// A public partnership, which gets deleted sub-resources.
pub(crate) const PUBLIC: &str = "hamburg-kyiv";
/// A public partnership, led by the member's utility with the partner's utility as partner.
pub(crate) const OWN: &str = "dresden-lviv-ternopil-nadvirna";
/// The member's utility.
pub(crate) const DRESDEN: &str = "stadtentwaesserung-dresden";
/// The partner's utility.
pub(crate) const LVIV: &str = "lvivvodokanal";
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

    /// Creates the hidden resources of all fixtures, so that every filter finds them.
    pub(crate) async fn create(self, app: &TestApp) -> HiddenResources {
        let mut hidden = HiddenResources { restriction: self, all: Vec::new() };
        for fixture in FIXTURES {
            for (parent, body) in (fixture.hidden)(&hidden) {
                let list = fixture.list_below(&parent);
                let value = match body.as_str() {
                    Some(name) if fixture.is_confirmed => {
                        json!({ "id": interest_registration(app, name).await })
                    }
                    _ => fixture.office(app).post(&list, &body).await.expect(201).json(),
                };
                let has_hidden_parent = hidden.all.iter().any(|it| it.value["id"] == *parent);
                let is_deleted =
                    self == Self::Deleted && (!has_hidden_parent || fixture.is_deleted_before_parent);
                hidden.all.push(Hidden { fixture, list, is_deleted, value });
            }
            // Minutes belong to a held session, and none is hidden.
            let may_lack = self != Self::Deleted || fixture.name == "session_minutes";
            assert!(
                may_lack || hidden.of(fixture.path).next().is_some(),
                "{}: hide some of these",
                fixture.name
            );
        }
        for it in hidden.all.iter().rev().filter(|it| it.is_deleted) {
            it.fixture.office(app).delete(&it.path(), "*").await.expect(204);
        }
        hidden
    }
}

impl Hidden {
    fn path(&self) -> String {
        format!("{}/{}", self.list, text(&self.value, "id"))
    }
}

impl HiddenResources {
    /// The word that all names begin with.
    pub(crate) fn word(&self) -> &'static str {
        self.restriction.word()
    }

    /// A name for one of the resources.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{} {what}", self.word())
    }

    pub(crate) fn visibility(&self) -> &'static str {
        self.restriction.visibility()
    }

    /// The hidden resources of a list of the document.
    pub(crate) fn of(&self, path: &str) -> impl Iterator<Item = &Hidden> {
        self.all.iter().filter(move |it| it.fixture.path == path)
    }

    /// The id of a resource of the collection, if there is one.
    pub(crate) fn id(&self, collection: &str, number: usize) -> Option<String> {
        let mut of_collection =
            self.all.iter().filter(|it| it.fixture.path.rsplit('/').next() == Some(collection));
        of_collection.nth(number).map(|it| text(&it.value, "id"))
    }

    /// The id of the hidden resource that sub-resources belong to.
    pub(crate) fn parent(&self, collection: &str) -> String {
        self.id(collection, 0).unwrap()
    }

    /// A body with the key of its parent, for resources that can be deleted but have no other way to be hidden.
    pub(crate) fn if_deleted(&self, parent: &str, body: Value) -> Vec<(String, Value)> {
        if self.restriction == Restriction::Deleted { vec![(parent.to_owned(), body)] } else { Vec::new() }
    }

    fn value(&self, path: &str, number: usize) -> &Value {
        &self.of(path).nth(number).unwrap().value
    }

    pub(crate) fn municipal(&self) -> &Value {
        self.value("/api/v1/utilities", 0)
    }

    pub(crate) fn partner(&self) -> &Value {
        self.value("/api/v1/utilities", 1)
    }

    pub(crate) fn organisation(&self) -> &Value {
        self.value("/api/v1/organisations", 0)
    }

    pub(crate) fn programme(&self) -> &Value {
        self.value("/api/v1/funding-programmes", 0)
    }

    pub(crate) fn partnership(&self) -> &Value {
        self.value("/api/v1/partnerships", 0)
    }

    pub(crate) fn funding(&self) -> &Value {
        self.value("/api/v1/partnerships/{partnership_id}/funding", 0)
    }

    /// The ids of all hidden resources.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.all.iter().map(|it| text(&it.value, "id")).collect()
    }

    /// Changes the hidden resources: names, dates, statuses. Deletes the funding.
    pub(crate) async fn change(&self, app: &TestApp) {
        let coordinator = app.coordinator();
        for it in &self.all {
            let path = it.path();
            if let Some(patch) = (it.fixture.hidden_patch)(self.word()) {
                coordinator.patch(&path, "*", &patch).await.ok();
            }
            if let Some(status) = it.fixture.hidden_transition {
                coordinator.post(&format!("{path}/transitions"), &json!({ "to": status })).await.ok();
            }
            if it.fixture.is_deleted_after_patch {
                coordinator.delete(&path, "*").await.expect(204);
            }
        }
    }
}
