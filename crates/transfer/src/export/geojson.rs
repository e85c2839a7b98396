//! GeoJSON (RFC 7946): a feature collection; each feature is a row with its location.

use serde::Serialize;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::projection::Projected;
use vku_domain::kernel::value::{Location, Places};
use vku_persistence::kernel::table::Table;

use super::encoder::Encoder;
use super::row_stream::Row;

/// Encodes each row as a feature, one per line.
#[derive(Default)]
pub(super) struct GeoJsonEncoder {
    begun: bool,
}

#[derive(Serialize)]
struct Feature<'a, T: Table> {
    r#type: &'static str,
    id: Uuid,
    geometry: Option<Geometry>,
    properties: &'a Projected<T>,
}

#[derive(Serialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point([f64; 2]),
    MultiPoint(Vec<[f64; 2]>),
}

/// The position, longitude first.
fn position(place: &Location) -> [f64; 2] {
    [place.longitude, place.latitude]
}

/// The geometry; `None` if the location is unknown.
fn geometry(places: &Places) -> Option<Geometry> {
    match places {
        Places::One(place) => place.as_ref().map(position).map(Geometry::Point),
        Places::Many(places) if places.is_empty() => None,
        Places::Many(places) => Some(Geometry::MultiPoint(places.iter().map(position).collect())),
    }
}

impl<T: Table> Encoder<T> for GeoJsonEncoder {
    fn head(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(br#"{"type":"FeatureCollection","features":["#);
        Ok(())
    }

    fn row(&mut self, row: &Row<T>, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(if self.begun { b",\n" } else { b"\n" });
        self.begun = true;
        let geometry = row.places.as_ref().and_then(geometry);
        let feature = Feature { r#type: "Feature", id: row.id, geometry, properties: &row.projected };
        serde_json::to_writer(out, &feature).map_err(Error::internal)
    }

    fn tail(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]}\n");
    }
}
