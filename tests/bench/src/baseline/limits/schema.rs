//! The tables of the baseline `limits`, and its statements.
//!
//! A partnership is one row, with its sets, programmes and funding as JSON. `limit_listed` has a row for each of its sectors and
//! countries, for one index over the filters and the order. Names of participants are joined, because they change.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::Value;

use crate::Failure;
use crate::baseline::model::Found;

/// The members of a partnership that are columns: name, and whether it is JSON.
pub const MEMBERS: [(&str, bool); 18] = [
    ("id", false),
    ("slug", false),
    ("title", false),
    ("summary", true),
    ("sectors", true),
    ("working_areas", true),
    ("sdg_targets", true),
    ("status", false),
    ("start", false),
    ("end", false),
    ("based_on", true),
    ("visibility", false),
    ("source_url", false),
    ("programmes", true),
    ("funding_totals", true),
    ("created_at", false),
    ("updated_at", false),
    ("version", true),
];

/// `{columns}` are the members, `{binary}` is the collation by code points.
const TABLES: &str = "
    CREATE TABLE limit_utility (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, slug TEXT NOT NULL, name TEXT NOT NULL,
        kind TEXT NOT NULL, country TEXT NOT NULL, latitude TEXT, longitude TEXT);
    CREATE TABLE limit_partnership (key INTEGER PRIMARY KEY, {columns}, UNIQUE (slug));
    CREATE TABLE limit_participant (partnership INTEGER NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL,
        utility INTEGER NOT NULL REFERENCES limit_utility, since TEXT, until TEXT, PRIMARY KEY (partnership, position));
    CREATE TABLE limit_listed (sector TEXT NOT NULL, country TEXT NOT NULL, status TEXT NOT NULL, start_first TEXT NOT NULL,
        title_key TEXT COLLATE {binary} NOT NULL, partnership INTEGER NOT NULL);";

const REST: &str = "
    INSERT INTO limit_listed SELECT DISTINCT s.value, u.country, coalesce(p.status, ''), p.start_first, p.title_key, k.key
        FROM partnership p JOIN limit_partnership k ON k.slug = p.slug
        JOIN partnership_set s ON s.owner_id = p.id AND s.field = 'sectors'
        JOIN partnership_party y ON y.owner_id = p.id AND y.field = 'partner' JOIN utility u ON u.id = y.utility_id;
    CREATE INDEX limit_listed_by ON limit_listed (sector, country, status, start_first DESC, title_key, partnership);";

const SQLITE_SEARCH: &str = "
    CREATE VIRTUAL TABLE limit_word USING fts5(title, summary, content='', tokenize = 'unicode61');
    INSERT INTO limit_word (rowid, title, summary) SELECT key, title, summary FROM limit_partnership;
    ANALYZE;";
const POSTGRES_SEARCH: &str = "
    ALTER TABLE limit_partnership ADD COLUMN words tsvector
        GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || coalesce(summary, ''))) STORED;
    CREATE INDEX ON limit_partnership USING gin (words);
    ANALYZE;";

const FILTER: &str = "l.sector = $1 AND l.country = $2 AND l.status = $3";
const PARTICIPANTS: &str = "SELECT y.partnership, y.role, y.since, y.until, u.id, u.slug, u.name, u.kind, u.country, \
    u.latitude, u.longitude FROM limit_participant y JOIN limit_utility u ON u.key = y.utility WHERE";

/// Selects the keys and the members of partnerships.
pub fn select(rest: &str) -> String {
    let columns: Vec<_> = MEMBERS.iter().map(|(name, _)| format!("p.\"{name}\"")).collect();
    format!("SELECT p.key, {} {rest}", columns.join(", "))
}

pub fn one() -> String {
    select("FROM limit_partnership p WHERE p.slug = $1")
}

/// Selects the participants of one partnership, by its slug.
pub fn of_one() -> String {
    format!(
        "{PARTICIPANTS} y.partnership = (SELECT key FROM limit_partnership WHERE slug = $1) ORDER BY y.position"
    )
}

/// Selects the participants of partnerships. `{}` is the list of keys.
pub fn of_many(keys: &str) -> String {
    format!("{PARTICIPANTS} y.partnership {keys} ORDER BY y.partnership, y.position")
}

pub fn page() -> String {
    select(&format!(
        "FROM limit_listed l JOIN limit_partnership p ON p.key = l.partnership WHERE {FILTER} \
         ORDER BY l.start_first DESC, l.title_key, l.partnership LIMIT 50"
    ))
}

pub fn count() -> String {
    format!("SELECT count(*) FROM limit_listed l WHERE {FILTER}")
}

fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".into(), |text| format!("'{}'", text.replace('\'', "''")))
}

/// The statements that create and fill the tables.
pub struct Script {
    text: String,
    search: &'static str,
    key: i64,
    utilities: HashMap<String, usize>,
}

impl Script {
    pub fn new(is_postgres: bool) -> Self {
        let columns: Vec<_> = MEMBERS.iter().map(|(name, _)| format!("\"{name}\" TEXT")).collect();
        let (binary, search) =
            if is_postgres { ("\"C\"", POSTGRES_SEARCH) } else { ("BINARY", SQLITE_SEARCH) };
        let text = TABLES.replace("{columns}", &columns.join(", ")).replace("{binary}", binary);
        Self { text, search, key: 0, utilities: HashMap::new() }
    }

    /// Adds partnerships.
    pub fn add(&mut self, found: &Found) -> Result<(), Failure> {
        for (json, parties) in found.with_parties() {
            self.key += 1;
            let json: Value = serde_json::from_slice(&json)?;
            let value = |(name, is_json): &(&str, bool)| match json.get(name) {
                Some(Value::String(text)) if !is_json => literal(Some(text)),
                value => literal(value.map(Value::to_string).as_deref()),
            };
            let values: Vec<_> = MEMBERS.iter().map(value).collect();
            write!(self.text, "INSERT INTO limit_partnership VALUES ({}, {});", self.key, values.join(", "))?;
            for (position, (party, utility)) in parties.into_iter().enumerate() {
                let (it, known) = (&utility.summary, self.utilities.len());
                let key = *self.utilities.entry(it.slug.clone()).or_insert(known);
                if key == known {
                    let id = it.id.to_string();
                    let texts =
                        [&id, &it.slug, &it.name, &it.kind, &it.country].map(|text| literal(Some(text)));
                    let places = [utility.latitude, utility.longitude]
                        .map(|place| literal(place.map(|place| format!("{place:?}")).as_deref()));
                    let values = [&texts[..], &places[..]].concat().join(", ");
                    write!(self.text, "INSERT INTO limit_utility VALUES ({key}, {values});")?;
                }
                let texts =
                    [Some(party.role.as_str()), party.from.as_deref(), party.until.as_deref()].map(literal);
                let [role, from, until] = texts;
                write!(
                    self.text,
                    "INSERT INTO limit_participant VALUES ({}, {position}, {role}, {key}, {from}, {until});",
                    self.key
                )?;
            }
        }
        Ok(())
    }

    /// The whole script.
    pub fn end(self) -> String {
        self.text + REST + self.search
    }
}
