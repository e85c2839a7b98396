//! The parameters of an operation.

use serde_json::{Value, json};
use utoipa::PartialSchema;
use vku_domain::kernel::parameters::{Described, FilterParameters};
use vku_domain::kernel::projection::MemberTree;
use vku_domain::kernel::query::{Direction, LIMIT_DEFAULT, LIMIT_MAX, SortKey};
use vku_domain::kernel::reference::pascal;
use vku_domain::kernel::search::{LENGTH_MAX, WORDS_MAX};
use vku_persistence::kernel::table::Parent;

use super::Operation::{self, Create, Delete, Get, History, List, Restore, Transition, Transitions, Update};
use super::formats;
use crate::kernel::handlers::{CANCEL_REGISTRATIONS, ID};
use crate::kernel::idempotency;
use crate::kernel::negotiation::Format;
use crate::kernel::openapi::projection::{EXPANSION, FIELD};
use crate::kernel::openapi::with;
use crate::kernel::resource::ResourceApi;

fn query(name: &str, about: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": about, "schema": schema })
}

/// What `If-Match` takes: anything, or a list of entity tags (RFC 9110, sections 5.6.1.2 and 8.8.3).
const TAGS: &str = "^(\\*|[ ,]*(W/)?\"[!#-~]*\"( *,[ ,]*(W/)?\"[!#-~]*\")*[ ,]*)$";

/// The filters of a list.
pub(crate) fn filters(described: &[Described]) -> Vec<Value> {
    described.iter().map(|it| query(it.name, &it.about, json!(it.schema))).collect()
}

/// What turns the pages of a list.
pub(crate) fn paging() -> [Value; 2] {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT });
    let cursor = "Where to go on: from `next` or `prev`, with the same filters and sort.";
    [query("limit", "How many rows a page has.", limit), query("cursor", cursor, json!({ "type": "string" }))]
}

/// The key of a `POST` that is to be done once.
pub(crate) fn idempotency_key() -> Value {
    let about = "A name of your own for this request, such as a UUID: where no answer came, send it again as it was, \
                 and what was done is answered again and not done twice. It is yours alone and counts for 24 hours, once \
                 the request has succeeded. With `dry_run` it means nothing.";
    json!({ "name": idempotency::KEY, "in": "header", "description": about,
            "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::LONGEST, "pattern": "^[!-~]+$",
                        "examples": ["0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70"] } })
}

fn flag(name: &str, about: &str) -> Value {
    query(name, about, json!({ "type": "boolean", "default": false }))
}

/// All of them.
pub(super) fn parameters<T: ResourceApi>(it: Operation) -> Vec<Value> {
    let mut all = Vec::new();
    let example = T::example();
    let path = |name: &str, about: &str, schema: Value, example: Option<&Value>| json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema, "example": example });
    let key = json!({ "$ref": "#/components/schemas/Key" });
    if let (Some(parent), Some(column)) = (<T::Parent as Parent>::NAME, <T::Parent as Parent>::column()) {
        let slug = example.get(parent).and_then(|it| it.get("slug"));
        all.push(path(&column, &format!("The {parent}, by id or slug."), key.clone(), slug));
    }
    if !matches!(it, List | Create) {
        all.push(match example.get("slug").is_some() {
            true => path(ID, "By id or slug.", key, example.get("slug")),
            false => path(ID, "By id.", json!({ "type": "string", "format": "uuid" }), example.get("id")),
        });
    }
    let deleted = flag("deleted", "Deleted ones instead (coordination office only).");
    match it {
        List => {
            all.extend(filters(&T::Filter::describe()));
            all.extend(T::SEARCHED.then(search));
            all.push(query(
                "sort",
                &sort_about::<T>(),
                json!({ "type": "string", "examples": [usual::<T>()] }),
            ));
            all.extend(paging());
            all.extend(view::<T>(it));
            all.push(flag("count", "Also count all rows of the filter, as `total`."));
            all.push(deleted);
            all.push(query(
                "format",
                "The representation; wins over `Accept`. `json` where neither says otherwise.",
                formats::parameter::<T>(),
            ));
            all.push(query(
                "csv_dialect",
                "How CSV is written; with `format=csv` (or by `Accept`) only. Usually `rfc4180`.",
                json!({ "$ref": "#/components/schemas/CsvDialect" }),
            ));
        }
        Get => {
            if T::EVENT.is_some() {
                let words = [Format::Json.as_str(), Format::Ics.as_str()];
                let about = "- `json`: with all members\n- `ics`: as an event of a calendar (RFC 5545)";
                let schema = json!({ "type": "string", "enum": words, "description": about });
                all.push(query(
                    "format",
                    "As JSON, or as a calendar (RFC 5545); wins over `Accept`.",
                    schema,
                ));
            }
            all.extend(view::<T>(it));
            all.push(deleted);
        }
        History => {
            all.extend(paging());
            all.push(deleted);
        }
        Transitions => {}
        Create | Update | Delete | Restore | Transition => {
            all.push(flag("dry_run", "Check everything, write nothing."));
        }
    }
    if T::REGISTERS && matches!(it, Delete | Transition) {
        all.push(flag(
            CANCEL_REGISTRATIONS,
            "Cancel what its people are registered for, of sessions to come, in the same request: without this it is 409 \
             as long as there is any. Those who wait move up and are written to; the people themselves are not.",
        ));
    }
    if matches!(it, Update | Delete | Restore | Transition) {
        let required = matches!(it, Update | Delete);
        let about = "The `ETag` that this is based on (a list of them, or `*`). Only the version in it counts, also where a \
             proxy has weakened it.";
        all.push(json!({ "name": "If-Match", "in": "header", "required": required, "description": about,
                         "schema": { "type": "string", "pattern": TAGS, "examples": ["\"3-9f86d081884c7d65\""] } }));
    }
    if matches!(it, Create | Restore | Transition) {
        all.push(idempotency_key());
    }
    if it.reads() {
        all.push(
            json!({ "name": "If-None-Match", "in": "header", "description": "The `ETag` that you have.",
                         "schema": { "type": "string" } }),
        );
    }
    all
}

