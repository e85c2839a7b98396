//! The columns of a resource.

use serde_json::{Value, json};

use super::{Column, Kind, headings};
use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::resource::any::ResourceInfo;
use crate::kernel::resource::naming::{INPUT, schema_name};
use crate::kernel::resource::schemas::NamedSchemas;
use crate::kernel::violation::{FieldError, hint};

/// The languages for which each localized text has a column. Other languages get a column where they occur.
pub const LANGUAGES: &[&str] = &["de", "en"];

/// The columns of a resource, in the order of the fields in its struct.
pub struct Layout {
    columns: Vec<Column>,
    localized: Vec<String>,
}

impl Layout {
    /// Derives the columns from the schema of the data struct.
    pub fn of(resource: &ResourceInfo) -> Self {
        Self::from_schema((resource.data_schema)())
    }

    /// Derives the columns of the derived members, which are not imported.
    pub fn derived(resource: &ResourceInfo) -> Self {
        Self::from_schema((resource.derived_schema)())
    }

    /// Returns the columns of the derived members that are shown in tables.
    pub fn derived_in_tables(resource: &ResourceInfo, languages: &[String]) -> Vec<Column> {
        let mut columns = Self::derived(resource).columns(languages);
        let is_shown = |column: &Column| {
            resource.derived_in_tables.contains(&column.name.split('.').next().unwrap_or_default())
        };
        columns.retain(is_shown);
        columns
    }

    /// Derives the columns from a schema.
    pub fn from_schema((schema, named): NamedSchemas) -> Self {
        let named = named.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        let mut layout = Self { columns: Vec::new(), localized: Vec::new() };
        layout.object("", &json!(schema), &named);
        layout
    }

    fn object(&mut self, prefix: &str, schema: &Value, named: &std::collections::BTreeMap<String, Value>) {
        let Some(members) = schema.get("properties").and_then(Value::as_object) else { return };
        for (member, schema) in members {
            let name = format!("{prefix}{member}");
            let target = referred(schema);
            let resolved = target.and_then(|target| named.get(target)).unwrap_or(schema);
            let items = resolved.get("items").map(|items| (referred(items), items));
            let kind = match (target, items) {
                (Some("Localized"), _) => {
                    self.localized.push(name);
                    continue;
                }
                (Some("Decimal"), _) => Kind::Decimal,
                (Some("CalendarDate"), _) => Kind::Date,
                (Some("PartialDate"), _) => Kind::PartialDate,
                (Some(target), _) if is_reference(target) => Kind::Reference,
                (_, Some((Some(target), _))) if is_reference(target) => Kind::References,
                (Some("Party"), _) => Kind::Party,
                (_, Some((Some("Party"), _))) => Kind::Parties,
                (_, Some((Some("Participant"), _))) => Kind::Participants,
                (_, Some((item, items))) => {
                    match type_of(item.and_then(|item| named.get(item)).unwrap_or(items)) {
                        "string" => Kind::List,
                        _ => Kind::Json,
                    }
                }
                _ => match type_of(resolved) {
                    "string" if resolved.get("format").is_some_and(|it| it == "date-time") => Kind::Instant,
                    "string" => Kind::Text,
                    "integer" => Kind::Integer,
                    "number" => Kind::Number,
                    "boolean" => Kind::Boolean,
                    _ if resolved.get("properties").is_some() => {
                        self.object(&format!("{name}."), resolved, named);
                        if target == Some("Money") {
                            self.money(&format!("{name}.amount"));
                        }
                        continue;
                    }
                    _ => Kind::Json,
                },
            };
            let target = target.filter(|_| kind == Kind::Reference).map(resource_of);
            self.columns.push(Column { target, ..Column::new(name, kind) });
        }
    }

    fn money(&mut self, amount: &str) {
        let amount = self.columns.iter_mut().find(|column| column.name == amount);
        amount.into_iter().for_each(|column| column.kind = Kind::Decimal);
    }

    /// Returns all columns, including those of the languages that occur in addition to [`LANGUAGES`].
    pub fn columns(&self, languages: &[String]) -> Vec<Column> {
        let mut columns = self.columns.clone();
        for member in &self.localized {
            let more = languages.iter().map(String::as_str).filter(|language| !LANGUAGES.contains(language));
            let each = LANGUAGES.iter().copied().chain(more);
            columns.extend(each.map(|language| translation(member, language)));
        }
        columns
    }

    /// Returns the fields that are localized texts.
    pub fn localized(&self) -> &[String] {
        &self.localized
    }

    /// Finds the column of a header, by its name or its German heading, ignoring case and whitespace.
    ///
    /// Errors: there is no such column; the error names the most similar one.
    pub fn column(&self, header: &str) -> Result<Column, FieldError> {
        let columns = self.columns(&[]);
        if let Some(known) = columns.iter().find(|column| column.is_called(header)) {
            return Ok(known.clone());
        }
        let name = headings::folded(header);
        let name = name.as_str();
        let texts = self.localized.iter().find_map(|member| {
            let by_name = name.strip_prefix(member.as_str()).and_then(|rest| rest.strip_prefix('.'));
            let language = by_name.or_else(|| headings::language(member, name))?;
            Some(translation(member, language))
        });
        texts.ok_or_else(|| {
            let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
            let header = typed(header);
            let missing = bilingual!("Unknown column `{header}`.", "Es gibt keine Spalte `{header}`.");
            FieldError::new("unknown_column", missing.then(hint(name, &names)))
        })
    }
}

fn translation(member: &str, language: &str) -> Column {
    Column::new(format!("{member}.{language}"), Kind::Translation)
}

/// Returns the schema to which a field refers; the schema of an optional field is a `oneOf` with `null`.
fn referred(schema: &Value) -> Option<&str> {
    let path = schema.get("$ref").and_then(Value::as_str);
    let beside_null = || schema.get("oneOf")?.as_array()?.iter().find_map(referred);
    path.and_then(|path| path.rsplit('/').next()).or_else(beside_null)
}

fn is_reference(schema: &str) -> bool {
    schema.ends_with(&schema_name("")) || schema.ends_with(INPUT)
}

/// Returns the schema name of the resource to which this schema refers.
fn resource_of(schema: &str) -> String {
    let schema = schema.strip_suffix(INPUT).unwrap_or(schema);
    schema.strip_suffix(&schema_name("")).unwrap_or(schema).to_owned()
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
