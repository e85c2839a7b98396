//! The parameters of an operation.

use serde_json::{Value, json};
use vku_domain::kernel::parameters::entry_filter::EntryFilter;
use vku_domain::kernel::parameters::filter::FilterDescription;
use vku_domain::kernel::parameters::from_parameter::FromParameter;
use vku_domain::kernel::query::{LIMIT_DEFAULT, LIMIT_MAX};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::search::{LENGTH_MAX, WORDS_MAX};
use vku_domain::kernel::vocabulary::{EXTENSION, Vocabulary};
use vku_persistence::kernel::table::unnested::Unnested;
use vku_transfer::format::Format;

use super::descriptions::restorers;
use super::formats;
use crate::kernel::openapi::projection::{EXPANSION, FIELD};
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::openapi::with;
use crate::kernel::request::params::{CANCEL_REGISTRATIONS, ID};
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, ListAll, Restore, Transition, Transitions, Update,
};
use crate::kernel::response::idempotency;

fn query(name: &str, about: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": about, "schema": schema })
}

/// The pattern of `If-Match`: `*`, or a list of entity tags (RFC 9110, sections 5.6.1.2 and 8.8.3).
const TAGS: &str = "^(\\*|[ ,]*(W/)?\"[!#-~]*\"( *,[ ,]*(W/)?\"[!#-~]*\")*[ ,]*)$";

/// The filters of a list.
pub(crate) fn filters(described: &[FilterDescription]) -> Vec<Value> {
    described.iter().map(|it| query(it.name, &it.about, json!(it.schema))).collect()
}

/// The filters by the parent of a list of the sub-resources of all parents.
fn parent_filters(resource: &ResourceDocument) -> Vec<Value> {
    let parent = resource.info.parent;
    parent.map(|parent| filters_by_name(parent, &resource.parent_filters)).unwrap_or_default()
}

/// The filters by another resource: by its id or slug, and those of its list under its name.
fn filters_by_name(name: &str, filters: &[FilterDescription]) -> Vec<Value> {
    let keys = json!(<Vec<Key> as FromParameter>::schema());
    let mut all = vec![query(name, &format!("The id or slug of the {name}."), keys)];
    all.extend(filters.iter().map(|it| {
        let about = format!("A filter by the {name}. {}", it.about);
        query(&format!("{name}.{}", it.name), &about, json!(it.schema))
    }));
    all
}

/// The parameters of a table of entries.
pub(super) fn of_unnested(resource: &ResourceDocument, list: &Unnested) -> Vec<Value> {
    let described: Vec<_> = list.filters.iter().map(EntryFilter::describe).collect();
    let mut all = filters(&described);
    all.extend(filters_by_name(resource.info.name, &resource.filters));
    all.extend(parent_filters(resource));
    all.push(sort(resource));
    all.extend(paging());
    all.push(count());
    all.extend(file_parameters(json!({ "$ref": "#/components/schemas/PlainFormat" })));
    all.push(if_none_match());
    all
}

fn sort(resource: &ResourceDocument) -> Value {
    let schema = json!({ "type": "string", "examples": [resource.default_sort] });
    query("sort", &sort_about(resource), schema)
}

fn count() -> Value {
    flag("count", "Also return the total number of matching rows, as `total`.")
}

/// The format of a list, and the parameters of files.
fn file_parameters(format: Value) -> [Value; 3] {
    [
        query(
            "format",
            "The representation; takes precedence over `Accept`. `json` if neither is given.",
            format,
        ),
        query(
            "csv_dialect",
            "The dialect of CSV; only with `format=csv` or `Accept: text/csv`. `rfc4180` by default.",
            json!({ "$ref": "#/components/schemas/CsvDialect" }),
        ),
        query(
            "columns",
            "The columns; only in CSV, XLSX and Parquet. `import` by default.",
            json!({ "$ref": "#/components/schemas/ColumnSet" }),
        ),
    ]
}

