//! The schemas of tables of entries.

use serde_json::{Map, Value, json};
use vku_domain::kernel::resource::naming::schema_name;
use vku_persistence::any_table::POSITION;
use vku_persistence::kernel::table::unnested::Entries;

use super::resource_document::ResourceDocument;
use super::schemas::{directed, page, put};
use crate::kernel::resource::UnnestedApi;

/// Adds the schemas of the rows and pages of the lists of what a resource contains.
pub(super) fn add(resource: &ResourceDocument, components: &mut Map<String, Value>) {
    for it in resource.unnested {
        put(components, it.row, row(resource, it));
        let mut page = page(it.row, it.plural);
        if let Some(Value::Object(members)) = page.get_mut("properties") {
            members.retain(|name, _| !["prev", "highlights"].contains(&name.as_str()));
        }
        components.insert(format!("{}Page", it.row), page);
    }
}

/// A row: the resource, the place of the entry, and the members of the entry.
fn row(resource: &ResourceDocument, it: &UnnestedApi) -> Value {
    let mut row = directed(&json!((it.list.schema)().0), &[], false);
    let mut properties = Map::new();
    for name in resource.info.parent.into_iter().chain([resource.info.name]) {
        let target = format!("#/components/schemas/{}", schema_name(name));
        properties.insert(name.into(), json!({ "$ref": target, "description": format!("The {name}.") }));
    }
    if let Entries::Member { member, .. } = it.list.entries {
        let about = format!("The place in `{member}` of the {}, from 1.", resource.noun());
        properties.insert(POSITION.into(), json!({ "type": "integer", "minimum": 1, "description": about }));
    }
    let data = directed(&json!(resource.data_schema), &[], false);
    let also = |name: &&str| Some(((*name).to_owned(), data.get("properties")?.get(*name)?.clone()));
    let required_of_data = data.get("required").and_then(Value::as_array);
    let is_required = |name: &&&str| required_of_data.is_some_and(|all| all.iter().any(|it| it == **name));
    let mut required: Vec<Value> = properties.keys().map(|name| json!(name)).collect();
    properties.extend(it.list.also.iter().filter_map(also));
    required.extend(it.list.also.iter().filter(is_required).map(|name| json!(name)));
    if let Some(Value::Array(of_entry)) = row.get("required") {
        required.extend(of_entry.iter().cloned());
    }
    if let Some(Value::Object(of_entry)) = row.get("properties") {
        properties.extend(of_entry.clone());
    }
    if let Some(row) = row.as_object_mut() {
        row.insert("description".into(), json!(format!("{}, as a row.", it.singular)));
        row.insert("required".into(), required.into());
        row.insert("properties".into(), properties.into());
    }
    row
}
