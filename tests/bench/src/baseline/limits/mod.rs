//! The baseline `limits`: the same questions, answered by the best statements that somebody would write by hand, against
//! tables of their own. One connection for each worker and no pool: rusqlite and tokio-postgres.

mod postgres;
mod schema;
mod sqlite;

use serde::Deserialize;

use self::schema::MEMBERS;
pub use self::schema::Script;
use crate::Failure;

/// The connection of a worker.
pub enum Limits {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Client),
}

/// The filters of a page.
#[derive(Deserialize)]
pub struct Filters {
    sector: String,
    country: String,
    status: String,
}

impl Limits {
    pub async fn connect(url: &str) -> Result<Self, Failure> {
        match url.strip_prefix("sqlite://") {
            Some(path) => Ok(Self::Sqlite(sqlite::Connection::open(path)?)),
            None => Ok(Self::Postgres(postgres::Client::connect(url).await?)),
        }
    }

    /// One partnership by its slug.
    pub async fn one(&self, slug: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Sqlite(connection) => connection.one(slug),
            Self::Postgres(client) => client.one(slug).await,
        }
    }

    /// A page of 50 with three filters, sorted, with the total.
    pub async fn page(&self, filters: &Filters) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Sqlite(connection) => connection.page(filters),
            Self::Postgres(client) => client.page(filters).await,
        }
    }

    /// The best 20 matches of a word, with the total.
    pub async fn word(&self, text: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Sqlite(connection) => connection.word(text),
            Self::Postgres(client) => client.word(text).await,
        }
    }
}

/// A row whose columns are all texts, but for the first one, a key.
trait Texts {
    fn key(&self) -> Result<i64, Failure>;
    fn text(&self, column: usize) -> Result<Option<&str>, Failure>;
}

/// What is built of the participants of one partnership, in JSON.
#[derive(Default)]
struct Participants {
    partnership: i64,
    all: Vec<u8>,
    countries: Vec<String>,
    locations: Vec<u8>,
}

/// Appends a text in JSON.
fn quote(out: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    Ok(serde_json::to_writer(out, text)?)
}

/// Appends members with texts: `"name":"text"`, separated by commas.
fn members(out: &mut Vec<u8>, row: &impl Texts, columns: &[(&str, usize)]) -> Result<(), Failure> {
    for (index, (name, column)) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        quote(out, row.text(*column)?.unwrap_or_default())?;
    }
    Ok(())
}

impl Participants {
    /// Adds the row of a participant to the last partnership, or begins the next one.
    fn add(all: &mut Vec<Self>, row: &impl Texts) -> Result<(), Failure> {
        let key = row.key()?;
        if all.last().is_none_or(|last| last.partnership != key) {
            all.push(Self { partnership: key, ..Self::default() });
        }
        let Some(its) = all.last_mut() else { return Ok(()) };
        let comma = |out: &mut Vec<u8>| {
            if !out.is_empty() {
                out.push(b',');
            }
        };
        comma(&mut its.all);
        its.all.extend_from_slice(b"{\"party\":{\"utility\":{");
        members(&mut its.all, row, &[("id", 4), ("slug", 5), ("name", 6), ("kind", 7), ("country", 8)])?;
        its.all.extend_from_slice(b"}},");
        members(&mut its.all, row, &[("role", 1)])?;
        for (name, column) in [("from", 2), ("until", 3)] {
            if row.text(column)?.is_some() {
                its.all.push(b',');
                members(&mut its.all, row, &[(name, column)])?;
            }
        }
        its.all.push(b'}');
        if row.text(1)? == Some("partner") {
            let country = row.text(8)?.unwrap_or_default();
            if let Err(place) = its.countries.binary_search_by(|it| it.as_str().cmp(country)) {
                its.countries.insert(place, country.to_owned());
            }
            if let Some((latitude, longitude)) = row.text(9)?.zip(row.text(10)?) {
                comma(&mut its.locations);
                its.locations.push(b'{');
                members(&mut its.locations, row, &[("utility", 5)])?;
                let place = format!(",\"latitude\":{latitude},\"longitude\":{longitude}}}");
                its.locations.extend_from_slice(place.as_bytes());
            }
        }
        Ok(())
    }
}

/// Appends a partnership in JSON.
fn partnership(out: &mut Vec<u8>, row: &impl Texts, all: &[Participants]) -> Result<(), Failure> {
    let key = row.key()?;
    let its = all.iter().find(|its| its.partnership == key);
    let mut separator = b'{';
    for ((name, is_json), column) in MEMBERS.iter().zip(1..) {
        let Some(text) = row.text(column)? else { continue };
        out.push(separator);
        separator = b',';
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        match is_json {
            true => out.extend_from_slice(text.as_bytes()),
            false => quote(out, text)?,
        }
    }
    let (all, locations) = its.map(|its| (&its.all[..], &its.locations[..])).unwrap_or_default();
    for (name, items) in [("participants", all), ("locations", locations)] {
        out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
        out.extend_from_slice(items);
        out.push(b']');
    }
    out.extend_from_slice(b",\"countries\":");
    serde_json::to_writer(&mut *out, its.map(|its| &its.countries[..]).unwrap_or_default())?;
    out.push(b'}');
    Ok(())
}

/// A page in JSON.
fn page<T: Texts>(rows: &[T], all: &[Participants], total: i64) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(rows.len() * 2_048);
    out.extend_from_slice(b"{\"items\":[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        partnership(&mut out, row, all)?;
    }
    out.extend_from_slice(format!("],\"total\":{total}}}").as_bytes());
    Ok(out)
}