fn if_none_match() -> Value {
    json!({ "name": "If-None-Match", "in": "header", "description": "The `ETag` of your copy.",
            "schema": { "type": "string" } })
}

/// The paging parameters of a list.
pub(crate) fn paging() -> [Value; 2] {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT });
    let cursor =
        "The position to continue from, as given in `next` or `prev`. Keep the same filters and sort order.";
    [
        query("limit", "The maximum number of rows on a page.", limit),
        query("cursor", cursor, json!({ "type": "string" })),
    ]
}

/// The header `Idempotency-Key` of a `POST`.
pub(crate) fn idempotency_key() -> Value {
    let about = "A key of your choice for this request, such as a UUID. If you get no response, send the same request again \
                 with the same key: the stored response is returned, and nothing is done twice. Keys belong to your account and \
                 are kept for 24 hours after the request has succeeded. With `dry_run`, the key is ignored.";
    json!({ "name": idempotency::KEY, "in": "header", "description": about,
            "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::MAX_LENGTH, "pattern": "^[!-~]+$",
                        "examples": ["0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"] } })
}

fn flag(name: &str, about: &str) -> Value {
    query(name, about, json!({ "type": "boolean", "default": false }))
}

/// All parameters of an operation.
pub(super) fn parameters(resource: &ResourceDocument, it: Operation) -> Vec<Value> {
    let mut all = Vec::new();
    let example = &resource.example;
    let path = |name: &str, about: &str, schema: Value, example: Option<&Value>| json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema, "example": example });
    let key = json!({ "$ref": "#/components/schemas/Key" });
    if let (Some(parent), Some(parent_id), true) = (resource.info.parent, &resource.parent_id, it != ListAll)
    {
        let slug = example.get(parent).and_then(|it| it.get("slug"));
        all.push(path(parent_id, &format!("The id or slug of the {parent}."), key.clone(), slug));
    }
    if !matches!(it, List | ListAll | Create) {
        let noun = resource.noun();
        all.push(match resource.has_slug() {
            true => path(ID, &format!("The id or slug of the {noun}."), key, example.get("slug")),
            false => {
                let uuid = json!({ "type": "string", "format": "uuid" });
                path(ID, &format!("The id of the {noun}."), uuid, example.get("id"))
            }
        });
    }
    let office = restorers(resource);
    let deleted = match it {
        List | ListAll => format!("List deleted resources instead; only for {office}."),
        _ => format!("Look for a deleted resource instead; only for {office}."),
    };
    let deleted = flag("deleted", &deleted);
    match it {
        List | ListAll => {
            all.extend(filters(&resource.filters));
            if it == ListAll {
                all.extend(parent_filters(resource));
            }
            if resource.is_searched {
                all.push(search());
                all.push(flag(
                    "highlight",
                    "Also return which members match the search `q`, with excerpts, as `highlights`.",
                ));
            }
            all.push(sort(resource));
            all.extend(paging());
            all.extend(view(resource, it));
            all.push(count());
            all.push(deleted);
            all.extend(file_parameters(formats::parameter(resource)));
        }
        Get => {
            if resource.info.has_events {
                let words = [Format::Json.as_str(), Format::Ics.as_str()];
                let about = "- `json`: all fields, as `application/json`\n- `ics`: a calendar with one event, as `text/calendar` (RFC 5545)";
                let schema =
                    json!({ "type": "string", "enum": words, "description": about, EXTENSION: Format::NAME });
                all.push(query("format", "The representation; takes precedence over `Accept`.", schema));
            }
            all.extend(view(resource, it));
            all.push(deleted);
        }
        History => {
            all.extend(paging());
            all.push(deleted);
        }
        Transitions => {}
        Create | Update | Delete | Restore | Transition => {
            all.push(flag("dry_run", "Check the request without writing anything."));
        }
    }
    if resource.info.registers && matches!(it, Delete | Transition) {
        all.push(flag(
            CANCEL_REGISTRATIONS,
            "Also cancel the affected people's registrations for future sessions. Without this, such registrations \
             cause a 409. People on the waiting list move up and are notified; people whose registrations are \
             cancelled are not notified.",
        ));
    }
    if matches!(it, Update | Delete | Restore | Transition) {
        let required = matches!(it, Update | Delete);
        let about = "The `ETag` of the version that the request is based on; a list of tags and `*` are also accepted. Only the \
             version in the tag is compared, so an `ETag` that a proxy has weakened is also valid.";
        all.push(json!({ "name": "If-Match", "in": "header", "required": required, "description": about,
                         "schema": { "type": "string", "pattern": TAGS, "examples": ["\"3-9f86d081884c7d65\""] } }));
    }
    if matches!(it, Create | Restore | Transition) {
        all.push(idempotency_key());
    }
    if it.reads() {
        all.push(if_none_match());
    }
    all
}

