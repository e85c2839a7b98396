//! The formats of a list.

use serde_json::{Map, Value, json};
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect, FieldSerializer};
use vku_transfer::export::write_record;
use vku_transfer::format::Format;

use super::request_body::schema;
use crate::kernel::negotiation::{ActivityFormat, CalendarFormat, PlacedFormat, PlainFormat};
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::resource::UnnestedApi;

/// The schema of the parameter `format`.
pub(super) fn parameter(resource: &ResourceDocument) -> Value {
    let name = match (resource.info.has_places, resource.info.is_activity) {
        _ if resource.info.has_events => <CalendarFormat as utoipa::ToSchema>::name(),
        (true, true) => <ActivityFormat as utoipa::ToSchema>::name(),
        (true, false) => <PlacedFormat as utoipa::ToSchema>::name(),
        (false, _) => <PlainFormat as utoipa::ToSchema>::name(),
    };
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The content of the response, by media type.
pub(super) fn contents(resource: &ResourceDocument) -> Map<String, Value> {
    let example = &resource.example;
    let columns = resource.table.columns(&[], &Projection::default(), ColumnSet::Import);
    let formats = Format::of(resource.table);
    each(&formats, schema(resource, "Page"), example, &FieldSerializer::new(columns))
}

/// The same for a table of entries.
pub(super) fn of_unnested(resource: &ResourceDocument, it: &UnnestedApi) -> Map<String, Value> {
    let columns = resource.table.columns_of_unnested(it.list, ColumnSet::Import);
    let schema = json!({ "$ref": format!("#/components/schemas/{}Page", it.row) });
    each(Format::PLAIN, schema, &(it.example)(), &FieldSerializer::new(columns))
}

fn each(formats: &[Format], page: Value, example: &Value, cells: &FieldSerializer) -> Map<String, Value> {
    let content = |format: Format| match format {
        Format::Json => json!({ "schema": page, "example": { "items": [example], "total": 1 } }),
        Format::Csv => json!({ "schema": { "type": "string" }, "examples": {
            "rfc4180": { "summary": "RFC 4180", "value": csv(cells, example, CsvDialect::Rfc4180) },
            "excel_de": { "summary": "For a German version of Excel: `csv_dialect=excel_de`", "value": csv(cells, example, CsvDialect::ExcelDe) }
        } }),
        Format::Ndjson => json!({ "schema": { "type": "string" }, "example": format!("{example}\n") }),
        Format::Xlsx => json!({
            "schema": { "type": "string", "format": "binary", "description": "A workbook with one sheet: the same columns as in CSV, with numbers and days as such, a filter and a frozen header." },
            "example": "PK…"
        }),
        Format::Parquet => json!({
            "schema": { "type": "string", "format": "binary", "description": "An Apache Parquet file: the same columns as in CSV, with types." },
            "example": "PAR1…"
        }),
        Format::Geojson => json!({ "schema": collection(), "example": map(example) }),
        Format::Iati => json!({
            "schema": { "type": "string", "description": "An activity file (IATI 2.03)." },
            "example": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<iati-activities version=\"2.03\">…</iati-activities>\n"
        }),
        Format::Ics => calendar(),
    };
    formats.iter().map(|format| (format.essence().to_owned(), content(*format))).collect()
}

/// The content of a calendar (RFC 5545).
pub(super) fn calendar() -> Value {
    json!({
        "schema": { "type": "string", "description": "A calendar (RFC 5545)." },
        "example": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n…END:VCALENDAR\r\n"
    })
}

/// The example as a CSV table: a header and one line.
fn csv(cells: &FieldSerializer, example: &Value, dialect: CsvDialect) -> String {
    let mut table = Vec::new();
    // Writing into memory cannot fail.
    let _ = write_record(cells.columns().iter().map(|column| column.title(dialect)), dialect, &mut table);
    let cells = cells.cells(example).unwrap_or_default();
    let _ = write_record(cells.into_iter().map(|cell| cell.write(dialect)), dialect, &mut table);
    // The lines of the example end with a line feed alone.
    let table = String::from_utf8(table).unwrap_or_default().replace("\r\n", "\n");
    format!("{}{table}", dialect.byte_order_mark())
}

/// The schema of a feature collection (RFC 7946, section 3.3).
fn collection() -> Value {
    let kind = |words: &[(&str, &str)]| {
        let about: Vec<_> = words.iter().map(|(word, about)| format!("- `{word}`: {about}")).collect();
        let words: Vec<_> = words.iter().map(|(word, _)| word).collect();
        json!({ "type": "string", "enum": words, "description": about.join("\n") })
    };
    let geometry = json!({
        "type": ["object", "null"],
        "description": "The location, longitude before latitude; `null` if unknown.",
        "required": ["type", "coordinates"],
        "properties": {
            "type": kind(&[("Point", "one location"), ("MultiPoint", "several locations")]),
            "coordinates": { "type": "array", "items": {}, "description": "A position, or a list of positions." }
        }
    });
    let feature = json!({
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": kind(&[("Feature", "a resource with its location")]),
            "id": { "type": "string", "format": "uuid", "description": "The id of the resource." },
            "geometry": geometry,
            "properties": { "type": "object", "description": "The resource, as `GET` returns it in JSON." }
        }
    });
    json!({
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": kind(&[("FeatureCollection", "all matching resources")]),
            "features": { "type": "array", "items": feature, "description": "The resources with their locations." }
        }
    })
}

/// The example as a feature collection.
fn map(item: &Value) -> Value {
    let position = |place: &Value| json!([place.get("longitude"), place.get("latitude")]);
    let geometry = match (item.get("location"), item.get("locations").and_then(Value::as_array)) {
        (Some(place), _) => json!({ "type": "Point", "coordinates": position(place) }),
        (None, Some(places)) => {
            json!({ "type": "MultiPoint", "coordinates": places.iter().map(position).collect::<Vec<_>>() })
        }
        (None, None) => Value::Null,
    };
    let feature =
        json!({ "type": "Feature", "id": item.get("id"), "geometry": geometry, "properties": item });
    json!({ "type": "FeatureCollection", "features": [feature] })
}
