//! The schemas of what clients can select of a resource: fields with `fields`, references with `expand`.

use serde_json::{Map, Value, json};
use vku_domain::kernel::resource::projection::{Expansion, Step};
use vku_domain::kernel::vocabulary::EXTENSION;

use super::resource_document::ResourceDocument;
use super::vocabulary_names;

/// The suffix of the name of the schema of a resource's fields.
pub(super) const FIELD: &str = "Field";
/// The suffix of the name of the schema of a resource's references that can be expanded.
pub(super) const EXPANSION: &str = "Expansion";

/// Adds both schemas; the response schema of the resource must have been added before.
pub(super) fn add(resource: &ResourceDocument, components: &mut Map<String, Value>) {
    let name = &resource.schema_name;
    components.insert(format!("{name}{FIELD}"), fields(resource, components));
    let expansions = &resource.members.expansions;
    if !expansions.is_empty() {
        let about =
            |it: &Expansion| format!("expands `{}` to all fields of `{}`", path_text(&it.path), it.target);
        let words = expansions.iter().map(|it| (it.name.as_str(), about(it)));
        let about = "The references that can be expanded.";
        components.insert(
            format!("{name}{EXPANSION}"),
            described_enum(about, words, &vocabulary_names::expansions(resource.info.name)),
        );
    }
}

/// An enumeration of the fields in responses.
fn fields(resource: &ResourceDocument, components: &Map<String, Value>) -> Value {
    let of = |schema: &Value| Some(schema.get("description")?.as_str()?.to_owned());
    let about = |name: &str| {
        let schema = components.get(&resource.schema_name)?.get("properties")?.get(name)?;
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let about = of(schema).or_else(|| of(components.get(target?)?))?;
        let first = about.split("\n\n").next().unwrap_or_default();
        Some(first.lines().map(str::trim).collect::<Vec<_>>().join(" "))
    };
    let names = resource.members.fields.iter().map(String::as_str);
    let words = names.map(|name| (name, about(name).unwrap_or_default()));
    let about = format!("A field of {}.", resource.singular);
    described_enum(&about, words, &vocabulary_names::fields(resource.info.name))
}

/// An enumeration that describes each value.
fn described_enum<'a>(
    about: &str,
    words: impl Iterator<Item = (&'a str, String)>,
    vocabulary: &str,
) -> Value {
    let (words, lines): (Vec<_>, Vec<_>) =
        words.map(|(word, about)| (word, format!("- `{word}`: {about}"))).unzip();
    let about = format!("{about}\n\n{}", lines.join("\n"));
    json!({ "type": "string", "enum": words, "description": about, EXTENSION: vocabulary })
}

/// The path to a reference in readable form: `participants[].party.utility`.
fn path_text(path: &[Step]) -> String {
    let text = path.iter().fold(String::new(), |text, step| match step {
        Step::Member(name) => text + "." + name,
        Step::Each => text + "[]",
    });
    text.trim_start_matches('.').to_owned()
}