/// The parameter for searching a list.
fn search() -> Value {
    let about = format!(
        "Full-text search in names, places, titles and descriptions, in every language, and in the German and \
         English names of countries, sectors, working areas, SDG targets (also as `SDG 6.1`), climate zones and \
         programmes. A result contains all of the words; if there are more than {WORDS_MAX}, only the longest \
         ones are used, and of a long text the first {LENGTH_MAX} characters. Legal forms, articles and similar \
         words (`GmbH`, `die`, `and`) only count for the order if there are other words; a query without \
         letters or digits matches nothing. Case and accents are ignored; `ß` equals `ss`, `ae`, `oe`, \
         `ue` equal `ä`, `ö`, `ü`, and other scripts equal their transliteration into Latin letters. Words of \
         three or more letters also match inside other words (`wasser` in `Abwasserpartnerschaft`), and words of \
         five or more letters may contain a typo. Unless `sort` is given, the best results come first: matches in \
         names rank above matches in other text, and whole words rank above parts of words, which rank above words \
         with a typo."
    );
    let schema = json!({ "type": "string", "minLength": 1, "examples": ["abwasser lviv"] });
    query("q", &about, schema)
}

/// The parameters `fields` and `expand`.
fn view(resource: &ResourceDocument, it: Operation) -> Vec<Value> {
    let members = resource.members;
    let list = |name: &str, about: &str, suffix: &str, example: Vec<&str>| {
        let items = json!({ "$ref": format!("#/components/schemas/{}{suffix}", resource.schema_name) });
        let schema = json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true });
        let parameter = query(name, about, with(schema, "examples", json!([example])));
        with(with(parameter, "style", json!("form")), "explode", json!(false))
    };
    let (columns, no_place) = match it {
        List | ListAll => {
            (" In CSV, XLSX and Parquet, the columns.", " Not available in CSV, XLSX and Parquet.")
        }
        _ => ("", ""),
    };
    let about = format!("The fields to return, separated by commas; all fields by default.{columns}");
    let example = members
        .fields
        .iter()
        .map(String::as_str)
        .filter(|name| ["id", "slug", resource.name_field].contains(name));
    let mut all = vec![list("fields", &about, FIELD, example.collect())];
    if let Some(first) = members.expansions.first() {
        let about = format!(
            "The references to expand to the full resource, separated by commas. A resource that you may not read \
             stays a reference; a reference that `fields` leaves out is not expanded.{no_place}"
        );
        all.push(list("expand", &about, EXPANSION, vec![&first.name]));
    }
    all
}

fn sort_about(resource: &ResourceDocument) -> String {
    let vocabulary = json!(resource.sort_schema);
    let about = vocabulary.get("description").and_then(Value::as_str).unwrap_or_default();
    let keys = about.split_once("\n\n").map_or(about, |(_, keys)| keys);
    format!(
        "The sort order: keys separated by commas, with `-` in front of a key for descending order; `{}` by default. Absent \
         values come first, or last in descending order; rows with equal keys are sorted by id. Keys:\n\n{keys}",
        resource.default_sort
    )
}
