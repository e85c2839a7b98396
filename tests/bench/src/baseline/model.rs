//! The responses of the baselines: the same JSON as the API, from plain structs.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// A row of the table `partnership`.
pub struct Row {
    pub id: Uuid,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub slug: String,
    pub title: String,
    pub summary: Option<Value>,
    pub status: Option<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub based_on: Option<Value>,
    pub visibility: String,
    pub source_url: Option<String>,
}

/// A utility as other resources refer to it.
pub struct Utility {
    pub summary: UtilitySummary,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

#[derive(Clone, Serialize)]
pub struct UtilitySummary {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub kind: String,
    pub country: String,
}

#[derive(Clone, Serialize)]
pub struct ProgrammeSummary {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub kind: String,
}

/// A row of the table of participants.
pub struct Party {
    pub role: String,
    pub utility: Uuid,
    pub from: Option<String>,
    pub until: Option<String>,
}

/// The results of all statements for one response.
#[derive(Default)]
pub struct Found {
    pub rows: Vec<Row>,
    pub sets: HashMap<Uuid, Vec<(String, String)>>,
    pub parties: HashMap<Uuid, Vec<Party>>,
    pub utilities: HashMap<Uuid, Utility>,
    pub funded: HashMap<Uuid, Vec<Uuid>>,
    pub programmes: HashMap<Uuid, ProgrammeSummary>,
    /// The funding by currency, in hundredths.
    pub totals: HashMap<Uuid, BTreeMap<String, i64>>,
}

#[derive(Serialize)]
struct Participant<'a> {
    party: BTreeMap<&'static str, &'a UtilitySummary>,
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a str>,
}

#[derive(Serialize)]
struct Location<'a> {
    utility: &'a str,
    latitude: f64,
    longitude: f64,
}

#[derive(Serialize)]
struct Money<'a> {
    amount: String,
    currency: &'a str,
}

#[derive(Serialize)]
struct Partnership<'a> {
    id: Uuid,
    slug: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: &'a Option<Value>,
    participants: Vec<Participant<'a>>,
    sectors: Vec<&'a str>,
    working_areas: Vec<&'a str>,
    sdg_targets: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    based_on: &'a Option<Value>,
    visibility: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: &'a Option<String>,
    countries: Vec<&'a str>,
    locations: Vec<Location<'a>>,
    programmes: Vec<&'a ProgrammeSummary>,
    funding_totals: Vec<Money<'a>>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    version: i64,
}

fn instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Partnership<'a>>,
}

impl Found {
    pub fn ids(&self) -> Vec<Uuid> {
        self.rows.iter().map(|row| row.id).collect()
    }

    fn partnership<'a>(&'a self, row: &'a Row) -> Partnership<'a> {
        let set = |field: &str| {
            let set = self.sets.get(&row.id).into_iter().flatten();
            set.filter(|(of, _)| of == field).map(|(_, value)| value.as_str()).collect()
        };
        let parties: Vec<_> = self
            .parties
            .get(&row.id)
            .into_iter()
            .flatten()
            .filter_map(|party| Some((party, self.utilities.get(&party.utility)?)))
            .collect();
        let partners = parties.iter().filter(|(party, _)| party.role == "partner").map(|(_, it)| it);
        let mut countries: Vec<_> = partners.clone().map(|it| it.summary.country.as_str()).collect();
        countries.sort_unstable();
        countries.dedup();
        let place = |it: &&'a Utility| {
            let (latitude, longitude) = it.latitude.zip(it.longitude)?;
            Some(Location { utility: &it.summary.slug, latitude, longitude })
        };
        Partnership {
            id: row.id,
            slug: &row.slug,
            title: &row.title,
            summary: &row.summary,
            participants: parties
                .iter()
                .map(|(party, utility)| Participant {
                    party: BTreeMap::from([("utility", &utility.summary)]),
                    role: &party.role,
                    from: party.from.as_deref(),
                    until: party.until.as_deref(),
                })
                .collect(),
            sectors: set("sectors"),
            working_areas: set("working_areas"),
            sdg_targets: set("sdg_targets"),
            status: &row.status,
            start: &row.start,
            end: &row.end,
            based_on: &row.based_on,
            visibility: &row.visibility,
            source_url: &row.source_url,
            countries,
            locations: partners.filter_map(place).collect(),
            programmes: self
                .funded
                .get(&row.id)
                .into_iter()
                .flatten()
                .filter_map(|id| self.programmes.get(id))
                .collect(),
            funding_totals: self
                .totals
                .get(&row.id)
                .into_iter()
                .flatten()
                .map(|(currency, minor)| Money {
                    amount: format!("{}.{:02}", minor / 100, minor % 100),
                    currency,
                })
                .collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }

    /// All rows as JSON, with their participants.
    pub fn with_parties(&self) -> impl Iterator<Item = (Vec<u8>, Vec<(&Party, &Utility)>)> {
        self.rows.iter().map(|row| {
            let parties = self.parties.get(&row.id).into_iter().flatten();
            let parties = parties.filter_map(|party| Some((party, self.utilities.get(&party.utility)?)));
            (json(&self.partnership(row)), parties.collect())
        })
    }

    /// The first row as JSON.
    pub fn one(&self) -> Vec<u8> {
        self.rows.first().map(|row| json(&self.partnership(row))).unwrap_or_default()
    }

    /// All rows as a page in JSON.
    pub fn page(&self) -> Vec<u8> {
        json(&Page { items: self.rows.iter().map(|row| self.partnership(row)).collect() })
    }

    /// All rows as JSON, one line each.
    pub fn lines(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for row in &self.rows {
            lines.extend(json(&self.partnership(row)));
            lines.push(b'\n');
        }
        lines
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A partnership to create, as rows of its tables.
pub struct New {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub lead: Uuid,
    pub partner: Uuid,
}

impl New {
    /// The partnership with this number.
    pub fn number(number: u64, lead: Uuid, partner: Uuid) -> Self {
        let title = format!("Benchmark partnership {number}");
        Self { id: Uuid::now_v7(), slug: format!("bare-{number}"), title, lead, partner }
    }
}
