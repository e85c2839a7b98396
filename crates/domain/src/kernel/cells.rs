//! A resource as a row of cells: the columns of CSV files, the same for import and export.
//!
//! The columns follow from the schema of the data struct: nested members are dotted (`population_served.value`), a
//! text in several languages is a column each (`summary.en`), plain lists are joined by `;`, parties are
//! `utility:<slug>`, participants `<role>:utility:<slug>` with `@from/until` where known; what else is nested is
//! compact JSON.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::reference::{INPUT, schema_name};
use super::resource::Resource;
use super::violation::{Fault, hint};
use crate::say;

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, as it is; defused where a spreadsheet would take it for a formula.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// The slug (or id) of what it refers to.
    Reference,
    /// Texts, joined by `;`.
    List,
    /// `utility:<slug>` or `organisation:<slug>`, joined by `;`.
    Parties,
    /// `<role>:utility:<slug>@from/until`, joined by `;`.
    Participants,
    /// Compact JSON.
    Json,
}

/// A column: where its value lies in the JSON form, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: the path of the member, dotted.
    pub name: String,
    /// How its cells are written.
    pub kind: Kind,
}

/// The languages that every text in several languages has a column for; others get one where they occur.
const LANGUAGES: &[&str] = &["de", "en"];

/// The columns of a resource, in the order of its struct.
pub struct Layout {
    columns: Vec<Column>,
    localized: Vec<String>,
}

impl Layout {
    /// Reads the columns off the schema of the data struct.
    pub fn of<T: Resource>() -> Self {
        Self::read_off::<T>()
    }

    /// The columns of what is derived, which are not imported.
    pub fn derived<T: Resource>() -> Self {
        Self::read_off::<T::Derived>()
    }

    fn read_off<S: ToSchema>() -> Self {
        let mut named = Vec::new();
        S::schemas(&mut named);
        let named = named.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        let mut layout = Self { columns: Vec::new(), localized: Vec::new() };
        layout.object("", &json!(S::schema()), &named);
        layout
    }

    fn object(&mut self, prefix: &str, schema: &Value, named: &std::collections::BTreeMap<String, Value>) {
        let Some(members) = schema.get("properties").and_then(Value::as_object) else { return };
        for (member, schema) in members {
            let name = format!("{prefix}{member}");
            let target = referred(schema);
            let whole = target.and_then(|target| named.get(target)).unwrap_or(schema);
            let items = whole.get("items").map(|items| (referred(items), items));
            let kind = match (target, items) {
                (Some("Localized"), _) => {
                    self.localized.push(name);
                    continue;
                }
                (Some(target), _) if target.ends_with(&schema_name("")) || target.ends_with(INPUT) => {
                    Kind::Reference
                }
                (_, Some((Some("Party"), _))) => Kind::Parties,
                (_, Some((Some("Participant"), _))) => Kind::Participants,
                (_, Some((item, items))) => {
                    match type_of(item.and_then(|item| named.get(item)).unwrap_or(items)) {
                        "string" => Kind::List,
                        _ => Kind::Json,
                    }
                }
                _ => match type_of(whole) {
                    "string" => Kind::Text,
                    "integer" | "number" => Kind::Number,
                    "boolean" => Kind::Boolean,
                    _ if whole.get("properties").is_some() => {
                        self.object(&format!("{name}."), whole, named);
                        continue;
                    }
                    _ => Kind::Json,
                },
            };
            self.columns.push(Column { name, kind });
        }
    }

    /// All columns, with those of the languages that occur beside the usual ones.
    pub fn columns(&self, languages: &[String]) -> Vec<Column> {
        let mut columns = self.columns.clone();
        for member in &self.localized {
            let more = languages.iter().map(String::as_str).filter(|language| !LANGUAGES.contains(language));
            columns.extend(
                LANGUAGES
                    .iter()
                    .copied()
                    .chain(more)
                    .map(|language| Column { name: format!("{member}.{language}"), kind: Kind::Text }),
            );
        }
        columns
    }

    /// The languages that occur in an item beside the usual ones.
    pub fn languages<'a>(&self, item: &'a Value) -> Vec<&'a str> {
        let texts = self.localized.iter().filter_map(|member| at(item, member)?.as_object());
        texts
            .flat_map(|texts| texts.keys().map(String::as_str))
            .filter(|found| !LANGUAGES.contains(found))
            .collect()
    }

    /// The column of that name.
    ///
    /// Errors: unknown, with the nearest known name.
    pub fn column(&self, name: &str) -> Result<Column, Fault> {
        let localized =
            name.rsplit_once('.').is_some_and(|(member, _)| self.localized.iter().any(|it| it == member));
        if localized {
            return Ok(Column { name: name.to_owned(), kind: Kind::Text });
        }
        let columns = self.columns(&[]);
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        columns.iter().find(|column| column.name == name).cloned().ok_or_else(|| {
            let missing = say!("There is no column `{name}`.", "Es gibt keine Spalte `{name}`.");
            Fault::new("unknown_column", missing.then(hint(name, &names)))
        })
    }
}

/// The name of the schema that a member refers to; an optional one stands beside `null`.
fn referred(schema: &Value) -> Option<&str> {
    let path = schema.get("$ref").and_then(Value::as_str);
    let beside_null = || schema.get("oneOf")?.as_array()?.iter().find_map(referred);
    path.and_then(|path| path.rsplit('/').next()).or_else(beside_null)
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("")
        }
        _ => "",
    }
}

fn at<'a>(item: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(item, |value, member| value.get(member))
}

