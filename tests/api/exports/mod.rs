//! Exports: every list in every format, with the same rows.

mod cells;
mod headings;
mod iati;
mod parquet;
mod round_trip;
mod slow;
mod snapshot;

use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};
use geojson::{FeatureCollection, GeoJson};
use reqwest::Method;
use serde_json::{Value, json};

use super::fixtures::{DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, abroad, create, delete, location};
use crate::harness::{Caller, Response, SHEET_ROWS, on_both};

/// Exports a list in a format.
async fn exported(caller: &Caller, path: &str, format: &str) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    caller.get(&format!("{path}{joint}format={format}")).await.ok()
}

/// The records of a CSV text, with the header first.
fn records(csv: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The only sheet of a workbook. It has no formulas.
fn sheet(answer: &Response) -> Range<Data> {
    let mut book = Xlsx::new(Cursor::new(answer.body.clone())).unwrap();
    let [name] = &book.sheet_names()[..] else { panic!("one sheet") };
    let name = name.clone();
    assert!(book.worksheet_formula(&name).unwrap().is_empty());
    book.worksheet_range(&name).unwrap()
}

fn features(answer: &Response) -> FeatureCollection {
    FeatureCollection::try_from(answer.text().parse::<GeoJson>().unwrap()).unwrap()
}

/// The ids in an export, in its order.
fn ids(answer: &Response, format: &str) -> Vec<String> {
    let first = |records: Vec<Vec<String>>| records.into_iter().skip(1).map(|it| it[0].clone()).collect();
    match format {
        "csv" => first(records(&answer.text(), b',')),
        "csv&csv_dialect=excel_de" => first(records(&answer.text(), b';')),
        "parquet" => self::parquet::rows(answer).iter().map(|row| row[0].1.clone()).collect(),
        "xlsx" => first(sheet(answer).rows().map(|row| vec![row[0].to_string()]).collect()),
        "geojson" => {
            let id = |feature: geojson::Feature| match feature.id {
                Some(geojson::feature::Id::String(id)) => id,
                other => panic!("{other:?}"),
            };
            features(answer).features.into_iter().map(id).collect()
        }
        _ => {
            let line = |line: &str| serde_json::from_str::<Value>(line).unwrap();
            answer.text().lines().map(|it| line(it)["id"].as_str().unwrap().to_owned()).collect()
        }
    }
}

on_both! {
    async fn every_format_has_the_same_rows(app: TestApp) {
        for (list, queries) in [
            (
                PARTNERSHIPS,
                ["", "sector=water&sort=-start,title", "country=UA&status=active", "utility=hamburg-wasser",
                 "start_from=2019&sort=slug"],
            ),
            (
                UTILITIES,
                ["kind=municipal", "country=UA&sort=-name", "sector=waste", "need=non-revenue-water",
                 "kind=partner&sort=-updated_at"],
            ),
        ] {
            for query in queries {
                let path = format!("{list}?fields=id&{query}");
                for (role, caller) in [("public", app.anonymous()), ("member", app.member()), ("coordinator", app.coordinator())] {
                    let all = caller.all(&path).await;
                    let all: Vec<_> = all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
                    for format in ["csv", "csv&csv_dialect=excel_de", "ndjson", "xlsx", "parquet", "geojson"] {
                        let answer = exported(&caller, &path, format).await;
                        assert_eq!(ids(&answer, format), all, "{role} {path} {format}");
                    }
                }
            }
        }
        assert!(!exported(&app.anonymous(), UTILITIES, "ndjson").await.text().is_empty());
    }

    async fn exports_have_a_media_type_and_a_file_name(app: TestApp) {
        let staff = app.coordinator();
        let day = app.store.now().date_naive();
        for (path, format, media, name) in [
            (PARTNERSHIPS, "csv", "text/csv; charset=utf-8; header=present", format!("partnerships-{day}.csv")),
            (PARTNERSHIPS, "ndjson", "application/x-ndjson", format!("partnerships-{day}.ndjson")),
            (PARTNERSHIPS, "geojson", "application/geo+json", format!("partnerships-{day}.geojson")),
            (PARTNERSHIPS, "iati", "application/xml", format!("partnerships-{day}.xml")),
            (
                "/api/v1/members?status=active", "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", format!("members-{day}.xlsx"),
            ),
            (FUNDING, "csv", "text/csv; charset=utf-8; header=present", format!("partnership-funding-{day}.csv")),
        ] {
            let answer = exported(&staff, path, format).await;
            assert_eq!(answer.header("content-type"), media, "{path}");
            assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
        }
        assert_eq!(staff.get(PARTNERSHIPS).await.ok().header("content-disposition"), "");
    }

    async fn geojson_coordinates_have_the_longitude_first(app: TestApp) {
        let staff = app.coordinator();
        // The locations of a partnership are those of its participants, to the last digit.
        for degrees in [7.0 * 7.1, 0.1 + 0.2, 1.0 / 3.0, 89.999_999_999_999_99] {
            let utility = json!({ "location": { "latitude": degrees, "longitude": -degrees } });
            let path = format!("{UTILITIES}/lvivvodokanal");
            let lviv = staff.patch(&path, "*", &utility).await.ok().json();
            let dresden = staff.get(DRESDEN).await.ok().json();
            let mut place = dresden["locations"].as_array().unwrap().clone();
            place.retain(|place| place["utility"] == lviv["slug"]);
            assert_eq!(place.len(), 1);
            assert_eq!(place[0]["latitude"], lviv["location"]["latitude"]);
            assert_eq!(place[0]["longitude"], lviv["location"]["longitude"]);
        }
        let nowhere = create(&staff, UTILITIES, &abroad("Nowhere")).await.json();
        let map = features(&exported(&staff, UTILITIES, "geojson").await);
        let of = |slug: &str| map.features.iter().find(|it| it.property("slug") == Some(&json!(slug))).unwrap();
        let lviv = staff.get(&format!("{UTILITIES}/lvivvodokanal")).await.ok().json();
        let place = [&lviv["location"]["longitude"], &lviv["location"]["latitude"]];
        let geometry = json!(of("lvivvodokanal").geometry.clone().unwrap());
        assert_eq!(geometry, json!({ "type": "Point", "coordinates": place }));
        assert_eq!(json!(of("lvivvodokanal").properties), lviv);
        assert_eq!(of(nowhere["slug"].as_str().unwrap()).geometry, None);

        // The geometry of a partnership has all its locations, even if `fields` leaves them out.
        let dresden = staff.get(DRESDEN).await.ok().json();
        let places: Vec<_> =
            dresden["locations"].as_array().unwrap().iter().map(|it| [&it["longitude"], &it["latitude"]]).collect();
        assert!(places.len() > 1);
        let map = features(&exported(&staff, &format!("{PARTNERSHIPS}?fields=slug"), "geojson").await);
        let here = map.features.iter().find(|it| it.property("slug") == Some(&dresden["slug"])).unwrap();
        assert_eq!(json!(here.geometry.clone().unwrap()), json!({ "type": "MultiPoint", "coordinates": places }));
        assert_eq!(json!(here.properties), json!({ "slug": dresden["slug"] }));
        let expanded = format!("{PARTNERSHIPS}?expand=participants.utility");
        let map = features(&exported(&staff, &expanded, "geojson").await);
        assert!(map.features.iter().any(|it| json!(it.properties).to_string().contains("\"created_at\"")));

        let none = features(&exported(&staff, &format!("{UTILITIES}?climate_zone=EF"), "geojson").await);
        assert!(none.features.is_empty());
    }

    async fn only_resources_with_locations_have_geojson(app: TestApp) {
        let staff = app.coordinator();
        let path = "/api/v1/organisations";
        let request = staff.request(Method::GET, path).header("Accept", "application/geo+json");
        let problem = staff.send(request).await.problem(406, "not_acceptable");
        assert!(!problem["allowed"].to_string().contains("geo+json"), "{problem}");
        let faults = staff.get(&format!("{path}?format=geojson")).await.faults(400, "invalid_parameters");
        assert_eq!(faults, ["format unknown_value"]);
    }

    async fn parameters_that_do_not_fit_the_format_are_refused(app: TestApp) {
        let anyone = app.anonymous();
        for (query, fault) in [
            ("csv_dialect=excel_de", "csv_dialect not_in_format"),
            ("format=xlsx&csv_dialect=rfc4180", "csv_dialect not_in_format"),
            ("format=csv&csv_dialect=excel", "csv_dialect unknown_value"),
            ("format=csv&csv_dialect=excel_de&csv_dialect=rfc4180", "csv_dialect repeated"),
            ("format=xlsx&expand=participants.utility", "expand not_in_format"),
            ("format=xls", "format unknown_value"),
            ("format=iati&expand=participants.utility", "expand not_in_format"),
            ("format=iati&fields=title", "fields not_in_format"),
        ] {
            let answer = anyone.get(&format!("{PARTNERSHIPS}?{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault], "{query}");
        }
        let request = anyone.request(Method::GET, &format!("{PARTNERSHIPS}?csv_dialect=excel_de"));
        let german = anyone.send(request.header("Accept", "text/csv")).await.ok();
        assert!(german.text().starts_with("\u{feff}Kürzel;Titel;"));
    }

    async fn one_session_can_be_exported_as_a_calendar(app: TestApp) {
        let office = app.coordinator();
        let body = json!({"slug": "zxq", "title": "Zxq", "kind": "exchange", "starts_on": "2040-06-12"});
        let at = location(&create(&office, "/api/v1/sessions", &body).await);
        for (query, fault) in [
            ("fields=title", "fields not_in_format"),
            ("expand=organisers.utility", "expand not_in_format"),
            ("fields=name", "fields unknown_value"),
            ("q=Zxq", "q unknown_parameter"),
        ] {
            let answer = office.get(&format!("{at}?format=ics&{query}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), [fault], "{query}");
        }
        let read = async |query: &str| office.get(&format!("{at}?format=ics{query}")).await;
        assert!(read("").await.ok().text().contains("STATUS:TENTATIVE"));
        delete(&office, &at).await;
        read("").await.problem(404, "not_found");
        assert!(read("&deleted=true").await.ok().text().contains("STATUS:CANCELLED"));
    }

    async fn a_sheet_with_too_many_rows_is_refused(app: TestApp) {
        let staff = app.coordinator();
        for number in 0..40 {
            create(&staff, UTILITIES, &abroad(&format!("Zxq {number}"))).await;
        }
        let total = staff.get(&format!("{UTILITIES}?limit=1&count=true")).await.ok().json()["total"].as_u64().unwrap();
        assert!(total > SHEET_ROWS);
        let path = format!("{UTILITIES}?format=xlsx");
        assert_eq!(staff.head(&path).await.status, 400);
        let problem = staff.get(&path).await.problem(400, "invalid_parameters");
        assert_eq!(problem["errors"][0]["code"], "too_large");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("format=csv") && detail.contains(&total.to_string()), "{detail}");
        // Only visible rows count, and a filter makes the export small enough.
        let few = exported(&staff, &format!("{UTILITIES}?kind=partner&country=UA"), "xlsx").await;
        assert!(sheet(&few).height() > 1);
    }
}