/// What a list is searched for.
fn search() -> Value {
    let about = format!(
        "Full text search in names, places, countries, titles and texts, in every language: finds what has all of the \
         words (of more than {WORDS_MAX} the longest count). Legal forms, articles and the like (`GmbH`, `die`, `and`) count \
         only where there is nothing else; a text without letters and digits leaves nothing out. Case and accents do not \
         count; `ß` is `ss`, `ae`, `oe`, `ue` are `ä`, `ö`, `ü`, and other scripts are the same in Latin letters. From \
         three letters on a word is also found inside others (`wasser` in `Abwasserpartnerschaft`), from five letters \
         on it may have a typo. The best come first, unless `sort` says otherwise: a name before a text, the word \
         itself before a part of another, and that before a typo."
    );
    let schema =
        json!({ "type": "string", "minLength": 1, "maxLength": LENGTH_MAX, "examples": ["abwasser lviv"] });
    query("q", &about, schema)
}

/// What of each is shown.
fn view<T: ResourceApi>(it: Operation) -> Vec<Value> {
    let shape = MemberTree::of::<T>();
    let list = |name: &str, about: &str, suffix: &str, example: Vec<&str>| {
        let items = json!({ "$ref": format!("#/components/schemas/{}{suffix}", pascal(T::NAME)) });
        let schema = json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true });
        let parameter = query(name, about, with(schema, "examples", json!([example])));
        with(with(parameter, "style", json!("form")), "explode", json!(false))
    };
    let (columns, no_place) = match it {
        List => (" In CSV and XLSX: only these columns.", " Not in CSV and XLSX."),
        _ => ("", ""),
    };
    let about = format!("Only these members, separated by commas; all where it is left out.{columns}");
    let example =
        shape.fields.iter().map(String::as_str).filter(|name| ["id", "slug", T::NAME_FIELD].contains(name));
    let mut all = vec![list("fields", &about, FIELD, example.collect())];
    if let Some(first) = shape.expansions.first() {
        let about = format!(
            "What to put whole in the place of references to it, separated by commas. What you may not get stays a \
             reference; what `fields` leaves out is not expanded.{no_place}"
        );
        all.push(list("expand", &about, EXPANSION, vec![&first.name]));
    }
    all
}

fn usual<T: ResourceApi>() -> String {
    let word = |(key, direction): &(T::Sort, Direction)| match direction {
        Direction::Ascending => key.word().to_owned(),
        Direction::Descending => format!("-{}", key.word()),
    };
    T::Sort::usual().iter().map(word).collect::<Vec<_>>().join(",")
}

fn sort_about<T: ResourceApi>() -> String {
    let vocabulary = json!(T::Sort::schema());
    let about = vocabulary.get("description").and_then(Value::as_str).unwrap_or_default();
    let keys = about.split_once("\n\n").map_or(about, |(_, keys)| keys);
    format!(
        "The order: keys separated by commas, `-` before one for descending; usually `{}`. Absent values come first, \
         descending last; the id is the last tie-break. Keys:\n\n{keys}",
        usual::<T>()
    )
}