impl Column {
    /// The cell of an item: empty where the member is absent.
    pub fn write(&self, item: &Value) -> String {
        let Some(value) = at(item, &self.name) else { return String::new() };
        match (self.kind, value) {
            (Kind::Text, Value::String(text)) => defuse(text),
            (Kind::List, Value::Array(entries)) => {
                defuse(&join(entries, |entry| entry.as_str().map(str::to_owned)))
            }
            (Kind::Parties, Value::Array(entries)) => join(entries, party),
            (Kind::Participants, Value::Array(entries)) => join(entries, participant),
            (Kind::Reference, value) => slug(value).unwrap_or_default(),
            (_, value) => value.to_string(),
        }
    }

    /// Puts the value of a cell into an item; an empty cell is `null`, which a merge patch clears.
    ///
    /// Errors: the cell is not written as its column wants it.
    pub fn read(&self, cell: &str, item: &mut Map<String, Value>) -> Result<(), Fault> {
        let value = if cell.is_empty() { Value::Null } else { self.value(cell)? };
        let mut item = item;
        let mut path = self.name.split('.').peekable();
        while let Some(member) = path.next() {
            if path.peek().is_none() {
                item.insert(member.to_owned(), value);
                break;
            }
            let below = item.entry(member).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else { break };
            item = below;
        }
        Ok(())
    }

    fn value(&self, cell: &str) -> Result<Value, Fault> {
        let entries = || cell.split(';').map(str::trim).filter(|entry| !entry.is_empty());
        Ok(match self.kind {
            Kind::Text => Value::from(undefuse(cell)),
            Kind::Reference => Value::from(cell),
            Kind::List => {
                undefuse(cell).split(';').map(str::trim).filter(|entry| !entry.is_empty()).collect()
            }
            Kind::Number => match serde_json::from_str(cell) {
                Ok(Value::Number(number)) => Value::Number(number),
                _ => return Err(Fault::format(say!("`{cell}` is no number.", "`{cell}` ist keine Zahl."))),
            },
            Kind::Boolean => match cell {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => return Err(Fault::unknown_value(cell, &["true", "false"])),
            },
            Kind::Parties => entries().map(read_party).collect::<Result<_, _>>()?,
            Kind::Participants => entries().map(read_participant).collect::<Result<_, _>>()?,
            Kind::Json => serde_json::from_str(cell)
                .map_err(|_| Fault::format(say!("The cell is no JSON.", "Die Zelle ist kein JSON.")))?,
        })
    }
}

fn join(entries: &[Value], write: impl Fn(&Value) -> Option<String>) -> String {
    entries.iter().filter_map(write).collect::<Vec<_>>().join(";")
}

fn slug(reference: &Value) -> Option<String> {
    let text = reference.get("slug").or_else(|| reference.get("id")).unwrap_or(reference);
    text.as_str().map(str::to_owned)
}

fn party(value: &Value) -> Option<String> {
    let (kind, reference) = value.as_object()?.iter().next()?;
    Some(format!("{kind}:{}", slug(reference)?))
}

fn participant(value: &Value) -> Option<String> {
    let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
    let mut cell = format!("{}:{}", text("role"), party(value.get("party")?)?);
    if value.get("from").is_some() || value.get("until").is_some() {
        cell.push_str(&format!("@{}/{}", text("from"), text("until")));
    }
    Some(cell)
}

fn read_party(text: &str) -> Result<Value, Fault> {
    match text.split_once(':') {
        Some((kind @ ("utility" | "organisation"), key)) => Ok(json!({ kind: key })),
        _ => Err(Fault::format(say!(
            "`{text}` is not `utility:<slug>` or `organisation:<slug>`.",
            "`{text}` ist weder `utility:<slug>` noch `organisation:<slug>`."
        ))),
    }
}

fn read_participant(text: &str) -> Result<Value, Fault> {
    let (who, when) = text.split_once('@').map_or((text, None), |(who, when)| (who, Some(when)));
    let Some((role, party)) = who.split_once(':') else {
        return Err(Fault::format(say!(
            "`{text}` is not `<role>:utility:<slug>`.",
            "`{text}` ist nicht `<role>:utility:<slug>`."
        )));
    };
    let mut participant = json!({ "role": role, "party": read_party(party)? });
    if let (Some(when), Value::Object(members)) = (when, &mut participant) {
        let Some((from, until)) = when.split_once('/') else {
            return Err(Fault::format(say!(
                "`{when}` is not `from/until`.",
                "`{when}` ist nicht `from/until`."
            )));
        };
        for (name, date) in
            [("from", from), ("until", until)].into_iter().filter(|(_, date)| !date.is_empty())
        {
            members.insert(name.to_owned(), Value::from(date));
        }
    }
    Ok(participant)
}

/// Whether a spreadsheet would take the text for a formula, behind any apostrophes that defused it before.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Puts an apostrophe before what a spreadsheet would run (OWASP, CSV injection).
fn defuse(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn undefuse(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_come_back() {
        for text in ["=1+1", "'=1", "''-x", "'quoted'", "+49", "plain", "@x"] {
            assert_eq!(undefuse(&defuse(text)), text);
        }
        assert_eq!(defuse("=1+1"), "'=1+1");
    }

    #[test]
    fn participants_keep_their_dates() {
        for text in ["lead:utility:a", "partner:utility:b@2019/2021-05", "partner:organisation:c@/2020"] {
            assert_eq!(participant(&read_participant(text).unwrap()).unwrap(), text);
        }
        assert!(read_participant("lead").is_err() && read_participant("lead:person:x").is_err());
    }
}
